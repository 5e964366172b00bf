"""Which word of a PromQL query is being typed, and what fits there. Pure; the query may be half typed."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from .prometheus import AGGREGATIONS, FUNCTIONS, KEYWORDS

__all__ = ["PromqlWord", "word_at"]

WordKind = Literal["expression", "label", "value", "duration", "nothing"]

# A string without its closing quotation mark is the one that is being typed.
_TOKEN = re.compile(
    r"""(?P<space>\s+)|(?P<comment>\#[^\n]*)
    |(?P<string>(?P<quote>["'`])
        (?:(?<=")(?:[^"\\\n]|\\.)*+\\?(?P<double>"?)|(?<=')(?:[^'\\\n]|\\.)*+\\?(?P<single>'?)|[^`]*+(?P<back>`?)))
    |(?P<word>[a-zA-Z_:][\w:.]*)
    |(?P<number>\.?[0-9][\w.]*)
    |(?P<sign>=~|!~|!=|==|<=|>=|.)""",
    re.VERBOSE | re.DOTALL,
)
_METRIC_OR_CALL = re.compile(r"(?P<name>[a-zA-Z_:][\w:]*+)\s*+(?P<call>\()?")
_LANGUAGE = frozenset({*FUNCTIONS, *AGGREGATIONS, *KEYWORDS})
_BEFORE_LABELS = frozenset({"by", "without", "on", "ignoring", "group_left", "group_right"})


class PromqlWord(NamedTuple):
    """The word of a query that is being typed.

    Attributes
    ----------
    start
        The position of its first character.
    text
        The word up to the cursor.
    kind
        What fits there: an "expression" (a metric, a function or a keyword), the name of a "label", the "value" of a
        label, a "duration", or "nothing" that is known.
    metric
        The metric whose labels fit; "" if that is not known.
    label
        The label whose values fit.
    quote
        The quotation mark around a value.
    """

    start: int
    text: str
    kind: WordKind
    metric: str = ""
    label: str = ""
    quote: str = ""


def word_at(query: str, cursor: int) -> PromqlWord:
    """The word of a PromQL query at the cursor.

    Parameters
    ----------
    query
        The query, perhaps not complete.
    cursor
        A position from 0 to the length of `query`.
    """
    text = query[:cursor]
    state = _TokenState()
    for match in _TOKEN.finditer(text):
        kind, token = match.lastgroup or "", match[0]
        if match["quote"]:
            kind = "string"
            if not (match["double"] or match["single"] or match["back"]):
                return _value(state, text, match.start() + 1, match["quote"])
        if match.end() == len(text) and kind in ("comment", "string", "number", "word"):
            if kind == "word" or (kind == "number" and state.bracket == "["):
                return _word(state, query, cursor, token)
            return PromqlWord(cursor, "", "nothing")
        state.advance(kind, token)
    return _word(state, query, cursor, "")


class _TokenState:
    """What the tokens before the word that is being typed say."""

    def __init__(self) -> None:
        self.open_brackets: list[tuple[str, str]] = []  # each with the word before it
        self.last_token = ""
        self.label = ""  # of the last matcher
        self.metric = ""  # the last one; inside braces, the one whose labels are matched

    @property
    def bracket(self) -> str:
        return self.open_brackets[-1][0] if self.open_brackets else ""

    @property
    def is_label_list(self) -> bool:
        return self.bracket == "(" and self.open_brackets[-1][1] in _BEFORE_LABELS

    def advance(self, kind: str, token: str) -> None:
        """Take a token that is complete."""
        if kind in ("space", "comment"):
            return
        if kind == "word" and self.bracket == "{":
            self.label = token
        elif kind == "word" and not self.is_label_list and token not in _LANGUAGE:
            self.metric = token
        elif kind == "string" and self.bracket == "{" and self.label == "__name__":
            self.metric = token[1:-1]
        elif kind == "sign" and token in "({[":
            if token == "{" and self.last_token != self.metric:
                self.metric = ""
            self.open_brackets.append((token, self.last_token))
        elif kind == "sign" and token in ")}]" and self.open_brackets:
            self.open_brackets.pop()
        self.last_token = token


def _value(state: _TokenState, text: str, start: int, quote: str) -> PromqlWord:
    """The word in a string: the value of a label, or one alternative of a pattern for it."""
    if state.bracket != "{" or state.last_token not in ("=", "!=", "=~", "!~"):
        return PromqlWord(len(text), "", "nothing")
    if state.last_token in ("=~", "!~"):
        start = max(start, text.rfind("|", start) + 1)
    metric = "" if state.label == "__name__" else state.metric
    return PromqlWord(start, text[start:], "value", metric, state.label, quote)


def _word(state: _TokenState, query: str, cursor: int, word: str) -> PromqlWord:
    """A word outside strings, perhaps still empty. Its kind depends on the bracket around it."""
    start = cursor - len(word)
    if state.bracket == "{":
        return PromqlWord(start, word, "label" if state.last_token in ("{", ",") else "nothing", state.metric)
    if state.bracket == "[" or state.last_token == "offset":
        return PromqlWord(start, word, "duration")
    if state.is_label_list:
        return PromqlWord(start, word, "label", state.metric or _metric_after(query[cursor:]))
    return PromqlWord(start, word, "expression")


def _metric_after(rest: str) -> str:
    """The first metric after a list of labels: ``by (…) (rate(metric[5m]))``."""
    for match in _METRIC_OR_CALL.finditer(rest.partition(")")[2]):
        if not match["call"] and match["name"] not in _LANGUAGE:
            return match["name"]
    return ""
