"""`Suggestion`: one thing that can be typed next, and which names may become one."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from ..text import one_line, shorten

__all__ = ["MAX_SUGGESTIONS", "Suggestion", "is_one_visible_line", "matching", "note_of"]

MAX_SUGGESTIONS = 500
"""The largest number of suggestions with the same beginning."""

_MAX_NOTE_CHARACTERS = 120


@dataclasses.dataclass(frozen=True, slots=True)
class Suggestion:
    """One thing that can be typed next.

    Parameters
    ----------
    text
        The text to insert.
    kind
        "context", "namespace", "service", "pod", "node", "port", "path", "index", "field", "metric", "label", "value",
        "function", "keyword", "parameter", "verb", "option" or "variable".
    note
        One short line about it, such as "1/1 ready · Elasticsearch". It may contain text from the cluster, but no
        control characters.
    ready
        The number of ready endpoints; None if it is not known.
    of
        The number of all endpoints; None if it is not known.
    app
        The app behind a service, such as "Elasticsearch"; "" if it is not recognised.
    """

    text: str
    kind: str
    note: str = ""
    ready: int | None = None
    of: int | None = None
    app: str = dataclasses.field(default="", compare=False)


def note_of(*parts: object) -> str:
    """A note that joins several parts of text from the cluster: one short line, without control characters."""
    line = " · ".join(text for part in parts if (text := " ".join(str(part).split())))
    return shorten(one_line(line), _MAX_NOTE_CHARACTERS)


def is_one_visible_line(text: str) -> bool:
    """Whether a text is one line of visible characters, without control characters or line breaks."""
    return one_line(text) == text


def matching(names: Iterable[tuple[str, str]], kind: str, prefix: str) -> list[Suggestion]:
    """Suggestions for the names that begin with a prefix, at most `MAX_SUGGESTIONS`.

    Parameters
    ----------
    names
        Each name with its note. Names with control characters or line breaks are left out.
    kind
        The kind of the suggestions.
    prefix
        The beginning that has been typed.
    """
    suggestions: list[Suggestion] = []
    for name, note in names:
        if name.startswith(prefix) and is_one_visible_line(name):
            suggestions.append(Suggestion(name, kind, note_of(note)))
            if len(suggestions) == MAX_SUGGESTIONS:
                break
    return suggestions
