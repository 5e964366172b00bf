"""Vectors and matrices as arrays: the samples of an answer never become Python objects, unless one of them is odd.

An answer is decoded as far as its series; what stands in ``values`` is taken as bytes, some megabytes at a time, and
read as the lines of a CSV file by pyarrow, or without it by msgspec as one list of numbers. Where there is anything
but ``[seconds,"number"]``, or a moment that is no whole number of milliseconds, the whole answer is read by `_exactly`,
which says where something is wrong.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import math
import re
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

import msgspec

from ...errors import LoadError
from .. import answer
from .histograms import Buckets, buckets, is_millisecond, raw_histograms, whole

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ...reply import Reply

    _Numbers = tuple[NDArray[np.float64], NDArray[np.float64]]

__all__ = ["Page", "count", "label_sets", "number", "read"]

_CHUNK_BYTES = 4 << 20
_OF_NUMBERS = b"0123456789+-.eEInfNa"
_NEWLINE = bytes.maketrans(b"]", b"\n")
_NUMBER = re.compile(r"[-+]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|inf(?:inity)?|nan)", re.ASCII | re.IGNORECASE)
_BLANKS = re.compile(rb"[:,\[{]\s")
_RESULT_TYPES = ("vector", "matrix")


class _Series(msgspec.Struct, gc=False):
    metric: msgspec.Raw = msgspec.Raw(b"{}")
    values: msgspec.Raw = msgspec.Raw(b"")
    value: msgspec.Raw = msgspec.Raw(b"")
    histograms: msgspec.Raw = msgspec.Raw(b"")
    histogram: msgspec.Raw = msgspec.Raw(b"")


class _Data(msgspec.Struct, rename="camel"):
    result_type: str
    result: list[_Series] | None
    stats: msgspec.Raw = msgspec.Raw(b"null")


class _Answer(msgspec.Struct, rename="camel"):
    status: str
    data: _Data
    warnings: list[str] | None = None
    infos: list[str] | None = None
    is_partial: bool | None = None


@dataclasses.dataclass(frozen=True)
class Page:
    """The samples of one answer, series by series.

    Attributes
    ----------
    metrics
        The labels of each series.
    counts
        How many samples each has.
    time
        When, as whole `unit` since 1970.
    value
        What.
    unit
        ``ms``; ``us`` where an answer is finer.
    buckets
        Native histograms, or None.
    told
        What the answer has beside its data.
    """

    metrics: list[dict[str, str]]
    counts: NDArray[np.int64]
    time: NDArray[np.int64]
    value: NDArray[np.float64]
    unit: str = "ms"
    buckets: Buckets | None = None
    told: dict[str, Any] = dataclasses.field(default_factory=dict)


def read(reply: Reply, *, exactly: bool = False) -> Page | None:
    """The samples of a vector or a matrix; None if the answer is something else.

    Parameters
    ----------
    reply
        The answer.
    exactly
        Whether every sample is looked at, as is done where there is something odd.

    Raises
    ------
    LoadError
        It is a vector or a matrix, and not as it should be.
    """
    if exactly:
        return _exactly(reply)
    page = _quickly(reply.content)
    if page is None and _BLANKS.search(reply.content[:4096]) is not None:
        with contextlib.suppress(msgspec.DecodeError, RecursionError):
            page = _quickly(msgspec.json.format(reply.content, indent=-1))
    return page or _exactly(reply)


def count(reply: Reply) -> int:
    """How many samples a matrix has; 0 if it cannot be read."""
    try:
        series = msgspec.json.decode(reply.content, type=_Answer).data.result or []
    except (msgspec.DecodeError, RecursionError):
        return 0
    return sum(max(bytes(one.values).count(b"[") - 1, 0) for one in series)


def label_sets(raws: Sequence[msgspec.Raw]) -> list[dict[str, str]]:
    """Labels from their JSON.

    Raises
    ------
    msgspec.DecodeError, ValueError
        They are no labels, or such as `answer.json_of` reads better: a name twice, half a surrogate pair.
    """
    decode = msgspec.json.Decoder(dict[str, str]).decode
    found = []
    for raw in raws:
        labels = decode(raw)
        # A name twice; or a quote and a colon in a value, or blanks.
        if bytes(raw).count(b'":') != len(labels) and len(json.loads(bytes(raw), object_pairs_hook=list)) > len(labels):
            raise ValueError("a label twice")
        found.append(labels)
    return found


def number(value: Any) -> float:
    """A number as JSON or as text, as Go writes it; NaN for null.

    Raises
    ------
    ValueError
        It is none.
    """
    if isinstance(value, str):
        text = value.strip(" \t")
        if _NUMBER.fullmatch(text) is None:
            raise ValueError(f"{value[:40]!r} is no number")
        return float(text)
    if value is None:
        return math.nan
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"{str(value)[:40]!r} is no number")
    return float(value)


def _quickly(body: bytes) -> Page | None:
    """All of it without looking at single samples; None if something needs that."""
    try:
        found = msgspec.json.decode(body, type=_Answer)
        if found.data.result_type not in _RESULT_TYPES or found.status != "success":
            return None
        page = _page(found.data.result or [])
    except (msgspec.DecodeError, ValueError, OverflowError, RecursionError):
        return None
    if page is None:
        return None
    told = {
        "warnings": found.warnings,
        "infos": found.infos,
        "isPartial": found.is_partial,
        "stats": bytes(found.data.stats) != b"null",
    }
    return dataclasses.replace(page, told=told)


def _page(series: Sequence[_Series]) -> Page | None:
    import numpy as np

    raws, counts = [], np.zeros(len(series), dtype="int64")
    for at, one in enumerate(series):
        if len(values := one.values or one.value) > 2:  # `[]`: no sample
            samples = bytes(values).count(b"[") - bool(one.values)
            counts[at] = samples
            raws.append((values, samples, bool(one.values)))
    size = int(counts.sum())
    time, value = np.empty(size, dtype="int64"), np.empty(size)
    read_numbers, done = _reader(), 0
    for text, frame_of_it, samples in _chunks(raws):
        # What is left without the letters of numbers is known to the last bracket: nothing else can be in there.
        if text.translate(None, _OF_NUMBERS) != frame_of_it:
            return None
        numbers = read_numbers(text, samples)
        if numbers is None or not _milliseconds(numbers[0], time[done : done + samples]):
            return None
        value[done : done + samples] = numbers[1]
        done += samples
    histograms = [one.histograms or one.histogram for one in series]
    found = raw_histograms(histograms) if any(len(one) > 2 for one in histograms) else None
    return Page(label_sets([one.metric for one in series]), counts, time, value, buckets=found)


def _chunks(raws: Sequence[tuple[msgspec.Raw, int, bool]]) -> Iterator[tuple[bytes, bytes, int]]:
    """The values of many series, a comma before each; the same without the numbers; and how many samples they are."""
    pieces: list[bytes | msgspec.Raw] = [b""]
    frames: list[bytes] = [b""]
    size = samples = 0
    for at, (raw, counted, is_list) in enumerate(raws, start=1):
        pieces.append(raw)
        frames.append(b'[[,""]' + b',[,""]' * (counted - 1) + b"]" if is_list else b'[,""]')
        size, samples = size + len(raw), samples + counted
        if size >= _CHUNK_BYTES or at == len(raws):
            yield b",".join(pieces), b",".join(frames), samples
            pieces, frames, size, samples = [b""], [b""], 0, 0


def _reader() -> Callable[[bytes, int], _Numbers | None]:
    try:
        import pyarrow.csv
    except ImportError:
        return _by_msgspec
    return _by_pyarrow if pyarrow.csv else _by_msgspec


def _by_pyarrow(text: bytes, samples: int) -> _Numbers | None:
    r"""Seconds and values of ``,[[1,"2"],[3,"4"]]``: ``,1,2\n,3,4\n\n`` is CSV, whose empty lines do not count."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.csv

    double = pa.float64()
    try:
        table = pyarrow.csv.read_csv(
            pa.BufferReader(text.translate(_NEWLINE, b'["')),
            pyarrow.csv.ReadOptions(column_names=["x", "t", "v"], block_size=1 << 20),
            pyarrow.csv.ParseOptions(quote_char=False),
            pyarrow.csv.ConvertOptions(
                include_columns=["t", "v"],
                column_types={"t": double, "v": double},
                null_values=[],
                strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid:
        return None
    return (np.asarray(table["t"]), np.asarray(table["v"])) if table.num_rows == samples else None


def _by_msgspec(text: bytes, samples: int) -> _Numbers | None:
    """The same by one flat list, ``[0,1,"2",3,"4"]``."""
    import numpy as np

    # It reads neither of these two as they are meant.
    text = text.translate(None, b"[]").replace(b'"+Inf"', b'"Inf"').replace(b'"-0"', b'"-0.0"')
    flat = msgspec.json.decode(b"[0%b]" % text, type=list[float], strict=False)
    numbers = np.fromiter(flat, dtype=float, count=len(flat))
    return (numbers[1::2], numbers[2::2]) if len(flat) == 2 * samples + 1 else None


def _milliseconds(seconds: NDArray[np.float64], out: NDArray[np.int64]) -> bool:
    """Fill in whole milliseconds; whether they are exact (`is_millisecond`)."""
    import numpy as np

    scaled = seconds * 1000
    if not len(scaled):
        return True
    largest = float(np.abs(scaled).max())
    if not largest < 2**53:  # NaN, too
        return False
    rounded = np.rint(scaled)
    out[:] = rounded
    scaled -= rounded
    np.abs(scaled, out=scaled)
    return bool(scaled.max() <= 7.5e-4) or (largest > 2**42 and all(map(is_millisecond, seconds.tolist())))


def _exactly(reply: Reply) -> Page | None:
    """The same, sample by sample."""
    import numpy as np

    document = answer.json_of(reply)
    data = document.get("data") if isinstance(document, dict) else None
    if not isinstance(data, dict) or data.get("resultType") not in _RESULT_TYPES or document.get("status") != "success":
        return None
    metrics: list[dict[str, str]] = []
    pairs: list[tuple[float, float]] = []
    counts: list[int] = []
    histograms: list[tuple[int, float, Any]] = []
    for at, series in enumerate(_listed(data.get("result") or [], "result", reply)):
        where = f"data.result[{at}]"
        if not isinstance(series, dict) or not isinstance(series.get("metric", {}), dict):
            _refuse(f"{where} is no series", reply)
        labels = series.get("metric", {})
        metrics.append({k: v if isinstance(v, str) else json.dumps(v) for k, v in labels.items()})
        counts.append(0)
        for key in ("values", "histograms"):
            samples = series.get(key) or ([series[key[:-1]]] if key[:-1] in series else [])
            for number_, sample in enumerate(_listed(samples, f"{where}.{key}", reply)):
                try:
                    seconds, value = sample
                    when = number(seconds)
                    if not abs(when) < 2**53 / 1000:
                        raise ValueError(f"{seconds!r} is no moment")
                    if key == "values":
                        pairs.append((when, number(value)))
                        counts[-1] += 1
                    else:
                        histograms.append((at, when, _histogram(value)))
                except (ValueError, TypeError, KeyError, OverflowError) as error:
                    _refuse(f"{where}.{key}[{number_}] is no sample: {error}", reply)
    is_fine = not all(is_millisecond(when) for when in (*(p[0] for p in pairs), *(h[1] for h in histograms)))
    unit = "us" if is_fine else "ms"
    time = np.array([whole(when, unit) for when, _ in pairs], dtype="int64")
    value = np.array([value for _, value in pairs], dtype=float)
    found = None
    if histograms:
        try:
            found = buckets((at, whole(when, unit), *histogram) for at, when, histogram in histograms)
        except ValueError as error:
            _refuse(f"a native histogram cannot be read: {error}", reply)
    told = {key: document.get(key) for key in ("warnings", "infos", "isPartial")} | {"stats": bool(data.get("stats"))}
    return Page(metrics, np.array(counts, dtype="int64"), time, value, unit, found, told)


def _histogram(value: dict[str, Any]) -> tuple[float, float, list[tuple[int, float, float, float]]]:
    found = [
        (int(ends), number(lower), number(upper), number(count))
        for ends, lower, upper, count in value.get("buckets") or []
    ]
    return number(value["count"]), number(value["sum"]), found


def _listed(value: Any, where: str, reply: Reply) -> list[Any]:
    if not isinstance(value, list):
        _refuse(f"{where} is no list", reply)
    return value


def _refuse(what: str, reply: Reply) -> NoReturn:
    raise LoadError(f"the answer is none of Prometheus: {what}", reply=reply, hint="see it with -o json")
