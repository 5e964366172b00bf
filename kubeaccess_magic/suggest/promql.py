"""What is being typed at a place of a PromQL query. Pure; a query that is half typed is the usual case."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from .prometheus import AGGREGATIONS, FUNCTIONS, KEYWORDS

__all__ = ["Place", "place"]

What = Literal["expression", "label", "value", "duration", "nothing"]

_TOKEN = re.compile(
    r"""(?P<space>\s+)|(?P<comment>\#[^\n]*)
    |(?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`[^`]*`)
    |(?P<open>["'`])
    |(?P<word>[a-zA-Z_:][\w:.]*)
    |(?P<number>\.?[0-9][\w.]*)
    |(?P<sign>=~|!~|!=|==|<=|>=|.)""",
    re.VERBOSE | re.DOTALL,
)
_LANGUAGE = frozenset({*FUNCTIONS, *AGGREGATIONS, *KEYWORDS})
_LABELS_FOLLOW = frozenset({"by", "without", "on", "ignoring", "group_left", "group_right"})


class Place(NamedTuple):
    """What fits there.

    Attributes
    ----------
    start
        Where the word that is being typed begins.
    word
        It, as far as it is typed.
    what
        An expression (a metric, a function, a keyword), a label's name, a label's value, a duration, or nothing.
    metric
        Whose labels, "" if that is not said.
    label
        Whose values.
    quote
        The quote that the value stands in.
    """

    start: int
    word: str
    what: What
    metric: str = ""
    label: str = ""
    quote: str = ""


def place(query: str, cursor: int) -> Place:
    """What is being typed at `cursor`, a position from 0 to the length of `query`."""
    text = query[:cursor]
    read = _Read()
    for found in _TOKEN.finditer(text):
        kind, piece = found.lastgroup or "", found[0]
        if kind == "open":
            return _value(read, text, found.end(), piece)
        if found.end() == len(text) and kind in ("comment", "string", "number", "word"):
            if kind == "word" or (kind == "number" and read.bracket == "["):
                return _word(read, query, cursor, piece)
            return Place(cursor, "", "nothing")
        read.take(kind, piece)
    return _word(read, query, cursor, "")


class _Read:
    """What stands before the word that is being typed."""

    def __init__(self) -> None:
        self.opened: list[tuple[str, str]] = []  # each bracket that is open, and the word before it
        self.last = ""  # the last word or sign
        self.label = ""  # of the last matcher
        self.metric = ""  # the last one; in braces, whose labels they match

    @property
    def bracket(self) -> str:
        return self.opened[-1][0] if self.opened else ""

    @property
    def lists_labels(self) -> bool:
        return self.bracket == "(" and self.opened[-1][1] in _LABELS_FOLLOW

    def take(self, kind: str, piece: str) -> None:
        """Go on by a token that has ended."""
        if kind in ("space", "comment"):
            return
        if kind == "word" and self.bracket == "{":
            self.label = piece
        elif kind == "word" and not self.lists_labels and piece not in _LANGUAGE:
            self.metric = piece
        elif kind == "string" and self.bracket == "{" and self.label == "__name__":
            self.metric = piece[1:-1]
        elif kind == "sign" and piece in "({[":
            if piece == "{" and self.last != self.metric:
                self.metric = ""
            self.opened.append((piece, self.last))
        elif kind == "sign" and piece in ")}]" and self.opened:
            self.opened.pop()
        self.last = piece


def _value(read: _Read, text: str, start: int, quote: str) -> Place:
    """In a string: the value of a label, or one branch of a pattern for it."""
    if read.bracket != "{" or read.last not in ("=", "!=", "=~", "!~"):
        return Place(len(text), "", "nothing")
    if read.last in ("=~", "!~"):
        start = max(start, text.rfind("|", start) + 1)
    metric = "" if read.label == "__name__" else read.metric
    return Place(start, text[start:], "value", metric, read.label, quote)


def _word(read: _Read, query: str, cursor: int, word: str) -> Place:
    """A word, perhaps of no letter yet, by the bracket that it stands in."""
    start = cursor - len(word)
    if read.bracket == "{":
        return Place(start, word, "label" if read.last in ("{", ",") else "nothing", read.metric)
    if read.bracket == "[" or read.last == "offset":
        return Place(start, word, "duration")
    if read.lists_labels:
        return Place(start, word, "label", read.metric or _metric_behind(query[cursor:]))
    return Place(start, word, "expression")


def _metric_behind(rest: str) -> str:
    """The first metric behind a list of labels: ``by (…) (rate(metric[5m]))``."""
    for found in re.finditer(r"([a-zA-Z_:][\w:]*)\s*(\()?", rest.partition(")")[2]):
        if not found[2] and found[1] not in _LANGUAGE:
            return found[1]
    return ""
