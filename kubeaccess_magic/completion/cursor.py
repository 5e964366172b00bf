"""Which word of which magic line the cursor is in. Pure.

A cell is read as IPython reads it: ``%%kproxy`` on its first line makes the rest a body. ``%kproxy`` may be on any
line, after ``name =``, and continues on the next line after a backslash.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from ..magics.lines import split
from ..magics.options import BY_NAME, EQUALS, Option
from ..magics.verbs import VERB_BY_WORD, Verb

__all__ = ["CursorPlace", "LineWords", "TypedWord", "find_place", "typed_word", "words_of_line"]

_MAGIC = re.compile(r"(?:[\w.,\[\]'\" ]++=\s*+|\s*+)(?P<sign>%%?)kproxy[ \t]")
_CELL_RUNNER = re.compile(r"%%(?:capture|time|timeit|prun)\b")  # cell magics that run their body as a cell


class CursorPlace(NamedTuple):
    """Where the cursor is in the text of a magic.

    Attributes
    ----------
    line
        The line after ``%kproxy`` up to the cursor; the whole line if the cursor is in the body.
    rest
        The line after the cursor.
    body
        The cell below a ``%%kproxy`` line; None if the cursor is in the line.
    body_cursor
        The position of the cursor in the body.
    """

    line: str
    rest: str = ""
    body: str | None = None
    body_cursor: int = 0


class LineWords(NamedTuple):
    """The words of a line that is still being typed.

    Attributes
    ----------
    verb
        The verb; None if the line begins with a target, or is empty.
    plain
        The words that are neither the verb nor options.
    options
        The values of each option, by its key.
    """

    verb: Verb | None
    plain: tuple[str, ...]
    options: dict[str, list[str]]

    def text(self, key: str) -> str | None:
        """The first value of an option, or None."""
        return self.options[key][0] if self.options.get(key) else None


class TypedWord(NamedTuple):
    """The word that is being typed.

    Attributes
    ----------
    text
        The word up to the cursor, without its opening quotation mark.
    quote
        The quotation mark before it, or "".
    option
        The option whose value it is; None if it is not the value of an option.
    before
        The other words of the line.
    """

    text: str
    quote: str
    option: Option | None
    before: LineWords


def find_place(text: str, cursor: int) -> CursorPlace | None:
    """Where the cursor is in a magic of this package.

    Parameters
    ----------
    text
        The whole cell.
    cursor
        The position of the cursor in the cell, in characters.

    Returns
    -------
    CursorPlace or None
        None if the cursor is not in such a magic.
    """
    start = len(text) - len(text.lstrip("\n"))
    first_line = text[start:].partition("\n")[0]
    if first_line.lstrip().startswith("%%"):
        magic = _MAGIC.match(first_line)
        if magic is not None:
            return _place_in_cell(text, cursor, start, first_line, magic.end())
        if not _CELL_RUNNER.match(first_line.lstrip()):
            return None
    joined = text[:cursor].replace("\\\n", "  ")  # of the same length
    line = joined[joined.rfind("\n") + 1 :]
    magic = _MAGIC.match(line)
    if magic is None or magic["sign"] != "%":
        return None
    return CursorPlace(line[magic.end() :], text[cursor:].partition("\n")[0])


def typed_word(line: str, rest: str = "") -> TypedWord | None:
    """The word at the end of a line, with the words before it; None in a comment.

    Parameters
    ----------
    line
        The line up to the cursor.
    rest
        The line after the cursor. Options in it count like those before the cursor.
    """
    with_marker = split(line + " x")
    if not with_marker or with_marker[-1].end <= len(line):
        return None  # a comment has begun
    words = [(word.text, line[word.start]) for word in split(line)]
    text = quote = ""
    if line and not line[-1].isspace():
        text = words.pop()[0]
    for mark in "'\"":
        closed = split(line + mark)
        # If a quotation mark at the cursor would close the word, a quotation is open.
        if closed and closed[-1].end == len(line) + 1 and not closed[-1].text.endswith(mark):
            words = [(word.text, line[word.start]) for word in closed[:-1]]
            text, quote = closed[-1].text, mark
            break
    before, waiting_option = _read(words)
    if rest[:1].isspace():
        before = before._replace(options={**words_of_line(rest).options, **before.options})
    if waiting_option is not None:
        return TypedWord(text, quote, waiting_option, before)
    if text.startswith("-") and len(text) > 1:
        option, value = _split_option(text)
        if option is not None:
            return TypedWord(value, quote, option, before)
    return TypedWord(text, quote, None, before)


def words_of_line(line: str) -> LineWords:
    """The words of a whole line."""
    return _read([(word.text, line[word.start]) for word in split(line)])[0]


def _place_in_cell(text: str, cursor: int, start: int, first_line: str, magic_end: int) -> CursorPlace | None:
    """The place in a cell whose first line, from `start`, is ``%%kproxy``."""
    end = start + len(first_line)
    if cursor > end:
        return CursorPlace(first_line[magic_end:], "", text[end + 1 :], cursor - end - 1)
    column = cursor - start
    return CursorPlace(first_line[magic_end:column], first_line[column:]) if column >= magic_end else None


def _read(words: list[tuple[str, str]]) -> tuple[LineWords, Option | None]:
    """Read words, each with its first character in the line; returns also the option that waits for its value."""
    plain: list[str] = []
    options: dict[str, list[str]] = {}
    waiting: Option | None = None
    for text, first_character in words:
        if waiting is not None:
            options.setdefault(waiting.key, []).append(text)
            waiting = None
        elif first_character == "-" and len(text) > 1:
            option = BY_NAME.get(text)
            if option is not None and option.value is not None:
                waiting = option
            elif option is not None:
                options[option.key] = []
            else:
                option, value = _split_option(text)
                if option is not None:
                    options.setdefault(option.key, []).append(value)
        else:
            plain.append(text)
    if len(plain) > 1 and plain[0] == "get":
        del plain[0]
    verb = VERB_BY_WORD.get(plain[0]) if plain else None
    return LineWords(verb, tuple(plain[1:] if verb else plain), options), waiting


def _split_option(text: str) -> tuple[Option | None, str]:
    """An option and its value in one word, such as ``--output=json`` or ``-ojson``; None and "" if it is not one."""
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
