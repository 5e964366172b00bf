"""The query language: from JSON to a scorer of documents."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from . import field_queries
from .field_queries import Scorer
from .log_documents import Document, field_type
from .query_string import QueryStringOptions, query_string
from .search_errors import parsing

Body = dict[str, Any]


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
        return field_queries.constant(1.0)
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


# --- kinds of queries


def _match_all(body: Body, everything: list[Document]) -> Scorer:
    return field_queries.constant(_number(body, "boost", 1.0))


def _match_none(body: Body, everything: list[Document]) -> Scorer:
    return field_queries.never


def _match(body: Body, everything: list[Document]) -> Scorer:
    name, options = _one_field("match", body, "query")
    if "fuzziness" in options:
        text, fuzziness = str(options["query"]), str(options["fuzziness"])
        each = field_queries.words(text) if field_type(name) == "text" else (text,)
        return field_queries.any_of([field_queries.fuzzy(name, word, fuzziness) for word in each])
    return field_queries.match(name, options["query"], everything, str(options.get("operator", "or")))


def _match_phrase(body: Body, everything: list[Document]) -> Scorer:
    name, options = _one_field("match_phrase", body, "query")
    return field_queries.match_phrase(name, options["query"], everything, int(_number(options, "slop", 0)))


def _match_phrase_prefix(body: Body, everything: list[Document]) -> Scorer:
    name, options = _one_field("match_phrase_prefix", body, "query")
    *whole, last = field_queries.words(str(options["query"])) or ("",)
    prefix = field_queries.pattern_of(name, last, literal=True)
    if not whole:
        return prefix
    phrase = field_queries.match_phrase(name, " ".join(whole), everything)
    return lambda document: phrase(document) if prefix(document) is not None else None


def _multi_match(body: Body, everything: list[Document]) -> Scorer:
    """As the query string of one phrase or of words without any operator."""
    text = re.sub(r"([+\-!():^\[\]\"{}~*?\\/&|<>])", r"\\\1", str(body.get("query", "")))
    text = re.sub(r"\b(AND|OR|NOT)\b", r"\\\1", text)
    if str(body.get("type", "")).startswith("phrase"):
        text = f'"{text}"'
    return query_string(text, everything, _options(body, str(body.get("operator", "or"))))


def _term(body: Body, everything: list[Document]) -> Scorer:
    name, options = _one_field("term", body, "value")
    return field_queries.term(name, [options["value"]], everything)


def _terms(body: Body, everything: list[Document]) -> Scorer:
    fields = {name: value for name, value in body.items() if name != "boost"}
    if len(fields) != 1:
        raise parsing("[terms] query requires exactly one field")
    name, wanted = next(iter(fields.items()))
    if not isinstance(wanted, list):
        raise parsing(f"[terms] query does not support [{name}]")
    test = field_queries.term(name, wanted, everything)
    return lambda document: 1.0 if test(document) is not None else None


def _range(body: Body, everything: list[Document]) -> Scorer:
    name, options = next(iter(body.items()), ("", None))
    if not isinstance(options, dict):
        raise parsing("[range] query malformed, no start_object after query name")
    return field_queries.range_of(name, options)


def _prefix(body: Body, everything: list[Document]) -> Scorer:
    name, options = _one_field("prefix", body, "value")
    return field_queries.pattern_of(name, str(options["value"]), literal=True)


def _wildcard(body: Body, everything: list[Document]) -> Scorer:
    name, options = _one_field("wildcard", body, "value")
    return field_queries.pattern_of(name, str(options["value"] or options.get("wildcard", "")))


def _regexp(body: Body, everything: list[Document]) -> Scorer:
    name, options = _one_field("regexp", body, "value")
    return field_queries.regular(name, str(options["value"]))


def _fuzzy(body: Body, everything: list[Document]) -> Scorer:
    name, options = _one_field("fuzzy", body, "value")
    return field_queries.fuzzy(name, str(options["value"]), str(options.get("fuzziness", "AUTO")))


def _exists(body: Body, everything: list[Document]) -> Scorer:
    if "field" not in body:
        raise parsing("[exists] must be provided with a [field]")
    return field_queries.exists(str(body["field"]))


def _ids(body: Body, everything: list[Document]) -> Scorer:
    given = body.get("values")
    wanted = {str(one) for one in (given if isinstance(given, list) else [given])}
    return lambda document: 1.0 if document.id in wanted else None


def _bool(body: Body, everything: list[Document]) -> Scorer:
    parts: dict[str, list[Scorer]] = {}
    for name, clauses in body.items():
        if name in ("boost", "minimum_should_match", "_name", "adjust_pure_negative"):
            continue
        if name not in ("must", "filter", "should", "must_not"):
            raise parsing(f"[bool] query does not support [{name}]")
        clauses = clauses if isinstance(clauses, list) else [clauses]
        parts[name] = [query(clause, everything) for clause in clauses]
    must, filters = parts.get("must", []), parts.get("filter", [])
    should, must_not = parts.get("should", []), parts.get("must_not", [])
    need = int(_number(body, "minimum_should_match", 0 if must or filters or not should else 1))
    need = need if need >= 0 else len(should) + need

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


def _constant_score(body: Body, everything: list[Document]) -> Scorer:
    inner, boost = query(body.get("filter"), everything), _number(body, "boost", 1.0)
    return lambda document: boost if inner(document) is not None else None


def _dis_max(body: Body, everything: list[Document]) -> Scorer:
    return field_queries.any_of([query(one, everything) for one in body.get("queries") or ()])


def _query_string(body: Body, everything: list[Document]) -> Scorer:
    if "query" not in body:
        raise parsing("[query_string] must be provided with a [query]")
    return query_string(str(body["query"]), everything, _options(body, str(body.get("default_operator", "or"))))


_KINDS: dict[str, Callable[[Body, list[Document]], Scorer]] = {
    "match_all": _match_all, "match_none": _match_none, "match": _match, "match_phrase": _match_phrase,
    "match_phrase_prefix": _match_phrase_prefix, "multi_match": _multi_match, "term": _term, "terms": _terms,
    "range": _range, "prefix": _prefix, "wildcard": _wildcard, "regexp": _regexp, "fuzzy": _fuzzy, "exists": _exists,
    "ids": _ids, "bool": _bool, "constant_score": _constant_score, "dis_max": _dis_max, "query_string": _query_string,
    "simple_query_string": _query_string,
}  # fmt: skip


# --- parts


def _options(body: Body, operator: str) -> QueryStringOptions:
    given = body.get("fields") or [body.get("default_field") or "*"]
    fields = tuple(str(one) for one in (given if isinstance(given, list) else [given]))
    lenient = str(body.get("lenient", "false")).lower() == "true"
    return QueryStringOptions(fields, operator.lower() == "and", lenient)


def _number(body: Body, name: str, default: float) -> float:
    value = body.get(name, default)
    try:
        return float(value)
    except (TypeError, ValueError):
        raise parsing(f"Failed to parse [{name}]: [{value}] is no number") from None


def _one_field(kind: str, body: Body, key: str) -> tuple[str, Body]:
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
    return name, {key: "", **options}
