"""Which requests belong to the REST API of MLflow."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING

from .. import answer
from ..protocol import PlainOperation

if TYPE_CHECKING:
    from ...reply import Reply
    from ...request import Request
    from ..protocol import Reader

__all__ = ["Mlflow"]

_PATH = re.compile(r"(?:/[^/]+)*/(?:ajax-)?api/\d\.\d/(?:preview/)?mlflow/.+")


class Mlflow:
    """The dialect of MLflow."""

    name = "mlflow"

    def match(self, request: Request) -> PlainOperation | None:
        """Match what lies below ``api/2.0/mlflow/``."""
        return _MlflowOperation(self.name, request, _reader) if _PATH.fullmatch(request.path) else None

    def recognize(self, reply: Reply) -> None:
        """Recognize nothing: an answer of MLflow has no mark of its own."""
        return None

    def fallback(self, request: Request) -> PlainOperation:
        """Read any answer as one of MLflow."""
        return _MlflowOperation(self.name, request, _reader)


@dataclasses.dataclass(frozen=True)
class _MlflowOperation(PlainOperation):
    def reads(self, reply: Reply) -> bool:
        """Take any JSON."""
        return answer.looks_like_json(reply)


def _reader(limit: int | None = None, *, rows: str | None = None) -> Reader:
    from .reader import MlflowReader

    return MlflowReader(limit, rows=rows)
