"""What a caller of the Python face gives, checked before anything is sent: one plain sentence for what cannot be."""

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
    """A number of seconds above 0."""
    if _number(value) > 0:
        return float(value)
    raise TargetError(f"{what} is a number of seconds above 0, not {value!r}", hint=f"{what}=60 is a minute")


def size(what: str, value: Any) -> int:
    """A number of bytes above 0."""
    if 1 <= _number(value) < sys.maxsize:
        return int(value)
    raise TargetError(f"{what} is a number of bytes above 0, not {value!r}", hint=f"{what}=2**20 is one MiB")


def count(what: str, value: Any) -> int:
    """A whole number above 0."""
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
    """The limits of a query, from what a caller set."""
    return Limits(
        connect_s=seconds("connect_timeout_s", connect_timeout_s),
        silence_s=seconds("silence_timeout_s", silence_timeout_s),
        total_s=seconds("timeout_s", timeout_s),
        max_bytes=size("max_bytes", max_bytes),
        max_cells=count("max_cells", max_cells),
        max_frame_bytes=size("max_frame_bytes", max_frame_bytes),
    )


def rows(limit: Any) -> int | None:
    """How many rows, None for as many as one answer has."""
    if limit is None or limit == "all":
        return None if limit is None else sys.maxsize
    if isinstance(limit, numbers.Integral) and _number(limit) > 0:
        return int(limit)
    raise TargetError(f"a limit is a number of rows above 0, or 'all', not {limit!r}", hint="limit=1000 reads so many")


def method(value: Any) -> str:
    """An HTTP method; "" for what is none, which no request takes."""
    return value if isinstance(value, str) else ""


def params(value: Any) -> str | tuple[tuple[str, Any], ...]:
    """The parameters of a query: text as typed, or pairs."""
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return value.decode(errors="surrogateescape")
    return tuple(pairs(value, "params"))


def texts(**given: Any) -> None:
    """What names or chooses objects is text, or None."""
    for what, value in given.items():
        if value is not None and not isinstance(value, str):
            raise TargetError(f"{what} is text, not {type(value).__name__}", hint=f'{what}="TEXT"')


def name(what: str, value: Any) -> str | None:
    """A text, or None."""
    if value is None or isinstance(value, str):
        return value
    raise ConfigError(f"{what} is text, not {type(value).__name__}", hint=f'{what}="NAME"')


def names(what: str, value: Any) -> tuple[str, ...]:
    """Several texts; one alone is one of them, and not its letters."""
    found = (value,) if isinstance(value, str) or not isinstance(value, Iterable) else tuple(value)
    return tuple(name(what, one) or "" for one in found)


def file_name(what: str, value: Any) -> str | os.PathLike[str] | None:
    """The path of a file, or None."""
    if value is None or isinstance(value, str | os.PathLike):
        return value
    raise ConfigError(f"{what} is the path of a file, not {type(value).__name__}", hint=f'{what}="~/.kube/config"')


def _number(value: Any) -> float:
    """A number, NumPy's too; not a number where it is none."""
    return float("nan") if isinstance(value, bool) or not isinstance(value, numbers.Real) else float(value)
