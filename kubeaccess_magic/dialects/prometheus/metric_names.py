"""The names of metrics in a PromQL query, and those that a Prometheus has: why an answer may be empty."""

from __future__ import annotations

import dataclasses
import difflib
import re
from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING

from ...text import quoted
from .. import answer
from ..protocol import Step
from .form_parameters import parameters_of

if TYPE_CHECKING:
    from ...reply import Reply
    from ...request import Request

__all__ = ["metric_names", "why_empty"]

_NOT_NAMES = re.compile(
    # What nothing ends goes to the end, so that nothing in it is tried as a beginning.
    r""""(?s:\\.|[^"\\])*+(?:"|\\?\Z)|'(?s:\\.|[^'\\])*+(?:'|\\?\Z)|`[^`]*+(?:`|\Z)"""  # texts
    r"|\#[^\n]*"  # comments
    r"|\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*+(?:\)|\Z)",  # labels
    re.IGNORECASE,
)
_SELECTORS = re.compile(r"\{[^}]*+(?:\}|\Z)|\[[^\]]*+(?:\]|\Z)")
_NAME = re.compile(r"(?<![\w:.])[A-Za-z_:][\w:]*(?!\s*\()(?![\w:])")
_KEYWORDS = frozenset("and or unless bool offset inf nan by without on ignoring group_left group_right atan2".split())
_MAX_COMPARED = 5000  # names; among more, only those that begin alike are compared


def metric_names(query: str) -> list[str]:
    """Find the names of the metrics in a PromQL query, each once, in their order.

    Parameters
    ----------
    query
        The query. Names that only stand in a ``__name__`` matcher are not found.
    """
    text = _SELECTORS.sub(" ", _NOT_NAMES.sub(" ", query))
    return [name for name in dict.fromkeys(_NAME.findall(text)) if name.lower() not in _KEYWORDS]


def why_empty(request: Request, endpoint: str) -> Generator[Step, Reply, str | None]:
    """Ask which metrics there are, and say which one of the query is not among them.

    Parameters
    ----------
    request
        The query.
    endpoint
        What follows ``/api/v1/`` in its path.

    Returns
    -------
    str or None
        None if every metric of the query is there.
    """
    names = metric_names(parameters_of(request).get("query", ""))
    if not names:
        return None
    path = request.path.rstrip("/").removesuffix(endpoint) + "label/__name__/values"
    headers = tuple(pair for pair in request.headers if not pair[0].lower().startswith("content-"))
    question = dataclasses.replace(request, method="GET", path=path, query="", headers=headers, body=None)
    document = answer.json_of((yield Step(question, has_rows=False)))
    values = document.get("data") if isinstance(document, dict) else None
    if not isinstance(values, list):
        return None
    existing = [value for value in values if isinstance(value, str)]
    missing = next((name for name in names if name not in set(existing)), None)
    if missing is None:
        return None
    near = _nearest(missing, existing)
    return f"no metric is called {quoted(missing)}" + (f"; there are {', '.join(map(quoted, near))}" if near else "")


def _nearest(name: str, existing: Sequence[str]) -> list[str]:
    if len(existing) > _MAX_COMPARED:
        existing = [other for other in existing if other[:3] == name[:3]][:_MAX_COMPARED]
    near = difflib.get_close_matches(name, existing, 3, 0.6)
    return near or [other for other in existing if name in other][:3]
