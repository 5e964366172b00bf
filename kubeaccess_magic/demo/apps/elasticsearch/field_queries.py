"""The queries that look at one field: term, match, range, prefix and their like, as scorers of documents."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from .date_math import millis
from .log_documents import Document, field_type, values
from .search_errors import ShardError, parsing

Scorer = Callable[[Document], float | None]
"""The score of a document; None when it does not match."""

NUMBERS = ("long", "integer", "float")
_WORD = re.compile(r"\w+")


def never(document: Document) -> float | None:
    """Matches nothing."""
    return None


def constant(score: float) -> Scorer:
    """Matches all, with one score."""
    return lambda document: score


@lru_cache(512)
def words(text: str) -> tuple[str, ...]:
    """The words of a text as the standard analyzer sees them."""
    return tuple(word.lower() for word in _WORD.findall(text))


def comparable(name: str, value: Any) -> Any:
    """A value as it is compared and sorted: dates as milliseconds, the rest as it is."""
    if field_type(name) == "date" and isinstance(value, str):
        return _stored_date(value)
    return value


@lru_cache(16384)
def _stored_date(text: str) -> float:
    return millis(text)


def match(name: str, text: Any, everything: list[Document], operator: str = "or") -> Scorer:
    """Any, or all, of the words of a text; of a field without words the value itself."""
    if field_type(name) != "text":
        return term(name, [text], everything)
    wanted = list(dict.fromkeys(words(str(text))))
    need = len(wanted) if operator.lower() == "and" else 1
    weights = {word: _weight(name, word, everything) for word in wanted}

    def score(document: Document) -> float | None:
        present = [word for value in values(document, name) for word in words(str(value))]
        hits = [word for word in wanted if word in present]
        if len(hits) < need or not hits:
            return None
        return round(sum(weights[word] * present.count(word) * 2.2 / (present.count(word) + 1.2) for word in hits), 6)

    return score


def match_phrase(name: str, text: Any, everything: list[Document], slop: int = 0) -> Scorer:
    """The words of a text in this order, with at most `slop` moves between them."""
    if field_type(name) != "text":
        return term(name, [text], everything)
    wanted = words(str(text))
    weight = round(sum(_weight(name, word, everything) for word in wanted), 6)

    def score(document: Document) -> float | None:
        return weight if any(_in_order(wanted, words(str(one)), slop) for one in values(document, name)) else None

    return score


def term(name: str, wanted: list[Any], everything: list[Document]) -> Scorer:
    """Exactly one of these values.

    Raises
    ------
    SearchError
        400: a value that the field cannot have.
    """
    if field_type(name) == "date":
        return any_of([range_of(name, {"gte": one, "lte": one}) for one in wanted])
    keys = {_key(name, one) for one in wanted}
    plain = field_type(name) in NUMBERS or field_type(name) == "boolean"  # those are kept as they are compared
    test = _terms_test(name, (lambda value: value in keys) if plain else (lambda value: str(value) in keys))
    matching = {document.order for document in everything if test(document)}
    if not matching:
        return never
    weight = _rarity(len(matching), len(everything))
    return lambda document: weight if document.order in matching else None


def range_of(name: str, limits: dict[str, Any]) -> Scorer:
    """Between limits: ``gt``, ``gte``, ``lt``, ``lte``.

    Raises
    ------
    SearchError
        400: a limit that the field cannot have, or another word for one.
    """
    kind = field_type(name)
    tests: list[Callable[[Any], bool]] = []
    for key, limit in limits.items():
        if key in ("format", "time_zone", "boost", "relation"):
            continue
        if key not in _COMPARISONS:
            raise parsing(f"[range] query does not support [{key}]")
        if limit is not None:
            at = millis(limit, up=key in ("gt", "lte")) if kind == "date" else _key(name, limit)
            tests.append(_COMPARISONS[key](at))
    text = kind == "text"

    def score(document: Document) -> float | None:
        for value in _terms_of(document, name, text):
            one = comparable(name, value) if kind == "date" else _key(name, value)
            if all(test(one) for test in tests):
                return 1.0
        return None

    return score


def pattern_of(name: str, text: str, literal: bool = False) -> Scorer:
    """Texts that begin so (`literal`), or look so: ``*`` for any letters, ``?`` for one, a backslash before either.

    Raises
    ------
    SearchError
        400: a field of numbers or dates has no patterns.
    """
    _only_texts(name, "prefix" if literal else "wildcard")
    if literal:
        return _tested(name, lambda value: value.startswith(text))
    parts = {"*": ".*", "?": "."}
    pieces = (parts.get(one, re.escape(one.removeprefix("\\") or one)) for one in re.findall(r"\\.|.", text, re.DOTALL))
    pattern = re.compile("".join(pieces), re.DOTALL)
    return _tested(name, lambda value: pattern.fullmatch(value) is not None)


def regular(name: str, text: str) -> Scorer:
    """Texts that are what a regular expression says.

    Raises
    ------
    SearchError
        400: it is none, or the field has no texts.
    """
    _only_texts(name, "regexp")
    try:
        pattern = re.compile(text)
    except re.error as bad:
        raise ShardError(f"failed to create query: {bad}", ("illegal_argument_exception", str(bad))) from bad
    return _tested(name, lambda value: pattern.fullmatch(value) is not None)


def fuzzy(name: str, text: str, fuzziness: str = "AUTO") -> Scorer:
    """Texts that differ by so many letters at most; by default the more, the longer they are.

    Raises
    ------
    SearchError
        400: no such fuzziness, or the field has no texts.
    """
    _only_texts(name, "fuzzy")
    automatic = 0 if len(text) < 3 else 1 if len(text) < 6 else 2
    try:
        most = automatic if fuzziness.upper() == "AUTO" else min(int(float(fuzziness)), 2)
    except ValueError:
        raise ShardError(f'failed to create query: For input string: "{fuzziness}"') from None
    return _tested(name, lambda value: abs(len(value) - len(text)) <= most and _distance(value, text) <= most)


def exists(name: str) -> Scorer:
    """Any value at all."""
    return lambda document: 1.0 if values(document, name) else None


def any_of(scorers: Iterable[Scorer]) -> Scorer:
    """The best of them."""
    parts = [one for one in scorers if one is not never]
    return lambda document: max((found for part in parts if (found := part(document)) is not None), default=None)


_COMPARISONS: dict[str, Callable[[Any], Callable[[Any], bool]]] = {
    "gt": lambda limit: lambda value: bool(value > limit),
    "gte": lambda limit: lambda value: bool(value >= limit),
    "lt": lambda limit: lambda value: bool(value < limit),
    "lte": lambda limit: lambda value: bool(value <= limit),
}


# --- parts


def _terms_of(document: Document, name: str, text: bool) -> list[Any]:
    found = values(document, name)
    return [word for value in found for word in words(str(value))] if text else found


def _terms_test(name: str, test: Callable[[Any], bool]) -> Callable[[Document], bool]:
    text = field_type(name) == "text"
    return lambda document: any(test(value) for value in _terms_of(document, name, text))


def _tested(name: str, test: Callable[[str], bool]) -> Scorer:
    matches = _terms_test(name, lambda value: not isinstance(value, dict) and test(str(value)))
    return lambda document: 1.0 if matches(document) else None


def _key(name: str, value: Any) -> Any:
    kind = field_type(name)
    if kind in NUMBERS:
        try:
            return float(value)
        except (TypeError, ValueError):
            cause = f'For input string: "{value}"'
            raise ShardError(f"failed to create query: {cause}", ("number_format_exception", cause)) from None
    if kind == "boolean":
        if str(value).lower() not in ("true", "false"):
            cause = f"Can't parse boolean value [{value}], expected [true] or [false]"
            raise ShardError(f"failed to create query: {cause}", ("illegal_argument_exception", cause))
        return str(value).lower() == "true"
    return str(value)


def _only_texts(name: str, query: str) -> None:
    kind = field_type(name)
    if kind not in ("text", "keyword", None):
        raise ShardError(
            f"Can only use {query} queries on keyword, text and wildcard fields - not on [{name}] which is of type "
            f"[{kind}]"
        )


def _weight(name: str, word: str, everything: list[Document]) -> float:
    count = sum(1 for one in everything if any(word in words(str(value)) for value in values(one, name)))
    return _rarity(count, len(everything))


def _rarity(count: int, total: int) -> float:
    return round(math.log(1 + (total - count + 0.5) / (count + 0.5)), 6)


def _in_order(wanted: tuple[str, ...], present: tuple[str, ...], slop: int) -> bool:
    """Whether the words stand at places whose distances from their wanted places differ by at most `slop`."""
    if not wanted:
        return False
    spans = [(at, at) for at, word in enumerate(present) if word == wanted[0]]
    for number, word in enumerate(wanted[1:], 1):
        places = [at - number for at, one in enumerate(present) if one == word]
        spans = [(min(low, at), max(high, at)) for low, high in spans for at in places]
        spans = [(low, high) for low, high in spans if high - low <= slop]
    return bool(spans)


def _distance(one: str, other: str) -> int:
    """How many letters to add, drop, change or swap with their neighbour."""
    before: list[int] = []
    last = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        row = [i]
        for j, b in enumerate(other, 1):
            best = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a != b))
            if before and j > 1 and a == other[j - 2] and one[i - 2] == b:
                best = min(best, before[j - 2] + 1)
            row.append(best)
        before, last = last, row
    return last[-1]
