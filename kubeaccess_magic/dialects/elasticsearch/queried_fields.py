"""The fields that a search asks about, and those that its indices have: why there may be no hits."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ...text import quoted
from .. import answer
from ..protocol import Step

if TYPE_CHECKING:
    from ...reply import Reply
    from .search import SearchRequest

__all__ = ["queried_fields", "why_empty"]

# A phrase that nothing ends goes to the end, so that no later quote in it is tried as a beginning.
_QUOTED = re.compile(r'"(?s:\\.|[^"\\])*+(?:"|\\?\Z)|(?<=[:\s])/(?:\\.|[^/\\])*+/')
_FIELD = re.compile(r"(?:^|(?<=[\s(!+-]))([A-Za-z_@][\w.@-]{0,511}):")  # a wildcard or an escape makes it no plain name
_BY_FIELD = frozenset(
    "term terms match match_phrase match_phrase_prefix match_bool_prefix range prefix wildcard regexp fuzzy".split()
)
_NOT_FIELDS = frozenset({"boost", "_name"})


def queried_fields(search: SearchRequest) -> list[str]:
    """Find the plain names of the fields that a search asks about, each once, in their order.

    Parameters
    ----------
    search
        The search.
    """
    names = [*_in_text(search.request.param("q") or ""), *_in_query((search.body or {}).get("query"))]
    return [name for name in dict.fromkeys(names) if not name.startswith("_") and not re.search(r"[*,]", name)]


def why_empty(search: SearchRequest) -> Generator[Step, Reply, str | None]:
    """Ask for the fields of the indices, and say which field of the search is not among them.

    Parameters
    ----------
    search
        The search.

    Returns
    -------
    str or None
        None if every field of the search is there.
    """
    names = queried_fields(search)
    if search.root is None or not names:
        return None
    question = search.beside("GET", f"{search.root}/{search.index}/_field_caps").with_param("fields", ",".join(names))
    document = answer.json_of((yield Step(question, has_rows=False)))
    fields = document.get("fields") if isinstance(document, dict) else None
    if not isinstance(fields, dict):
        return None
    missing = next((name for name in names if name not in fields), None)
    return f"no field is called {quoted(missing)} in the indices that were searched" if missing is not None else None


def _in_text(query: str) -> list[str]:
    """The fields of a query string: ``user:kimchy AND level:(a OR b)``."""
    return _FIELD.findall(_QUOTED.sub('""', query))


def _in_query(query: Any, depth: int = 0) -> Iterator[str]:
    """The fields of a query in JSON, however deep in compound queries."""
    if isinstance(query, list):
        for part in query:
            yield from _in_query(part, depth)
    if not isinstance(query, Mapping) or depth > 20:
        return
    for name, inner in query.items():
        if name in _BY_FIELD and isinstance(inner, Mapping):
            yield from (field for field in inner if field not in _NOT_FIELDS)
        elif name == "exists" and isinstance(inner, Mapping) and isinstance(inner.get("field"), str):
            yield inner["field"]
        elif name == "query_string" and isinstance(inner, Mapping):
            yield from _in_text(str(inner.get("query", "")))
        elif name != "nested":
            yield from _in_query(inner, depth + 1)
