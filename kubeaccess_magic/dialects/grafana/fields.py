"""The fields of a frame of Grafana: their names, labels and values."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..columns import Names

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Field", "fields_of", "moments"]

_NS_PER_MS = 1_000_000
_ENTITIES = {"NaN": math.nan, "Inf": math.inf, "NegInf": -math.inf}


@dataclasses.dataclass(frozen=True)
class Field:
    """A column of a frame.

    Attributes
    ----------
    name
        No other field of its frame has it.
    is_time
        Whether its values are times, in nanoseconds since 1970.
    labels
        What tells it apart from fields of the same name.
    values
        One per row; None is a gap.
    """

    name: str
    is_time: bool
    labels: dict[str, str]
    values: list[Any]


def fields_of(frame: Any) -> tuple[str | None, list[Field]]:
    """Read the name and the fields of a frame.

    Raises
    ------
    ValueError
        The value is not a Grafana frame.
    """
    schema = frame.get("schema") if isinstance(frame, dict) else None
    data = frame.get("data") if isinstance(frame, dict) else None
    described = schema.get("fields") if isinstance(schema, dict) else None
    described = [] if described is None else described
    values = data.get("values") if isinstance(data, dict) else None
    values = [[] for _ in described] if values is None else values
    if not isinstance(schema, dict) or not isinstance(described, list) or not isinstance(values, list):
        raise ValueError("a frame has no fields")
    if len(values) != len(described) or not all(isinstance(v, list) and len(v) == len(values[0]) for v in values):
        raise ValueError("a frame has not as many values as its fields need")
    name = schema.get("name")
    # Fields of one name are told apart by their labels; if they have none, by a number.
    names: dict[tuple[tuple[str, str], ...], Names] = {}
    fields = [
        _field(one, at, values[at], data if isinstance(data, dict) else {}, names) for at, one in enumerate(described)
    ]
    return name if isinstance(name, str) and name else None, fields


def moments(ns: Sequence[Any]) -> pd.Series | None:
    """Convert nanoseconds since 1970 to times in UTC; None if one of them is not a time."""
    import numpy as np
    import pandas as pd

    nat = -(2**63)
    if not all(value is None or (type(value) is int and nat < value < 2**63) for value in ns):
        return None
    numbers = np.array([nat if value is None else value for value in ns], dtype="int64")
    return pd.Series(numbers.view("datetime64[ns]"), copy=False).dt.tz_localize("UTC")


def _field(described: Any, at: int, values: list[Any], data: Mapping[str, Any], names: dict[Any, Names]) -> Field:
    if not isinstance(described, dict):
        raise ValueError("a field is not described")
    labels = described.get("labels") or {}
    if not isinstance(labels, dict):
        raise ValueError("the labels of a field are not an object")
    labels = {str(name): str(value) for name, value in labels.items()}
    is_time = described.get("type") == "time"
    name = described.get("name") or ("Time" if is_time else "Value")
    key = () if is_time else tuple(sorted(labels.items()))
    free = names.setdefault(key, Names()).free(str(name))
    values = _with_entities(values, _at(data.get("entities"), at))
    if is_time:
        values = _nanoseconds(values, _at(data.get("nanos"), at))
    return Field(free, is_time, {} if is_time else labels, values)


def _at(several: Any, at: int) -> Any:
    return several[at] if isinstance(several, list) and at < len(several) else None


def _with_entities(values: list[Any], entities: Any) -> list[Any]:
    """Put in the numbers that JSON has not, which are written beside the values."""
    if not isinstance(entities, dict):
        return values
    values = list(values)
    for name, number in _ENTITIES.items():
        places = entities.get(name)
        for place in places if isinstance(places, list) else []:
            if type(place) is int and 0 <= place < len(values):
                values[place] = number
    return values


def _nanoseconds(values: list[Any], nanos: Any) -> list[Any]:
    """Milliseconds, and the nanoseconds beside them, as one number; anything else as it is."""
    rest = nanos if isinstance(nanos, list) and len(nanos) == len(values) else [0] * len(values)
    return [
        value * _NS_PER_MS + (more if type(more) is int else 0) if type(value) is int else value
        for value, more in zip(values, rest, strict=True)
    ]
