"""The body of an answer before it is a frame: what kind it is, its JSON, and what to say where there is none."""

from __future__ import annotations

import contextlib
import gc
import json
import re
from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeVar

from ..errors import LoadError
from ..text import shorten

if TYPE_CHECKING:
    from ..reply import Reply

__all__ = [
    "documents",
    "gc_paused",
    "is_html",
    "is_json",
    "is_lines",
    "json_of",
    "keys_are_certain",
    "keys_of",
    "looks_like_json",
    "not_taken",
    "read",
    "read_exactly",
    "refuse_empty",
    "refuse_html",
    "text_of",
]

_T = TypeVar("_T")

_NDJSON = frozenset(
    {
        "application/x-ndjson",
        "application/ndjson",
        "application/jsonl",
        "application/x-jsonlines",
        "application/jsonlines",
        "application/json-lines",
        "application/json-seq",
        "application/stream+json",
        "application/x-json-stream",
        "text/x-ndjson",
    }
)
_BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_CHARSET = re.compile(r"charset\s*=\s*\"?([\w.:-]+)", re.IGNORECASE)
# A key, or text in quotes within a text.
_SPACED_KEY = re.compile(rb'"[ \t\r\n]+:')
_LITERALS = ("true", "false", "null", "NaN", "Infinity", "-Infinity")


def is_json(reply: Reply) -> bool:
    """Whether the answer says that it is JSON, of one document or of one a line."""
    kind = reply.media_type
    return kind in {"application/json", "text/json"} or kind.endswith("+json") or kind in _NDJSON


def is_lines(reply: Reply) -> bool:
    """Whether the answer says that it is one JSON document a line."""
    return reply.media_type in _NDJSON


def looks_like_json(reply: Reply) -> bool:
    """Whether the first character could be that of a JSON object or list."""
    head = _head(reply.content)
    return head[:1] in (b"{", b"[")


def is_html(reply: Reply) -> bool:
    """Whether the answer is a web page, by its type or by its first words."""
    kind = reply.media_type
    if kind in {"text/html", "application/xhtml+xml"}:
        return True
    head = _head(reply.content)[:200].lower()
    return head.startswith((b"<!doctype html", b"<html"))


def text_of(reply: Reply) -> str:
    """The body as text: UTF-8 as JSON is (UTF-16 and 32 are known by their first bytes), else as its charset says.

    Raises
    ------
    LoadError
        Where it is neither, with the place.
    """
    body = reply.content
    try:
        return body.decode(json.detect_encoding(body))
    except UnicodeDecodeError as error:
        charset = _CHARSET.search(reply.headers.get("Content-Type", ""))
        if charset is not None:
            with contextlib.suppress(UnicodeDecodeError, LookupError):
                return body.decode(charset[1])
        raise LoadError(
            f"the answer is not {error.encoding.upper()} text: byte {error.start:,} of {len(body):,} cannot be read",
            reply=reply,
            hint="see it with -o text, or take the bytes with -o bytes",
        ) from None


def json_of(reply: Reply) -> Any:
    """The one JSON document of an answer; of two equal keys in an object, the second is renamed (``key_2``).

    Raises
    ------
    LoadError
        If there is none, with the place where it ends or goes wrong.
    """
    refuse_empty(reply)
    with contextlib.suppress(ValueError):
        return read(reply.content)
    text = text_of(reply)
    try:
        return _loads(text, reply)
    except json.JSONDecodeError as error:
        raise _bad_json(reply, text, error) from None


