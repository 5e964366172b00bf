"""The REST API of MLflow: experiments, runs and models, with times, and a column per metric, parameter and tag.

The format: https://mlflow.org/docs/latest/rest-api.html
"""

from __future__ import annotations

from .dialect import Mlflow

__all__ = ["Mlflow", "dialect"]

dialect = Mlflow()
