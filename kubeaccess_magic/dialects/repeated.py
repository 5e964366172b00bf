"""Columns of repeated values, such as the labels of a series beside its samples.

Each text is looked at once, however many rows it has.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from .budget import FrameBudget

    Counts = NDArray[np.int64]

__all__ = ["check_text", "repeated", "table", "text"]

_REMEDY = "`--categories` (categories=True) keeps each text once; or ask for less"


def check_text(columns: Iterable[tuple[Sequence[str | None], Counts]], budget: FrameBudget) -> None:
    """Raise LimitExceeded if columns of repeated text would take too much memory.

    Parameters
    ----------
    columns
        The texts of each column, and how many rows each of them has.
    budget
        The limits on the size of the frame.
    """
    import numpy as np

    size, rows = 0.0, 0
    for values, counts in columns:
        lengths = np.fromiter((len(value or "") for value in values), dtype=float, count=len(values))
        size += float(lengths @ counts)
        rows = int(counts.sum())
        budget.check_bytes(size, f"the text that repeats in {rows:,} rows", _REMEDY)


def repeated(values: Sequence[str | None], counts: Counts, *, as_categories: bool) -> pd.Series:
    """Make a column of texts, each repeated as often as `counts` says.

    Parameters
    ----------
    values
        The texts; None is a gap.
    counts
        How many rows each of them has.
    as_categories
        Whether to make a categorical column, which repeats small codes instead of the texts.
    """
    return _categories(values, counts) if as_categories else text(values, counts)


def table(columns: dict[str, Any], rows: int) -> pd.DataFrame:
    """Make a frame of columns that have their dtypes already."""
    import pandas as pd

    frame = pd.DataFrame(dict(enumerate(columns.values())), index=pd.RangeIndex(rows), copy=False)
    frame.columns = pd.Index(text(list(columns), _ones(len(columns))))  # a name may have no UTF-8 form
    return frame


def text(values: Sequence[str | None], counts: Counts) -> pd.Series:
    """Make a column of pandas' text dtype, each value repeated as often as `counts` says.

    The dtype is object in pandas 2, and where a text has no UTF-8 form.
    """
    import numpy as np
    import pandas as pd

    dtype: Any = pd.Series([""]).dtype  # what pandas itself makes of text
    try:
        # Each text becomes one run of bytes, which is copied as a whole; no row is looked at.
        pieces = [b"" if value is None else value.encode() for value in values]
    except UnicodeEncodeError:  # half of a surrogate pair
        dtype = np.dtype(object)
    if getattr(dtype, "storage", None) == "pyarrow":
        arrow: pd.Series = pd.Series(dtype.__from_arrow__(_arrow(values, pieces, counts)), copy=False)
        return arrow
    objects = np.fromiter(values, dtype=object, count=len(values))
    column: pd.Series = pd.Series(np.repeat(objects, counts), dtype=dtype, copy=False)
    return column


def _categories(values: Sequence[str | None], counts: Counts) -> pd.Series:
    """Make a categorical column; the categories are sorted."""
    import numpy as np
    import pandas as pd

    texts = sorted({value for value in values if value is not None})
    code_of: dict[str | None, int] = {value: code for code, value in enumerate(texts)}
    kind = "int8" if len(texts) < 2**7 else "int16" if len(texts) < 2**15 else "int32"
    codes = np.array([code_of.get(value, -1) for value in values], dtype=kind)
    index = pd.Index(text(texts, _ones(len(texts))))
    return pd.Series(pd.Categorical.from_codes(np.repeat(codes, counts), categories=index), copy=False)


def _ones(count: int) -> Counts:
    import numpy as np

    return np.ones(count, dtype="int64")


def _arrow(values: Sequence[str | None], pieces: Sequence[bytes], counts: Counts) -> Any:
    import numpy as np
    import pyarrow as pa

    rows = int(counts.sum())
    lengths = np.fromiter(map(len, pieces), dtype="int64", count=len(pieces))
    offsets = np.zeros(rows + 1, dtype="int64")
    np.cumsum(np.repeat(lengths, counts), out=offsets[1:])
    data = b"".join([piece * times for piece, times in zip(pieces, counts.tolist(), strict=True)])
    mask, gaps = None, np.fromiter((value is None for value in values), dtype=bool, count=len(values))
    if gaps.any():
        mask = pa.py_buffer(np.packbits(~np.repeat(gaps, counts), bitorder="little"))
    return pa.LargeStringArray.from_buffers(rows, pa.py_buffer(offsets), pa.py_buffer(data), mask)
