"""Frames of the answers without samples: names, labels, targets, rules, alerts, the state of the server itself.

Fields keep the names that Prometheus gives them (``lastScrape``), and times become datetime64 in UTC. Labels are
columns of their own names, in front. A label with the name of a field becomes ``exported_NAME``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from ...errors import LoadError
from .. import columns
from ..budget import DEFAULT, FrameBudget
from ..protocol import Table
from . import exact
from .envelope import notes_of
from .sample_frames import times_dtype
from .series_labels import label_columns

if TYPE_CHECKING:
    import pandas as pd

    from ...reply import Reply

__all__ = ["listing"]

_Labelled = tuple[Mapping[str, str], dict[str, Any]]
"""A row: its labels, and its fields."""


def listing(
    endpoint: str | None,
    document: Any,
    reply: Reply,
    limit: int | None,
    *,
    as_categories: bool,
    budget: FrameBudget = DEFAULT,
) -> Table:
    """Make a table of an answer that is neither a vector nor a matrix.

    Parameters
    ----------
    endpoint
        Which endpoint answered; None if it is not known.
    document
        The JSON of the answer, which is no error.
    reply
        The answer, for errors.
    limit
        How many rows at most.
    as_categories
        Whether columns of text become categorical.
    budget
        The limits on the size of the frame.

    Raises
    ------
    LoadError
        The reply is not an answer of this API.
    """
    if not isinstance(document, dict) or "data" not in document:
        raise LoadError("this is not an answer of Prometheus: it has no data", reply=reply, hint="see it with -o json")
    data, notes = document["data"], tuple(notes_of(document))
    if isinstance(data, dict) and data.get("resultType") in ("scalar", "string"):
        return Table(_single(data, reply), 1, notes=notes)
    frame, unit = _frame(endpoint or "", data, budget)
    if as_categories:
        text = columns.frame({"a": ["a"]}, 1)["a"].dtype
        plain = [name for name in frame.columns if frame[name].dtype == text and frame[name].map(_is_text).all()]
        frame = frame.astype(dict.fromkeys(plain, "category"))
    total = len(frame)
    is_cut = limit is not None and total > limit
    frame = frame.iloc[:limit] if is_cut else frame
    return Table(frame, len(frame), total if is_cut else None, unit, has_more=is_cut, notes=notes)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) or value is None or value != value


def _single(data: Mapping[str, Any], reply: Reply) -> pd.DataFrame:
    """Make one row with time and value of a scalar or a string."""
    is_scalar = data["resultType"] == "scalar"
    try:
        seconds, value = data["result"]
        time = columns.epoch_ms([exact.number(seconds) * 1000])
        content = exact.number(value) if is_scalar else str(value)
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        raise LoadError(
            f"this is not an answer of Prometheus: {error}", reply=reply, hint="see it with -o json"
        ) from None
    frame = columns.frame({"value": [content]}, 1, kinds={"value": "float" if is_scalar else "text"})
    frame.insert(0, "time", time.astype(times_dtype()))
    return frame


def _frame(endpoint: str, data: Any, budget: FrameBudget) -> tuple[pd.DataFrame, str]:
    """Make the frame of an endpoint's data, and say what its rows are; data of an unknown form is shown as it is."""
    if data is None:  # how Go writes an empty list
        data = []
    if endpoint.startswith("label/"):
        return _texts(data, budget, unquote(endpoint.split("/")[1])), "values"
    if endpoint == "labels":
        return _texts(data, budget, "label"), "labels"
    make, unit = _MAKERS.get(endpoint, (_anything, "rows"))
    try:
        return make(data, budget), unit
    except (KeyError, TypeError, AttributeError, ValueError):  # another program behind the same path
        return _anything(data, budget), "rows"


def _anything(data: Any, budget: FrameBudget) -> pd.DataFrame:
    rows = data if isinstance(data, list) else [data]
    if all(isinstance(row, dict) for row in rows):
        return columns.frame(columns.flatten(rows, budget=budget), len(rows), dates=True, budget=budget)
    return columns.frame({"value": rows}, len(rows), budget=budget)


def _texts(data: Any, budget: FrameBudget, name: str) -> pd.DataFrame:
    if not isinstance(data, list) or not all(isinstance(value, str) for value in data):
        return _anything(data, budget)
    return columns.frame({name: data}, len(data), kinds={name: "text"}, budget=budget)


def _labelled(rows: Sequence[_Labelled], kinds: Mapping[str, str], budget: FrameBudget) -> pd.DataFrame:
    """Make a frame of rows, labels in front. Fields of known kinds are there in any case."""
    inner = columns.flatten([fields for _, fields in rows], budget=budget)
    fields = {name: inner.get(name, [None] * len(rows)) for name in kinds} | inner
    labels = label_columns([labels for labels, _ in rows], fields, budget)
    kinds = {**dict.fromkeys(labels, "text"), **kinds}
    return columns.frame({**labels, **fields}, len(rows), dates=True, kinds=kinds, budget=budget)


def _series(data: Any, budget: FrameBudget) -> pd.DataFrame:
    return _labelled([(labels, {}) for labels in data], {} if data else {"__name__": "text"}, budget)


