"""Any list of the API server as a frame: the columns that somebody wants first, or all of them with ``wide=True``."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import msgspec

from ...errors import LoadError, NotFound
from ...kube import ListMetadata
from .. import Loaded, Pages, Step, answer
from . import summary
from .gathering import Gathering, gathering
from .heads import Head, head_of, rows_in
from .kinds import PARTS

if TYPE_CHECKING:
    from ...reply import Reply
    from ...request import Request

__all__ = ["PAGE_ROWS", "Kubernetes"]

PAGE_ROWS = 500
"""Objects a page: it bounds the memory that a list takes here and at the server."""


class Kubernetes:
    """The dialect of the API server's own lists, and of what a kubelet sums up."""

    name = "kubernetes"

    def asks(self, request: Request) -> bool:
        """Whether the API server itself is asked for a list, or a kubelet for its summary."""
        return (request.target.kind == "api" and _resource(request.path) is not None) or summary.asks(request)

    def ask(self, request: Request, limit: int | None) -> Request:
        """A list is asked for in pages (F1), unless the query says how it is to be read."""
        if request.target.kind != "api" or not self.asks(request) or request.method != "GET":
            return request
        if any(request.param(name) is not None for name in ("limit", "continue", "watch")):
            return request
        return request.with_param("limit", _page_rows(limit))

    def takes(self, request: Request, reply: Reply) -> bool:
        """A list or a Table of objects; of the API server itself, also one object."""
        if summary.asks(request) and summary.takes(reply):
            return True
        head = head_of(reply)
        if head is None:
            return False
        return head.is_list or (
            request.target.kind == "api"
            and bool(head.kind and head.api_version)
            and head.kind != "Status"
            and head.metadata is not None
            and _resource(request.path) is None
        )

    def pages(self, request: Request, limit: int | None) -> Pages:
        """The pages of a list, if they are ours: a ``limit`` that somebody typed is one page.

        A token that grew old brings a fresh one (F1), and the list goes on with that, of a later moment. If it brings
        none, all is asked for once more, in one piece that cannot grow old, as client-go does
        (k8s.io/client-go/tools/pager).
        """
        is_ours = request.param("limit") == str(_page_rows(limit))
        rows, remaining, restarted, step = 0, None, False, Step(request)
        while True:
            try:
                reply = yield step
            except NotFound as error:
                fresh = _fresh_token(error)
                if fresh is None or step.request is request or restarted:
                    raise
                if fresh and fresh != step.request.param("continue"):
                    step = dataclasses.replace(step, request=request.with_param("continue", fresh))
                else:
                    restarted, rows = True, 0
                    whole = request.without("limit") if _is_all(limit) else request.with_param("limit", limit)
                    step = Step(whole, what=step.what)
                remaining = None
                continue
            head = head_of(reply)
            if head is None or not head.token or not is_ours or restarted:
                return
            told = head.metadata.remaining_item_count if head.metadata is not None else None
            # What the server says that is left is near enough for a line of progress; a limit is counted by.
            if _is_all(limit) and remaining is not None and told is not None:
                rows += max(remaining - told, 0)
            else:
                rows += rows_in(reply)
            del reply
            if limit is not None and rows >= limit:
                return
            remaining = told
            step = Step(
                request.with_param("continue", head.token),
                rows=rows,
                of=None if told is None else rows + told,
                what=_resource(request.path) or "rows",
            )

    def load(
        self,
        replies: Iterable[Reply],
        *,
        limit: int | None = None,
        wide: bool = False,
        labels: str | Sequence[str] = (),
    ) -> Loaded:
        """One row an object; of quotas, limit ranges and measured pods, one a part of them.

        Parameters
        ----------
        replies
            The pages. One that was asked for without a ``continue`` begins the list anew.
        limit
            At most so many rows.
        wide
            All fields, as dotted columns, instead of the chosen ones.
        labels
            Labels that are columns, too: a list of them, or their names with commas. They are called ``labels.app``.
        """
        wanted = [name for name in (labels.split(",") if isinstance(labels, str) else labels) if name]
        replies = iter(replies)
        first = next(replies)
        if summary.takes(first):
            return summary.load(first, limit=limit, wide=wide, labels=wanted)
        head = _checked(first)
        rows = gathering(_of_its_items(first, head), wide=wide, labels=wanted)
        what, begins = _what(head, first), first.request.param("continue") is None
        last, is_of_one_moment = _gathered(rows, first, head, replies, begins)
        del first
        frame = rows.frame()
        found, of, is_lower_bound = len(frame), None, False
        if last is not None and last.token:
            # With a selector the server does not count what remains; that there is more, it says.
            left = last.remaining_item_count if head.group_kind not in PARTS else None
            of, is_lower_bound = found + (left or 1), left is None
        elif head.is_list:
            of = found
        if limit is not None and found > limit:
            frame = frame.iloc[:limit]
        note = None if is_of_one_moment else "the list is of more than one moment: its version grew too old on the way"
        return Loaded(frame, len(frame), of, what=what, of_is_lower_bound=is_lower_bound, note=note)


