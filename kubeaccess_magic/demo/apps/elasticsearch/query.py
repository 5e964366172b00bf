"""The query language: from JSON, or from a `q=` string, to a scorer of documents."""

from __future__ import annotations

import fnmatch
import math
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from .documents import Document, Source, field_type, values
from .errors import parsing

Scorer = Callable[[Document], float | None]
"""The score of a document; None when it does not match."""

_WORD = re.compile(r"\w+")
_DATE_MATH = re.compile(r"(now|.+\|\|)((?:[+-]\d+[yMwdhHms])*)(?:/([yMwdhHms]))?")
_STEPS = {"s": 1, "m": 60, "h": 3600, "H": 3600, "d": 86400, "w": 604800, "M": 2592000, "y": 31536000}
_QUERY_STRING = re.compile(
    r'\s*(?P<not>[-!]|NOT\s+)?(?:(?P<field>[\w@.*]+):)?(?:(?P<open>\()|(?P<range>[\[{][^\]}]*[\]}])|"(?P<phrase>[^"]*)"'
    r"|(?P<compare>[<>]=?)?(?P<word>[^\s()\"]+))"
)


def query(asked: Any, everything: list[Document]) -> Scorer:
    """The scorer of a query.

    Parameters
    ----------
    asked
        The value of `query`; None matches all.
    everything
        The documents searched, for how rare a word is.

    Raises
    ------
    SearchError
        400: not a query that this app knows.
    """
    if asked is None:
        return _match_all({}, everything)
    if not isinstance(asked, dict) or not asked:
        raise parsing(
            "query malformed, empty clause found"
            if asked == {}
            else "[_na] query malformed, no start_object after query name"
        )
    if len(asked) > 1:
        names = list(asked)
        raise parsing(f"[{names[0]}] malformed query, expected [END_OBJECT] but found [FIELD_NAME]")
    name, body = next(iter(asked.items()))
    kind = _KINDS.get(name)
    if kind is None:
        raise parsing(f"unknown query [{name}]")
    if not isinstance(body, dict):
        raise parsing(f"[{name}] query malformed, no start_object after query name")
    return kind(body, everything)


def query_string(text: str, everything: list[Document], default: str = "message", operator: str = "or") -> Scorer:
    """The scorer of a `q=` text: ``user:kimchy AND level:(error OR warning)``, ranges, phrases, wildcards."""
    scorer, at = _clauses(text, 0, everything, default, operator)
    if text[at:].strip():
        raise parsing(f"Failed to parse query [{text}]")
    return scorer


def comparable(name: str, value: Any) -> Any:
    """A value as it is compared and sorted: dates as milliseconds, booleans as they are."""
    if field_type(name) == "date" and isinstance(value, str):
        return millis(value)
    return value


def millis(text: str | float, up: bool = False) -> float:
    """A date, or date maths such as ``now-1d/d``, as milliseconds since the epoch.

    Raises
    ------
    SearchError
        400: no date.
    """
    if isinstance(text, (int, float)):
        return float(text)
    moment, steps, unit = text, "", None
    if found := _DATE_MATH.fullmatch(text):
        moment, steps, unit = found[1].removesuffix("||"), found[2], found[3]
    try:
        base = datetime.now(UTC) if moment == "now" else datetime.fromisoformat(moment)
    except ValueError:
        if re.fullmatch(r"\d{10,13}", moment):
            return float(moment)
        raise parsing(
            f"failed to parse date field [{text}] with format [strict_date_optional_time||epoch_millis]"
        ) from None
    base = base if base.tzinfo else base.replace(tzinfo=UTC)
    for sign, count, step in re.findall(r"([+-])(\d+)([yMwdhHms])", steps):
        base += timedelta(seconds=_STEPS[step] * int(count) * (1 if sign == "+" else -1))
    out = base.timestamp() * 1000
    if unit:
        size = _STEPS[unit] * 1000
        out = out // size * size + (size - 1 if up else 0)
    elif re.fullmatch(r"\d{4}-\d\d-\d\d", moment) and up:
        out += 86_399_999
    return out


def words(text: Any) -> list[str]:
    """The words of a text as the standard analyzer sees them."""
    return [word.lower() for word in _WORD.findall(str(text))]


# --- kinds of queries


def _match_all(body: dict[str, Any], everything: list[Document]) -> Scorer:
    boost = float(body.get("boost", 1.0))
    return lambda document: boost


