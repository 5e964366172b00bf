"""Labels of series: as columns of a frame, and as a PromQL selector."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from ..budget import DEFAULT, FrameBudget

__all__ = ["NAME", "column_names", "label_columns", "series_name"]

NAME = "__name__"
"""The label that holds the name of the metric."""

_PLAIN_METRIC = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_PLAIN_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


def label_columns(
    metrics: Sequence[Mapping[str, str]], own: Iterable[str] = (), budget: FrameBudget = DEFAULT
) -> dict[str, list[str | None]]:
    """Make one column for each label: the name of the metric first, then the others in alphabetical order.

    Parameters
    ----------
    metrics
        The labels of each series, one row each. A label that a series does not have is None.
    own
        Names of the frame's other columns. A label of such a name becomes ``exported_NAME``.
    budget
        The limits on the size of the frame.
    """
    names = dict.fromkeys(name for labels in metrics for name in labels)
    budget.check_cells(len(metrics), len(names), sum(map(len, metrics)))
    column_of = column_names(names, own)
    ordered = sorted(names, key=lambda name: (name != NAME, name))
    return {column_of[name]: [labels.get(name) for labels in metrics] for name in ordered}


def column_names(names: Iterable[str], own: Iterable[str]) -> dict[str, str]:
    """Choose the column name of each label, so that no two columns are called the same.

    Parameters
    ----------
    names
        The labels.
    own
        Names of columns that the frame has besides. As Prometheus itself does in a scrape, a label of such a name is
        renamed to ``exported_NAME``.

    Returns
    -------
    dict
        The column name of each label.
    """
    column_of = {name: name for name in names}
    own = set(own)
    taken = own | set(column_of)
    for name in sorted(own & set(column_of)):
        free = name
        while free in taken:
            free = f"exported_{free}"
        taken.add(free)
        column_of[name] = free
    return column_of


def series_name(labels: Mapping[str, str]) -> str:
    """Write a series as PromQL selects it.

    This is ``up{job="node"}``, or ``{"my.metric","a.b"="c"}`` where a name has to be quoted.
    """
    name = labels.get(NAME)
    is_plain = name is None or _PLAIN_METRIC.fullmatch(name) is not None
    parts = [] if is_plain or name is None else [_quoted(name)]
    for label in sorted(labels):
        if label != NAME:
            written = label if _PLAIN_LABEL.fullmatch(label) else _quoted(label)
            parts.append(f"{written}={_quoted(labels[label])}")
    inner = ",".join(parts)
    if not is_plain:
        return f"{{{inner}}}"
    return (name or "") + (f"{{{inner}}}" if inner or name is None else "")


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
