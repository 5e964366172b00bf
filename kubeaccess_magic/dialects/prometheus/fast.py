"""The fast way to read samples: they never become Python objects.

An answer is decoded as far as its series. What stands in ``values`` is taken as bytes, some megabytes at a time, and
read by pyarrow as the lines of a CSV file, or without pyarrow by msgspec as one list of numbers. If there is anything
but ``[seconds,"number"]``, or a time that is not a whole number of milliseconds, the whole answer is refused; `exact`
reads it then, and says what is wrong.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import msgspec

from .native_histograms import is_millisecond, raw_histograms
from .sample_page import SamplePage

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    _Numbers = tuple[NDArray[np.float64], NDArray[np.float64]]

__all__ = ["read"]

_CHUNK_BYTES = 4 << 20
_NUMBER_LETTERS = b"0123456789+-.eEInfNa"
_NEWLINE = bytes.maketrans(b"]", b"\n")
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


def read(body: bytes) -> SamplePage | None:
    """Read the samples of a vector or a matrix without looking at each of them.

    Returns
    -------
    SamplePage or None
        None if the answer is something else, or holds anything that `exact.read` has to read.
    """
    page = _read(body)
    if page is None and _BLANKS.search(body[:4096]) is not None:  # JSON that is indented
        with contextlib.suppress(msgspec.DecodeError, RecursionError):
            page = _read(msgspec.json.format(body, indent=-1))
    return page


def _read(body: bytes) -> SamplePage | None:
    try:
        document = msgspec.json.decode(body, type=_Answer)
        if document.data.result_type not in _RESULT_TYPES or document.status != "success":
            return None
        page = _page(document.data.result or [])
    except (msgspec.DecodeError, ValueError, OverflowError, RecursionError):
        return None
    if page is None:
        return None
    envelope = {
        "warnings": document.warnings,
        "infos": document.infos,
        "isPartial": document.is_partial,
        "stats": bytes(document.data.stats) != b"null",
    }
    return dataclasses.replace(page, envelope=envelope)


def _page(series: Sequence[_Series]) -> SamplePage | None:
    import numpy as np

    raws, counts = [], np.zeros(len(series), dtype="int64")
    for at, item in enumerate(series):
        if len(values := item.values or item.value) > 2:  # `[]` has no sample
            samples = bytes(values).count(b"[") - bool(item.values)
            counts[at] = samples
            raws.append((values, samples, bool(item.values)))
    size = int(counts.sum())
    time, value = np.empty(size, dtype="int64"), np.empty(size)
    read_numbers, done = _number_reader(), 0
    for text, skeleton, samples in _chunks(raws):
        # Without the letters of numbers, a chunk has to be exactly this: then nothing else can be in it.
        if text.translate(None, _NUMBER_LETTERS) != skeleton:
            return None
        numbers = read_numbers(text, samples)
        if numbers is None or not _milliseconds(numbers[0], time[done : done + samples]):
            return None
        value[done : done + samples] = numbers[1]
        done += samples
    histograms = [item.histograms or item.histogram for item in series]
    buckets = raw_histograms(histograms) if any(len(raw) > 2 for raw in histograms) else None
    return SamplePage(_label_sets([item.metric for item in series]), counts, time, value, buckets=buckets)


def _label_sets(raws: Sequence[msgspec.Raw]) -> list[dict[str, str]]:
    """Read labels from their JSON.

    Raises
    ------
    msgspec.DecodeError, ValueError
        They are not labels, or need the exact way: a name twice, half a surrogate pair.
    """
    decode = msgspec.json.Decoder(dict[str, str]).decode
    label_sets = []
    for raw in raws:
        labels = decode(raw)
        # If the numbers differ, a name stands there twice; or a value holds a quote and a colon, or there are blanks.
        if bytes(raw).count(b'":') != len(labels) and len(json.loads(bytes(raw), object_pairs_hook=list)) > len(labels):
            raise ValueError("a label twice")
        label_sets.append(labels)
    return label_sets


def _chunks(raws: Sequence[tuple[msgspec.Raw, int, bool]]) -> Iterator[tuple[bytes, bytes, int]]:
    """Cut the values of many series into chunks.

    Each chunk has a comma before each series. With it come its skeleton, which is the same without the numbers, and how
    many samples it holds.
    """
    pieces: list[bytes | msgspec.Raw] = [b""]
    skeletons: list[bytes] = [b""]
    size = samples = 0
    for at, (raw, counted, is_list) in enumerate(raws, start=1):
        pieces.append(raw)
        skeletons.append(b'[[,""]' + b',[,""]' * (counted - 1) + b"]" if is_list else b'[,""]')
        size, samples = size + len(raw), samples + counted
        if size >= _CHUNK_BYTES or at == len(raws):
            yield b",".join(pieces), b",".join(skeletons), samples
            pieces, skeletons, size, samples = [b""], [b""], 0, 0


def _number_reader() -> Callable[[bytes, int], _Numbers | None]:
    try:
        import pyarrow.csv
    except ImportError:
        return _by_msgspec
    return _by_pyarrow if pyarrow.csv else _by_msgspec


def _by_pyarrow(text: bytes, samples: int) -> _Numbers | None:
    r"""Read seconds and values of ``,[[1,"2"],[3,"4"]]`` as CSV: ``,1,2\n,3,4\n\n``, whose empty lines do not count."""
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
    """Read the same as one flat list, ``[0,1,"2",3,"4"]``."""
    import numpy as np

    # msgspec does not read these two as they are meant.
    text = text.translate(None, b"[]").replace(b'"+Inf"', b'"Inf"').replace(b'"-0"', b'"-0.0"')
    flat = msgspec.json.decode(b"[0%b]" % text, type=list[float], strict=False)
    numbers = np.fromiter(flat, dtype=float, count=len(flat))
    return (numbers[1::2], numbers[2::2]) if len(flat) == 2 * samples + 1 else None


def _milliseconds(seconds: NDArray[np.float64], out: NDArray[np.int64]) -> bool:
    """Fill in whole milliseconds; tell whether they are exact (`is_millisecond`)."""
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