def _match_none(body: dict[str, Any], everything: list[Document]) -> Scorer:
    return lambda document: None


def _match(body: dict[str, Any], everything: list[Document]) -> Scorer:
    name, options = _one_field("match", body, "query")
    if field_type(name) != "text":
        return _term_scorer(name, [options["query"]], everything)
    wanted = words(options["query"])
    need = len(wanted) if str(options.get("operator", "or")).lower() == "and" else 1
    weights = {word: _rarity(name, word, everything) for word in wanted}

    def score(document: Document) -> float | None:
        present = [word for value in values(document.source, name) for word in words(value)]
        hits = [word for word in wanted if word in present]
        if len(hits) < need or not hits:
            return None
        return round(sum(weights[word] * present.count(word) * 2.2 / (present.count(word) + 1.2) for word in hits), 6)

    return score


def _match_phrase(body: dict[str, Any], everything: list[Document]) -> Scorer:
    name, options = _one_field("match_phrase", body, "query")
    if field_type(name) != "text":
        return _term_scorer(name, [options["query"]], everything)
    wanted = words(options["query"])
    weight = sum(_rarity(name, word, everything) for word in wanted)

    def score(document: Document) -> float | None:
        for value in values(document.source, name):
            present = words(value)
            starts = range(len(present) - len(wanted) + 1)
            if any(present[i : i + len(wanted)] == wanted for i in starts):
                return round(weight, 6)
        return None

    return score


def _multi_match(body: dict[str, Any], everything: list[Document]) -> Scorer:
    fields = [str(one).split("^")[0] for one in body.get("fields") or ["message"]]
    names = [name for one in fields for name in (_known_fields(one) or [one])]
    parts = [_match({name: {"query": body.get("query", "")}}, everything) for name in names]
    return lambda document: max((s for part in parts if (s := part(document)) is not None), default=None)


def _term(body: dict[str, Any], everything: list[Document]) -> Scorer:
    name, options = _one_field("term", body, "value")
    return _term_scorer(name, [options["value"]], everything)


def _terms(body: dict[str, Any], everything: list[Document]) -> Scorer:
    fields = {name: value for name, value in body.items() if name != "boost"}
    if len(fields) != 1:
        raise parsing("[terms] query requires exactly one field")
    name, wanted = next(iter(fields.items()))
    if not isinstance(wanted, list):
        raise parsing(f"[terms] query does not support [{name}]")
    test = _term_scorer(name, wanted, everything)
    return lambda document: 1.0 if test(document) is not None else None


def _range(body: dict[str, Any], everything: list[Document]) -> Scorer:
    name, options = next(iter(body.items()), ("", None))
    if not isinstance(options, dict):
        raise parsing("[range] query malformed, no start_object after query name")
    date = field_type(name) == "date"
    tests: list[Callable[[Any], bool]] = []
    for key, limit in options.items():
        if key in ("format", "time_zone", "boost", "relation"):
            continue
        if key not in ("gt", "gte", "lt", "lte"):
            raise parsing(f"[range] query does not support [{key}]")
        if limit is None:
            continue
        at = millis(limit, up=key in ("gt", "lte")) if date else limit
        tests.append(_COMPARISONS[key](at))

    def score(document: Document) -> float | None:
        for value in values(document.source, name):
            try:
                if all(test(comparable(name, value)) for test in tests):
                    return 1.0
            except TypeError:
                continue
        return None

    return score


def _prefix(body: dict[str, Any], everything: list[Document]) -> Scorer:
    name, options = _one_field("prefix", body, "value")
    wanted = str(options["value"])
    return _tested(name, lambda value: value.startswith(wanted))


def _wildcard(body: dict[str, Any], everything: list[Document]) -> Scorer:
    name, options = _one_field("wildcard", body, "value")
    pattern = re.compile(fnmatch.translate(str(options.get("value", options.get("wildcard", "")))))
    return _tested(name, lambda value: pattern.match(value) is not None)


def _regexp(body: dict[str, Any], everything: list[Document]) -> Scorer:
    name, options = _one_field("regexp", body, "value")
    try:
        pattern = re.compile(str(options["value"]))
    except re.error as bad:
        raise parsing(f"failed to parse regexp: {bad}") from bad
    return _tested(name, lambda value: pattern.fullmatch(value) is not None)


