"""The statement API of Trino and Presto: the rows of a query, with the types that the answer states.

The protocol: https://trino.io/docs/current/develop/client-protocol.html
"""

from __future__ import annotations

from .dialect import Trino

__all__ = ["Trino", "dialect"]

dialect = Trino()
