"""Jaeger's traces as a table with one row per span.

===========================  ==============================================================================
column                       content
===========================  ==============================================================================
``traceID`` ``spanID``       text
``parentSpanID``             text, a gap for the first span of a trace
``serviceName``              text, of the process that made the span
``operationName``            text
``startTime``                datetime64[us, UTC]
``duration``                 int64, in microseconds as Jaeger has it
``tags.…``                   the tags of the span, typed as they are
``process.tags.…``           the tags of its process
``flags`` ``logs`` …         what else a span has; logs are lists
===========================  ==============================================================================
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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

__all__ = ["JaegerReader"]

_OWN = ("traceID", "spanID", "parentSpanID", "serviceName", "operationName", "startTime", "duration")
_KINDS = {**dict.fromkeys(_OWN, "text"), "startTime": "object", "duration": "Int64"}
_LATEST_US = 2**62


class JaegerReader(SingleAnswerReader):
    """Reads traces into one table, with one row per span.

    Parameters
    ----------
    limit
        How many spans at most.
    most_traces
        How many traces the answer can hold; None if it holds one.
    """

    def __init__(self, limit: int | None = None, *, most_traces: int | None = None) -> None:
        super().__init__(limit)
        self._most_traces = most_traces

    def read(self, reply: Reply) -> Table:
        """Make a row of each span.

        Raises
        ------
        LoadError
            The reply is an error, or not an answer of Jaeger.
        """
        document = answer.json_of(reply)
        traces = _traces(document, reply)
        rows = [row for trace in traces for row in _spans(trace, reply)]
        frame = _frame(rows)
        is_full = self._most_traces is not None and len(traces) >= self._most_traces
        notes = [f"Jaeger reports an error: {text}" for text in _errors(document)]
        if is_full:
            notes.append(
                f"{len(traces):,} traces, as many as the search gives at most: there may be more; "
                "`-q limit=N` gives more of them"
            )
        return with_total(Table(frame, len(frame), unit="spans", notes=tuple(notes)), is_full)


def _traces(document: Any, reply: Reply) -> list[dict[str, Any]]:
    if not isinstance(document, dict):
        _refuse("it is not an object", reply)
    traces = document.get("data")
    errors = _errors(document)
    if not traces and errors:
        raise LoadError(f"Jaeger answered with an error: {errors[0]}", reply=reply, hint="see all of it with -o json")
    traces = [] if traces is None else traces
    if not isinstance(traces, list) or not all(isinstance(trace, dict) for trace in traces):
        _refuse("it has no traces", reply)
    return traces


def _errors(document: Mapping[str, Any]) -> list[str]:
    errors = document.get("errors")
    if not isinstance(errors, list):
        return []
    return [str(error.get("msg", error)) if isinstance(error, dict) else str(error) for error in errors]


def _spans(trace: Mapping[str, Any], reply: Reply) -> Iterator[dict[str, Any]]:
    """The spans of a trace as flat rows."""
    spans, processes = trace.get("spans") or [], trace.get("processes") or {}
    if not isinstance(spans, list) or not all(isinstance(span, dict) for span in spans):
        _refuse("a trace has no spans", reply)
    for span in spans:
        process = processes.get(str(span.get("processID"))) if isinstance(processes, dict) else None
        process = span.get("process") or process or {}
        process = process if isinstance(process, dict) else {}
        rest = {name: value for name, value in span.items() if name not in (*_OWN, "tags", "processID", "process")}
        parent, others = _parent(span)
        yield {
            "traceID": span.get("traceID", trace.get("traceID")),
            "spanID": span.get("spanID"),
            "parentSpanID": parent,
            "serviceName": process.get("serviceName"),
            "operationName": span.get("operationName"),
            "startTime": span.get("startTime"),
            "duration": span.get("duration"),
            **{f"tags.{name}": value for name, value in _tags(span.get("tags"))},
            **{f"process.tags.{name}": value for name, value in _tags(process.get("tags"))},
            **{name: value for name, value in rest.items() if name != "references" and value not in (None, [])},
            **({"references": others} if others else {}),
        }


def _parent(span: Mapping[str, Any]) -> tuple[Any, list[Any]]:
    """The span that this one is a child of, and references of other kinds."""
    references = span.get("references")
    references = references if isinstance(references, list) else []
    parents = [r for r in references if isinstance(r, dict) and r.get("refType") == "CHILD_OF"]
    if not parents:
        return span.get("parentSpanID") or None, references
    return parents[0].get("spanID"), [reference for reference in references if reference is not parents[0]]


def _tags(tags: Any) -> Iterator[tuple[str, Any]]:
    """Names and values of tags; a name that stands there twice gets a number."""
    names = Names()
    for tag in tags if isinstance(tags, list) else []:
        if isinstance(tag, dict) and "key" in tag:
            yield names.free(str(tag["key"])), tag.get("value")


def _frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    names = dict.fromkeys([*_OWN, *(name for row in rows for name in row)])
    data = {name: [row.get(name) for row in rows] for name in names}
    kinds = _KINDS if not rows else {}
    frame = columns.frame(data, len(rows), kinds=kinds)
    starts = data["startTime"]
    if all(value is None or (type(value) is int and 0 <= value < _LATEST_US) for value in starts):
        frame["startTime"] = _moments(starts)
    return frame


def _moments(us: list[int | None]) -> pd.Series:
    import numpy as np
    import pandas as pd

    numbers = np.array([-(2**63) if value is None else value for value in us], dtype="int64")  # that number is NaT
    return pd.Series(numbers.view("datetime64[us]"), copy=False).dt.tz_localize("UTC")


def _refuse(reason: str, reply: Reply) -> NoReturn:
    raise LoadError(f"this is not an answer of Jaeger: {reason}", reply=reply, hint="see it with -o json")
