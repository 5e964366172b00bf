"""Checks of the arguments of the Python API, before anything is sent; each refusal is one plain sentence."""

from __future__ import annotations

import numbers
import os
import sys
from collections.abc import Iterable
from typing import Any

from ..call import MAX_CELLS, MAX_FRAME_BYTES, Limits
from ..errors import ConfigError, TargetError
from ..request import pairs

__all__ = ["file_name", "limits", "method", "name", "names", "params", "rows", "seconds", "size", "texts"]


def seconds(what: str, value: Any) -> float:
    """Check that an argument is a number of seconds above 0; `what` is its name."""
    if _number(value) > 0:
        return float(value)
    raise TargetError(f"{what} is a number of seconds above 0, not {value!r}", hint=f"{what}=60 is a minute")


def size(what: str, value: Any) -> int:
    """Check that an argument is a number of bytes above 0; `what` is its name."""
    if 1 <= _number(value) < sys.maxsize:
        return int(value)
    raise TargetError(f"{what} is a number of bytes above 0, not {value!r}", hint=f"{what}=2**20 is one MiB")


def count(what: str, value: Any) -> int:
    """Check that an argument is a whole number above 0; `what` is its name."""
    if isinstance(value, numbers.Integral) and 1 <= _number(value) < sys.maxsize:
        return int(value)
    raise TargetError(f"{what} is a whole number above 0, not {value!r}", hint=f"{what}=1_000_000")


def limits(
    connect_timeout_s: Any,
    silence_timeout_s: Any,
    timeout_s: Any,
    max_bytes: Any,
    max_cells: Any = MAX_CELLS,
    max_frame_bytes: Any = MAX_FRAME_BYTES,
) -> Limits:
    """Check the limits that a caller set: seconds, bytes and cells."""
    return Limits(
        connect_s=seconds("connect_timeout_s", connect_timeout_s),
        silence_s=seconds("silence_timeout_s", silence_timeout_s),
        total_s=seconds("timeout_s", timeout_s),
        max_bytes=size("max_bytes", max_bytes),
        max_cells=count("max_cells", max_cells),
        max_frame_bytes=size("max_frame_bytes", max_frame_bytes),
    )


def rows(limit: Any) -> int | None:
    """Check a number of rows: None for what one answer holds, ``"all"`` for all."""
    if limit is None or limit == "all":
        return None if limit is None else sys.maxsize
    if isinstance(limit, numbers.Integral) and _number(limit) > 0:
        return int(limit)
    raise TargetError(f"a limit is a number of rows above 0, or 'all', not {limit!r}", hint="limit=100 reads 100 rows")


def method(value: Any) -> str:
    """Check an HTTP method; anything but text becomes "", which every request refuses."""
    return value if isinstance(value, str) else ""


def params(value: Any) -> str | tuple[tuple[str, Any], ...]:
    """Check the parameters of a query: text as typed, or pairs."""
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return value.decode(errors="surrogateescape")
    return tuple(pairs(value, "params"))


def texts(**arguments: Any) -> None:
    """Check that arguments that name or select objects are text or None."""
    for what, value in arguments.items():
        if value is not None and not isinstance(value, str):
            raise TargetError(f"{what} is text, not {type(value).__name__}", hint=f'{what}="TEXT"')


def name(what: str, value: Any) -> str | None:
    """Check that an argument is text or None; `what` is its name."""
    if value is None or isinstance(value, str):
        return value
    raise ConfigError(f"{what} is text, not {type(value).__name__}", hint=f'{what}="NAME"')


def names(what: str, value: Any) -> tuple[str, ...]:
    """Check several texts; a single text counts as one, and is not split into letters."""
    values = (value,) if isinstance(value, str) or not isinstance(value, Iterable) else tuple(value)
    return tuple(name(what, item) or "" for item in values)


def file_name(what: str, value: Any) -> str | os.PathLike[str] | None:
    """Check that an argument is the path of a file or None; `what` is its name."""
    if value is None or isinstance(value, str | os.PathLike):
        return value
    raise ConfigError(f"{what} is the path of a file, not {type(value).__name__}", hint=f'{what}="~/.kube/config"')


def _number(value: Any) -> float:
    """A number as a float, NumPy's included; NaN for anything else."""
    return float("nan") if isinstance(value, bool) or not isinstance(value, numbers.Real) else float(value)
