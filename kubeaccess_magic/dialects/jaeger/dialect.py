"""The dialect of Jaeger: which requests and which replies are its own."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, ClassVar

from ..prometheus.form_parameters import parameters_of
from . import parameters

if TYPE_CHECKING:
    from ...reply import Reply
    from ...request import Request
    from ..protocol import Reader

__all__ = ["Jaeger", "JaegerOperation"]

_HEAD_BYTES = 4096  # in which an answer shows what it is
_PATH = re.compile(r".*/api/traces(?P<id>/[0-9a-fA-F]{1,32})?/?", re.DOTALL)
_TRACES = re.compile(rb"\s*\{\s*\"data\"\s*:\s*\[\s*\{\s*\"traceID\"\s*:")
_ENVELOPE = re.compile(rb"\s*\{\s*\"(?:data|total|errors)\"\s*:")


@dataclasses.dataclass(frozen=True)
class JaegerOperation:
    """A search for traces, or a request for one trace.

    Parameters
    ----------
    request
        The request.
    is_search
        Whether it searches.
    """

    dialect: ClassVar[str] = "jaeger"

    request: Request
    is_search: bool

    def prepare(self, limit: int | None, *, for_frame: bool = True) -> Request:
        """Return the request with times that Jaeger can read."""
        return parameters.with_times(self.request) if self.is_search else self.request

    def reads(self, reply: Reply) -> bool:
        """Tell whether a reply has the envelope of Jaeger's answers."""
        return _ENVELOPE.match(reply.content[:_HEAD_BYTES]) is not None

    def reader(self, limit: int | None = None, *, rows: str | None = None, header: bool | None = None) -> Reader:
        """Make a reader.

        Parameters
        ----------
        limit
            How many spans at most.
        rows
            Where the rows are, if they are not the spans: then they are read as records.
        header
            As for records.
        """
        from ..records.reader import RecordsReader
        from .reader import JaegerReader

        if rows is not None and rows.replace("[]", "").replace(".*", "") != "data.spans":
            return RecordsReader(limit, rows=rows, header=header)
        return JaegerReader(limit, most_traces=_most_traces(self.request) if self.is_search else None)


class Jaeger:
    """The dialect of Jaeger: one row per span, with its tags as columns."""

    name = "jaeger"

    def match(self, request: Request) -> JaegerOperation | None:
        """Find searches for traces, and single traces, behind any prefix."""
        if request.target.kind == "api" or request.method != "GET":
            return None
        path = _PATH.fullmatch(request.path)
        return JaegerOperation(request, path["id"] is None) if path is not None else None

    def recognize(self, reply: Reply) -> JaegerOperation | None:
        """Recognize traces wherever they come from."""
        if _TRACES.match(reply.content[:_HEAD_BYTES]) is None:
            return None
        return self.match(reply.request) or self.fallback(reply.request)

    def fallback(self, request: Request) -> JaegerOperation:
        """Read any reply as traces."""
        return JaegerOperation(request, is_search=False)


def _most_traces(request: Request) -> int:
    """How many traces a search gives at most."""
    text = parameters_of(request).get("limit", "")
    return int(text) if re.fullmatch(r"[1-9]\d{0,8}", text) else parameters.DEFAULT_TRACES
