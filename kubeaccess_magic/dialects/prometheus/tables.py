"""Everything that Prometheus answers beside samples: names, labels, targets, rules, alerts, its own state.

Fields keep the names that Prometheus gives them (``lastScrape``); moments become datetime64 in UTC. Labels are columns
of their own names, in front; a field that is called as one of them keeps its name, and the label is ``exported_…``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import msgspec

from ...errors import LoadError
from .. import Loaded, answer, columns

if TYPE_CHECKING:
    import pandas as pd

    from ...reply import Reply

__all__ = ["error_of", "is_answer", "load", "notes", "refuse_error"]

_PATH_TAIL = re.compile(r".*/api/v1/(.*?)/?")
_Labelled = tuple[Mapping[str, str], dict[str, Any]]


class _Head(msgspec.Struct, rename="camel"):
    status: str
    error_type: str = ""
    error: str = ""


def is_answer(reply: Reply) -> bool:
    """Whether the answer says ``success`` or ``error``, as all of them do."""
    head = _head(reply)
    return head is not None and head.status in ("success", "error")


def error_of(reply: Reply) -> tuple[str, str] | None:
    """Kind and text of an error, as the app says them; None if the answer is no error of this family."""
    head = _head(reply)
    return (head.error_type, head.error) if head is not None and head.status == "error" else None


def refuse_error(reply: Reply) -> None:
    """Raise LoadError if the answer is an error, whatever its status."""
    told = error_of(reply)
    if told is not None:
        words = ": ".join(filter(None, told)) or "no words about it"
        raise LoadError(
            f"the app answered {reply.status_code}, and an error in it: {words}",
            reply=reply,
            hint="see all of it with -o json",
        )


def notes(told: Mapping[str, Any]) -> list[str]:
    """What an answer tells beside its data, as sentences."""
    found = []
    for key, verb in (("warnings", "the app warns"), ("infos", "the app remarks")):
        texts = [text for text in told.get(key) or () if isinstance(text, str)]
        if texts:
            more = f" (and {len(texts) - 3} more)" if len(texts) > 3 else ""
            found.append(f"{verb}: {'; '.join(texts[:3])}{more}")
    if told.get("isPartial") is True:
        found.append("the answer is partial: a part of the storage did not answer")
    if told.get("stats") is True:
        found.append("the answer has stats, too, which -o json shows")
    return found


def load(reply: Reply, limit: int | None, *, as_categories: bool) -> Loaded:
    """The frame of an answer that has no vector and no matrix.

    Raises
    ------
    LoadError
        It is an error, or none of this family.
    """
    refuse_error(reply)
    document = answer.json_of(reply)
    if not isinstance(document, dict) or "data" not in document:
        raise LoadError("the answer is none of Prometheus: it has no data", reply=reply, hint="see it with -o json")
    data = document["data"]
    endpoint = _PATH_TAIL.fullmatch(reply.request.path)
    told = notes(document)
    if isinstance(data, dict) and data.get("resultType") in ("scalar", "string"):
        return Loaded(_single(data, reply), 1, note="; ".join(told) or None)
    frame, what = _table(endpoint[1] if endpoint is not None else "", data)
    if as_categories:
        text = columns.frame({"a": ["a"]}, 1)["a"].dtype
        plain = [name for name in frame.columns if frame[name].dtype == text and frame[name].map(_is_text).all()]
        frame = frame.astype(dict.fromkeys(plain, "category"))
    of = len(frame)
    if limit is not None and of > limit:
        frame = frame.iloc[:limit]
    return Loaded(frame, len(frame), of if len(frame) < of else None, what=what, note="; ".join(told) or None)


def _head(reply: Reply) -> _Head | None:
    try:
        return msgspec.json.decode(reply.content, type=_Head)
    except (msgspec.DecodeError, RecursionError):
        return None


def _is_text(value: Any) -> bool:
    return isinstance(value, str) or value is None or value != value


def _single(data: Mapping[str, Any], reply: Reply) -> pd.DataFrame:
    """A scalar or a string: one row of time and value."""
    from . import frames, samples

    try:
        seconds, value = data["result"]
        when = samples.number(seconds)
        is_scalar = data["resultType"] == "scalar"
        content = samples.number(value) if is_scalar else str(value)
        moment = columns.epoch_ms([when * 1000])
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        raise LoadError(f"the answer is none of Prometheus: {error}", reply=reply, hint="see it with -o json") from None
    frame = columns.frame({"value": [content]}, 1, kinds={"value": "float" if is_scalar else "text"})
    frame.insert(0, "time", moment.astype(frames.times_dtype()))
    return frame


def _table(endpoint: str, data: Any) -> tuple[pd.DataFrame, str]:
    """The frame of an endpoint's data, and what its rows are; what nobody expected there is shown as it is."""
    if data is None:  # what Go writes of a list without anything in it
        data = []
    if endpoint.startswith("label/"):
        return _texts(data, unquote(endpoint.split("/")[1])), "values"
    if endpoint == "labels":
        return _texts(data, "label"), "labels"
    makers: dict[str, tuple[Callable[[Any], pd.DataFrame], str]] = {
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
        "format_query": (lambda data: _texts([data], "query"), "queries"),
    }
    make, what = makers.get(endpoint, (_anything, "rows"))
    try:
        return make(data), what
    except (KeyError, TypeError, AttributeError, ValueError):  # another program behind the same path
        return _anything(data), "rows"


