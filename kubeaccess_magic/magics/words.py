r"""A magic's line as words.

A quote counts at the start of a word, after ``--option=``, after the first ``=`` of a ``-q`` value and after the first
``:`` of a ``-H`` value, and only if its closing quote ends the word. Nothing else is special: ``{"a":1}``, ``it's``,
``C:\tmp`` and ``up{job="a"}`` stay as typed. A word that is just ``#`` begins a comment.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from ..text import quoted

__all__ = ["Word", "quoted", "split"]


class Word(NamedTuple):
    """One word of a line."""

    text: str  # without the quotes that counted
    start: int  # where it begins in the line, its quote included
    end: int  # where it ends


_QUOTED = r"""(?:"(?P<double>[^"]*)"|'(?P<single>[^']*)')(?=\s|$)"""
_PLAIN = re.compile(rf"(?P<before>(?:--[\w-]+=)?){_QUOTED}")
_AFTER = {  # what may stand before the quote in the value of these options
    "-q": re.compile(rf"(?P<before>[^\s='\"]+=){_QUOTED}"),
    "--query": re.compile(rf"(?P<before>[^\s='\"]+=){_QUOTED}"),
    "-H": re.compile(rf"(?P<before>[^\s:'\"]+:){_QUOTED}"),
    "--header": re.compile(rf"(?P<before>[^\s:'\"]+:){_QUOTED}"),
}
_ATTACHED = re.compile(rf"(?P<before>(?:-q|--query=)[^\s='\"]+=|(?:-H|--header=)[^\s:'\"]+:|-[dHnlq]){_QUOTED}")
_SPACE = re.compile(r"\s*")
_BARE = re.compile(r"\S+")


def split(line: str) -> list[Word]:
    """The words of `line`, in order, without a comment."""
    words: list[Word] = []
    at = 0
    while (space := _SPACE.match(line, at)) and space.end() < len(line):
        at = space.end()
        after = _AFTER.get(words[-1].text) if words else None
        found = _PLAIN.match(line, at) or (after and after.match(line, at)) or _ATTACHED.match(line, at)
        if found:
            inner = found["double"] if found["double"] is not None else found["single"]
            word = Word(found["before"] + inner, at, found.end())
        else:
            found = _BARE.match(line, at)
            assert found is not None
            word = Word(found[0], at, found.end())
            if word.text == "#":
                break
        words.append(word)
        at = word.end
    return words