def documents(reply: Reply) -> tuple[list[Any], bool]:
    """The JSON documents of an answer, and whether it had one a line (NDJSON).

    One a line is what the answer says it has, or what it has: every line that is not blank is a document.

    Raises
    ------
    LoadError
        If there is none, with the place where it ends or goes wrong.
    """
    refuse_empty(reply)
    if not is_lines(reply):
        with contextlib.suppress(ValueError):
            return [read(reply.content)], False
    text = text_of(reply)
    if not is_lines(reply):
        try:
            return [_loads(text, reply)], False
        except json.JSONDecodeError as error:
            # One a line is what it can still be if the first document ends with the first line.
            if not error.msg.startswith("Extra data") or "\n" in text[: error.pos].strip():
                raise _bad_json(reply, text, error) from None
            if text[: error.pos].rstrip(" \t\r")[-1:] != "\n":
                raise _bad_json(reply, text, error) from None
    found = []
    for number, line in enumerate(text.split("\n"), start=1):
        line = line.strip(" \t\r\x1e")  # \x1e begins a document of application/json-seq
        if not line:
            continue
        try:
            found.append(_loads(line, reply))
        except json.JSONDecodeError as error:
            raise _bad_json(reply, line, error, line=number) from None
    return found, True


def refuse_empty(reply: Reply) -> None:
    """Raise LoadError if there is nothing in the answer."""
    if not reply.content or reply.content.isspace():  # no copy of a large body
        raise LoadError(
            f"the answer has no body ({reply.status_code} {reply.reason})".replace(" )", ")"),
            reply=reply,
            hint="-o reply shows its headers",
        )


def refuse_html(reply: Reply) -> None:
    """Raise LoadError if the answer is a web page."""
    if is_html(reply):
        raise _web_page(reply)


def not_taken(reply: Reply) -> LoadError:
    """The error for an answer that no dialect takes: what it is, how it begins, what to try."""
    kind = reply.media_type or "of no stated type"
    return LoadError(
        f"no dialect takes this answer ({kind}): {_shown(reply.content[:400])}",
        reply=reply,
        hint="see it with -o text or -o json, or name one with --dialect",
    )


class gc_paused:  # noqa: N801 - a context manager, called like a function
    """The cyclic garbage collector at rest, and put back as it was: it costs more than the parsing of much JSON."""

    def __enter__(self) -> gc_paused:
        self._was_enabled = gc.isenabled()
        gc.disable()
        return self

    def __exit__(self, *_: object) -> None:
        if self._was_enabled:
            gc.enable()

    def lifted(self, values: Iterator[_T]) -> Iterator[_T]:
        """The values, with the collector back at work while the next one is awaited."""
        while True:
            self.__exit__()
            try:
                value = next(values)
            except StopIteration:
                return
            finally:
                gc.disable()
            yield value


def keys_are_certain(body: bytes, keys: int) -> bool:
    """Whether valid JSON has exactly so many keys; False also where that is not plain to see.

    What reads JSON fast keeps the last of two equal keys and does not tell: then there are fewer than are written.
    """
    import numpy as np

    letters = np.frombuffer(body, dtype=np.uint8)
    colons = np.flatnonzero(letters == ord(":"))
    before = letters[colons - 1]  # no document begins with a colon
    if bool((before <= ord(" ")).any()) and _SPACED_KEY.search(body):
        return False
    quotes = colons[before == ord('"')]
    escapes = quotes[letters[quotes - 2] == ord("\\")]  # `\":` is text, unless `\\":` ends a key
    if bool((letters[escapes - 3] == ord("\\")).any()):
        return False
    return len(quotes) - len(escapes) == keys


def keys_of(value: Any) -> int:
    """How many keys all objects in a JSON value have."""
    found = 0
    dicts: list[dict[str, Any]] = [value] if type(value) is dict else []
    lists: list[list[Any]] = [value] if type(value) is list else []
    while dicts or lists:
        found += sum(map(len, dicts))
        values = chain(chain.from_iterable(map(dict.values, dicts)), chain.from_iterable(lists))
        dicts, lists = [], []
        for inner in values:
            if type(inner) is dict:
                dicts.append(inner)
            elif type(inner) is list:
                lists.append(inner)
    return found


