"""A document whose long lists are still bytes, so that what they hold is read once, and fast."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from .. import answer
from .places import Raws

if TYPE_CHECKING:
    from ...reply import Reply

__all__ = ["in_outline"]

_LONG_BYTES = 16 * 2**10
_MOST_LEVELS = 4  # of objects that hold a list
_LOOKED_AT = 100  # items of a list
_BOM = b"\xef\xbb\xbf"


def in_outline(reply: Reply) -> Any:
    """The document of an answer with `Raws` for long lists of objects; the lines of NDJSON are such a list, too.

    Raises
    ------
    ValueError
        It is none, or has no such list, or is not in UTF-8: `answer.documents` reads it, or says why not.
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
    # What is around the lists is read as exactly as any answer; in their places stand texts that nobody can know.
    mark = secrets.token_hex()
    pieces, end = [], 0
    for at, (length, _) in sorted(lists.items()):
        pieces += [bytes(view[end:at]), f'"{mark}{at}"'.encode()]
        end = at + length
    pieces.append(bytes(view[end:]))
    document = answer.read_exactly(b"".join(pieces).decode())
    return _filled(document, {f"{mark}{at}": rows for at, (_, rows) in lists.items()}, _MOST_LEVELS)


def _long_lists(raw: msgspec.Raw, start: int, levels: int) -> Iterator[tuple[int, tuple[int, Raws]]]:
    """Where each begins, how long it is, and its items."""
    for value in msgspec.json.decode(raw, type=dict[str, msgspec.Raw]).values():
        if len(value) < _LONG_BYTES:
            continue
        begins = memoryview(value)[0]
        if begins == ord("{") and levels > 1:
            yield from _long_lists(value, start, levels - 1)
        elif begins == ord("["):
            with contextlib.suppress(ValueError):
                rows = _objects(msgspec.json.decode(value, type=list[msgspec.Raw]))
                yield _address(value) - start, (len(value), rows)


def _filled(found: Any, lists: dict[str, Raws], levels: int) -> Any:
    for key, value in found.items():
        if type(value) is str and value in lists:
            found[key] = lists[value]
        elif type(value) is dict and levels > 1:
            _filled(value, lists, levels - 1)
    return found


def _lines(body: bytes) -> Raws:
    decode = msgspec.json.Decoder(msgspec.Raw).decode
    return _objects([decode(line) for line in body.removeprefix(_BOM).split(b"\n") if line.strip()])


def _objects(items: list[msgspec.Raw]) -> Raws:
    if not items or not all(memoryview(item)[0] == ord("{") for item in items[:_LOOKED_AT]):
        raise ValueError("these are no objects")
    return Raws(items)


def _address(buffer: Any) -> int:
    import numpy as np

    found: int = np.frombuffer(buffer, dtype=np.uint8).__array_interface__["data"][0]
    return found
