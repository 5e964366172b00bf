"""Times of InfluxDB, which have nanosecond resolution."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .. import columns

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["in_nanoseconds", "nanoseconds"]


def nanoseconds(values: Sequence[Any], ns_per_unit: int = 1) -> pd.Series | None:
    """Convert RFC 3339, or whole numbers since 1970, to times in UTC.

    Parameters
    ----------
    values
        All text, or all numbers; None is a gap.
    ns_per_unit
        How many nanoseconds a number counts.

    Returns
    -------
    Series or None
        datetime64[ns, UTC], or [us] for times that nanoseconds do not reach; None if one of them is not a time.
    """
    import numpy as np
    import pandas as pd

    kinds = set(map(type, values)) - {type(None)}
    if kinds <= {str}:
        moments = columns.utc(values)
        return None if moments is None else in_nanoseconds(moments)
    if kinds != {int}:
        return None
    nat = -(2**63)
    numbers = [nat if value is None else value * ns_per_unit for value in values]
    if not all(nat <= number < 2**63 for number in numbers):
        return None
    return pd.Series(np.array(numbers, dtype="int64").view("datetime64[ns]"), copy=False).dt.tz_localize("UTC")


def in_nanoseconds(moments: pd.Series) -> pd.Series:
    """Convert times to nanosecond resolution, unless one is outside its range."""
    import pandas as pd

    try:
        return moments.astype(pd.DatetimeTZDtype("ns", "UTC"))
    except (pd.errors.OutOfBoundsDatetime, OverflowError):
        return moments
