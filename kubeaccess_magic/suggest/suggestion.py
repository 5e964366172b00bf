"""`Suggestion`: one thing that may be typed next."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from ..text import printable, shorten

__all__ = ["MOST", "NOTE_CHARACTERS", "Suggestion", "clean", "is_plain", "matching"]

MOST = 500  # of those that begin with what was typed

NOTE_CHARACTERS = 120


@dataclasses.dataclass(frozen=True, slots=True)
class Suggestion:
    """What may be typed next.

    Attributes
    ----------
    text
        What would be put there.
    kind
        "context", "namespace", "service", "pod", "node", "port", "path", "index", "field", "metric", "label", "value",
        "function", "keyword", "parameter", "verb", "option" or "variable".
    note
        One short line about it, such as "1/1 ready · Elasticsearch"; text of the cluster, without control characters.
    ready, of
        How many of its endpoints are ready, and how many there are, where that is known.
    """

    text: str
    kind: str
    note: str = ""
    ready: int | None = None
    of: int | None = None


def clean(text: object) -> str:
    """A text of a cluster as a note: one short line in which nothing acts."""
    return shorten(printable(" ".join(str(text).split())), NOTE_CHARACTERS)


def is_plain(name: str) -> bool:
    """Whether somebody can see all that is put there with this name: it is one line in which nothing acts."""
    return printable(name) == name and "\n" not in name and "\t" not in name


def matching(names: Iterable[tuple[str, str]], kind: str, begin: str) -> list[Suggestion]:
    """Those of the names, with their notes, that begin so and are plain; `MOST` at most."""
    found: list[Suggestion] = []
    for name, note in names:
        if name.startswith(begin) and is_plain(name):
            found.append(Suggestion(name, kind, clean(note) if note else ""))
            if len(found) == MOST:
                break
    return found
