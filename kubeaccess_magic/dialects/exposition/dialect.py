"""The dialect of expositions: which requests and replies are its own."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING

from ..protocol import PlainOperation
from .reader import ExpositionReader, has_text_version, is_openmetrics

if TYPE_CHECKING:
    from ...reply import Reply
    from ...request import Request

__all__ = ["Exposition"]

_PATH = re.compile(r".*/(?:metrics(?:/[a-z_/-]+)?|federate|probe)/?", re.DOTALL)
_COMMENT = re.compile(rb"(?:\A|[\r\n])# (?:HELP|TYPE) \S")
_SAMPLE = re.compile(
    rb"(?:(?:#[^\r\n]*)?[\r\n]|[ \t])*"
    rb"(?:[a-zA-Z_:][\w:]*(?:\{[^\n]*\})?|\{\"[^\n]*\})[ \t]+[-+]?(?:\.?\d|[Ii]nf|[Nn]a[Nn])"
)
_PLAIN_TYPES = ("text/plain", "", "application/octet-stream")
_HEAD_BYTES = 4096  # in which a text shows what it is


class Exposition:
    """The dialect of ``/metrics``."""

    name = "exposition"

    def match(self, request: Request) -> _Scrape | None:
        """Match paths under which metrics are exposed."""
        return _Scrape(self.name, request, ExpositionReader) if _PATH.fullmatch(request.path) else None

    def recognize(self, reply: Reply) -> PlainOperation | None:
        """Recognize text that says that it is an exposition, or has its comments."""
        return self.fallback(reply.request) if _is_exposition(reply) else None

    def fallback(self, request: Request) -> PlainOperation:
        """Read any text as an exposition."""
        return PlainOperation(self.name, request, ExpositionReader)


@dataclasses.dataclass(frozen=True)
class _Scrape(PlainOperation):
    """A request for metrics."""

    def reads(self, reply: Reply) -> bool:
        """Take text that looks like samples, even if nothing says so."""
        if _is_exposition(reply):
            return True
        return reply.media_type in _PLAIN_TYPES and _SAMPLE.match(reply.content[:_HEAD_BYTES]) is not None


def _is_exposition(reply: Reply) -> bool:
    if is_openmetrics(reply):
        return True
    if reply.media_type not in _PLAIN_TYPES:
        return False
    return has_text_version(reply) or _COMMENT.search(reply.content[:_HEAD_BYTES]) is not None
