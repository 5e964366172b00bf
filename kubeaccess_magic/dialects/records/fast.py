"""The rows of a page as bytes: a long list of objects is only split, and its values are read once, later.

What is not certain to be read as `exact` reads it is refused.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from ...errors import LoadError
from .. import answer
from .places import Listing, RawObjects, listing_in

if TYPE_CHECKING:
    from ...reply import Reply

__all__ = ["listing_of"]

_LONG_BYTES = 16 * 2**10
_MOST_LEVELS = 4  # of objects around a list
_MOST_CHECKED = 100  # items of a list
_BOM = b"\xef\xbb\xbf"


def listing_of(reply: Reply, where: str | None) -> Listing | None:
    """Find the rows of a page without reading them.

    Parameters
    ----------
    reply
        The page.
    where
        The path to the rows, as the user gave it; None finds the rows.

    Returns
    -------
    Listing or None
        Its records are `RawObjects`. None if the page is short, has other rows, or is not valid: `exact` reads those.
    """
    try:
        listing = listing_in(_in_outline(reply), where, reply)
    except (ValueError, LoadError):
        return None
    return listing if isinstance(listing.records, RawObjects) else None


def _in_outline(reply: Reply) -> Any:
    """The document with `RawObjects` in place of long lists of objects; the lines of NDJSON are such a list as well.

    Raises
    ------
    ValueError
        There is no such list, or the document is not valid, or not in UTF-8.
    """
    body = reply.content
    if len(body) < _LONG_BYTES:
        raise ValueError("it is short")
    try:
        if not answer.is_lines(reply):
            view = memoryview(body)[len(_BOM) :] if body.startswith(_BOM) else memoryview(body)
            try:
                return _outline(view)
            except msgspec.DecodeError as error:
                if "trailing" not in str(error):
                    raise
        return _lines(body)
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise ValueError(str(error)) from None


def _outline(view: memoryview) -> Any:
    if view[0] == ord("["):
        return _objects(msgspec.json.decode(view, type=list[msgspec.Raw]))
    lists = dict(_long_lists(msgspec.Raw(view), _address(view), _MOST_LEVELS))
    if not lists:
        raise ValueError("there is no long list of objects")
    # What is around the lists is read as exactly as any answer. In place of the lists stand texts that nobody can know.
    mark = secrets.token_hex()
    pieces, end = [], 0
    for at, (length, _) in sorted(lists.items()):
        pieces += [bytes(view[end:at]), f'"{mark}{at}"'.encode()]
        end = at + length
    pieces.append(bytes(view[end:]))
    document = answer.read_exactly(b"".join(pieces).decode())
    _put_back(document, {f"{mark}{at}": rows for at, (_, rows) in lists.items()}, _MOST_LEVELS)
    return document


def _long_lists(raw: msgspec.Raw, start: int, levels: int) -> Iterator[tuple[int, tuple[int, RawObjects]]]:
    """For each long list of objects, its offset in the document, its length in bytes, and its items."""
    for value in msgspec.json.decode(raw, type=dict[str, msgspec.Raw]).values():
        if len(value) < _LONG_BYTES:
            continue
        first_byte = memoryview(value)[0]
        if first_byte == ord("{") and levels > 1:
            yield from _long_lists(value, start, levels - 1)
        elif first_byte == ord("["):
            with contextlib.suppress(ValueError):
                rows = _objects(msgspec.json.decode(value, type=list[msgspec.Raw]))
                yield _address(value) - start, (len(value), rows)


def _put_back(outer: dict[str, Any], lists: dict[str, RawObjects], levels: int) -> None:
    for key, value in outer.items():
        if type(value) is str and value in lists:
            outer[key] = lists[value]
        elif type(value) is dict and levels > 1:
            _put_back(value, lists, levels - 1)


def _lines(body: bytes) -> RawObjects:
    decode = msgspec.json.Decoder(msgspec.Raw).decode
    return _objects([decode(line) for line in body.removeprefix(_BOM).split(b"\n") if line.strip()])


def _objects(items: list[msgspec.Raw]) -> RawObjects:
    if not items or not all(memoryview(item)[0] == ord("{") for item in items[:_MOST_CHECKED]):
        raise ValueError("these are no objects")
    return RawObjects(items)


def _address(buffer: Any) -> int:
    import numpy as np

    address: int = np.frombuffer(buffer, dtype=np.uint8).__array_interface__["data"][0]
    return address
