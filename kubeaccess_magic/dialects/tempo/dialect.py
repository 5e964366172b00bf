"""The dialect of Tempo: which requests and which replies are its own."""

from __future__ import annotations

import dataclasses
import re
import time
from typing import TYPE_CHECKING, ClassVar

from ..prometheus import times

if TYPE_CHECKING:
    from ...reply import Reply
    from ...request import Request
    from ..protocol import Reader

__all__ = ["Tempo", "TempoOperation"]

_HEAD_BYTES = 4096  # in which an answer shows what it is
_SEARCH = re.compile(r".*/api/(?:search|v2/traces/[0-9a-fA-F]{1,32})/?", re.DOTALL)
_SPANS = re.compile(
    rb"\s*\{\s*(?:\"trace\"\s*:\s*\{\s*)?\"(?:batches|resourceSpans)\"\s*:\s*\[\s*(?:\]|\{\s*\"(?:resource|scopeSpans)\")"
)
_FOUND = re.compile(rb"\s*\{\s*\"traces\"\s*:\s*\[\s*\{\s*\"traceID\"\s*:")
_ENVELOPE = re.compile(rb"\s*\{\s*(?:\}|\"(?:traces|metrics|trace|batches|resourceSpans|status|message)\"\s*:)")


@dataclasses.dataclass(frozen=True)
class TempoOperation:
    """A search for traces, or a request for one trace.

    Parameters
    ----------
    request
        The request.
    """

    dialect: ClassVar[str] = "tempo"

    request: Request

    def prepare(self, limit: int | None, *, for_frame: bool = True) -> Request:
        """Return the request with times that Tempo can read: seconds since 1970."""
        request, now_ms = self.request, int(time.time() * 1000)
        for name in ("start", "end"):
            text = request.param(name)
            time_ms = None if text is None else times.relative_ms(text, now_ms)
            if time_ms is None and text is not None and not text.isdigit():
                time_ms = times.time_ms(text)
            if time_ms is not None:
                request = request.with_param(name, time_ms // 1000)
        if limit is not None and self.is_search and request.param("limit") is None and limit < 2**31:
            request = request.with_param("limit", max(1, limit))
        return request

    @property
    def is_search(self) -> bool:
        """Whether the call is a search."""
        return re.fullmatch(r".*/api/search/?", self.request.path, re.DOTALL) is not None

    def reads(self, reply: Reply) -> bool:
        """Tell whether a reply has traces or spans as Tempo writes them."""
        return _ENVELOPE.match(reply.content[:_HEAD_BYTES]) is not None

    def reader(self, limit: int | None = None, *, rows: str | None = None, header: bool | None = None) -> Reader:
        """Make a reader.

        Parameters
        ----------
        limit
            How many rows at most.
        rows
            Where the rows are: then they are read as records, and not as spans.
        header
            As for records.
        """
        from ..records.reader import RecordsReader
        from .reader import TempoReader

        if rows is not None:
            return RecordsReader(limit, rows=rows, header=header)
        return TempoReader(limit)


class Tempo:
    """The dialect of Tempo and of OpenTelemetry's JSON: one row per span, with its attributes as columns."""

    name = "tempo"

    def match(self, request: Request) -> TempoOperation | None:
        """Find searches and traces of version 2; single traces have the path of Jaeger and are recognized."""
        if request.target.kind == "api" or request.method != "GET":
            return None
        return TempoOperation(request) if _SEARCH.fullmatch(request.path) is not None else None

    def recognize(self, reply: Reply) -> TempoOperation | None:
        """Recognize spans of OpenTelemetry and found traces, wherever they come from."""
        head = reply.content[:_HEAD_BYTES]
        is_known = _SPANS.match(head) is not None or _FOUND.match(head) is not None
        return TempoOperation(reply.request) if is_known else None

    def fallback(self, request: Request) -> TempoOperation:
        """Read any reply as spans."""
        return TempoOperation(request)
