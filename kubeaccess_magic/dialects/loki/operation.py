"""One call of the HTTP API of Loki: which endpoint it is, and what is sent."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, ClassVar

from ..prometheus.envelope import is_answer
from . import paging

if TYPE_CHECKING:
    from ...reply import Reply
    from ...request import Request
    from .reader import LokiReader

__all__ = ["LokiOperation", "is_line_answer"]

_HEAD_BYTES = 4096  # in which an answer shows what it is
_ANSWER = re.compile(rb"(?:\xef\xbb\xbf)?\s*\{\s*\"status\"\s*:\s*\"(?:success|error)\"")
_LINES = re.compile(rb"\"resultType\"\s*:\s*\"streams\"")
_LISTINGS = re.compile(r"series|labels?|label/[^/]+/values")
_SAMPLES = frozenset({"query", "query_range", "index/volume", "index/volume_range"})


@dataclasses.dataclass(frozen=True)
class LokiOperation:
    """One call of the HTTP API of Loki.

    Parameters
    ----------
    request
        The request.
    endpoint
        What follows ``/loki/api/v1/`` in its path: ``query_range``, ``label/app/values`` …; None if the path is not one
        of this API.
    """

    dialect: ClassVar[str] = "loki"

    request: Request
    endpoint: str | None

    def prepare(self, limit: int | None, *, for_frame: bool = True) -> Request:
        """Return the request with times that Loki can read, and with the limit that was asked for."""
        return self.request if self.endpoint is None else paging.first_request(self.request, self.endpoint, limit)

    def reads(self, reply: Reply) -> bool:
        """Tell whether a reply looks like an answer with log lines, samples or names.

        Statistics and detected fields are lists of objects, which any dialect of rows can read.
        """
        if self.endpoint is not None and self.endpoint not in _SAMPLES and not _LISTINGS.fullmatch(self.endpoint):
            return False
        return _is_answer(reply)

    def reader(self, limit: int | None = None, *, wide: bool = False, categories: bool = False) -> LokiReader:
        """Make a reader.

        Parameters
        ----------
        limit
            How many rows at most.
        wide
            Whether samples have one column per series, and the index ``time``. Log lines have no such form.
        categories
            Whether labels become categorical columns, which take a fraction of the memory.
        """
        from .reader import LokiReader

        return LokiReader(self.endpoint, limit, wide=wide, categories=categories)


def is_line_answer(reply: Reply) -> bool:
    """Tell whether a reply has log lines as Loki writes them, wherever it comes from."""
    return _LINES.search(reply.content[:_HEAD_BYTES]) is not None and _is_answer(reply)


def _is_answer(reply: Reply) -> bool:
    return _ANSWER.match(reply.content[:_HEAD_BYTES]) is not None or is_answer(reply)
