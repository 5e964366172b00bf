"""Spans of OpenTelemetry, and the traces that a search finds.

Of a trace, one row per span: ``traceId``, ``spanId``, ``parentSpanId``, ``service.name``, ``name``, ``kind``,
``startTime`` and ``endTime`` (datetime64[ns, UTC]), ``durationNanos`` (int64), ``status.…``, then ``attributes.…`` and
``resource.…``.

Of a search, one row per span that it matched, with what it says of the trace in front; a trace without spans is one
row.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from ...errors import LoadError
from .. import answer, columns
from ..columns import Names
from ..joining import with_total
from ..protocol import Table
from ..readers import SingleAnswerReader

if TYPE_CHECKING:
    import pandas as pd

    from ...reply import Reply

__all__ = ["TempoReader"]

_DEFAULT_TRACES = 20  # of a search that does not say
_SPAN = ("traceId", "spanId", "parentSpanId", "service.name", "name", "kind", "startTime", "endTime", "durationNanos")
_FOUND = ("traceID", "rootServiceName", "rootTraceName", "startTime", "durationMs")
_IDS = {"traceId": 32, "spanId": 16, "parentSpanId": 16}
"""How many hexadecimal digits each id has."""


class TempoReader(SingleAnswerReader):
    """Reads traces, or a search for them, into one table."""

    def read(self, reply: Reply) -> Table:
        """Make a row of each span.

        Raises
        ------
        LoadError
            The reply is not an answer of Tempo.
        """
        document = answer.json_of(reply)
        if not isinstance(document, dict):
            _refuse("it is not an object", reply)
        trace = document.get("trace", document)
        batches = trace.get("batches", trace.get("resourceSpans")) if isinstance(trace, dict) else None
        if batches is not None or "trace" in document:
            frame = _frame(list(_spans(_objects(batches, reply))), _SPAN)
            table = Table(frame, len(frame), unit="spans", notes=tuple(_messages(document)))
            return with_total(table, document.get("status") == "PARTIAL")
        return self._found(document, reply)

    def _found(self, document: Mapping[str, Any], reply: Reply) -> Table:
        if not {"traces", "metrics"} & set(document):
            _refuse("it has no traces", reply)
        traces = _objects(document.get("traces"), reply)
        frame = _frame([row for trace in traces for row in _matches(trace)], _FOUND)
        text = reply.request.param("limit") or ""
        is_full = len(traces) >= (int(text) if re.fullmatch(r"[1-9]\d{0,8}", text) else _DEFAULT_TRACES)
        notes = []
        if is_full:
            notes.append(
                f"{len(traces):,} traces, as many as the search gives at most: there may be more; "
                "`-q limit=N` gives more of them"
            )
        cut = sum(1 for trace in traces for spans in _span_sets(trace) if _is_cut(spans))
        if cut:
            notes.append(f"of {cut:,} traces, more spans match than the answer has; `-q spss=N` gives more of them")
        table = Table(frame, len(frame), unit="spans", notes=tuple(notes))
        return with_total(table, is_full or bool(cut))


def _objects(value: Any, reply: Reply) -> list[dict[str, Any]]:
    value = [] if value is None else value
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        _refuse("it has no traces", reply)
    return value


def _spans(batches: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """The spans of all resources as flat rows."""
    for batch in batches:
        resource = batch.get("resource")
        of_resource = dict(_attributes(resource.get("attributes"))) if isinstance(resource, dict) else {}
        service = of_resource.pop("service.name", None)
        scopes = batch.get("scopeSpans") or batch.get("instrumentationLibrarySpans") or []
        for scope in _dicts(scopes):
            described = scope.get("scope") or scope.get("instrumentationLibrary")
            for span in _dicts(scope.get("spans")):
                yield {
                    **_span(span, service),
                    **{f"attributes.{name}": value for name, value in _attributes(span.get("attributes"))},
                    **{f"resource.{name}": value for name, value in of_resource.items()},
                    **({"scope": described["name"]} if isinstance(described, dict) and described.get("name") else {}),
                    **{name: span[name] for name in ("events", "links", "traceState") if span.get(name)},
                }


def _span(span: Mapping[str, Any], service: Any) -> dict[str, Any]:
    start, end = _whole(span.get("startTimeUnixNano")), _whole(span.get("endTimeUnixNano"))
    status = span.get("status")
    return {
        **{name: _id(span.get(name), digits) for name, digits in _IDS.items()},
        "service.name": service,
        "name": span.get("name"),
        "kind": span.get("kind"),
        "startTime": start,
        "endTime": end,
        "durationNanos": end - start if start is not None and end is not None else None,
        **({f"status.{name}": value for name, value in status.items()} if isinstance(status, dict) else {}),
    }


def _matches(trace: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The spans that a search matched in a trace, or the trace alone."""
    start = _whole(trace.get("startTimeUnixNano"))
    head = {name: trace.get(name) for name in _FOUND} | {"startTime": start}
    spans = [span for each in _span_sets(trace) for span in _dicts(each.get("spans"))]
    for span in spans:
        yield {
            **head,
            "spanID": span.get("spanID"),
            **({"name": span["name"]} if span.get("name") else {}),
            "span.startTime": _whole(span.get("startTimeUnixNano")),
            "durationNanos": _whole(span.get("durationNanos")),
            **{f"attributes.{name}": value for name, value in _attributes(span.get("attributes"))},
        }
    if not spans:
        yield head


