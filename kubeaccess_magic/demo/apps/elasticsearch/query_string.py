"""Query strings, as Lucene's classic parser reads them: ``user:kimchy AND level:(error OR warning) -tags:batch``.

Operators make clauses required (``+``, AND), optional (OR) or prohibited (``-``, ``!``, NOT) as Lucene has it: they
mark the clauses beside them, so AND does not bind tighter than OR.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Literal

from . import field_queries
from .field_queries import Scorer
from .log_documents import Document, all_fields, field_type
from .search_errors import SearchError, ShardError

_ESCAPED = r"\\."
_BLANK = " \\t\\n\\r\u3000"
_START = rf"(?:[^{_BLANK}+\-!():^\[\]\"{{}}~*?\\/]|{_ESCAPED})"
_CHARACTER = rf"(?:{_START}|[-+])"
_SIDE = r'(?:"(?:[^"\\]|\\.)+"|[^\s\]}]+)'
_AFTER_WORDS: Final = {":", "*", "FUZZY_SLOP", "^", "AND", "OR"}
"""A word before one of these is a clause of its own, not one of several that are looked for together."""
_STARTS: Final = (
    "<BAREOPER> ...", '"(" ...', '"*" ...', "<QUOTED> ...", "<TERM> ...", "<PREFIXTERM> ...", "<WILDTERM> ...",
    "<REGEXPTERM> ...", '"[" ...', '"{" ...', "<NUMBER> ...",
)  # fmt: skip
_LIMITS: Final = {"<": "lt", "<=": "lte", ">": "gt", ">=": "gte"}
_DEPTH: Final = 100
Occur = Literal["must", "should", "must_not"]


@dataclass(frozen=True, slots=True)
class QueryStringOptions:
    """How a query string is read.

    Attributes
    ----------
    fields
        Where words without a field are looked for; ``*`` is all fields, leniently.
    every_word
        Whether all clauses are required that say nothing else (``default_operator=and``).
    lenient
        Whether a value that a field cannot have matches nothing, instead of being an error.
    """

    fields: tuple[str, ...] = ("*",)
    every_word: bool = False
    lenient: bool = False


def query_string(text: str, everything: list[Document], options: QueryStringOptions | None = None) -> Scorer:
    """The scorer of a query string.

    Raises
    ------
    SearchError
        400: it is broken.
    """
    if not text.strip():
        return field_queries.never
    return _Parser(text, everything, options or QueryStringOptions()).whole()


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    at: int


class _Parser:
    def __init__(self, text: str, everything: list[Document], options: QueryStringOptions) -> None:
        self._text = text
        self._everything = everything
        self._options = options
        self._tokens = self._split()
        self._next = 0
        self._depth = 0

    def whole(self) -> Scorer:
        found = self._query(None)
        if self._kind() != "EOF":
            raise self._unexpected()
        return found

    # --- tokens

    def _split(self) -> list[_Token]:
        out, at = [], 0
        while at < len(self._text):
            if self._text[at] in " \t\n\r\u3000":
                at += 1
                continue
            longest: re.Match[str] | None = None
            kind = ""
            for name, pattern in _tokens().items():
                found = pattern.match(self._text, at)
                if found and (longest is None or found.end() > longest.end()):
                    longest, kind = found, name
            if longest is None:
                where = f"Lexical error at line 1, column {len(self._text) + 1}.  Encountered: <EOF> after : "
                raise self._broken(where + f'"{self._text[at:]}"', "token_mgr_error")
            out.append(_Token(kind, longest[0], at))
            at = longest.end()
        return [*out, _Token("EOF", "<EOF>", len(self._text) - 1)]

    def _kind(self, ahead: int = 0) -> str:
        return self._tokens[min(self._next + ahead, len(self._tokens) - 1)].kind

    def _take(self) -> _Token:
        token = self._tokens[self._next]
        self._next += 1
        return token

    def _taken(self, *kinds: str) -> str:
        return self._take().kind if self._kind() in kinds else ""

    def _unexpected(self) -> SearchError:
        token = self._tokens[self._next]
        named = token.kind.isalpha() and token.kind not in ("EOF", "BRACKET")
        shown = f' <{token.kind}> "{token.text} "' if named else f' "{token.text}" "{token.text} "'
        shown = "<EOF>" if token.kind == "EOF" else shown
        expected = "\n    ".join(_STARTS)
        where = f'Encountered "{shown}" at line 1, column {token.at + 1}.'
        return self._broken(f"{where}\nWas expecting one of:\n    {expected}\n    ")

    def _broken(self, reason: str, kind: str = "parse_exception") -> SearchError:
        cause = f"Cannot parse '{self._text}': {reason}"
        return ShardError(f"Failed to parse query [{self._text}]", ("parse_exception", cause))

    # --- grammar

    def _query(self, field: str | None) -> Scorer:
        """Clauses up to a closing parenthesis or the end."""
        self._depth += 1
        if self._depth > _DEPTH:
            raise self._broken("too many nested parentheses", "too_complex")
        clauses: list[tuple[Occur, Scorer]] = []
        alone = None
        while not clauses or self._kind() not in ("EOF", ")"):
            if several := self._several_words():
                clauses.append(("must" if self._options.every_word else "should", self._words(field, several)))
                continue
            joint = self._taken("AND", "OR") if clauses else ""
            sign = self._taken("+", "-", "NOT")
            scorer = self._clause(field)
            alone = scorer if not clauses and not sign else None
            self._add(clauses, joint, sign, scorer)
        self._depth -= 1
        if alone is not None and len(clauses) == 1:
            return alone
        return _combined(clauses, top=self._depth == 0)

    def _add(self, clauses: list[tuple[Occur, Scorer]], joint: str, sign: str, scorer: Scorer) -> None:
        every = self._options.every_word
        if clauses and clauses[-1][0] != "must_not":
            if joint == "AND":
                clauses[-1] = ("must", clauses[-1][1])
            elif joint == "OR" and every:
                clauses[-1] = ("should", clauses[-1][1])
        if sign in ("-", "NOT"):
            clauses.append(("must_not", scorer))
        elif sign == "+" or joint == "AND" or (every and joint != "OR"):
            clauses.append(("must", scorer))
        else:
            clauses.append(("should", scorer))

    def _several_words(self) -> str:
        """Bare words one after the other: they go to the analyzer together."""
        count = 0
        while self._kind(count) == "TERM" and self._kind(count + 1) not in _AFTER_WORDS:
            count += 1
        if count < 2:
            return ""
        return " ".join(_unescaped(self._take().text) for _ in range(count))

    def _clause(self, field: str | None) -> Scorer:
        if self._kind() in ("TERM", "*") and self._kind(1) == ":":
            field = _unescaped(self._take().text)
            self._take()
        if self._kind() != "(":
            return self._boosted(self._term(field))
        self._take()
        found = self._query(field)
        if not self._taken(")"):
            raise self._unexpected()
        return self._boosted(found)

    def _boosted(self, scorer: Scorer) -> Scorer:
        if self._kind() != "^":
            return scorer
        boost = float(self._take().text[1:])
        return lambda document: None if (found := scorer(document)) is None else round(found * boost, 6)

    def _term(self, field: str | None) -> Scorer:
        kind = self._kind()
        if kind not in ("TERM", "*", "PREFIXTERM", "WILDTERM", "REGEXPTERM", "BAREOPER", "RANGE", "QUOTED"):
            raise self._unexpected()
        text = self._take().text
        about = self._take().text[1:] if self._kind() == "FUZZY_SLOP" else None
        if kind == "QUOTED":
            phrase = _unescaped(text[1:-1])
            if field == "_exists_":
                return field_queries.exists(phrase)
            try:
                slop = int(float(about)) if about else 0
            except ValueError:
                slop = 0
            return self._each(field, lambda name: field_queries.match_phrase(name, phrase, self._everything, slop))
        if kind == "RANGE":
            limits = _range_limits(text)
            return self._each(field, lambda name: field_queries.range_of(name, limits))
        if kind == "REGEXPTERM":
            return self._each(field, lambda name: field_queries.regular(name, text[1:-1].replace("\\/", "/")))
        if field == "_exists_":
            return field_queries.exists(_unescaped(text))
        if kind == "*":
            return (
                field_queries.constant(1.0) if self._is_everywhere(field) else self._each(field, field_queries.exists)
            )
        if kind in ("PREFIXTERM", "WILDTERM"):
            return self._each(field, lambda name: field_queries.pattern_of(name, _as_indexed(name, text)))
        if about is not None:
            word = _unescaped(text)
            return self._each(field, lambda name: field_queries.fuzzy(name, _as_indexed(name, word), about or "AUTO"))
        if (compare := re.match("[<>]=?", text)) and len(text) > compare.end():
            limits = {_LIMITS[compare[0]]: _unescaped(text[compare.end() :])}
            return self._each(field, lambda name: field_queries.range_of(name, limits))
        return self._words(field, _unescaped(text.strip()))

    # --- fields

    def _words(self, field: str | None, text: str) -> Scorer:
        operator = "and" if self._options.every_word else "or"
        return self._each(field, lambda name: field_queries.match(name, text, self._everything, operator))

    def _is_everywhere(self, field: str | None) -> bool:
        return field == "*" or (field is None and self._options.fields == ("*",))

    def _each(self, field: str | None, scorer_of: Callable[[str], Scorer]) -> Scorer:
        """The scorer for each field that is meant; the best counts."""
        lenient = self._options.lenient or self._is_everywhere(field)
        scorers = []
        for pattern in self._options.fields if field is None else (field,):
            wanted, _, boost = pattern.partition("^")
            names = [one for one in all_fields() if fnmatch.fnmatchcase(one, wanted)] if "*" in wanted else [wanted]
            for name in names:
                try:
                    scorers.append(_times(scorer_of(name), float(boost or 1)))
                except SearchError:
                    if not lenient:
                        raise
        return scorers[0] if len(scorers) == 1 else field_queries.any_of(scorers)


@cache
def _tokens() -> dict[str, re.Pattern[str]]:
    """What tokens look like; of the longest ones the first counts. Made at the first query string."""
    looks = {
        "AND": r"AND|&&", "OR": r"OR|\|\|", "NOT": "NOT|!", "BAREOPER": rf"[+\-!][{_BLANK}]", "+": r"\+", "-": "-",
        "(": r"\(", ")": r"\)", ":": ":", "*": r"\*", "^": r"\^\d+(?:\.\d+)?", "QUOTED": r'"(?:[^"\\]|\\.)*"',
        "TERM": rf"{_START}{_CHARACTER}*", "FUZZY_SLOP": rf"~{_CHARACTER}*",
        "PREFIXTERM": rf"{_START}{_CHARACTER}*\*", "WILDTERM": rf"(?:{_START}|[*?])(?:{_CHARACTER}|[*?])*",
        "REGEXPTERM": r"/(?:[^/\\]|\\.)*/",
        "RANGE": rf"([\[{{])\s*({_SIDE})\s+(?:TO\s+)?({_SIDE})\s*([\]}}])", "BRACKET": r"[\[{]",
    }  # fmt: skip
    return {kind: re.compile(pattern, re.DOTALL) for kind, pattern in looks.items()}


def _times(scorer: Scorer, boost: float) -> Scorer:
    if boost == 1:
        return scorer
    return lambda document: None if (found := scorer(document)) is None else round(found * boost, 6)


def _combined(clauses: list[tuple[Occur, Scorer]], top: bool) -> Scorer:
    must = [scorer for occur, scorer in clauses if occur == "must"]
    should = [scorer for occur, scorer in clauses if occur == "should"]
    must_not = [scorer for occur, scorer in clauses if occur == "must_not"]
    if not must and not should and not top:
        return (
            field_queries.never
        )  # Lucene: what only excludes has nothing to exclude from; Elasticsearch mends it at the top

    def score(document: Document) -> float | None:
        total = 0.0
        for part in must:
            found = part(document)
            if found is None:
                return None
            total += found
        if any(part(document) is not None for part in must_not):
            return None
        hits = [found for part in should if (found := part(document)) is not None]
        return None if should and not must and not hits else round(total + sum(hits), 6)

    return score


def _range_limits(text: str) -> dict[str, Any]:
    found = _tokens()["RANGE"].fullmatch(text)
    if found is None:
        raise ValueError(text)  # only what the same pattern found comes here
    low, high = (_unescaped(side[1:-1] if side.startswith('"') else side) for side in (found[2], found[3]))
    limits: dict[str, Any] = {}
    if low != "*":
        limits["gte" if found[1] == "[" else "gt"] = low
    if high != "*":
        limits["lte" if found[4] == "]" else "lt"] = high
    return limits


def _as_indexed(name: str, text: str) -> str:
    return text.lower() if field_type(name) == "text" else text


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL)
