"""The exact way to read log lines: one by one, as Python values. Its errors say what is wrong, and where."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NoReturn

from ...errors import LoadError
from .line_page import LinePage, text_column

if TYPE_CHECKING:
    from ...reply import Reply

__all__ = ["read"]

_CATEGORIES = frozenset({"structuredMetadata", "parsed"})


def read(document: Any, reply: Reply) -> LinePage | None:
    """Read log lines one by one.

    Parameters
    ----------
    document
        The JSON of the answer.
    reply
        The answer, for errors.

    Returns
    -------
    LinePage or None
        None if the answer holds no log lines.

    Raises
    ------
    LoadError
        It holds log lines, but not as it should.
    """
    data = document.get("data") if isinstance(document, dict) else None
    if not isinstance(data, dict) or data.get("resultType") != "streams" or document.get("status") != "success":
        return None
    flags = data.get("encodingFlags")
    lines = _Lines(reply, has_categories=isinstance(flags, list) and "categorize-labels" in flags)
    result = data.get("result")
    for stream in [] if result is None else _listed(result, "data.result", reply):
        lines.add(stream)
    return lines.page(document.get("warnings"))


class _Lines:
    """Log lines while they are read, stream by stream."""

    def __init__(self, reply: Reply, *, has_categories: bool) -> None:
        self._reply, self._has_categories = reply, has_categories
        self._label_sets: list[dict[str, str]] = []
        self._counts: list[int] = []
        self._times: list[int] = []
        self._texts: list[Any] = []
        self._metadata: list[dict[str, Any]] = []

    def add(self, stream: Any) -> None:
        where = f"data.result[{len(self._label_sets)}]"
        labels = stream.get("stream", {}) if isinstance(stream, dict) else None
        if not isinstance(labels, dict):
            _refuse(f"{where} is not a stream", self._reply)
        self._label_sets.append({name: _text(value) for name, value in labels.items()})
        entries = _listed(stream.get("values") or [], f"{where}.values", self._reply)
        self._counts.append(len(entries))
        for at, entry in enumerate(entries):
            if not isinstance(entry, list) or len(entry) < 2 or (time := _nanoseconds(entry[0])) is None:
                _refuse(f"{where}.values[{at}] is not a time and a line", self._reply)
            self._times.append(time)
            self._texts.append(_text(entry[1]))
            self._metadata.append(self._metadata_of(entry[2:]))

    def page(self, warnings: Any) -> LinePage:
        import numpy as np

        names = dict.fromkeys(name for metadata in self._metadata for name in metadata)
        return LinePage(
            self._label_sets,
            np.array(self._counts, dtype="int64"),
            np.array(self._times, dtype="int64"),
            text_column(self._texts),
            {name: [metadata.get(name) for metadata in self._metadata] for name in names},
            tuple(text for text in warnings if isinstance(text, str)) if isinstance(warnings, list) else (),
        )

    def _metadata_of(self, rest: list[Any]) -> dict[str, Any]:
        """Read what stands behind a line: names and values, or two groups of them if the answer says so."""
        given = rest[0] if rest and isinstance(rest[0], dict) else {}
        if self._has_categories and set(given) <= _CATEGORIES and all(isinstance(v, dict) for v in given.values()):
            groups = [given[name] for name in ("structuredMetadata", "parsed") if name in given]
        else:
            groups = [given]
        return {name: None if value is None else _text(value) for group in groups for name, value in group.items()}


def _nanoseconds(value: Any) -> int | None:
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        return None
    try:
        time = int(value)
    except ValueError:
        return None
    return time if -(2**63) <= time < 2**63 else None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _listed(value: Any, where: str, reply: Reply) -> list[Any]:
    if not isinstance(value, list):
        _refuse(f"{where} is not a list", reply)
    return value


def _refuse(reason: str, reply: Reply) -> NoReturn:
    raise LoadError(f"this is not an answer of Loki: {reason}", reply=reply, hint="see it with -o json")