def _span_sets(trace: Mapping[str, Any]) -> list[dict[str, Any]]:
    several = trace.get("spanSets")
    return _dicts(several if isinstance(several, list) and several else [trace.get("spanSet")])


def _is_cut(spans: Mapping[str, Any]) -> bool:
    matched = _whole(spans.get("matched"))
    return matched is not None and matched > len(_dicts(spans.get("spans")))


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _attributes(attributes: Any) -> Iterator[tuple[str, Any]]:
    """Names and values; a name that stands there twice gets a number."""
    names = Names()
    for attribute in _dicts(attributes):
        if "key" in attribute:
            yield names.free(str(attribute["key"])), _value(attribute.get("value"))


def _value(value: Any) -> Any:
    """A value without its type around it; lists and objects stay as they are."""
    if not isinstance(value, dict) or len(value) != 1:
        return value
    ((kind, inner),) = value.items()
    if kind == "intValue":
        return _whole(inner) if _whole(inner) is not None else inner
    return inner if kind in ("stringValue", "boolValue", "doubleValue", "bytesValue") else value


def _whole(value: Any) -> int | None:
    """A whole number, which JSON of OpenTelemetry may write as text."""
    if type(value) is int:
        return value
    return int(value) if isinstance(value, str) and re.fullmatch(r"-?\d{1,19}", value) else None


def _id(value: Any, digits: int) -> Any:
    """An id in hexadecimal digits, as everybody shows it. Tempo writes it in base64."""
    if not isinstance(value, str) or re.fullmatch(rf"[0-9a-fA-F]{{{digits}}}", value):
        return value or None
    try:
        raw = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return value or None
    return raw.hex() if 2 * len(raw) == digits else value or None


def _messages(document: Mapping[str, Any]) -> list[str]:
    return [f"Tempo says: {document['message']}"] if isinstance(document.get("message"), str) else []


def _frame(rows: list[dict[str, Any]], own: Sequence[str]) -> pd.DataFrame:
    names = dict.fromkeys([*own, *(name for row in rows for name in row)])
    data = {name: [row.get(name) for row in rows] for name in names}
    frame = columns.frame(data, len(rows), kinds=dict.fromkeys(own, "text") if not rows else None)
    for name in ("startTime", "endTime", "span.startTime"):
        if name in data and all(value is None or 0 <= value < 2**63 for value in data[name]):
            frame[name] = _moments(data[name])
    return frame


def _moments(ns: Sequence[int | None]) -> pd.Series:
    import numpy as np
    import pandas as pd

    numbers = np.array([-(2**63) if value is None else value for value in ns], dtype="int64")  # that number is NaT
    return pd.Series(numbers.view("datetime64[ns]"), copy=False).dt.tz_localize("UTC")


def _refuse(reason: str, reply: Reply) -> NoReturn:
    raise LoadError(f"this is not an answer of Tempo: {reason}", reply=reply, hint="see it with -o json")
