"""The query language (Query DSL): makes a scorer of documents from JSON."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from . import field_queries
from .field_queries import Scorer
from .log_documents import Document, field_type
from .query_string import QueryStringOptions, query_string
from .search_errors import parsing_error

Body = dict[str, Any]


def query(clause: Any, everything: list[Document]) -> Scorer:
    """Make the scorer of a query.

    Parameters
    ----------
    clause
        The value of `query`; None matches everything.
    everything
        All documents that are searched; they decide how rare a word is.

    Raises
    ------
    SearchError
        400: the query is malformed, or the app does not support it.
    """
    if clause is None:
        return field_queries.constant(1.0)
    if not isinstance(clause, dict) or not clause:
        raise parsing_error(
            "query malformed, empty clause found"
            if clause == {}
            else "[_na] query malformed, no start_object after query name"
        )
    if len(clause) > 1:
        names = list(clause)
        raise parsing_error(f"[{names[0]}] malformed query, expected [END_OBJECT] but found [FIELD_NAME]")
    name, body = next(iter(clause.items()))
    kind = _KINDS.get(name)
    if kind is None:
        raise parsing_error(f"unknown query [{name}]")
    if not isinstance(body, dict):
        raise parsing_error(f"[{name}] query malformed, no start_object after query name")
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
        search_words = field_queries.words(text) if field_type(name) == "text" else (text,)
        return field_queries.any_of([field_queries.fuzzy(name, word, fuzziness) for word in search_words])
    return field_queries.match(name, options["query"], everything, str(options.get("operator", "or")))


def _match_phrase(body: Body, everything: list[Document]) -> Scorer:
    name, options = _one_field("match_phrase", body, "query")
    return field_queries.match_phrase(name, options["query"], everything, int(_number(options, "slop", 0)))


def _match_phrase_prefix(body: Body, everything: list[Document]) -> Scorer:
    name, options = _one_field("match_phrase_prefix", body, "query")
    *complete, last = field_queries.words(str(options["query"])) or ("",)
    prefix = field_queries.pattern_of(name, last, literal=True)
    if not complete:
        return prefix
    phrase = field_queries.match_phrase(name, " ".join(complete), everything)
    return lambda document: phrase(document) if prefix(document) is not None else None


def _multi_match(body: Body, everything: list[Document]) -> Scorer:
    """Like a query string of a phrase, or of words without operators."""
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
        raise parsing_error("[terms] query requires exactly one field")
    name, field_values = next(iter(fields.items()))
    if not isinstance(field_values, list):
        raise parsing_error(f"[terms] query does not support [{name}]")
    scorer = field_queries.term(name, field_values, everything)
    return lambda document: 1.0 if scorer(document) is not None else None


def _range(body: Body, everything: list[Document]) -> Scorer:
    name, options = next(iter(body.items()), ("", None))
    if not isinstance(options, dict):
        raise parsing_error("[range] query malformed, no start_object after query name")
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
        raise parsing_error("[exists] must be provided with a [field]")
    return field_queries.exists(str(body["field"]))


def _ids(body: Body, everything: list[Document]) -> Scorer:
    named = body.get("values")
    ids = {str(name) for name in (named if isinstance(named, list) else [named])}
    return lambda document: 1.0 if document.id in ids else None


def _bool(body: Body, everything: list[Document]) -> Scorer:
    parts: dict[str, list[Scorer]] = {}
    for name, clauses in body.items():
        if name in ("boost", "minimum_should_match", "_name", "adjust_pure_negative"):
            continue
        if name not in ("must", "filter", "should", "must_not"):
            raise parsing_error(f"[bool] query does not support [{name}]")
        clauses = clauses if isinstance(clauses, list) else [clauses]
        parts[name] = [query(clause, everything) for clause in clauses]
    must, filters = parts.get("must", []), parts.get("filter", [])
    should, must_not = parts.get("should", []), parts.get("must_not", [])
    required = int(_number(body, "minimum_should_match", 0 if must or filters or not should else 1))
    required = required if required >= 0 else len(should) + required

    def score(document: Document) -> float | None:
        total = 0.0
        for part in must:
            part_score = part(document)
            if part_score is None:
                return None
            total += part_score
        if any(part(document) is None for part in filters) or any(part(document) is not None for part in must_not):
            return None
        scores = [part_score for part in should if (part_score := part(document)) is not None]
        return round(total + sum(scores), 6) if len(scores) >= required else None

    return score


def _constant_score(body: Body, everything: list[Document]) -> Scorer:
    inner, boost = query(body.get("filter"), everything), _number(body, "boost", 1.0)
    return lambda document: boost if inner(document) is not None else None


def _dis_max(body: Body, everything: list[Document]) -> Scorer:
    return field_queries.any_of([query(clause, everything) for clause in body.get("queries") or ()])


def _query_string(body: Body, everything: list[Document]) -> Scorer:
    if "query" not in body:
        raise parsing_error("[query_string] must be provided with a [query]")
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
    named = body.get("fields") or [body.get("default_field") or "*"]
    fields = tuple(str(name) for name in (named if isinstance(named, list) else [named]))
    lenient = str(body.get("lenient", "false")).lower() == "true"
    return QueryStringOptions(fields, operator.lower() == "and", lenient)


def _number(body: Body, name: str, default: float) -> float:
    value = body.get(name, default)
    try:
        return float(value)
    except (TypeError, ValueError):
        raise parsing_error(f"Failed to parse [{name}]: [{value}] is not a number") from None


def _one_field(kind: str, body: Body, key: str) -> tuple[str, Body]:
    fields = {name: value for name, value in body.items() if name not in ("boost", "_name")}
    if len(fields) != 1:
        raise parsing_error(
            f"[{kind}] query doesn't support multiple fields" if fields else f"[{kind}] query requires a field name"
        )
    name, options = next(iter(fields.items()))
    if not isinstance(options, dict):
        options = {key: options}
    if isinstance(options.get(key), (list, dict)) or (key not in options and key == "query"):
        raise parsing_error(f"[{kind}] unknown token after [{key}]")
    return name, {key: "", **options}
