"""Paths, parameters and query words of a recognised app, from what is known of it and what it answers itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Protocol

from .catalogue import App
from .elasticsearch import words_of_a_body
from .jsontext import inside
from .known_apps import APPS, SPEAKS_LOGQL, SPEAKS_PROMQL, SPEAKS_SEARCH
from .kubernetes import LIST_PARAMETERS
from .loki import LOGQL_FUNCTIONS
from .looking import MOST_ROWS
from .prometheus import AGGREGATIONS, DURATIONS, FUNCTIONS, KEYWORDS
from .promql import Place, place
from .suggestion import Suggestion, matching

__all__ = ["Ask", "parameters", "paths", "words"]

Pairs = Iterable[tuple[str, str]]
_NAME = r"[a-zA-Z_:][\w:]*"


class Ask(Protocol):
    """Asks an app for names: what was read from the JSON of a path, or None if nothing is known in time."""

    def __call__(self, what: str, path: str, read: Callable[[Any], Any], params: dict[str, str] | None = None) -> Any:
        """`what` it is, and path and parameters, are what it is remembered by."""


def paths(called: str, ask: Ask, typed: str) -> list[Suggestion]:
    """Whole paths of an app that begin as typed."""
    known = APPS.get(called)
    if known is None:
        return []
    slash = "/" if typed.startswith("/") else ""
    begin = typed.removeprefix("/")
    if called == "Kubernetes":
        return matching(_slashed("/", _api_paths(known, ask, begin)), "path", f"/{begin}")
    fixed = [(endpoint.path, endpoint.note) for endpoint in known.endpoints if "{" not in endpoint.path]
    found = matching(_slashed(slash, fixed), "path", typed)
    if called in SPEAKS_SEARCH:
        found += _of_indices(known, ask, slash, begin)
    elif called in SPEAKS_PROMQL and begin.startswith("api/v1/label/"):
        labels = ((f"api/v1/label/{name}/values", "") for name in _labels(ask, ""))
        found += matching(_slashed(slash, labels), "path", typed)
    elif called in SPEAKS_LOGQL and begin.startswith("loki/api/v1/label/"):
        labels = ((f"loki/api/v1/label/{name}/values", "") for name in _stream_labels(ask))
        found += matching(_slashed(slash, labels), "path", typed)
    return found


def parameters(called: str, path: str) -> list[Suggestion]:
    """The query parameters that a path of an app has."""
    known = APPS.get(called)
    if known is None:
        return []
    endpoint = known.endpoint(path)
    names: Sequence[str] = endpoint.parameters if endpoint is not None else ()
    if called == "Kubernetes" and re.match(r"/?(?:api/v1|apis/[^/]+/[^/]+)/.", path):
        names = LIST_PARAMETERS
    return [Suggestion(name, "parameter", known.parameters.get(name, "")) for name in names]


def words(called: str, ask: Ask, path: str, parameter: str, text: str, cursor: int) -> tuple[int, list[Suggestion]]:
    """Where the word that is typed begins, and what fits there."""
    known = APPS.get(called)
    if known is None:
        return cursor, []
    if called in SPEAKS_PROMQL and parameter in ("query", "match[]"):
        return _promql(ask, place(text, cursor))
    if called in SPEAKS_PROMQL and parameter == "metric":
        return 0, matching(_metrics(ask, text[:cursor]), "metric", text[:cursor])
    if called in SPEAKS_LOGQL and parameter in ("query", "match[]"):
        return _logql(ask, place(text, cursor))
    if called in SPEAKS_SEARCH:
        index = _index_of(path)
        if parameter == "":
            return _body(ask, index, text, cursor)
        if parameter == "q":
            return _query_string(ask, index, text, cursor)
        if parameter in ("sort", "_source", "fields") and ":" not in text[text.rfind(",", 0, cursor) + 1 : cursor]:
            start = text.rfind(",", 0, cursor) + 1
            return start, matching(_fields(ask, index), "field", text[start:cursor])
    values = ((value, "") for value in known.values.get(parameter, ()))
    return 0, matching(values, "value", text[:cursor])


def _slashed(slash: str, names: Pairs) -> Iterator[tuple[str, str]]:
    return ((slash + name, note) for name, note in names)


# --- Elasticsearch


def _of_indices(known: App, ask: Ask, slash: str, begin: str) -> list[Suggestion]:
    """Indices and aliases; behind one, or a pattern, what can be asked of it."""
    if begin.startswith("_"):
        return []
    index, cut, _ = begin.partition("/")
    if cut:
        of_one = ((endpoint.path.replace("{index}", index), endpoint.note) for endpoint in known.endpoints)
        return matching(_slashed(slash, of_one), "path", slash + begin)
    # Of several, the one that is typed.
    before = index[: index.rfind(",") + 1]
    names = ((before + name, note) for name, note in _indices(ask))
    return matching(_slashed(slash, names), "index", slash + index)


def _indices(ask: Ask) -> list[tuple[str, str]]:
    def read(rows: Any) -> list[tuple[str, str]]:
        named = [
            (str(row["index"]), f"{row.get('docs.count') or 0} documents · {row.get('health') or ''}")
            for row in rows[:MOST_ROWS]
            if not str(row["index"]).startswith(".")
        ]
        return sorted(named)

    def read_aliases(rows: Any) -> list[tuple[str, str]]:
        return [(str(name), "alias") for name in dict.fromkeys(row["alias"] for row in rows[:MOST_ROWS])]

    found = ask("indices", "_cat/indices", read, {"format": "json", "h": "index,docs.count,health"})
    aliases = ask("aliases", "_cat/aliases", read_aliases, {"format": "json", "h": "alias"})
    return [*(aliases or ()), *(found or ())]


def _fields(ask: Ask, index: str) -> list[tuple[str, str]]:
    def read(answer: Any) -> list[tuple[str, str]]:
        fields = {name: kinds for name, kinds in answer["fields"].items() if not name.startswith("_")}
        # `object` fields hold others and no value.
        named = [(name, ", ".join(kinds)) for name, kinds in fields.items() if "object" not in kinds]
        return sorted(named)[:MOST_ROWS]

    path = f"{index}/_field_caps" if index else "_field_caps"
    found: list[tuple[str, str]] | None = ask("fields", path, read, {"fields": "*"})
    return found or []


def _index_of(path: str) -> str:
    first = path.strip("/").partition("/")[0]
    return "" if first.startswith("_") else first


def _query_string(ask: Ask, index: str, text: str, cursor: int) -> tuple[int, list[Suggestion]]:
    """A query string as `q` has it: a field before a colon, or a word that joins two."""
    start = max(text.rfind(sign, 0, cursor) for sign in " (+!") + 1
    word = text[start:cursor]
    if ":" in word or text[:cursor].count('"') % 2:
        return cursor, []
    if word.startswith("-"):
        start, word = start + 1, word[1:]
    found = [
        Suggestion(f"{field.text}:", "field", field.note) for field in matching(_fields(ask, index), "field", word)
    ]
    if start:
        found += matching(((name, "") for name in ("AND", "OR", "NOT")), "keyword", word)
    return start, found


def _body(ask: Ask, index: str, text: str, cursor: int) -> tuple[int, list[Suggestion]]:
    at = inside(text, cursor)
    if at is None:
        return cursor, []
    begin = text[at.start : cursor]
    names, takes_a_field = words_of_a_body(at.keys, at.is_key)
    found = matching(((name, "") for name in names), "keyword", begin)
    if takes_a_field:
        found += matching(_fields(ask, index), "field", begin)
    return at.start, found


# --- Prometheus


def _promql(ask: Ask, at: Place) -> tuple[int, list[Suggestion]]:
    found: list[Suggestion] = []
    if at.what == "expression":
        found = matching(_metrics(ask, at.word), "metric", at.word)
        found += matching(FUNCTIONS.items(), "function", at.word)
        found += matching(AGGREGATIONS.items(), "function", at.word)
        found += matching(KEYWORDS.items(), "keyword", at.word)
    elif at.what == "label":
        found = matching(((name, "") for name in _labels(ask, at.metric)), "label", at.word)
    elif at.what == "value":
        found = matching(((name, "") for name in _values(ask, at.label, at.metric)), "value", at.word)
        found = [one for one in found if at.quote not in one.text and "\\" not in one.text]
    elif at.what == "duration":
        found = matching(((name, "") for name in DURATIONS), "value", at.word)
    return at.start, found


def _metrics(ask: Ask, begin: str) -> Iterator[tuple[str, str]]:
    """The metrics that begin so, with what they mean."""
    found = _label_values(ask, "__name__", {})
    if not 0 < len(found) < MOST_ROWS and len(begin) > 2:  # more than are read: those that begin alike are asked for
        found = _label_values(ask, "__name__", {"match[]": f'{{__name__=~"{begin[:3]}.*"}}'}) or found

    def read(answer: Any) -> dict[str, str]:
        told = ((name, entries[0]) for name, entries in answer["data"].items() if entries)
        return {name: f"{entry.get('type', '')} · {entry.get('help', '')}"[:200] for name, entry in told}

    meant = ask("metadata", "api/v1/metadata", read, {"limit": str(MOST_ROWS), "limit_per_metric": "1"}) or {}
    # What a histogram writes is three metrics, of which its metadata names none.
    return (
        (name, meant.get(name) or meant.get(re.sub(r"_(?:bucket|sum|count)$", "", name), ""))
        for name in found
        if name.startswith(begin)
    )


def _labels(ask: Ask, metric: str) -> list[str]:
    of_one = {"match[]": metric} if re.fullmatch(_NAME, metric) else {}
    found: list[str] | None = ask("labels", "api/v1/labels", _data, of_one)
    return [name for name in found or () if name != "__name__"]


def _values(ask: Ask, label: str, metric: str) -> list[str]:
    if not re.fullmatch(_NAME, label):
        return []
    return _label_values(ask, label, {"match[]": metric} if re.fullmatch(_NAME, metric) else {})


def _label_values(ask: Ask, label: str, of_one: dict[str, str]) -> list[str]:
    found: list[str] | None
    found = ask("values", f"api/v1/label/{label}/values", _data, {**of_one, "limit": str(MOST_ROWS)})
    return found or []


def _data(answer: Any) -> list[str]:
    return [str(name) for name in answer["data"][:MOST_ROWS]]


# --- Loki


def _logql(ask: Ask, at: Place) -> tuple[int, list[Suggestion]]:
    found: list[Suggestion] = []
    if at.what == "expression":
        found = matching(LOGQL_FUNCTIONS.items(), "function", at.word)
    elif at.what == "label":
        found = matching(((name, "") for name in _stream_labels(ask)), "label", at.word)
    elif at.what == "value" and re.fullmatch(_NAME, at.label):
        values: list[str] | None = ask("values", f"loki/api/v1/label/{at.label}/values", _names, {})
        found = matching(((name, "") for name in values or ()), "value", at.word)
        found = [one for one in found if at.quote not in one.text and "\\" not in one.text]
    elif at.what == "duration":
        found = matching(((name, "") for name in DURATIONS), "value", at.word)
    return at.start, found


def _stream_labels(ask: Ask) -> list[str]:
    found: list[str] | None = ask("labels", "loki/api/v1/labels", _names, {})
    return found or []


def _names(answer: Any) -> list[str]:
    return [str(name) for name in (answer.get("data") or ())[:MOST_ROWS]]  # Loki leaves an empty list out


# --- the API server


def _api_paths(known: App, ask: Ask, begin: str) -> list[tuple[str, str]]:
    """Paths of the API server, without "/" in front: groups, then resources, then namespaces."""
    words = begin.split("/")
    if words[0] == "api" and len(words) > 2:
        return _resources(ask, "/".join(words[:2]), words[2:])
    if words[0] == "apis" and len(words) > 3:
        return _resources(ask, "/".join(words[:3]), words[3:])
    if words[0] == "apis" and len(words) > 1:

        def read(answer: Any) -> list[tuple[str, str]]:
            return [(f"apis/{group['preferredVersion']['groupVersion']}/", "") for group in answer["groups"]]

        return ask("groups", "/apis", read) or []
    return [(endpoint.path, endpoint.note) for endpoint in known.endpoints]


def _resources(ask: Ask, version: str, words: list[str]) -> list[tuple[str, str]]:
    def read(answer: Any) -> list[tuple[str, str, bool]]:
        return [
            (str(one["name"]), str(one.get("kind", "")), one.get("namespaced") is True)
            for one in answer["resources"]
            if "list" in one.get("verbs", ())
        ]

    found = ask("resources", f"/{version}", read) or []
    if words[0] != "namespaces" or len(words) == 1:
        every = [(f"{version}/{name}", kind) for name, kind, _ in found]
        return [*every, (f"{version}/namespaces/", "of one namespace")]
    if len(words) == 2:

        def read_names(answer: Any) -> list[str]:
            return [str(one["metadata"]["name"]) for one in answer["items"]]

        names = ask("namespaces", "/api/v1/namespaces", read_names, {"limit": "5000"}) or []
        return [(f"{version}/namespaces/{name}/", "") for name in names]
    return [(f"{version}/namespaces/{words[1]}/{name}", kind) for name, kind, namespaced in found if namespaced]
