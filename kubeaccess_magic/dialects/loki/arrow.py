"""The fastest way to read log lines: they never become Python objects.

Without a backslash in the answer, no text holds a quote, and so the quotes alone say where each time and each line
begins and ends. What stands between them has to be ``[["``, ``","``, ``"],["`` and ``"]]``; anything else is refused,
and `fast` reads it then. pyarrow copies the texts out of the bytes, some megabytes at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import msgspec
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    Columns = tuple[NDArray[np.int64], NDArray[np.int64], pd.Series]

__all__ = ["is_possible", "read"]

_QUOTE, _COMMA, _OPEN, _CLOSE = b'",[]'
_FIRST_TEXT_CHARACTER = 32
_CHUNK_BYTES = 2 << 20


def is_possible(body: bytes) -> bool:
    """Tell whether lines can be read in this way at all."""
    if b"\\" in body:
        return False
    try:
        import pyarrow.compute
    except ImportError:
        return False
    return pyarrow.compute is not None and _text_dtype() is not None


def read(raws: Sequence[msgspec.Raw]) -> Columns | None:
    """Read the lists of times and lines of several streams.

    Parameters
    ----------
    raws
        The JSON of each list.

    Returns
    -------
    tuple or None
        How many lines each list has, the times in nanoseconds, and the lines. None if a list has another form.

    Raises
    ------
    UnicodeDecodeError
        The bytes are not UTF-8.
    """
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    pieces = []
    for chunk in _chunks(raws):
        piece = _read(b"".join(chunk), len(chunk))
        if piece is None:
            return None
        pieces.append(piece)
    if not pieces:
        return None
    counts, times, lines = zip(*pieces, strict=True)
    column = pd.Series(_text_dtype().__from_arrow__(pa.chunked_array(lines)), copy=False)
    return np.concatenate(counts), np.concatenate(times), column


def _chunks(raws: Sequence[msgspec.Raw]) -> Iterator[list[msgspec.Raw]]:
    chunk: list[msgspec.Raw] = []
    size = 0
    for raw in raws:
        chunk.append(raw)
        size += len(raw)
        if size >= _CHUNK_BYTES:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def _read(text: bytes, lists: int) -> tuple[NDArray[np.int64], NDArray[np.int64], Any] | None:
    """Read so many lists that stand behind one another; the lines are an array of pyarrow."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute

    if not text.isascii():
        text.decode()
    letters = np.frombuffer(text, dtype=np.uint8)
    quotes = np.flatnonzero(letters == _QUOTE)
    counts = _counts(letters, quotes)
    if counts is None or len(counts) != lists or int(letters.min()) < _FIRST_TEXT_CHARACTER:
        return None
    # Each time, what stands behind it, each line, and what stands behind that are texts of one array.
    offsets = quotes.astype("int64")
    offsets[0::2] += 1
    texts = pa.LargeStringArray.from_buffers(len(offsets) - 1, pa.py_buffer(offsets), pa.py_buffer(text))
    times = texts.take(pa.array(np.arange(0, len(quotes), 4)))
    if not pyarrow.compute.all(pyarrow.compute.utf8_is_digit(times)).as_py():
        return None
    try:
        numbers = times.cast(pa.int64()).to_numpy()
    except pa.ArrowInvalid:
        return None
    return counts, numbers, texts.take(pa.array(np.arange(2, len(quotes), 4)))


def _counts(letters: NDArray[np.uint8], quotes: NDArray[np.intp]) -> NDArray[np.int64] | None:
    """Count the lines of each list; None if anything but times and lines is there."""
    import numpy as np

    if not len(quotes) or len(quotes) % 4:
        return None
    time_end, line_start, line_end, time_start = quotes[1::4], quotes[2::4], quotes[3:-1:4], quotes[4::4]
    if not ((line_start - time_end == 2).all() and (letters[time_end + 1] == _COMMA).all()):
        return None
    if quotes[0] != 2 or quotes[-1] != len(letters) - 3 or bytes(letters[[0, 1, -2, -1]]) != b"[[]]":
        return None
    gap = time_start - line_end
    ends_list = gap == 5
    if not ((gap == 4) | ends_list).all() or not (letters[line_end + 1] == _CLOSE).all():
        return None
    middle = np.where(ends_list, _CLOSE, _COMMA)
    if not ((letters[line_end + 2] == middle).all() and (letters[time_start - 1] == _OPEN).all()):
        return None
    if not (letters[time_start[ends_list] - 2] == _OPEN).all():
        return None
    return np.diff(np.flatnonzero(ends_list) + 1, prepend=0, append=len(quotes) // 4).astype("int64")


def _text_dtype() -> Any:
    """The dtype that pandas has for text, if it keeps it as pyarrow does."""
    import pandas as pd

    dtype: Any = pd.Series([""]).dtype
    return dtype if getattr(dtype, "storage", None) == "pyarrow" else None
