"""DataFrames of this package's own records, such as the history."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["frame_of"]


def frame_of(
    names: Sequence[str], rows: Iterable[Sequence[Any] | Mapping[str, Any]], whole_numbers: Sequence[str] = ()
) -> pd.DataFrame:
    """Make a DataFrame of rows that have the same columns.

    Parameters
    ----------
    names
        The columns, in their order.
    rows
        Values in the order of the columns, or by column.
    whole_numbers
        Columns of whole numbers with gaps: they become ``Int64``.
    """
    import pandas as pd

    return pd.DataFrame(list(rows), columns=list(names)).astype(dict.fromkeys(whole_numbers, "Int64"))
