"""Which requests and replies belong to the statement API of Trino."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from .. import answer

if TYPE_CHECKING:
    from ...reply import Reply
    from ...request import Request
    from ..protocol import Reader

__all__ = ["Trino"]

_PATH = re.compile(r"(?:/[^/]+)*/v1/statement(?:/(?:queued|executing)(?:/[^/]+)+)?")
_HEAD_BYTES = 4096  # in which an answer shows what it is
_MARKS = (b'"infoUri"', b'"stats"')


class Trino:
    """The dialect of Trino and Presto."""

    name = "trino"

    def match(self, request: Request) -> TrinoOperation | None:
        """Match a statement, or a page of one."""
        return TrinoOperation(request) if _PATH.fullmatch(request.path) is not None else None

    def recognize(self, reply: Reply) -> TrinoOperation | None:
        """Recognize a page of a statement by what each of them has."""
        head, end = reply.content[:_HEAD_BYTES], reply.content[-_HEAD_BYTES:]
        is_page = answer.looks_like_json(reply) and all(mark in head or mark in end for mark in _MARKS)
        return TrinoOperation(reply.request) if is_page else None

    def fallback(self, request: Request) -> TrinoOperation:
        """Read any answer as a page of a statement."""
        return TrinoOperation(request)


@dataclasses.dataclass(frozen=True)
class TrinoOperation:
    """A statement.

    Parameters
    ----------
    request
        The request.
    """

    dialect: ClassVar[str] = "trino"

    request: Request

    def prepare(self, limit: int | None, *, for_frame: bool = True) -> Request:
        """Give the request as it was typed."""
        return self.request

    def reads(self, reply: Reply) -> bool:
        """Tell whether a reply is a page of a statement."""
        return Trino().recognize(reply) is not None

    @property
    def reader(self) -> Callable[..., Reader]:
        """Makes a reader."""
        from .reader import TrinoReader

        return TrinoReader