def _gathered(
    rows: Gathering, first: Reply, head: Head, others: Iterable[Reply], begins: bool
) -> tuple[ListMetadata | None, bool]:
    """Take the rows of all pages; gives what the last one says, and whether all are of one version of the list."""
    rows.add(first, head)
    del first
    last, version, is_of_one_moment = head.metadata, _version(head), True
    for reply in others:
        page = _checked(reply)
        if begins and reply.request.param("continue") is None:
            rows.clear()
            version, is_of_one_moment = _version(page), True
        is_of_one_moment = is_of_one_moment and _version(page) == version
        rows.add(reply, page)
        last = page.metadata
        del reply, page  # while the next one comes
    return last, is_of_one_moment


def _checked(reply: Reply) -> Head:
    head = head_of(reply)
    if head is None or not (head.kind and head.api_version):
        answer.json_of(reply)  # says where it is broken, if it is
        raise LoadError("the answer is no list of Kubernetes objects", reply=reply, hint="see it with -o json")
    return head


def _of_its_items(reply: Reply, head: Head) -> Head:
    """Of kind ``List``, what its items say that they are, if they are all of one kind."""
    if head.kind != "List":
        return head
    try:
        items = msgspec.json.decode(reply.content, type=_Mixed).items
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return head
    kinds = {(item.api_version, item.kind) for item in items or ()}
    if len(kinds) != 1:
        return head
    version, kind = kinds.pop()
    return Head(kind=f"{kind}List", api_version=version, items=msgspec.Raw(b"[]"))


class _Said(msgspec.Struct, rename="camel"):
    kind: str = ""
    api_version: str = ""


class _Mixed(msgspec.Struct):
    items: list[_Said] | None = None


def _version(head: Head) -> str:
    return (head.metadata.resource_version or "") if head.metadata is not None else ""


def _fresh_token(error: NotFound) -> str | None:
    """The token that a 410 brings to go on with; "" if it brings none, None if the error is no 410."""
    reply = error.reply
    if reply is None or reply.status_code != 410:
        return None
    head = head_of(reply)
    return (head.token or "") if head is not None else ""


def _is_all(limit: int | None) -> bool:
    return limit is None or limit > 2**31


def _page_rows(limit: int | None) -> int:
    return PAGE_ROWS if limit is None else max(1, min(limit, PAGE_ROWS))


def _resource(path: str) -> str | None:
    """The resource that a path lists, or None if it names one object, or none at all."""
    found = re.fullmatch(r"/(?:api/v1|apis/[^/]+/[^/]+)(/namespaces/[^/]+)?/([^/]+)/?", path)
    if found is None or (found[1] and found[2] in {"status", "finalize"}):  # those are a namespace's own parts
        return None
    return found[2]


def _what(head: Head, reply: Reply) -> str:
    if head.group_kind in PARTS:
        return "rows"
    request = reply.request
    if request.target.kind == "api" and (resource := _resource(request.path)) is not None:
        return resource
    kind = head.kind.removesuffix("List").lower() or "row"
    if kind.endswith("y"):
        return kind[:-1] + "ies"
    return kind if kind.endswith(("ts", "metrics")) else kind + ("es" if kind.endswith("s") else "s")
