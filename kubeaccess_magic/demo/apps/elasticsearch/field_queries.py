"""Queries about a single field, such as term, match, range and prefix, as scorers of documents."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from .date_math import millis
from .log_documents import Document, field_type, values
from .search_errors import ShardError, parsing_error

Scorer = Callable[[Document], float | None]
"""Returns the score of a document; None if it does not match."""

NUMBERS = ("long", "integer", "float")
_WORD = re.compile(r"\w+")


def never(document: Document) -> float | None:
    """The scorer that matches nothing."""
    return None


def constant(score: float) -> Scorer:
    """Make a scorer that gives every document the same score."""
    return lambda document: score


@lru_cache(512)
def words(text: str) -> tuple[str, ...]:
    """Split a text into words, as the standard analyzer does."""
    return tuple(word.lower() for word in _WORD.findall(text))


def comparable(name: str, value: Any) -> Any:
    """A value in the form in which it is compared and sorted: dates in milliseconds, others unchanged.

    Parameters
    ----------
    name
        The field.
    value
        The value in a document.
    """
    if field_type(name) == "date" and isinstance(value, str):
        return _stored_date(value)
    return value


@lru_cache(16384)
def _stored_date(text: str) -> float:
    return millis(text)


def match(name: str, text: Any, everything: list[Document], operator: str = "or") -> Scorer:
    """Match any or all words of a text; a field that is not text must have the value itself.

    Parameters
    ----------
    name
        The field.
    text
        The words.
    everything
        All documents that are searched; they decide how rare a word is.
    operator
        ``or`` for any word, ``and`` for all.
    """
    if field_type(name) != "text":
        return term(name, [text], everything)
    search_words = list(dict.fromkeys(words(str(text))))
    required = len(search_words) if operator.lower() == "and" else 1
    weights = {word: _weight(name, word, everything) for word in search_words}

    def score(document: Document) -> float | None:
        present = [word for value in values(document, name) for word in words(str(value))]
        hits = [word for word in search_words if word in present]
        if len(hits) < required or not hits:
            return None
        return round(sum(weights[word] * present.count(word) * 2.2 / (present.count(word) + 1.2) for word in hits), 6)

    return score


def match_phrase(name: str, text: Any, everything: list[Document], slop: int = 0) -> Scorer:
    """Match the words of a text in their order.

    Parameters
    ----------
    name
        The field.
    text
        The phrase.
    everything
        All documents that are searched; they decide how rare a word is.
    slop
        How many positions the words may be moved in all.
    """
    if field_type(name) != "text":
        return term(name, [text], everything)
    phrase = words(str(text))
    weight = round(sum(_weight(name, word, everything) for word in phrase), 6)

    def score(document: Document) -> float | None:
        return weight if any(_in_order(phrase, words(str(value)), slop) for value in values(document, name)) else None

    return score


def term(name: str, terms: list[Any], everything: list[Document]) -> Scorer:
    """Match exactly one of some values.

    Parameters
    ----------
    name
        The field.
    terms
        The values.
    everything
        All documents that are searched; they decide how rare a match is.

    Raises
    ------
    SearchError
        400: the field cannot have such a value.
    """
    if field_type(name) == "date":
        return any_of([range_of(name, {"gte": value, "lte": value}) for value in terms])
    keys = {_key(name, value) for value in terms}
    is_comparable = (
        field_type(name) in NUMBERS or field_type(name) == "boolean"
    )  # these are stored in the form in which they are compared
    test = _terms_test(name, (lambda value: value in keys) if is_comparable else (lambda value: str(value) in keys))
    matching = {document.order for document in everything if test(document)}
    if not matching:
        return never
    weight = _rarity(len(matching), len(everything))
    return lambda document: weight if document.order in matching else None


def range_of(name: str, limits: dict[str, Any]) -> Scorer:
    """Match values in a range.

    Parameters
    ----------
    name
        The field.
    limits
        The limits: ``gt``, ``gte``, ``lt``, ``lte``.

    Raises
    ------
    SearchError
        400: the field cannot have such a value, or a limit has another name.
    """
    kind = field_type(name)
    tests: list[Callable[[Any], bool]] = []
    for key, limit in limits.items():
        if key in ("format", "time_zone", "boost", "relation"):
            continue
        if key not in _COMPARISONS:
            raise parsing_error(f"[range] query does not support [{key}]")
        if limit is not None:
            bound = millis(limit, up=key in ("gt", "lte")) if kind == "date" else _key(name, limit)
            tests.append(_COMPARISONS[key](bound))
    text = kind == "text"

    def score(document: Document) -> float | None:
        for value in _terms_of(document, name, text):
            key = comparable(name, value) if kind == "date" else _key(name, value)
            if all(test(key) for test in tests):
                return 1.0
        return None

    return score


def pattern_of(name: str, text: str, literal: bool = False) -> Scorer:
    """Match texts by a prefix or by a wildcard pattern.

    Parameters
    ----------
    name
        The field.
    text
        The prefix, or the pattern: ``*`` stands for any characters, ``?`` for one; a backslash escapes them.
    literal
        Whether the text is a prefix.

    Raises
    ------
    SearchError
        400: the field has numbers or dates.
    """
    _check_has_texts(name, "prefix" if literal else "wildcard")
    if literal:
        return _text_scorer(name, lambda value: value.startswith(text))
    parts = {"*": ".*", "?": "."}
    tokens = re.findall(r"\\.|.", text, re.DOTALL)
    pieces = (parts.get(token, re.escape(token.removeprefix("\\") or token)) for token in tokens)
    pattern = re.compile("".join(pieces), re.DOTALL)
    return _text_scorer(name, lambda value: pattern.fullmatch(value) is not None)


def regular(name: str, text: str) -> Scorer:
    """Match texts by a regular expression.

    Parameters
    ----------
    name
        The field.
    text
        The regular expression.

    Raises
    ------
    SearchError
        400: it is not a regular expression, or the field has no texts.
    """
    _check_has_texts(name, "regexp")
    try:
        pattern = re.compile(text)
    except re.error as error:
        raise ShardError(f"failed to create query: {error}", ("illegal_argument_exception", str(error))) from error
    return _text_scorer(name, lambda value: pattern.fullmatch(value) is not None)


def fuzzy(name: str, text: str, fuzziness: str = "AUTO") -> Scorer:
    """Match texts that differ from a word by a few letters.

    Parameters
    ----------
    name
        The field.
    text
        The word.
    fuzziness
        How many letters may differ; ``AUTO`` allows more for longer words.

    Raises
    ------
    SearchError
        400: the fuzziness is invalid, or the field has no texts.
    """
    _check_has_texts(name, "fuzzy")
    automatic = 0 if len(text) < 3 else 1 if len(text) < 6 else 2
    try:
        max_distance = automatic if fuzziness.upper() == "AUTO" else min(int(float(fuzziness)), 2)
    except ValueError:
        raise ShardError(f'failed to create query: For input string: "{fuzziness}"') from None
    return _text_scorer(
        name, lambda value: abs(len(value) - len(text)) <= max_distance and _distance(value, text) <= max_distance
    )


def exists(name: str) -> Scorer:
    """Match documents in which the field has any value."""
    return lambda document: 1.0 if values(document, name) else None


def any_of(scorers: Iterable[Scorer]) -> Scorer:
    """Match documents that any of the scorers matches; the best score counts."""
    parts = [scorer for scorer in scorers if scorer is not never]
    return lambda document: max((score for part in parts if (score := part(document)) is not None), default=None)


_COMPARISONS: dict[str, Callable[[Any], Callable[[Any], bool]]] = {
    "gt": lambda limit: lambda value: bool(value > limit),
    "gte": lambda limit: lambda value: bool(value >= limit),
    "lt": lambda limit: lambda value: bool(value < limit),
    "lte": lambda limit: lambda value: bool(value <= limit),
}


# --- parts


def _terms_of(document: Document, name: str, text: bool) -> list[Any]:
    terms = values(document, name)
    return [word for value in terms for word in words(str(value))] if text else terms


def _terms_test(name: str, test: Callable[[Any], bool]) -> Callable[[Document], bool]:
    text = field_type(name) == "text"
    return lambda document: any(test(value) for value in _terms_of(document, name, text))


def _text_scorer(name: str, test: Callable[[str], bool]) -> Scorer:
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


def _check_has_texts(name: str, query: str) -> None:
    kind = field_type(name)
    if kind not in ("text", "keyword", None):
        raise ShardError(
            f"Can only use {query} queries on keyword, text and wildcard fields - not on [{name}] which is of type "
            f"[{kind}]"
        )


def _weight(name: str, word: str, everything: list[Document]) -> float:
    count = sum(1 for document in everything if any(word in words(str(value)) for value in values(document, name)))
    return _rarity(count, len(everything))


def _rarity(count: int, total: int) -> float:
    return round(math.log(1 + (total - count + 0.5) / (count + 0.5)), 6)


def _in_order(phrase: tuple[str, ...], present: tuple[str, ...], slop: int) -> bool:
    """Whether words appear in a text so that their offsets from the wanted positions differ by at most `slop`."""
    if not phrase:
        return False
    spans = [(i, i) for i, word in enumerate(present) if word == phrase[0]]
    for number, phrase_word in enumerate(phrase[1:], 1):
        offsets = [i - number for i, word in enumerate(present) if word == phrase_word]
        spans = [(min(low, offset), max(high, offset)) for low, high in spans for offset in offsets]
        spans = [(low, high) for low, high in spans if high - low <= slop]
    return bool(spans)


def _distance(left: str, right: str) -> int:
    """How many letters must be added, removed, changed or swapped with their neighbour."""
    before: list[int] = []
    last = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        row = [i]
        for j, b in enumerate(right, 1):
            best = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a != b))
            if before and j > 1 and a == right[j - 2] and left[i - 2] == b:
                best = min(best, before[j - 2] + 1)
            row.append(best)
        before, last = last, row
    return last[-1]
