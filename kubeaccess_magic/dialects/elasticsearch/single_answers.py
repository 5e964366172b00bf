"""Documents requested by id, and answers that are one object."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...errors import LoadError
from .. import answer, columns
from ..protocol import Table
from ..readers import SingleAnswerReader
from .hits import frame_of

if TYPE_CHECKING:
    from ...reply import Reply

__all__ = ["DocumentReader", "MultiGetReader", "ObjectReader", "object_of", "objects_of"]


class ObjectReader(SingleAnswerReader):
    """Reads an answer that is one object, such as ``_count`` or ``_source/ID``, as one row."""

    def read(self, reply: Reply) -> Table:
        """Make one row of the fields of the object."""
        fields = columns.flatten([object_of(reply)], budget=self.budget)
        return Table(columns.frame(fields, 1, dates=True, budget=self.budget), 1)


class DocumentReader(SingleAnswerReader):
    """Reads ``_doc/ID`` as one row."""

    def read(self, reply: Reply) -> Table:
        """Make one row, as of a hit."""
        return Table(frame_of([object_of(reply)], reply, self.budget), 1)


class MultiGetReader(SingleAnswerReader):
    """Reads ``_mget``: one row per document, found or not."""

    def read(self, reply: Reply) -> Table:
        """Make one row per document, as of hits."""
        documents = objects_of(object_of(reply).get("docs"), reply)
        missing = sum(1 for document in documents if document.get("found") is not True)
        notes = (f"{missing:,} of {len(documents):,} were not found",) if missing else ()
        rows = documents[: self.limit]
        is_cut = len(rows) < len(documents)
        total = len(documents) if is_cut else None
        return Table(frame_of(rows, reply, self.budget), len(rows), total, "documents", has_more=is_cut, notes=notes)


def object_of(reply: Reply) -> dict[str, Any]:
    """Read an answer that is a JSON object.

    Raises
    ------
    LoadError
        The body is not a JSON object.
    """
    document = answer.json_of(reply)
    if not isinstance(document, dict):
        raise LoadError(
            "this is not an answer of Elasticsearch: it is not an object", reply=reply, hint="see it with -o json"
        )
    return document


def objects_of(values: Any, reply: Reply) -> list[dict[str, Any]]:
    """Take a part of an answer that is a list of objects.

    Raises
    ------
    LoadError
        The body is not a JSON object.
    """
    if not isinstance(values, list) or not all(isinstance(value, dict) for value in values):
        raise LoadError("the answer is not a list of documents", reply=reply, hint="see it with -o json")
    return values
