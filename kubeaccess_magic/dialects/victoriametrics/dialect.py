"""The dialect of exports of VictoriaMetrics: which requests and which replies are its own."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, ClassVar

from .. import answer

if TYPE_CHECKING:
    from ...reply import Reply
    from ...request import Request
    from ..protocol import Reader

__all__ = ["ExportOperation", "VictoriaMetrics"]

_HEAD_BYTES = 4096  # in which an answer shows what it is
_PATH = re.compile(r".*/api/v1/export(?P<csv>/csv)?/?", re.DOTALL)
_LINE = re.compile(rb"\s*\{\s*\"metric\"\s*:\s*\{[^{}]*\}\s*,\s*\"values\"\s*:\s*\[")


@dataclasses.dataclass(frozen=True)
class ExportOperation:
    """An export of samples.

    Parameters
    ----------
    request
        The request.
    is_csv
        Whether it asks for CSV.
    """

    dialect: ClassVar[str] = "victoriametrics"

    request: Request
    is_csv: bool

    def prepare(self, limit: int | None, *, for_frame: bool = True) -> Request:
        """Return the request as it was typed: VictoriaMetrics reads relative times, and exports all samples."""
        return self.request

    def reads(self, reply: Reply) -> bool:
        """Tell whether a reply has samples. An export without samples is empty."""
        if self.is_csv:
            return not answer.looks_like_json(reply) and not answer.is_html(reply)
        return _LINE.match(reply.content[:_HEAD_BYTES]) is not None

    def reader(
        self,
        limit: int | None = None,
        *,
        wide: bool = False,
        categories: bool = False,
        header: bool | None = None,
    ) -> Reader:
        """Make a reader.

        Parameters
        ----------
        limit
            How many rows at most.
        wide
            Whether samples have one column per series, and the index ``time``; not of CSV.
        categories
            Whether labels become categorical columns; not of CSV.
        header
            Of CSV: whether the first line holds names. None decides by the text.
        """
        from .csv_reader import CsvReader
        from .lines_reader import LinesReader

        if self.is_csv:
            return CsvReader(limit, header=header)
        return LinesReader(None, limit, wide=wide, categories=categories)


class VictoriaMetrics:
    """The dialect of what VictoriaMetrics exports: one row per sample."""

    name = "victoriametrics"

    def match(self, request: Request) -> ExportOperation | None:
        """Find exports behind any prefix."""
        if request.target.kind == "api":
            return None
        path = _PATH.fullmatch(request.path)
        return ExportOperation(request, path["csv"] is not None) if path is not None else None

    def recognize(self, reply: Reply) -> ExportOperation | None:
        """Recognize JSON lines of samples, wherever they come from."""
        if _LINE.match(reply.content[:_HEAD_BYTES]) is None:
            return None
        return ExportOperation(reply.request, is_csv=False)

    def fallback(self, request: Request) -> ExportOperation:
        """Read any reply as JSON lines of samples."""
        return ExportOperation(request, is_csv=False)
