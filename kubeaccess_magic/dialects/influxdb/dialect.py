"""The dialect of InfluxDB: which requests and which replies are its own."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, ClassVar

from .. import answer
from ..prometheus.form_parameters import parameters_of

if TYPE_CHECKING:
    from ...reply import Reply
    from ...request import Request
    from .reader import InfluxReader

__all__ = ["InfluxDB", "InfluxOperation"]

_HEAD_BYTES = 4096  # in which an answer shows what it is
_BOM = b"\xef\xbb\xbf"
_FLUX_PATH = re.compile(r".*/api/v2/query/?", re.DOTALL)
_INFLUXQL_PATH = re.compile(r".*/query/?", re.DOTALL)
_STATEMENTS = re.compile(rb"\{\s*\"results\"\s*:\s*\[\s*(?:\]|\{\s*(?:\}|\"(?:statement_id|series|messages|error)\"))")
_ERROR = re.compile(rb"\{\s*\"error\"\s*:")
_ANNOTATED = re.compile(rb"#(?:datatype|group|default),|,result,table(?:,|\r?\n)|,error,reference\r?\n")


@dataclasses.dataclass(frozen=True)
class InfluxOperation:
    """A query of InfluxDB, in any of its languages.

    Parameters
    ----------
    request
        The request.
    """

    dialect: ClassVar[str] = "influxdb"

    request: Request

    def prepare(self, limit: int | None, *, for_frame: bool = True) -> Request:
        """Return the request as it was typed: the number of rows is part of the query itself."""
        return self.request

    def reads(self, reply: Reply) -> bool:
        """Tell whether a reply has results as InfluxDB writes them, or its error."""
        return _has_results(reply) or _ERROR.match(_head(reply)) is not None

    def reader(self, limit: int | None = None) -> InfluxReader:
        """Make a reader.

        Parameters
        ----------
        limit
            How many rows at most.
        """
        from .reader import InfluxReader

        return InfluxReader(limit)


class InfluxDB:
    """The dialect of InfluxDB: InfluxQL as JSON, Flux as annotated CSV."""

    name = "influxdb"

    def match(self, request: Request) -> InfluxOperation | None:
        """Find queries by their path, and those of version 1 by their parameter ``q``, too."""
        if request.target.kind == "api":
            return None
        is_flux = request.method == "POST" and _FLUX_PATH.fullmatch(request.path) is not None
        is_influxql = _INFLUXQL_PATH.fullmatch(request.path) is not None and "q" in parameters_of(request)
        return InfluxOperation(request) if is_flux or is_influxql else None

    def recognize(self, reply: Reply) -> InfluxOperation | None:
        """Recognize results wherever they come from."""
        return InfluxOperation(reply.request) if _has_results(reply) else None

    def fallback(self, request: Request) -> InfluxOperation:
        """Read any reply as results."""
        return InfluxOperation(request)


def _has_results(reply: Reply) -> bool:
    head = _head(reply)
    if answer.looks_like_json(reply):
        return _STATEMENTS.match(head) is not None
    return _ANNOTATED.match(head) is not None


def _head(reply: Reply) -> bytes:
    return reply.content[:_HEAD_BYTES].removeprefix(_BOM).lstrip()
