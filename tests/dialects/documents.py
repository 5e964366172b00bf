"""Any JSON documents, for hypothesis; with what makes trouble in them."""

from __future__ import annotations

from typing import Any

import pandas as pd
from hypothesis import strategies as st

JSON_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False)
    | st.text(max_size=5)
    | st.sampled_from(["\ud800", "2026-11-01T00:00:00Z", "1", ""])
)
JSON = st.recursive(
    JSON_SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "a.b", "c", ""]), inner, max_size=3)
    ),
    max_leaves=8,
)
RECORDS = st.lists(
    st.dictionaries(st.sampled_from(["a", "b", "a.b", "b.a", "\ud801", "d"]), JSON, max_size=4), max_size=6
)


def values_of(value: Any) -> list[str]:
    """Every value that a record has, or a row of a frame, in no order: what one has the other has to have."""
    if isinstance(value, dict):
        return sorted(text for inner in value.values() for text in values_of(inner))
    if value is None:
        return []
    if isinstance(value, pd.Timestamp):
        value = value.isoformat().replace("+00:00", "Z")
    if type(value) is int and abs(value) <= 2**53:  # 1 and 1.0 are one number
        value = float(value)
    return [repr(value)]
