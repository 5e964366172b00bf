"""One page of a list, parsed only as far as somebody needs it, and only once."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import msgspec

from ...errors import LoadError
from .. import answer
from .heads import Head, head_before_items, head_of_document

if TYPE_CHECKING:
    from ...reply import Reply

__all__ = ["Page"]


class Page:
    """One page.

    Parameters
    ----------
    reply
        The answer. It is let go with the page.
    keep_equal_keys
        Whether no value may be lost if an object has two equal keys: the second key is renamed then. Otherwise the
        last one counts, as it does for the API server.
    """

    def __init__(self, reply: Reply, *, keep_equal_keys: bool = False) -> None:
        self._reply = reply
        self._keep_equal_keys = keep_equal_keys
        self._document: Any = None

    @property
    def body(self) -> bytes:
        """The bytes of the page."""
        return self._reply.content

    @property
    def is_parsed(self) -> bool:
        """Whether the objects have been parsed."""
        return self._document is not None

    @functools.cached_property
    def head(self) -> Head:
        """What the page says about itself.

        Raises
        ------
        LoadError
            The answer is not an object of the API.
        """
        head = None if self._keep_equal_keys else head_before_items(self.body)
        head = head or head_of_document(self.document)
        if head is None or not (head.kind and head.api_version):
            raise LoadError(
                "the answer is not a list of Kubernetes objects", reply=self._reply, hint="see it with -o json"
            )
        return head

    @property
    def document(self) -> Any:
        """The page as plain JSON; LoadError if it is not JSON."""
        if self._document is None:
            self._document = self._parse()
        return self._document

    @property
    def objects(self) -> list[dict[str, Any]]:
        """The objects of the list, or the one object; LoadError if they are anything else."""
        objects = (self.document.get("items") or []) if self.head.is_list else [self.document]
        if not all(isinstance(item, dict) for item in objects):
            raise LoadError("the items of the answer are not objects", reply=self._reply, hint="see it with -o json")
        return list(objects)

    def _parse(self) -> Any:
        if not self._keep_equal_keys:
            try:
                return msgspec.json.decode(self.body)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                pass  # the slower parser reads more, and says where the fault is
        return answer.json_of(self._reply)
