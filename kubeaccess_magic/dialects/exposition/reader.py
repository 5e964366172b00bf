"""Reads the text of an exposition into a table."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ...errors import LoadError
from ...text import shorten
from .. import answer
from ..joining import cut
from ..protocol import Table
from ..readers import SingleAnswerReader
from .samples import BrokenLine, Samples, parse

if TYPE_CHECKING:
    from ...reply import Reply

__all__ = ["ExpositionReader", "has_text_version", "is_openmetrics"]

_VERSION = re.compile(r"version\s*=\s*\"?0\.0\.\d")
_MOST_CHARACTERS = 60  # of a line in an error
_MOST_NAMES = 3


def is_openmetrics(reply: Reply) -> bool:
    """Tell whether the type of a reply is OpenMetrics."""
    return reply.media_type == "application/openmetrics-text"


def has_text_version(reply: Reply) -> bool:
    """Tell whether the type of a reply says that it is the text format 0.0.4."""
    return _VERSION.search(reply.headers.get("Content-Type", "")) is not None


class ExpositionReader(SingleAnswerReader):
    """Reads one answer per target, with one row per sample, as `frames` describes it.

    Parameters
    ----------
    limit
        How many rows of each target at most.
    wide
        Whether each label is a column, instead of all labels in one.
    grouped
        Whether histograms and summaries are families: one row per bucket or quantile, with count and sum beside it.
    categories
        Whether text is categorical.
    """

    def __init__(
        self,
        limit: int | None = None,
        *,
        wide: bool = False,
        grouped: bool = False,
        categories: bool = False,
    ) -> None:
        super().__init__(limit)
        self._wide, self._grouped, self._categories = wide, grouped, categories

    def read(self, reply: Reply) -> Table:
        """Make a table of the samples."""
        from . import frames

        samples = _samples_in(reply)
        make = frames.grouped if self._grouped else frames.frame
        frame = make(samples, wide=self._wide, as_categories=self._categories, budget=self.budget)
        return cut(Table(frame, len(frame), unit="samples", notes=_notes(samples)), self.limit)


def _samples_in(reply: Reply) -> Samples:
    answer.refuse_html(reply)
    text = answer.text_of(reply)
    try:
        return parse(text.removeprefix("\ufeff"), is_open=_is_open(reply, text))
    except BrokenLine as error:
        line = shorten(error.line, _MOST_CHARACTERS)
        raise LoadError(
            f"the text is not an exposition of metrics: {error} in {line!r}", reply=reply, hint="see it with -o text"
        ) from None


def _is_open(reply: Reply, text: str) -> bool:
    """Whether it is OpenMetrics: by its type, or if that does not say, by its last line."""
    if is_openmetrics(reply):
        return True
    return not has_text_version(reply) and text.rstrip("\r\n").endswith(("\n# EOF", "\r# EOF"))


def _notes(samples: Samples) -> tuple[str, ...]:
    notes = []
    if samples.repeated:
        hidden = len(samples.repeated) - _MOST_NAMES
        names = ", ".join(samples.repeated[:_MOST_NAMES]) + (f" and {hidden} more" if hidden > 0 else "")
        notes.append(f"the text has two types, units or helps for {names}; the first one counts")
    if bad := samples.bad_exemplars:
        (number, reason), others = bad[0], len(bad) - 1
        more = f", and {others:,} more" if others else ""
        notes.append(f"an exemplar is left out in line {number:,}: {reason}{more}")
    return tuple(notes)
