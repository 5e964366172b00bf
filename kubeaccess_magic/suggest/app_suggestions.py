"""Suggestions for a recognised app: paths, parameters and query words, from its catalogue and from the app itself.

Names from an app are suggested only if they follow the naming rules of that app: a name is inserted into a line that
the user runs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Protocol

from ..targets import is_name
from .app import App
from .elasticsearch import words_in_body
from .json_cursor import string_at
from .known_apps import APPS, SPEAKS_LOGQL, SPEAKS_PROMQL, SPEAKS_SEARCH
from .kubernetes import LIST_PARAMETERS
from .loki import LOGQL_FUNCTIONS
from .lookup import MAX_ROWS
from .prometheus import AGGREGATIONS, DURATIONS, FUNCTIONS, KEYWORDS
from .promql_cursor import PromqlWord, word_at
from .suggestion import Suggestion, matching

__all__ = ["AppReader", "parameters", "paths", "words"]

NamesWithNotes = Iterable[tuple[str, str]]

_METRIC_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_LABEL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_INDEX_NAME = re.compile(r"[^\W_][\w.-]*")  # a stricter rule than Elasticsearch's, which most names follow
_FIELD_NAME = re.compile(r"[\w@][\w@./-]*")
_GROUP_VERSION = re.compile(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?/v[a-z0-9]+")
_HISTOGRAM_SUFFIX = re.compile(r"_(?:bucket|sum|count)\Z")
_RESOURCE_PATH = re.compile(r"/?(?:api/v1|apis/[^/]+/[^/]+)/.")


class AppReader(Protocol):
    """Reads names from an app."""

    def __call__(self, what: str, path: str, parse: Callable[[Any], Any], params: dict[str, str] | None = None) -> Any:
        """What `parse` makes of the JSON at a path; None if nothing is known in time.

        Parameters
        ----------
        what
            What the names are. Together with `path` and `params` it is the key of the cache.
        path
            The path at the app.
        parse
            Makes names of the JSON. What it raises counts as a failure of the look-up.
        params
            Query parameters.
        """


def paths(app_name: str, read_app: AppReader, typed: str) -> list[Suggestion]:
    """The paths of an app that begin with a text.

    Parameters
    ----------
    app_name
        The name of the app, as `known_apps` has it.
    read_app
        Reads names from that app.
    typed
        The beginning of the path, with or without a leading slash.
    """
    app = APPS.get(app_name)
    if app is None:
        return []
    slash = "/" if typed.startswith("/") else ""
    prefix = typed.removeprefix("/")
    if app_name == "Kubernetes":
        return matching(_prefixed("/", _api_paths(app, read_app, prefix)), "path", f"/{prefix}")
    fixed_paths = [(path.path, path.note) for path in app.paths if "{" not in path.path]
    suggestions = matching(_prefixed(slash, fixed_paths), "path", typed)
    if app_name in SPEAKS_SEARCH:
        suggestions += _index_paths(app, read_app, slash, prefix)
    elif app_name in SPEAKS_PROMQL and prefix.startswith("api/v1/label/"):
        label_paths = ((f"api/v1/label/{name}/values", "") for name in _labels(read_app, ""))
        suggestions += matching(_prefixed(slash, label_paths), "path", typed)
    elif app_name in SPEAKS_LOGQL and prefix.startswith("loki/api/v1/label/"):
        label_paths = ((f"loki/api/v1/label/{name}/values", "") for name in _stream_labels(read_app))
        suggestions += matching(_prefixed(slash, label_paths), "path", typed)
    return suggestions


def parameters(app_name: str, path: str) -> list[Suggestion]:
    """The query parameters of a path of an app.

    Parameters
    ----------
    app_name
        The name of the app, as `known_apps` has it.
    path
        The path without its query.
    """
    app = APPS.get(app_name)
    if app is None:
        return []
    known_path = app.find_path(path)
    names: Sequence[str] = known_path.parameters if known_path is not None else ()
    if app_name == "Kubernetes" and _RESOURCE_PATH.match(path):
        names = LIST_PARAMETERS
    return [Suggestion(name, "parameter", app.parameters.get(name, "")) for name in names]


def words(
    app_name: str, read_app: AppReader, path: str, parameter: str, text: str, cursor: int
) -> tuple[int, list[Suggestion]]:
    """Where the word at the cursor begins, and what can replace it.

    Parameters
    ----------
    app_name
        The name of the app, as `known_apps` has it.
    read_app
        Reads names from that app.
    path
        The path without its query.
    parameter
        The query parameter whose value is typed; "" for the body.
    text
        What is typed so far, not encoded.
    cursor
        The position of the cursor in `text`.
    """
    app = APPS.get(app_name)
    if app is None:
        return cursor, []
    if app_name in SPEAKS_PROMQL and parameter in ("query", "match[]"):
        return _promql_words(read_app, word_at(text, cursor))
    if app_name in SPEAKS_PROMQL and parameter == "metric":
        return 0, matching(_metrics(read_app, text[:cursor]), "metric", text[:cursor])
    if app_name in SPEAKS_LOGQL and parameter in ("query", "match[]"):
        return _logql_words(read_app, word_at(text, cursor))
    if app_name in SPEAKS_SEARCH:
        index = _index_of(path)
        if parameter == "":
            return _body_words(read_app, index, text, cursor)
        if parameter == "q":
            return _query_string_words(read_app, index, text, cursor)
        if parameter in ("sort", "_source", "fields") and ":" not in text[text.rfind(",", 0, cursor) + 1 : cursor]:
            start = text.rfind(",", 0, cursor) + 1
            return start, matching(_fields(read_app, index), "field", text[start:cursor])
    values = ((value, "") for value in app.values.get(parameter, ()))
    return 0, matching(values, "value", text[:cursor])


def _prefixed(prefix: str, names: NamesWithNotes) -> Iterator[tuple[str, str]]:
    return ((prefix + name, note) for name, note in names)


# --- Elasticsearch


def _index_paths(app: App, read_app: AppReader, slash: str, prefix: str) -> list[Suggestion]:
    """Indices and aliases; after one of them, or a pattern, the paths below it."""
    if prefix.startswith("_"):
        return []
    index, separator, _ = prefix.partition("/")
    if separator:
        below_index = ((path.path.replace("{index}", index), path.note) for path in app.paths)
        return matching(_prefixed(slash, below_index), "path", slash + prefix)
    # In a list of several indices, the last one is typed.
    before = index[: index.rfind(",") + 1]
    names = ((before + name, note) for name, note in _indices(read_app))
    return matching(_prefixed(slash, names), "index", slash + index)


def _indices(read_app: AppReader) -> list[tuple[str, str]]:
    def parse(rows: Any) -> list[tuple[str, str]]:
        return sorted(
            (str(row["index"]), f"{row.get('docs.count') or 0} documents · {row.get('health') or ''}")
            for row in rows[:MAX_ROWS]
            if _INDEX_NAME.fullmatch(str(row["index"]))
        )

    def parse_aliases(rows: Any) -> list[tuple[str, str]]:
        names = dict.fromkeys(str(row["alias"]) for row in rows[:MAX_ROWS])
        return [(name, "alias") for name in names if _INDEX_NAME.fullmatch(name)]

    indices = read_app("indices", "_cat/indices", parse, {"format": "json", "h": "index,docs.count,health"})
    aliases = read_app("aliases", "_cat/aliases", parse_aliases, {"format": "json", "h": "alias"})
    return [*(aliases or ()), *(indices or ())]


def _fields(read_app: AppReader, index: str) -> list[tuple[str, str]]:
    def parse(answer: Any) -> list[tuple[str, str]]:
        # Names with an underscore are Elasticsearch's own; a field of the type object only contains others.
        fields = (
            (name, ", ".join(types))
            for name, types in answer["fields"].items()
            if not name.startswith("_") and "object" not in types and _FIELD_NAME.fullmatch(name)
        )
        return sorted(fields)[:MAX_ROWS]

    path = f"{index}/_field_caps" if index else "_field_caps"
    fields: list[tuple[str, str]] | None = read_app("fields", path, parse, {"fields": "*"})
    return fields or []


def _index_of(path: str) -> str:
    first_word = path.strip("/").partition("/")[0]
    return "" if first_word.startswith("_") else first_word


def _query_string_words(read_app: AppReader, index: str, text: str, cursor: int) -> tuple[int, list[Suggestion]]:
    """Words of a query string: a field, which a colon follows, or an operator."""
    start = max(text.rfind(sign, 0, cursor) for sign in " (+!") + 1
    word = text[start:cursor]
    if ":" in word or text[:cursor].count('"') % 2:
        return cursor, []
    if word.startswith("-"):
        start, word = start + 1, word[1:]
    fields = matching(_fields(read_app, index), "field", word)
    suggestions = [Suggestion(f"{field.text}:", "field", field.note) for field in fields]
    if start:
        suggestions += matching(((name, "") for name in ("AND", "OR", "NOT")), "keyword", word)
    return start, suggestions


def _body_words(read_app: AppReader, index: str, text: str, cursor: int) -> tuple[int, list[Suggestion]]:
    string = string_at(text, cursor)
    if string is None:
        return cursor, []
    typed = text[string.start : cursor]
    keywords, may_be_field = words_in_body(string.keys, string.is_key)
    suggestions = matching(((keyword, "") for keyword in keywords), "keyword", typed)
    if may_be_field:
        suggestions += matching(_fields(read_app, index), "field", typed)
    return string.start, suggestions


# --- Prometheus


def _promql_words(read_app: AppReader, word: PromqlWord) -> tuple[int, list[Suggestion]]:
    suggestions: list[Suggestion] = []
    if word.kind == "expression":
        suggestions = matching(_metrics(read_app, word.text), "metric", word.text)
        suggestions += matching(FUNCTIONS.items(), "function", word.text)
        suggestions += matching(AGGREGATIONS.items(), "function", word.text)
        suggestions += matching(KEYWORDS.items(), "keyword", word.text)
    elif word.kind == "label":
        suggestions = matching(((name, "") for name in _labels(read_app, word.metric)), "label", word.text)
    elif word.kind == "value":
        values = _values(read_app, word.label, word.metric)
        quotable = ((value, "") for value in values if word.quote not in value and "\\" not in value)
        suggestions = matching(quotable, "value", word.text)
    elif word.kind == "duration":
        suggestions = matching(((duration, "") for duration in DURATIONS), "value", word.text)
    return word.start, suggestions


def _metrics(read_app: AppReader, typed: str) -> Iterator[tuple[str, str]]:
    """The metrics that begin with a text, each with its description."""
    names = _label_values(read_app, "__name__", {})
    if not 0 < len(names) < MAX_ROWS and len(typed) > 2:  # too many to read: read those with the same beginning
        names = _label_values(read_app, "__name__", {"match[]": f'{{__name__=~"{typed[:3]}.*"}}'}) or names

    def parse(answer: Any) -> dict[str, str]:
        described = ((name, entries[0]) for name, entries in answer["data"].items() if entries)
        return {name: f"{entry.get('type', '')} · {entry.get('help', '')}"[:200] for name, entry in described}

    parameters = {"limit": str(MAX_ROWS), "limit_per_metric": "1"}
    notes = read_app("metadata", "api/v1/metadata", parse, parameters) or {}
    # A histogram has three metrics, and its metadata names none of them.
    return (
        (name, notes.get(name) or notes.get(_HISTOGRAM_SUFFIX.sub("", name), ""))
        for name in names
        if name.startswith(typed) and _METRIC_NAME.fullmatch(name)
    )


def _labels(read_app: AppReader, metric: str) -> list[str]:
    names: list[str] | None = read_app("labels", "api/v1/labels", _data, _of_metric(metric))
    return [name for name in names or () if name != "__name__" and _LABEL_NAME.fullmatch(name)]


def _values(read_app: AppReader, label: str, metric: str) -> list[str]:
    return _label_values(read_app, label, _of_metric(metric)) if _LABEL_NAME.fullmatch(label) else []


def _of_metric(metric: str) -> dict[str, str]:
    return {"match[]": metric} if _METRIC_NAME.fullmatch(metric) else {}


def _label_values(read_app: AppReader, label: str, parameters: dict[str, str]) -> list[str]:
    values: list[str] | None
    values = read_app("values", f"api/v1/label/{label}/values", _data, {**parameters, "limit": str(MAX_ROWS)})
    return values or []


def _data(answer: Any) -> list[str]:
    return [str(name) for name in answer["data"][:MAX_ROWS]]


# --- Loki


def _logql_words(read_app: AppReader, word: PromqlWord) -> tuple[int, list[Suggestion]]:
    suggestions: list[Suggestion] = []
    if word.kind == "expression":
        suggestions = matching(LOGQL_FUNCTIONS.items(), "function", word.text)
    elif word.kind == "label":
        suggestions = matching(((name, "") for name in _stream_labels(read_app)), "label", word.text)
    elif word.kind == "value" and _LABEL_NAME.fullmatch(word.label):
        values: list[str] | None = read_app("values", f"loki/api/v1/label/{word.label}/values", _names, {})
        quotable = ((value, "") for value in values or () if word.quote not in value and "\\" not in value)
        suggestions = matching(quotable, "value", word.text)
    elif word.kind == "duration":
        suggestions = matching(((duration, "") for duration in DURATIONS), "value", word.text)
    return word.start, suggestions


def _stream_labels(read_app: AppReader) -> list[str]:
    names: list[str] | None = read_app("labels", "loki/api/v1/labels", _names, {})
    return [name for name in names or () if _LABEL_NAME.fullmatch(name)]


def _names(answer: Any) -> list[str]:
    return [str(name) for name in (answer.get("data") or ())[:MAX_ROWS]]  # Loki leaves an empty list out


# --- the API server


def _api_paths(app: App, read_app: AppReader, typed: str) -> list[tuple[str, str]]:
    """Paths of the API server without a leading slash: groups, then resources, then namespaces."""
    words = typed.split("/")
    if words[0] == "api" and len(words) > 2:
        return _resource_paths(read_app, "/".join(words[:2]), words[2:])
    if words[0] == "apis" and len(words) > 3:
        return _resource_paths(read_app, "/".join(words[:3]), words[3:])
    if words[0] == "apis" and len(words) > 1:

        def parse(answer: Any) -> list[tuple[str, str]]:
            versions = [str(group["preferredVersion"]["groupVersion"]) for group in answer["groups"][:MAX_ROWS]]
            return [(f"apis/{version}/", "") for version in versions if _GROUP_VERSION.fullmatch(version)]

        return read_app("groups", "/apis", parse) or []
    return [(path.path, path.note) for path in app.paths]


def _resource_paths(read_app: AppReader, version: str, words: list[str]) -> list[tuple[str, str]]:
    def parse(answer: Any) -> list[tuple[str, str, bool]]:
        return [
            (str(resource["name"]), str(resource.get("kind", "")), resource.get("namespaced") is True)
            for resource in answer["resources"][:MAX_ROWS]
            if "list" in resource.get("verbs", ()) and is_name("service", str(resource["name"]))
        ]

    resources = read_app("resources", f"/{version}", parse) or []
    if words[0] != "namespaces" or len(words) == 1:
        all_namespaces = [(f"{version}/{name}", kind) for name, kind, _ in resources]
        return [*all_namespaces, (f"{version}/namespaces/", "of one namespace")]
    if len(words) == 2:

        def parse_names(answer: Any) -> list[str]:
            names = [str(item["metadata"]["name"]) for item in answer["items"][:MAX_ROWS]]
            return [name for name in names if is_name("namespace", name)]

        namespaces = read_app("namespaces", "/api/v1/namespaces", parse_names, {"limit": "5000"}) or []
        return [(f"{version}/namespaces/{name}/", "") for name in namespaces]
    namespace = words[1]
    return [(f"{version}/namespaces/{namespace}/{name}", kind) for name, kind, namespaced in resources if namespaced]
