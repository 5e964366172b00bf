"""Samples as CSV. The columns are those that ``format`` in the request names.

``__timestamp__`` becomes the column ``time`` in UTC, ``__value__`` the column ``value`` as float64. Labels are text.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from ...errors import LoadError
from .. import answer, columns
from ..prometheus.exact import number
from ..prometheus.form_parameters import parameters_of
from ..prometheus.series_labels import column_names
from ..protocol import Table
from ..readers import SingleAnswerReader

if TYPE_CHECKING:
    import pandas as pd
    from pandas.api.extensions import ExtensionArray

    from ...reply import Reply

__all__ = ["CsvReader"]

_NS_PER = {"unix_s": 10**9, "unix_ms": 10**6, "unix_ns": 1, "": 10**9}


class CsvReader(SingleAnswerReader):
    """Reads exported CSV into one table.

    Parameters
    ----------
    limit
        How many rows at most.
    header
        Whether the first line holds names. None finds it out.
    """

    def __init__(self, limit: int | None = None, *, header: bool | None = None) -> None:
        super().__init__(limit)
        self._header = header

    def read(self, reply: Reply) -> Table:
        """Make a table of all lines.

        Raises
        ------
        LoadError
            The answer is not the CSV that was requested.
        """
        fields = [field.strip() for field in parameters_of(reply.request).get("format", "").split(",") if field]
        try:
            rows = [row for row in csv.reader(io.StringIO(answer.text_of(reply), newline=""), strict=True) if row]
        except csv.Error as error:
            _refuse(f"{error}", reply)
        names = [field.partition(":")[0] for field in fields]
        if rows and (self._header if self._header is not None else rows[0] in (fields, names)):
            rows = rows[1:]
        if not fields or any(len(row) != len(fields) for row in rows):
            _refuse("its lines do not fit the parameter `format`", reply)
        return Table(_frame(fields, rows), len(rows), unit="samples")


def _frame(fields: Sequence[str], rows: Sequence[Sequence[str]]) -> pd.DataFrame:
    labels = [field for field in fields if field.partition(":")[0] not in ("__timestamp__", "__value__")]
    column_of = column_names(dict.fromkeys(labels), ("time", "value"))
    free = columns.Names()
    data: dict[str, Any] = {}
    for at, field in enumerate(fields):
        name, _, form = field.partition(":")
        texts = [row[at] for row in rows]
        if name == "__timestamp__":
            data[free.free("time")] = _times(texts, form)
        elif name == "__value__":
            data[free.free("value")] = _numbers(texts)
        else:
            data[free.free(column_of[field])] = columns.of_kind([text or None for text in texts], "text")
    return columns.assembled(data, len(rows))


def _numbers(texts: Sequence[str]) -> pd.Series | ExtensionArray:
    try:
        return columns.of_kind([number(text) if text else None for text in texts], "float")
    except ValueError:
        return columns.of_kind(texts, "text")


def _times(texts: Sequence[str], form: str) -> pd.Series | ExtensionArray:
    import numpy as np
    import pandas as pd

    if form == "rfc3339":
        moments = columns.utc(texts)
        return columns.of_kind(texts, "text") if moments is None else moments
    if form not in _NS_PER:  # a format of the user's own
        return columns.of_kind(texts, "text")
    try:
        numbers = np.array([int(text) * _NS_PER[form] for text in texts], dtype="int64")
    except (ValueError, OverflowError):
        return columns.of_kind(texts, "text")
    return pd.Series(numbers.view("datetime64[ns]"), copy=False).dt.tz_localize("UTC")


def _refuse(reason: str, reply: Reply) -> NoReturn:
    raise LoadError(
        f"this is not an export of VictoriaMetrics: {reason}",
        reply=reply,
        hint="see it with -o text, or read it with --dialect records",
    )
