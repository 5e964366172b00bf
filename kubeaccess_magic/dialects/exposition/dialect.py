"""Which answers are expositions, and their frames."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ...errors import LoadError
from ...text import shorten
from .. import Loaded, Pages, Step, answer
from .lines import BrokenLine, parse

if TYPE_CHECKING:
    from ...reply import Reply
    from ...request import Request

__all__ = ["Exposition"]

_PATH = re.compile(r".*/(?:metrics(?:/[a-z_/-]+)?|federate|probe)/?", re.DOTALL)
_OPEN = "application/openmetrics-text"
_VERSION = re.compile(r"version\s*=\s*\"?0\.0\.\d")
_COMMENT = re.compile(rb"^# (?:HELP|TYPE) \S", re.MULTILINE)
_SAMPLE = re.compile(
    rb"(?:#[^\n]*\n|\s*\n)*(?:[a-zA-Z_:][\w:]*(?:\{[^\n]*\})?|\{\"[^\n]*\})[ \t]+[-+]?(?:\.?\d|[Ii]nf|[Nn]a[Nn])"
)
_SHOWN_CHARACTERS = 60


class Exposition:
    """The dialect of ``/metrics``."""

    name = "exposition"

    def asks(self, request: Request) -> bool:
        """Whether the path is one where metrics are exposed."""
        return _PATH.fullmatch(request.path) is not None

    def ask(self, request: Request, limit: int | None) -> Request:
        """As it is."""
        return request

    def takes(self, request: Request, reply: Reply) -> bool:
        """Text that says that it is one, or that looks like one where one was asked for."""
        kind = reply.media_type
        if kind == _OPEN:
            return True
        if kind not in ("text/plain", "", "application/octet-stream"):
            return False
        start = reply.content[:4096]
        if _VERSION.search(reply.headers.get("Content-Type", "")) or _COMMENT.search(start):
            return True
        return self.asks(request) and _SAMPLE.match(start) is not None

    def pages(self, request: Request, limit: int | None) -> Pages:
        """One answer."""
        yield Step(request)

    def load(
        self,
        replies: Iterable[Reply],
        *,
        limit: int | None = None,
        wide: bool = False,
        grouped: bool = False,
        categories: bool = False,
    ) -> Loaded:
        """One row a sample, as `frames` describes it.

        Parameters
        ----------
        replies
            One answer.
        limit
            At most so many rows.
        wide
            A column a label, instead of all of them in one.
        grouped
            Histograms and summaries as families: a row a bucket or quantile, with count and sum beside it.
        categories
            Text as categoricals.
        """
        from . import frames

        reply = next(iter(replies))
        answer.refuse_html(reply)
        text = answer.text_of(reply)
        try:
            samples = parse(text.removeprefix("\ufeff"), is_open=_is_open(reply, text))
        except BrokenLine as error:
            shown = shorten(error.line, _SHOWN_CHARACTERS)
            raise LoadError(
                f"the text is no exposition of metrics: {error} in {shown!r}", reply=reply, hint="see it with -o text"
            ) from None
        make = frames.grouped if grouped else frames.frame
        frame = make(samples, wide=wide, as_categories=categories)
        of = len(frame)
        if limit is not None and of > limit:
            frame = frame.iloc[:limit]
        note = None
        if samples.repeated:
            more = f" and {len(samples.repeated) - 3} more" if len(samples.repeated) > 3 else ""
            note = f"two types, units or helps are told of {', '.join(samples.repeated[:3])}{more}; the first counts"
        return Loaded(frame, len(frame), of if len(frame) < of else None, what="samples", note=note)


def _is_open(reply: Reply, text: str) -> bool:
    """Whether it is OpenMetrics: by its type, or where that says nothing, by its last line."""
    if reply.media_type == _OPEN:
        return True
    return _VERSION.search(reply.headers.get("Content-Type", "")) is None and text.rstrip("\r\n").endswith("\n# EOF")
