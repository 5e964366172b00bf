"""What a page of a list says about itself, without reading its objects where that can be helped."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from ...kube import ListMetadata

if TYPE_CHECKING:
    from ...reply import Reply

__all__ = ["Head", "head_of", "rows_in"]


class Head(msgspec.Struct, rename="camel"):
    """What tells a list from anything else; the items are only scanned."""

    kind: str = ""
    api_version: str = ""
    metadata: ListMetadata | None = None
    items: msgspec.Raw = msgspec.Raw(b"")
    rows: msgspec.Raw = msgspec.Raw(b"")

    @property
    def is_list(self) -> bool:
        """Whether it is a list or a Table; null stands for an empty one."""
        if not self.api_version:
            return False
        rows = self.rows if self.kind == "Table" else self.items if self.kind.endswith("List") else b""
        return bytes(memoryview(rows)[:1]) in (b"[", b"n")

    @property
    def token(self) -> str | None:
        """With which the next page is asked for, if there is one."""
        return self.metadata.token if self.metadata is not None else None

    @property
    def group_kind(self) -> str:
        """``apps/Deployment`` of a list of them, or of one; ``/Pod``."""
        return f"{self.api_version.rpartition('/')[0]}/{self.kind.removesuffix('List') if self.is_list else self.kind}"


def head_of(reply: Reply) -> Head | None:
    """The head of a page, or None if it is no object of the API.

    The API server writes the lists of its own kinds with the head before the items, and nothing behind them: then
    the items are not looked at. Other lists (custom resources have theirs sorted by key) are scanned once.
    """
    body = reply.content
    start = body[:4096].lstrip()
    if start[:1] != b"{" or (b'"apiVersion"' not in start and b'"kind"' not in start):
        return None
    found = _BEFORE_ITEMS.match(body)
    try:
        if found is not None and _AFTER_ITEMS.search(body[-64:]):
            return msgspec.json.decode(found[1] + b"[]}", type=Head)
        return msgspec.json.decode(body, type=Head)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def rows_in(reply: Reply) -> int:
    """How many objects are on a page: a scan of all of it."""
    try:
        head = msgspec.json.decode(reply.content, type=Head)
        return len(msgspec.json.decode(head.items or head.rows or b"[]", type=list[msgspec.Raw] | None) or ())
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return 0


# As Go's encoder writes a list of a built-in kind, also with ?pretty=1; a token has no braces.
_BEFORE_ITEMS = re.compile(
    rb'(\s{0,64}\{\s*"kind":\s*"[A-Za-z]+List",\s*"apiVersion":\s*"[a-z0-9./-]+",'
    rb'\s*"metadata":\s*\{[^{}]{0,3000}\},\s*"items":\s*)\['
)
_AFTER_ITEMS = re.compile(rb"\]\s*\}\s*\Z")
