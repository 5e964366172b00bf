"""Query strings as Lucene's classic parser reads them: ``user:kimchy AND level:(error OR warning) -tags:batch``.

Operators make the clauses beside them required (``+``, AND), optional (OR) or prohibited (``-``, ``!``, NOT). So, as in
Lucene, AND does not bind tighter than OR.
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
"""A word before one of these is a clause of its own; other consecutive words are searched for together."""
_STARTS: Final = (
    "<BAREOPER> ...", '"(" ...', '"*" ...', "<QUOTED> ...", "<TERM> ...", "<PREFIXTERM> ...", "<WILDTERM> ...",
    "<REGEXPTERM> ...", '"[" ...', '"{" ...', "<NUMBER> ...",
)  # fmt: skip
_TERM_KINDS: Final = ("TERM", "*", "PREFIXTERM", "WILDTERM", "REGEXPTERM", "BAREOPER", "RANGE", "QUOTED")
_LIMITS: Final = {"<": "lt", "<=": "lte", ">": "gt", ">=": "gte"}
_MAX_DEPTH: Final = 100
Occur = Literal["must", "should", "must_not"]


@dataclass(frozen=True, slots=True)
class QueryStringOptions:
    """How a query string is interpreted.

    Attributes
    ----------
    fields
        Where to search for words without a field; ``*`` means all fields, leniently.
    every_word
        Whether clauses without an operator are required (``default_operator=and``).
    lenient
        Whether a value that a field cannot have matches nothing, instead of being an error.
    """

    fields: tuple[str, ...] = ("*",)
    every_word: bool = False
    lenient: bool = False


def query_string(text: str, everything: list[Document], options: QueryStringOptions | None = None) -> Scorer:
    """Make the scorer of a query string.

    Parameters
    ----------
    text
        The query string.
    everything
        All documents that are searched; they decide how rare a word is.
    options
        How to interpret the text.

    Raises
    ------
    SearchError
        400: the text is malformed.
    """
    if not text.strip():
        return field_queries.never
    return _Parser(text, everything, options or QueryStringOptions()).whole()


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    position: int


class _Parser:
    def __init__(self, text: str, everything: list[Document], options: QueryStringOptions) -> None:
        self._text = text
        self._everything = everything
        self._options = options
        self._tokens = self._split()
        self._next = 0
        self._depth = 0

    def whole(self) -> Scorer:
        scorer = self._query(None)
        if self._kind() != "EOF":
            raise self._unexpected()
        return scorer

    # --- tokens

    def _split(self) -> list[_Token]:
        tokens, position = [], 0
        while position < len(self._text):
            if self._text[position] in " \t\n\r\u3000":
                position += 1
                continue
            longest: re.Match[str] | None = None
            kind = ""
            for name, pattern in _token_patterns().items():
                match = pattern.match(self._text, position)
                if match and (longest is None or match.end() > longest.end()):
                    longest, kind = match, name
            if longest is None:
                problem = f"Lexical error at line 1, column {len(self._text) + 1}.  Encountered: <EOF> after : "
                raise self._malformed(problem + f'"{self._text[position:]}"')
            tokens.append(_Token(kind, longest[0], position))
            position = longest.end()
        return [*tokens, _Token("EOF", "<EOF>", len(self._text) - 1)]

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
        problem = f'Encountered "{shown}" at line 1, column {token.position + 1}.'
        return self._malformed(f"{problem}\nWas expecting one of:\n    {expected}\n    ")

    def _malformed(self, reason: str) -> SearchError:
        cause = f"Cannot parse '{self._text}': {reason}"
        return ShardError(f"Failed to parse query [{self._text}]", ("parse_exception", cause))

    # --- grammar

    def _query(self, field: str | None) -> Scorer:
        """Parse clauses up to a closing parenthesis or the end."""
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise self._malformed("too many nested parentheses")
        clauses: list[tuple[Occur, Scorer]] = []
        only_scorer = None
        while not clauses or self._kind() not in ("EOF", ")"):
            if several_words := self._consecutive_words():
                clauses.append(("must" if self._options.every_word else "should", self._words(field, several_words)))
                continue
            operator = self._taken("AND", "OR") if clauses else ""
            sign = self._taken("+", "-", "NOT")
            scorer = self._clause(field)
            only_scorer = scorer if not clauses and not sign else None
            self._add(clauses, operator, sign, scorer)
        self._depth -= 1
        if only_scorer is not None and len(clauses) == 1:
            return only_scorer
        return _combined(clauses, top=self._depth == 0)

    def _add(self, clauses: list[tuple[Occur, Scorer]], operator: str, sign: str, scorer: Scorer) -> None:
        every_word = self._options.every_word
        if clauses and clauses[-1][0] != "must_not":
            if operator == "AND":
                clauses[-1] = ("must", clauses[-1][1])
            elif operator == "OR" and every_word:
                clauses[-1] = ("should", clauses[-1][1])
        if sign in ("-", "NOT"):
            clauses.append(("must_not", scorer))
        elif sign == "+" or operator == "AND" or (every_word and operator != "OR"):
            clauses.append(("must", scorer))
        else:
            clauses.append(("should", scorer))

    def _consecutive_words(self) -> str:
        """Take consecutive bare words, which are analyzed together; empty if there are fewer than two."""
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
        scorer = self._query(field)
        if not self._taken(")"):
            raise self._unexpected()
        return self._boosted(scorer)

    def _boosted(self, scorer: Scorer) -> Scorer:
        if self._kind() != "^":
            return scorer
        boost = float(self._take().text[1:])
        return lambda document: None if (score := scorer(document)) is None else round(score * boost, 6)

    def _term(self, field: str | None) -> Scorer:
        kind = self._kind()
        if kind not in _TERM_KINDS:
            raise self._unexpected()
        text = self._take().text
        fuzziness = self._take().text[1:] if self._kind() == "FUZZY_SLOP" else None
        if kind == "QUOTED":
            return self._phrase(field, _unescaped(text[1:-1]), fuzziness)
        if kind == "RANGE":
            limits = _range_limits(text)
            return self._each(field, lambda name: field_queries.range_of(name, limits))
        if kind == "REGEXPTERM":
            return self._each(field, lambda name: field_queries.regular(name, text[1:-1].replace("\\/", "/")))
        if field == "_exists_":
            return field_queries.exists(_unescaped(text))
        if kind == "*":
            is_all = self._is_everywhere(field)
            return field_queries.constant(1.0) if is_all else self._each(field, field_queries.exists)
        if kind in ("PREFIXTERM", "WILDTERM"):
            return self._each(field, lambda name: field_queries.pattern_of(name, _as_indexed(name, text)))
        return self._word(field, text, fuzziness)

    def _phrase(self, field: str | None, phrase: str, slop_text: str | None) -> Scorer:
        if field == "_exists_":
            return field_queries.exists(phrase)
        try:
            slop = int(float(slop_text)) if slop_text else 0
        except ValueError:
            slop = 0
        return self._each(field, lambda name: field_queries.match_phrase(name, phrase, self._everything, slop))

    def _word(self, field: str | None, text: str, fuzziness: str | None) -> Scorer:
        if fuzziness is not None:
            word = _unescaped(text)
            return self._each(
                field, lambda name: field_queries.fuzzy(name, _as_indexed(name, word), fuzziness or "AUTO")
            )
        if (comparison := re.match("[<>]=?", text)) and len(text) > comparison.end():
            limits = {_LIMITS[comparison[0]]: _unescaped(text[comparison.end() :])}
            return self._each(field, lambda name: field_queries.range_of(name, limits))
        return self._words(field, _unescaped(text.strip()))

    # --- fields

    def _words(self, field: str | None, text: str) -> Scorer:
        operator = "and" if self._options.every_word else "or"
        return self._each(field, lambda name: field_queries.match(name, text, self._everything, operator))

    def _is_everywhere(self, field: str | None) -> bool:
        return field == "*" or (field is None and self._options.fields == ("*",))

    def _each(self, field: str | None, scorer_of: Callable[[str], Scorer]) -> Scorer:
        """Combine the scorers of all fields that are meant; the best score counts."""
        lenient = self._options.lenient or self._is_everywhere(field)
        scorers = []
        for pattern in self._options.fields if field is None else (field,):
            field_name, _, boost = pattern.partition("^")
            names = [field_name]
            if "*" in field_name:
                names = [name for name in all_fields() if fnmatch.fnmatchcase(name, field_name)]
            for name in names:
                try:
                    scorers.append(_multiply(scorer_of(name), float(boost or 1)))
                except SearchError:
                    if not lenient:
                        raise
        return scorers[0] if len(scorers) == 1 else field_queries.any_of(scorers)


@cache
def _token_patterns() -> dict[str, re.Pattern[str]]:
    """Kind of token → its pattern. The longest match wins, then the first; compiled at the first query string."""
    patterns = {
        "AND": r"AND|&&", "OR": r"OR|\|\|", "NOT": "NOT|!", "BAREOPER": rf"[+\-!][{_BLANK}]", "+": r"\+", "-": "-",
        "(": r"\(", ")": r"\)", ":": ":", "*": r"\*", "^": r"\^\d+(?:\.\d+)?", "QUOTED": r'"(?:[^"\\]|\\.)*"',
        "TERM": rf"{_START}{_CHARACTER}*", "FUZZY_SLOP": rf"~{_CHARACTER}*",
        "PREFIXTERM": rf"{_START}{_CHARACTER}*\*", "WILDTERM": rf"(?:{_START}|[*?])(?:{_CHARACTER}|[*?])*",
        "REGEXPTERM": r"/(?:[^/\\]|\\.)*/",
        "RANGE": rf"([\[{{])\s*({_SIDE})\s+(?:TO\s+)?({_SIDE})\s*([\]}}])", "BRACKET": r"[\[{]",
    }  # fmt: skip
    return {kind: re.compile(pattern, re.DOTALL) for kind, pattern in patterns.items()}


def _multiply(scorer: Scorer, boost: float) -> Scorer:
    if boost == 1:
        return scorer
    return lambda document: None if (score := scorer(document)) is None else round(score * boost, 6)


def _combined(clauses: list[tuple[Occur, Scorer]], top: bool) -> Scorer:
    must = [scorer for occur, scorer in clauses if occur == "must"]
    should = [scorer for occur, scorer in clauses if occur == "should"]
    must_not = [scorer for occur, scorer in clauses if occur == "must_not"]
    if not must and not should and not top:
        return (
            field_queries.never
        )  # Lucene: only prohibited clauses match nothing; Elasticsearch corrects that at the top level

    def score(document: Document) -> float | None:
        total = 0.0
        for part in must:
            part_score = part(document)
            if part_score is None:
                return None
            total += part_score
        if any(part(document) is not None for part in must_not):
            return None
        scores = [part_score for part in should if (part_score := part(document)) is not None]
        return None if should and not must and not scores else round(total + sum(scores), 6)

    return score


def _range_limits(text: str) -> dict[str, Any]:
    match = _token_patterns()["RANGE"].fullmatch(text)
    if match is None:
        raise ValueError(text)  # cannot happen: the same pattern has matched before
    low, high = (_unescaped(side[1:-1] if side.startswith('"') else side) for side in (match[2], match[3]))
    limits: dict[str, Any] = {}
    if low != "*":
        limits["gte" if match[1] == "[" else "gt"] = low
    if high != "*":
        limits["lte" if match[4] == "]" else "lt"] = high
    return limits


def _as_indexed(name: str, text: str) -> str:
    return text.lower() if field_type(name) == "text" else text


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL)
