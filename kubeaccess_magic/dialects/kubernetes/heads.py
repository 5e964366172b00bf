"""The head of an answer: what it says about itself, read without its objects if possible."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import msgspec

from ...kube import ListMetadata

__all__ = ["Head", "head_before_items", "head_of", "head_of_document"]


@dataclasses.dataclass(frozen=True, slots=True)
class Head:
    """Kind and metadata of a list, a Table or an object.

    Attributes
    ----------
    kind, api_version
        As they stand in the answer: "PodList", "v1".
    metadata
        What a list says about this page; None if the answer has no metadata.
    is_list
        Whether the answer is a list or a Table, and not one object.
    """

    kind: str
    api_version: str
    metadata: ListMetadata | None
    is_list: bool

    @property
    def token(self) -> str | None:
        """The ``continue`` token of the next page, if there is one."""
        return self.metadata.token if self.metadata is not None else None

    @property
    def remaining(self) -> int | None:
        """How many objects follow this page, if the server says so."""
        return self.metadata.remaining_item_count if self.metadata is not None else None

    @property
    def version(self) -> str:
        """The version of the list, "" if it has none."""
        return (self.metadata.resource_version or "") if self.metadata is not None else ""

    @property
    def group_kind(self) -> str:
        """Group and kind of the objects: ``apps/Deployment``, ``/Pod``."""
        return f"{self.api_version.rpartition('/')[0]}/{self.kind.removesuffix('List') if self.is_list else self.kind}"


def head_of(body: bytes) -> Head | None:
    """The head of an answer, or None if the answer is not an object of the API."""
    start = body[:4096].lstrip()
    if start[:1] != b"{" or (b'"apiVersion"' not in start and b'"kind"' not in start):
        return None
    head = head_before_items(body)
    if head is not None:
        return head
    try:
        scan = msgspec.json.decode(body, type=_Scan)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    entries = scan.rows if scan.kind == "Table" else scan.items
    return _head(scan.kind, scan.api_version, scan.metadata, bytes(memoryview(entries)[:1]) in (b"[", b"n"))


def head_before_items(body: bytes) -> Head | None:
    """The head of a list whose objects come last, read without a look at them; None for any other answer.

    The API server writes the lists of its built-in kinds in this order. Lists of custom resources are sorted by key.
    """
    match = _BEFORE_ITEMS.match(body)
    if match is None or not _AFTER_ITEMS.search(body[-64:]):
        return None
    try:
        scan = msgspec.json.decode(match[1] + b"[]}", type=_Scan)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return _head(scan.kind, scan.api_version, scan.metadata, True)


def head_of_document(document: Any) -> Head | None:
    """The head of an answer that has been parsed, or None if it is not an object of the API."""
    if not isinstance(document, dict):
        return None
    kind, version = document.get("kind", ""), document.get("apiVersion", "")
    try:
        metadata = msgspec.convert(document.get("metadata"), ListMetadata | None)
    except msgspec.ValidationError:
        return None
    if not isinstance(kind, str) or not isinstance(version, str):
        return None
    entries = document.get("rows" if kind == "Table" else "items", "")
    return _head(kind, version, metadata, entries is None or isinstance(entries, list))


class _Scan(msgspec.Struct, rename="camel"):
    """The head with the objects as they are written, which are not parsed."""

    kind: str = ""
    api_version: str = ""
    metadata: ListMetadata | None = None
    items: msgspec.Raw = msgspec.Raw(b"")
    rows: msgspec.Raw = msgspec.Raw(b"")


def _head(kind: str, version: str, metadata: ListMetadata | None, has_entries: bool) -> Head:
    is_list = bool(version) and has_entries and (kind == "Table" or kind.endswith("List"))
    return Head(kind, version, metadata, is_list)


# As Go's encoder writes a list of a built-in kind, also with ?pretty=1. No token has braces in it.
_BEFORE_ITEMS = re.compile(
    rb'(\s{0,64}\{\s*"kind":\s*"[A-Za-z]+List",\s*"apiVersion":\s*"[a-z0-9./-]+",'
    rb'\s*"metadata":\s*\{[^{}]{0,3000}\},\s*"items":\s*)\['
)
_AFTER_ITEMS = re.compile(rb"\]\s*\}\s*\Z")