def read(body: bytes) -> Any:
    """The value of a JSON document in UTF-8, if it is certain that nothing is lost by reading it fast.

    Raises
    ------
    ValueError
        If it is none, or one that `read_exactly` reads.
    """
    import msgspec

    with gc_paused():
        try:
            value = msgspec.json.decode(body)
        except (msgspec.DecodeError, RecursionError) as error:
            raise ValueError(str(error)) from None
        if not keys_are_certain(body, keys_of(value)):
            raise ValueError("a key may be there twice")
        return value


def read_exactly(text: str) -> Any:
    """The value of any JSON document, with nothing lost: of two equal keys, the second is renamed (``key_2``).

    Raises
    ------
    json.JSONDecodeError
        If it is none.
    ValueError
        If a number has more digits than Python reads.
    RecursionError
        If it is nested too deeply.
    """
    with gc_paused():
        return json.loads(text, object_pairs_hook=_object)


def _loads(text: str, reply: Reply) -> Any:
    try:
        return read_exactly(text)
    except RecursionError:
        raise LoadError(
            "the answer is nested too deeply for a frame", reply=reply, hint="see it with -o text"
        ) from None
    except json.JSONDecodeError:
        raise
    except ValueError as error:  # an integer of more digits than Python reads (sys.set_int_max_str_digits)
        raise LoadError(
            f"the answer holds a number that cannot be read: {error}", reply=reply, hint="see it with -o text"
        ) from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object in which no value overwrites another one."""
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    names = set(found)  # somebody's own `key_2` keeps its name
    found = {}
    numbers: dict[str, int] = {}  # where to go on, so that many equal keys take linear time
    for key, value in pairs:
        name = key
        if key in found:
            number = numbers.get(key, 2)
            while (name := f"{key}_{number}") in found or name in names:
                number += 1
            numbers[key] = number + 1
        found[name] = value
    return found


def _web_page(reply: Reply) -> LoadError:
    title = re.search(rb"<title[^>]*>\s*(.{1,200}?)\s*</title>", reply.content[:16384], re.IGNORECASE | re.DOTALL)
    called = f" ({_shown(title[1])})" if title is not None else ""
    return LoadError(
        f"the answer is a web page{called}, not data",
        reply=reply,
        hint="see it with -o text; an API often has another path",
    )


def _bad_json(reply: Reply, text: str, error: json.JSONDecodeError, line: int | None = None) -> LoadError:
    if is_html(reply):
        return _web_page(reply)
    size = f"{len(text):,} characters"
    rest = text[error.pos :].strip()
    cut = (
        not rest
        or error.msg.startswith("Unterminated string")
        or any(literal.startswith(rest) for literal in _LITERALS)
        or (error.msg.startswith("Invalid") and "escape" in error.msg and len(rest) < 6)
    )
    if line is not None:
        place = f"line {line:,} column {error.colno:,}"
    else:
        place = f"line {error.lineno:,} column {error.colno:,}"
    if cut:
        message = f"the JSON of the answer is cut off: it ends after {size}, and what begins at {place} is not complete"
        if line is not None:
            message = f"the JSON of the answer is cut off in line {line:,}, after {size}"
        return LoadError(message, reply=reply, hint="ask again, or for less; -o text shows what came")
    near = _shown(text[max(0, error.pos - 20) : error.pos + 20].encode("utf-8", "replace"))
    return LoadError(
        f"the answer is no valid JSON: {error.msg} at {place} (near {near})",
        reply=reply,
        hint="see it with -o text, or name a dialect with --dialect",
    )


def _head(body: bytes) -> bytes:
    head = body[:4096]
    for bom in _BOMS:
        head = head.removeprefix(bom)
    return head.replace(b"\0", b"").lstrip()  # UTF-16 and UTF-32 of ASCII have zeros between


def _shown(body: bytes) -> str:
    """The first words, in one line, without anything that a terminal would obey."""
    words = " ".join(body.decode("utf-8", "replace").split())
    words = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in words)
    return repr(shorten(words, 80))
