"""The dialect of rows of any origin: it recognizes lists of objects, tables, and CSV."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from ...errors import LoadError
from .. import answer
from ..protocol import PlainOperation
from . import delimited
from .reader import RecordsReader

if TYPE_CHECKING:
    from ...reply import Reply
    from ...request import Request

__all__ = ["Records"]


class Records:
    """The dialect of any list of objects. It is asked last."""

    name = "records"

    def match(self, request: Request) -> None:
        """Match nothing: no path announces records."""
        return None

    def recognize(self, reply: Reply) -> PlainOperation | None:
        """Recognize JSON and CSV by their type, or text that is certainly one of them."""
        return self.fallback(reply.request) if _holds_records(reply) else None

    def fallback(self, request: Request) -> PlainOperation:
        """Read any answer as records."""
        return PlainOperation(self.name, request, RecordsReader)


def _holds_records(reply: Reply) -> bool:
    if answer.is_html(reply):
        return False
    if answer.is_json(reply) or delimited.is_delimited(reply):
        return True
    if answer.looks_like_json(reply):
        return _is_json_text(reply)
    return delimited.looks_delimited(reply)


def _is_json_text(reply: Reply) -> bool:
    """Whether text is JSON, though its type does not say so. The usual form is checked without reading its values."""
    try:
        msgspec.json.decode(reply.content, type=msgspec.Raw)
    except (msgspec.DecodeError, RecursionError):
        try:
            answer.documents(reply)
        except LoadError:
            return False
    return True