def _exists(body: dict[str, Any], everything: list[Document]) -> Scorer:
    name = str(body.get("field", ""))
    return lambda document: 1.0 if values(document.source, name) else None


def _ids(body: dict[str, Any], everything: list[Document]) -> Scorer:
    wanted = set(body.get("values") or ())
    return lambda document: 1.0 if document.id in wanted else None


def _bool(body: dict[str, Any], everything: list[Document]) -> Scorer:
    parts: dict[str, list[Scorer]] = {}
    for name, clauses in body.items():
        if name in ("boost", "minimum_should_match"):
            continue
        if name not in ("must", "filter", "should", "must_not"):
            raise parsing(f"[bool] query does not support [{name}]")
        clauses = clauses if isinstance(clauses, list) else [clauses]
        parts[name] = [query(clause, everything) for clause in clauses]
    must, filters = parts.get("must", []), parts.get("filter", [])
    should, must_not = parts.get("should", []), parts.get("must_not", [])
    need = int(body.get("minimum_should_match", 0 if must or filters or not should else 1))

    def score(document: Document) -> float | None:
        total = 0.0
        for part in must:
            found = part(document)
            if found is None:
                return None
            total += found
        if any(part(document) is None for part in filters) or any(part(document) is not None for part in must_not):
            return None
        hits = [found for part in should if (found := part(document)) is not None]
        return round(total + sum(hits), 6) if len(hits) >= need else None

    return score


def _constant_score(body: dict[str, Any], everything: list[Document]) -> Scorer:
    inner, boost = query(body.get("filter"), everything), float(body.get("boost", 1.0))
    return lambda document: boost if inner(document) is not None else None


def _query_string(body: dict[str, Any], everything: list[Document]) -> Scorer:
    default = str(body.get("default_field", "message"))
    return query_string(str(body.get("query", "")), everything, default, str(body.get("default_operator", "or")))


_KINDS: dict[str, Callable[[dict[str, Any], list[Document]], Scorer]] = {
    "match_all": _match_all, "match_none": _match_none, "match": _match, "match_phrase": _match_phrase,
    "multi_match": _multi_match, "term": _term, "terms": _terms, "range": _range, "prefix": _prefix,
    "wildcard": _wildcard, "regexp": _regexp, "exists": _exists, "ids": _ids, "bool": _bool,
    "constant_score": _constant_score, "query_string": _query_string, "simple_query_string": _query_string,
}  # fmt: skip
_COMPARISONS: dict[str, Callable[[Any], Callable[[Any], bool]]] = {
    "gt": lambda limit: lambda value: bool(value > limit),
    "gte": lambda limit: lambda value: bool(value >= limit),
    "lt": lambda limit: lambda value: bool(value < limit),
    "lte": lambda limit: lambda value: bool(value <= limit),
}


# --- parts


def _one_field(kind: str, body: dict[str, Any], key: str) -> tuple[str, dict[str, Any]]:
    fields = {name: value for name, value in body.items() if name not in ("boost", "_name")}
    if len(fields) != 1:
        raise parsing(
            f"[{kind}] query doesn't support multiple fields" if fields else f"[{kind}] query requires a field name"
        )
    name, options = next(iter(fields.items()))
    if not isinstance(options, dict):
        options = {key: options}
    if isinstance(options.get(key), (list, dict)) or (key not in options and key == "query"):
        raise parsing(f"[{kind}] unknown token after [{key}]")
    options.setdefault(key, "")
    return name, options


def _term_scorer(name: str, wanted: list[Any], everything: list[Document]) -> Scorer:
    text = field_type(name) == "text"
    if name == "_id":
        return lambda document: 1.0 if document.id in wanted else None
    keys = {_key(name, one) for one in wanted}
    count = sum(
        1
        for document in everything
        if any(_key(name, value) in keys for value in _terms_of(document.source, name, text))
    )
    weight = round(math.log(1 + (len(everything) - count + 0.5) / (count + 0.5)), 6) if count else 0.0
    return lambda document: (
        weight if any(_key(name, value) in keys for value in _terms_of(document.source, name, text)) else None
    )


def _terms_of(source: Source, name: str, text: bool) -> list[Any]:
    found = values(source, name)
    return [word for value in found for word in words(value)] if text else found