def _metadata(data: Any, budget: FrameBudget) -> pd.DataFrame:
    rows: list[_Labelled] = [({}, {"metric": metric, **entry}) for metric, found in data.items() for entry in found]
    return _labelled(rows, dict.fromkeys(("metric", "type", "help", "unit"), "text"), budget)


def _targets_metadata(data: Any, budget: FrameBudget) -> pd.DataFrame:
    rows = [(entry["target"], _without(entry, "target")) for entry in data]
    return _labelled(rows, dict.fromkeys(("metric", "type", "help", "unit"), "text"), budget)


def _targets(data: Any, budget: FrameBudget) -> pd.DataFrame:
    rows = [
        (
            target.get("labels") or {},
            {"state": state, **_without(target, "labels", "discoveredLabels"), **_discovered_labels(target)},
        )
        for state in ("active", "dropped")
        for target in data.get(f"{state}Targets") or ()
    ]
    kinds = {"state": "text", "health": "text", "scrapePool": "text", "scrapeUrl": "text", "lastScrape": "time"}
    frame = _labelled(rows, kinds | {"lastScrapeDuration": "float", "lastError": "text"}, budget)
    last = [name for name in frame.columns if name == "discoveredLabels"]
    return frame[[name for name in frame.columns if name not in last] + last]


def _discovered_labels(target: Mapping[str, Any]) -> dict[str, Any]:
    """Keep many labels that are rarely looked at in one column, as JSON."""
    labels = target.get("discoveredLabels")
    return {"discoveredLabels": json.dumps(labels, ensure_ascii=False)} if labels else {}


def _rules(data: Any, budget: FrameBudget) -> pd.DataFrame:
    rows: list[_Labelled] = []
    for group in data["groups"]:
        around = {"group": group["name"], **{key: group.get(key) for key in ("file", "interval")}}
        rows += [({}, {**around, **rule}) for rule in group["rules"]]
    kinds = dict.fromkeys(("group", "file", "type", "name", "query", "health", "state"), "text")
    return _labelled(rows, {**kinds, "lastEvaluation": "time"}, budget)


def _alerts(data: Any, budget: FrameBudget) -> pd.DataFrame:
    rows: list[_Labelled] = []
    for alert in data["alerts"]:
        value = columns.numbers([alert.get("value")])
        rows.append(
            (alert["labels"], {**_without(alert, "labels"), "value": value[0] if value else alert.get("value")})
        )
    is_number = all(isinstance(fields["value"], (int, float, type(None))) for _, fields in rows)
    kinds = {"state": "text", "activeAt": "time"} | ({"value": "float"} if is_number else {})
    return _labelled(rows, kinds, budget)


def _alertmanagers(data: Any, budget: FrameBudget) -> pd.DataFrame:
    rows: list[_Labelled] = [
        ({}, {"state": state, **entry})
        for state in ("active", "dropped")
        for entry in data.get(f"{state}Alertmanagers") or ()
    ]
    return _labelled(rows, {"state": "text", "url": "text"}, budget)


def _exemplars(data: Any, budget: FrameBudget) -> pd.DataFrame:
    rows: list[_Labelled] = []
    times_ms: list[float] = []
    for series in data:
        for exemplar in series["exemplars"]:
            labels = {f"exemplar.{name}": text for name, text in exemplar["labels"].items()}
            times_ms.append(exact.number(exemplar["timestamp"]) * 1000)
            value = exact.number(exemplar["value"])
            rows.append((series["seriesLabels"], {"time": None, "value": value, **labels}))
    frame = _labelled(rows, {"time": "time", "value": "float"}, budget)
    frame["time"] = columns.epoch_ms(times_ms).astype(times_dtype())
    return frame


def _tsdb(data: Any, budget: FrameBudget) -> pd.DataFrame:
    rows: list[dict[str, Any]] = []
    for key, inner in data.items():
        if isinstance(inner, dict):
            rows += [{"statistic": key, "name": name, "value": value} for name, value in inner.items()]
        elif isinstance(inner, list):
            rows += [{"statistic": key, **entry} for entry in inner]
        else:
            rows.append({"statistic": key, "name": None, "value": inner})
    return _labelled([({}, row) for row in rows], {"statistic": "text", "name": "text"}, budget)


def _flags(data: Any, budget: FrameBudget) -> pd.DataFrame:
    rows: list[_Labelled] = [({}, {"flag": flag, "value": value}) for flag, value in data.items()]
    return _labelled(rows, {"flag": "text", "value": "text"}, budget)


def _without(fields: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name not in names}


_MAKERS: Mapping[str, tuple[Callable[[Any, FrameBudget], pd.DataFrame], str]] = {
    "series": (_series, "series"),
    "metadata": (_metadata, "metrics"),
    "targets/metadata": (_targets_metadata, "metrics"),
    "targets": (_targets, "targets"),
    "rules": (_rules, "rules"),
    "alerts": (_alerts, "alerts"),
    "alertmanagers": (_alertmanagers, "alertmanagers"),
    "query_exemplars": (_exemplars, "exemplars"),
    "status/tsdb": (_tsdb, "statistics"),
    "status/flags": (_flags, "flags"),
    "format_query": (lambda data, budget: _texts([data], budget, "query"), "queries"),
}
"""How the data of each endpoint becomes a frame, and what its rows are."""