def _anything(data: Any) -> pd.DataFrame:
    rows = data if isinstance(data, list) else [data]
    if all(isinstance(row, dict) for row in rows):
        return columns.frame(columns.flatten(rows), len(rows), dates=True)
    return columns.frame({"value": rows}, len(rows))


def _texts(data: Any, name: str) -> pd.DataFrame:
    if not isinstance(data, list) or not all(isinstance(value, str) for value in data):
        return _anything(data)
    return columns.frame({name: data}, len(data), kinds={name: "text"})


def _labelled(rows: Sequence[_Labelled], kinds: Mapping[str, str]) -> pd.DataFrame:
    """Rows of labels and fields: the labels as columns in front, fields of known kinds there in any case."""
    from .frames import label_columns

    fields = columns.flatten([dict(row) for _, row in rows])
    found = {name: fields.get(name, [None] * len(rows)) for name in kinds} | fields
    labels = label_columns([labels for labels, _ in rows], found)
    return columns.frame({**labels, **found}, len(rows), dates=True, kinds={**dict.fromkeys(labels, "text"), **kinds})


def _series(data: Any) -> pd.DataFrame:
    return _labelled([(labels, {}) for labels in data], {} if data else {"__name__": "text"})


def _metadata(data: Any) -> pd.DataFrame:
    rows: list[_Labelled] = [({}, {"metric": metric, **one}) for metric, found in data.items() for one in found]
    return _labelled(rows, dict.fromkeys(("metric", "type", "help", "unit"), "text"))


def _targets_metadata(data: Any) -> pd.DataFrame:
    rows = [(one["target"], {key: value for key, value in one.items() if key != "target"}) for one in data]
    return _labelled(rows, dict.fromkeys(("metric", "type", "help", "unit"), "text"))


def _targets(data: Any) -> pd.DataFrame:
    rows = [
        (one.get("labels") or {}, {"state": state, **_but(one, "labels", "discoveredLabels"), **_discovered(one)})
        for state in ("active", "dropped")
        for one in data.get(f"{state}Targets") or ()
    ]
    kinds = {"state": "text", "health": "text", "scrapePool": "text", "scrapeUrl": "text", "lastScrape": "time"}
    table = _labelled(rows, kinds | {"lastScrapeDuration": "float", "lastError": "text"})
    discovered = [name for name in table.columns if name == "discoveredLabels"]
    return table[[name for name in table.columns if name not in discovered] + discovered]


def _discovered(target: Mapping[str, Any]) -> dict[str, Any]:
    """Many labels that are rarely looked at: one column, as JSON."""
    found = target.get("discoveredLabels")
    return {"discoveredLabels": json.dumps(found, ensure_ascii=False)} if found else {}


def _rules(data: Any) -> pd.DataFrame:
    rows: list[_Labelled] = []
    for group in data["groups"]:
        around = {"group": group["name"], **{key: group.get(key) for key in ("file", "interval")}}
        rows += [({}, {**around, **rule}) for rule in group["rules"]]
    kinds = dict.fromkeys(("group", "file", "type", "name", "query", "health", "state"), "text")
    return _labelled(rows, {**kinds, "lastEvaluation": "time"})


def _alerts(data: Any) -> pd.DataFrame:
    rows: list[_Labelled] = []
    for alert in data["alerts"]:
        value = columns.numbers([alert.get("value")])
        rows.append((alert["labels"], {**_but(alert, "labels"), "value": value[0] if value else alert.get("value")}))
    is_number = all(isinstance(row["value"], (int, float, type(None))) for _, row in rows)
    kinds = {"state": "text", "activeAt": "time"} | ({"value": "float"} if is_number else {})
    return _labelled(rows, kinds)


def _alertmanagers(data: Any) -> pd.DataFrame:
    rows: list[_Labelled] = [
        ({}, {"state": state, **one})
        for state in ("active", "dropped")
        for one in data.get(f"{state}Alertmanagers") or ()
    ]
    return _labelled(rows, {"state": "text", "url": "text"})


def _exemplars(data: Any) -> pd.DataFrame:
    from . import samples

    rows: list[_Labelled] = []
    seconds: list[float] = []
    for series in data:
        for one in series["exemplars"]:
            labels = {f"exemplar.{name}": text for name, text in one["labels"].items()}
            seconds.append(samples.number(one["timestamp"]))
            rows.append((series["seriesLabels"], {"value": samples.number(one["value"]), **labels}))
    from .frames import times_dtype

    table = _labelled([(labels, {"time": None, **row}) for labels, row in rows], {"time": "time", "value": "float"})
    table["time"] = columns.epoch_ms([second * 1000 for second in seconds]).astype(times_dtype())
    return table


def _tsdb(data: Any) -> pd.DataFrame:
    rows: list[dict[str, Any]] = []
    for key, found in data.items():
        if isinstance(found, dict):
            rows += [{"statistic": key, "name": name, "value": value} for name, value in found.items()]
        elif isinstance(found, list):
            rows += [{"statistic": key, **one} for one in found]
        else:
            rows.append({"statistic": key, "name": None, "value": found})
    return _labelled([({}, row) for row in rows], {"statistic": "text", "name": "text"})


def _flags(data: Any) -> pd.DataFrame:
    rows: list[_Labelled] = [({}, {"flag": flag, "value": value}) for flag, value in data.items()]
    return _labelled(rows, {"flag": "text", "value": "text"})


def _but(found: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {key: value for key, value in found.items() if key not in names}
