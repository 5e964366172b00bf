"""Kubernetes quantities and durations as numbers: ``128Mi`` is 134217728, ``250m`` is 0.25.

The grammar is that of ``resource.Quantity`` (k8s.io/apimachinery/pkg/api/resource/quantity.go): a decimal number,
then one of ``n u m k M G T P E``, ``Ki Mi Gi Ti Pi Ei``, or an exponent (``1e3``, ``1E-3``; ``1E`` is exa). The value
is exactly the one that is written. Go's type caps some values at 2^63 - 1 and rounds some up to nanos.
"""

from __future__ import annotations

import functools
import re
from typing import Any

__all__ = ["quantity", "seconds"]

_QUANTITY = re.compile(
    r"(?P<sign>[+-]?)(?:(?P<whole>[0-9]+)(?:\.(?P<part>[0-9]*))?|\.(?P<only>[0-9]+))"
    r"(?:(?P<suffix>[KMGTPE]i|[numkMGTPE])|[eE](?P<exponent>[+-]?[0-9]{1,3}))?"
)
_MAX_CHARACTERS = 100  # Python needs minutes for a number of a million digits, which nobody means
_DECIMAL = {"n": -9, "u": -6, "m": -3, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}

_DURATION = re.compile(r"(?P<sign>[+-]?)(?P<parts>(?:(?:[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)(?:ns|us|µs|μs|ms|s|m|h))+|0)")
_PART = re.compile(r"(?<![0-9.])([0-9.]++)(ns|us|µs|μs|ms|s|m|h)")
_UNIT_NS = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,
    "μs": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
}


def quantity(value: Any) -> Any:
    """The number that a quantity stands for.

    Parameters
    ----------
    value
        The quantity as text, or as a JSON number.

    Returns
    -------
    Any
        An int for a whole number, else the nearest float. A value that is not a quantity is returned unchanged.
    """
    return _quantity(value) if type(value) is str else value


@functools.lru_cache(maxsize=4096)  # a cluster has few different ones
def _quantity(text: str) -> int | float | str:
    match = _QUANTITY.fullmatch(text) if len(text) <= _MAX_CHARACTERS else None
    if match is None:
        return text
    whole, part = match["whole"] or "", match["part"] or match["only"] or ""
    digits = int(whole + part)
    exponent = -len(part)
    suffix = match["suffix"] or ""
    if suffix in _BINARY:
        digits <<= _BINARY[suffix]
    else:
        exponent += int(match["exponent"]) if match["exponent"] else _DECIMAL.get(suffix, 0)
    if match["sign"] == "-":
        digits = -digits
    digits *= int("1" + "0" * max(exponent, 0))
    scale = int("1" + "0" * max(-exponent, 0))
    if digits % scale == 0:
        return digits // scale
    try:
        return digits / scale
    except OverflowError:  # smaller or larger than any float
        return text


def seconds(value: Any) -> Any:
    """The seconds of a duration as Go prints it: ``1h2m3.5s``, ``15.016s``, ``20ms``.

    A value that is not such a duration is returned unchanged.
    """
    match = _DURATION.fullmatch(value) if type(value) is str and len(value) <= _MAX_CHARACTERS else None
    if match is None:
        return value
    total_ns = sum(float(number) * _UNIT_NS[unit] for number, unit in _PART.findall(match["parts"]))
    return (-total_ns if match["sign"] == "-" else total_ns) / 1e9
