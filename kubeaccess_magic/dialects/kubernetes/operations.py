"""The calls of the API that the reader knows: a list, one object, and the summary of a kubelet."""

from __future__ import annotations

import dataclasses
from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING

from ...access import attributes
from ...errors import NotFound
from ...kube import NAMESPACES
from ...text import quoted
from ..protocol import Step
from . import summary
from .heads import head_of
from .lists import ListReader

if TYPE_CHECKING:
    from ...reply import Reply
    from ...request import Request

__all__ = ["NAME", "PAGE_ROWS", "ListOperation", "ObjectOperation", "SummaryOperation"]

NAME = "kubernetes"
PAGE_ROWS = 500
"""Objects per page, which bounds the memory that a list takes here and at the server."""


@dataclasses.dataclass(frozen=True)
class ListOperation:
    """A list of objects, or the Table of one.

    Without a limit a list is read whole, unless the request itself asks for a part of it.

    Parameters
    ----------
    request
        As it was typed.
    resource
        The name of the resource, such as "pods"; "" if only the answer tells.
    """

    request: Request
    resource: str = ""
    dialect: str = NAME

    def prepare(self, limit: int | None, *, for_frame: bool = True) -> Request:
        """Ask for pages (F1), whose size is the ``limit`` that was typed, or `PAGE_ROWS`."""
        request = self.request
        if request.method != "GET" or not self.resource or request.param("limit") is not None:
            return request
        if request.param("continue") is not None and limit is None:
            return request
        return request.with_param("limit", PAGE_ROWS if limit is None else max(1, min(limit, PAGE_ROWS)))

    def reads(self, reply: Reply) -> bool:
        """Read lists and Tables."""
        head = head_of(reply.content)
        return head is not None and head.is_list

    def reader(self, limit: int | None = None, *, wide: bool = False, labels: str | Sequence[str] = ()) -> ListReader:
        """Make a reader.

        Parameters
        ----------
        limit
            How many rows are wanted.
        wide
            Whether all fields are wanted, as dotted columns, and not the chosen columns of the kind.
        labels
            Labels that get a column ``labels.NAME``: a sequence, or their names with commas.
        """
        asks_for_part = any(self.request.param(name) is not None for name in ("limit", "continue"))
        reads_on = limit is not None or (bool(self.resource) and not asks_for_part)
        return ListReader(limit, reads_on=reads_on, unit=self.resource, wide=wide, labels=labels)

    def why_empty(self, request: Request) -> Generator[Step, Reply, str | None]:
        """Ask whether the namespace of an empty list exists; the sentence that says that it does not."""
        if request.target.kind != "api":
            return None
        namespace = attributes(request.method, request.target, None, request.path).namespace
        if namespace is None:
            return None
        question = dataclasses.replace(request, path=NAMESPACES.path(name=namespace), query="", headers=())
        try:
            yield Step(question, has_rows=False)
        except NotFound:
            return f"there is no namespace {quoted(namespace)}"
        return None


@dataclasses.dataclass(frozen=True)
class ObjectOperation:
    """One object of the API server.

    Parameters
    ----------
    request
        As it was typed.
    """

    request: Request
    dialect: str = NAME

    def prepare(self, limit: int | None, *, for_frame: bool = True) -> Request:
        """Give the request as it was typed."""
        return self.request

    def reads(self, reply: Reply) -> bool:
        """Read objects that have metadata; a Status reports what happened and is not one of them."""
        head = head_of(reply.content)
        if head is None or not head.api_version or head.kind in ("", "Status"):
            return False
        return head.is_list or head.metadata is not None

    def reader(self, limit: int | None = None, *, wide: bool = False, labels: str | Sequence[str] = ()) -> ListReader:
        """Make a reader, with the options of `ListOperation.reader`."""
        return ListReader(limit, reads_on=False, unit="", wide=wide, labels=labels)


@dataclasses.dataclass(frozen=True)
class SummaryOperation:
    """What a kubelet measures on its node: ``/stats/summary``.

    Parameters
    ----------
    request
        As it was typed.
    """

    request: Request
    dialect: str = NAME

    def prepare(self, limit: int | None, *, for_frame: bool = True) -> Request:
        """Give the request as it was typed."""
        return self.request

    def reads(self, reply: Reply) -> bool:
        """Read summaries."""
        return summary.is_summary(reply.content)

    def reader(
        self, limit: int | None = None, *, wide: bool = False, labels: str | Sequence[str] = ()
    ) -> summary.SummaryReader:
        """Make a reader. `wide` gives all fields as dotted columns; there are no `labels`."""
        return summary.SummaryReader(limit, wide=wide, labels=labels)