def _key(name: str, value: Any) -> Any:
    kind = field_type(name)
    if kind in ("long", "integer", "float"):
        try:
            return float(value)
        except (TypeError, ValueError):
            raise parsing(f'failed to create query: For input string: "{value}"') from None
    if kind == "boolean":
        return value if isinstance(value, bool) else str(value) == "true"
    if kind == "date":
        return millis(value)
    return str(value)


def _rarity(name: str, word: str, everything: list[Document]) -> float:
    count = sum(1 for document in everything if any(word in words(value) for value in values(document.source, name)))
    return math.log(1 + (len(everything) - count + 0.5) / (count + 0.5))


def _tested(name: str, test: Callable[[str], bool]) -> Scorer:
    text = field_type(name) == "text"
    return lambda document: 1.0 if any(test(str(value)) for value in _terms_of(document.source, name, text)) else None


def _known_fields(pattern: str) -> list[str]:
    known = ("message", "user", "level", "session", "tags", "http.method", "http.path")
    return [name for name in known if fnmatch.fnmatchcase(name, pattern)]


# --- query strings


def _clauses(text: str, at: int, everything: list[Document], default: str, operator: str) -> tuple[Scorer, int]:
    """Clauses up to a closing bracket or the end; AND binds tighter than OR."""
    groups: list[list[tuple[bool, Scorer]]] = [[]]
    joined = operator.lower() == "and"
    first = True
    while at < len(text) and text[at:].strip() and not text[at:].lstrip().startswith(")"):
        word = re.compile(r"\s*(AND|OR|&&|\|\|)(?=[\s(])").match(text, at)
        follows_and = joined
        if word:
            follows_and, at = word[1] in ("AND", "&&"), word.end()
        found = _QUERY_STRING.match(text, at)
        if not found:
            raise parsing(f"Failed to parse query [{text}]")
        scorer, at = _clause(text, found, everything, default, operator)
        if not first and not follows_and:
            groups.append([])
        groups[-1].append((bool(found["not"]), scorer))
        first = False
    return _any_of([_all_of(group) for group in groups if group]), at


def _clause(
    text: str, found: re.Match[str], everything: list[Document], default: str, operator: str
) -> tuple[Scorer, int]:
    name, at = found["field"] or default, found.end()
    if found["open"]:
        scorer, at = _clauses(text, at, everything, name, operator)
        if not text[at:].lstrip().startswith(")"):
            raise parsing(f"Failed to parse query [{text}]")
        return scorer, text.index(")", at) + 1
    if found["range"]:
        inner = re.fullmatch(r"([\[{])\s*(\S+) TO (\S+)\s*([\]}])", found["range"])
        if not inner:
            raise parsing(f"Failed to parse query [{text}]")
        limits: dict[str, Any] = {}
        if inner[2] != "*":
            limits["gte" if inner[1] == "[" else "gt"] = _number(name, inner[2])
        if inner[3] != "*":
            limits["lte" if inner[4] == "]" else "lt"] = _number(name, inner[3])
        return _range({name: limits}, everything), at
    if found["phrase"] is not None:
        return _match_phrase({name: {"query": found["phrase"]}}, everything), at
    word = re.sub(r"\\(.)", r"\1", found["word"])
    if found["compare"]:
        key = {"<": "lt", "<=": "lte", ">": "gt", ">=": "gte"}[found["compare"]]
        return _range({name: {key: _number(name, word)}}, everything), at
    if name == "_exists_":
        return _exists({"field": word}, everything), at
    if word == "*":
        return (
            _exists({"field": name}, everything) if found["field"] and name != "*" else _match_all({}, everything)
        ), at
    if "*" in word or "?" in word:
        return _wildcard({name: {"value": word}}, everything), at
    return _match({name: {"query": word}}, everything), at


def _number(name: str, text: str) -> Any:
    if field_type(name) in ("long", "integer", "float"):
        try:
            return float(text)
        except ValueError:
            raise parsing(f'failed to create query: For input string: "{text}"') from None
    return text


def _all_of(clauses: list[tuple[bool, Scorer]]) -> Scorer:
    def score(document: Document) -> float | None:
        total = 0.0
        for negated, scorer in clauses:
            found = scorer(document)
            if (found is None) is not negated:
                return None
            total += found or 0.0
        return total

    return score


def _any_of(groups: list[Scorer]) -> Scorer:
    def score(document: Document) -> float | None:
        hits = [found for scorer in groups if (found := scorer(document)) is not None]
        return round(sum(hits), 6) if hits else None

    return score
