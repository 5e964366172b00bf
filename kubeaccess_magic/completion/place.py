"""Which word of which magic line is being typed. Pure.

A cell is read as IPython reads it: ``%%kproxy`` in its first line makes the rest a body; ``%kproxy`` may stand in any
line, behind ``name =``, and goes on in the next line after a backslash.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from ..magics.options import BY_NAME, EQUALS, Option
from ..magics.verbs import Verb, verb_of
from ..magics.words import split

__all__ = ["Asked", "Place", "Word", "asked", "find", "word"]

_BEGIN = re.compile(r"(?:[\w.,\[\]'\" ]+=\s*|\s*)(?P<sign>%%?)kproxy[ \t]")
_RUNS_CELLS = re.compile(r"%%(?:capture|time|timeit|prun)\b")


class Place(NamedTuple):
    """Where the cursor is in a magic's text.

    Attributes
    ----------
    line
        What stands behind ``%kproxy``, up to the cursor; the whole line where the cursor is in the body.
    rest
        What stands in the line behind the cursor.
    body
        The cell below a ``%%kproxy`` line; None where the cursor is in the line.
    cursor
        Where in the body.
    """

    line: str
    rest: str = ""
    body: str | None = None
    cursor: int = 0


class Asked(NamedTuple):
    """The words of a line, as far as they can be told while it is typed."""

    verb: Verb | None
    plain: tuple[str, ...]  # without the verb
    given: dict[str, list[str]]  # options by key

    def text(self, key: str) -> str | None:
        """The value of an option, or None."""
        return self.given[key][0] if self.given.get(key) else None


class Word(NamedTuple):
    """The word that is being typed.

    Attributes
    ----------
    text
        It, without the quote that it stands in.
    quote
        That quote, or "".
    option
        Whose value it is; None for a word that stands by itself.
    before
        What is known of the words before it.
    """

    text: str
    quote: str
    option: Option | None
    before: Asked


def find(text: str, cursor: int) -> Place | None:
    """Where `cursor` is in a magic of ours; None where it is in none.

    Parameters
    ----------
    text
        The whole cell.
    cursor
        In it, in characters.
    """
    begin = len(text) - len(text.lstrip("\n"))
    first = text[begin:].partition("\n")[0]
    if first.lstrip().startswith("%%"):
        found = _BEGIN.match(first)
        if found is not None:
            end = begin + len(first)
            if cursor > end:
                return Place(first[found.end() :], "", text[end + 1 :], cursor - end - 1)
            here = cursor - begin
            return Place(first[found.end() : here], first[here:]) if here >= found.end() else None
        if not _RUNS_CELLS.match(first.lstrip()):
            return None
    joined = text[:cursor].replace("\\\n", "  ")  # as long as it was
    line = joined[joined.rfind("\n") + 1 :]
    found = _BEGIN.match(line)
    if found is None or found["sign"] != "%":
        return None
    return Place(line[found.end() :], text[cursor:].partition("\n")[0])


def word(line: str, rest: str = "") -> Word | None:
    """The word at the end of a line, and what its other words say; None in a comment.

    Parameters
    ----------
    line
        What is typed up to the cursor.
    rest
        What stands behind it: options there count as those before.
    """
    marked = split(line + " x")
    if not marked or marked[-1].end <= len(line):
        return None  # a comment has begun
    words = [(each.text, line[each.start]) for each in split(line)]
    text = quote = ""
    if line and not line[-1].isspace():
        text = words.pop()[0]
    for sign in "'\"":
        closed = split(line + sign)
        # Had it been closed here, the quote would have been one: it is open.
        if closed and closed[-1].end == len(line) + 1 and not closed[-1].text.endswith(sign):
            words = [(each.text, line[each.start]) for each in closed[:-1]]
            text, quote = closed[-1].text, sign
            break
    before, waits = _read(words)
    if rest[:1].isspace():
        before = before._replace(given={**asked(rest).given, **before.given})
    if waits is not None:
        return Word(text, quote, waits, before)
    if text.startswith("-") and len(text) > 1:
        option, value = _attached(text)
        if option is not None:
            return Word(value, quote, option, before)
    return Word(text, quote, None, before)


def asked(line: str) -> Asked:
    """What a whole line says."""
    return _read([(each.text, line[each.start]) for each in split(line)])[0]


def _read(words: list[tuple[str, str]]) -> tuple[Asked, Option | None]:
    """What words say, each with the character that it begins with; and the option that waits for its value."""
    plain: list[str] = []
    given: dict[str, list[str]] = {}
    waits: Option | None = None
    for text, first in words:
        if waits is not None:
            given.setdefault(waits.key, []).append(text)
            waits = None
        elif first == "-" and len(text) > 1:
            option = BY_NAME.get(text)
            if option is not None and option.value is not None:
                waits = option
            elif option is not None:
                given[option.key] = []
            else:
                option, value = _attached(text)
                if option is not None:
                    given.setdefault(option.key, []).append(value)
        else:
            plain.append(text)
    if len(plain) > 1 and plain[0] == "get":
        del plain[0]
    verb = verb_of(plain[0]) if plain else None
    return Asked(verb, tuple(plain[1:] if verb else plain), given), waits


def _attached(text: str) -> tuple[Option | None, str]:
    """The option whose value is in the same word, and that value."""
    name, equals, value = text.partition("=")
    if text.startswith("--"):
        option = BY_NAME.get(name) if equals else None
    else:
        option, value = BY_NAME.get(text[:2]), text[2:]
        if text[:2] in EQUALS:
            value = value.removeprefix("=")
        if len(text) == 2:
            option = None
    return (option, value) if option is not None and option.value is not None else (None, "")
