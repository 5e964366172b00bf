"""The body of an answer before it becomes a frame: what kind it is, its JSON, and what to say if it is not valid."""

from __future__ import annotations

import contextlib
import decimal
import gc
import json
import re
from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING, Any

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
    "json_with_decimals",
    "keys_are_certain",
    "keys_of",
    "lines_of",
    "looks_like_json",
    "not_taken",
    "read",
    "read_exactly",
    "refuse_empty",
    "refuse_html",
    "text_of",
]

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
# A key with space behind it, or quoted text inside a text.
_SPACED_KEY = re.compile(rb'"[ \t\r\n]+:')
_LINE_END = re.compile(r"\r\n|\n|\r")
_LITERALS = ("true", "false", "null", "NaN", "Infinity", "-Infinity")


def is_json(reply: Reply) -> bool:
    """Tell whether the answer says that it is JSON, of one document or of one per line."""
    kind = reply.media_type
    return kind in {"application/json", "text/json"} or kind.endswith("+json") or kind in _NDJSON


def is_lines(reply: Reply) -> bool:
    """Tell whether the answer says that it has one JSON document per line."""
    return reply.media_type in _NDJSON


def looks_like_json(reply: Reply) -> bool:
    """Tell whether the answer begins like a JSON object or list."""
    openings = (b"{", b"[")
    return reply.content[:1] in openings or _head(reply.content)[:1] in openings


def is_html(reply: Reply) -> bool:
    """Tell whether the answer is a web page, by its type or by its first words."""
    kind = reply.media_type
    if kind in {"text/html", "application/xhtml+xml"}:
        return True
    head = _head(reply.content)[:200].lower()
    return head.startswith((b"<!doctype html", b"<html"))


def text_of(reply: Reply) -> str:
    """Decode the body: as UTF-8 (or UTF-16 or 32, which show in the first bytes), else by the charset that it names.

    Raises
    ------
    LoadError
        The text is in none of these encodings; the message says at which byte.
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


def json_with_decimals(reply: Reply) -> Any:
    """Read a valid JSON document with `decimal.Decimal` in place of floats, so that they keep all of their digits."""
    with gc_paused():
        return json.loads(text_of(reply), object_pairs_hook=_object, parse_float=decimal.Decimal)


def lines_of(text: str) -> list[str]:
    """Split a text at CR, LF and CRLF, and nowhere else: `str.splitlines` also splits at characters of values."""
    return _LINE_END.split(text) if "\r" in text else text.split("\n")


def json_of(reply: Reply) -> Any:
    """Read the one JSON document of an answer. If an object has a key twice, the second is renamed to ``key_2``.

    Raises
    ------
    LoadError
        The JSON is not valid; the message says where it ends or goes wrong.
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
    """Read the JSON documents of an answer.

    Returns
    -------
    tuple
        The documents, and whether there is one per line (NDJSON): the answer says so, or each line that is not blank
        is a document.

    Raises
    ------
    LoadError
        The JSON is not valid; the message says where it ends or goes wrong.
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
            # It can still have one document per line, if the first one ends with the first line.
            if not error.msg.startswith("Extra data") or not _ends_with_its_line(text[: error.pos]):
                raise _bad_json(reply, text, error) from None
    parsed = []
    for number, line in enumerate(lines_of(text), start=1):
        line = line.strip(" \t\x1e")  # \x1e begins a document of application/json-seq
        if not line:
            continue
        try:
            parsed.append(_loads(line, reply))
        except json.JSONDecodeError as error:
            raise _bad_json(reply, line, error, line=number) from None
    return parsed, True


def refuse_empty(reply: Reply) -> None:
    """Raise LoadError if the answer has no body."""
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
    """Make the error for an answer that no dialect can read: its type, how it begins, and what to try."""
    kind = reply.media_type or "of no stated type"
    return LoadError(
        f"no dialect can read this answer ({kind}): {_first_words(reply.content[:400])}",
        reply=reply,
        hint="see it with -o text or -o json, or name one with --dialect",
    )


@contextlib.contextmanager
def gc_paused() -> Iterator[None]:
    """Pause the cyclic garbage collector. While much JSON is parsed, it would cost more than the parsing.

    Afterwards it is as it was before.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def keys_are_certain(body: bytes, keys: int) -> bool:
    """Tell whether a JSON text has exactly a given number of keys.

    A fast parser keeps the last of two equal keys and does not say so. Then it finds fewer keys than the text has.

    Parameters
    ----------
    body
        Valid JSON.
    keys
        How many keys a parser found.

    Returns
    -------
    bool
        False also if it is not obvious.
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
    """Count the keys of all objects in a JSON value."""
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
    """Read a JSON document in UTF-8 the fast way, if that is certain to lose nothing.

    Raises
    ------
    ValueError
        It is not valid, or has to be read by `read_exactly`.
    """
    import msgspec

    with gc_paused():
        try:
            value = msgspec.json.decode(body)
        except (msgspec.DecodeError, RecursionError) as error:
            raise ValueError(str(error)) from None
        if not keys_are_certain(body, keys_of(value)):
            raise ValueError("a key may occur twice")
        return value


def read_exactly(text: str) -> Any:
    """Read any JSON document, with nothing lost. If an object has a key twice, the second is renamed to ``key_2``.

    Raises
    ------
    json.JSONDecodeError
        The JSON is not valid.
    ValueError
        A number has more digits than Python reads.
    RecursionError
        The JSON is nested too deeply.
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
    result = dict(pairs)
    if len(result) == len(pairs):
        return result
    names = set(result)  # a `key_2` of the document's own keeps its name
    result = {}
    numbers: dict[str, int] = {}  # where to go on, so that many equal keys take linear time
    for key, value in pairs:
        name = key
        if key in result:
            number = numbers.get(key, 2)
            while (name := f"{key}_{number}") in result or name in names:
                number += 1
            numbers[key] = number + 1
        result[name] = value
    return result


def _ends_with_its_line(text: str) -> bool:
    """Whether a document, and the blanks behind it, are in one line and end it."""
    document = text.strip(" \t\r\n")
    return not _LINE_END.search(document) and bool(_LINE_END.search(text[text.rindex(document) + len(document) :]))


def _web_page(reply: Reply) -> LoadError:
    title = re.search(rb"<title[^>]*>\s*(.{1,200}?)\s*</title>", reply.content[:16384], re.IGNORECASE | re.DOTALL)
    name = f" ({_first_words(title[1])})" if title is not None else ""
    return LoadError(
        f"the answer is a web page{name}, not data",
        reply=reply,
        hint="see it with -o text; APIs often have another path",
    )


def _bad_json(reply: Reply, text: str, error: json.JSONDecodeError, line: int | None = None) -> LoadError:
    if is_html(reply):
        return _web_page(reply)
    size = f"{len(text):,} characters"
    place = f"line {error.lineno if line is None else line:,} column {error.colno:,}"
    if _is_cut_off(text, error):
        message = f"the JSON of the answer is cut off: it ends after {size}, and what begins at {place} is not complete"
        if line is not None:
            message = f"the JSON of the answer is cut off in line {line:,}, after {size}"
        return LoadError(message, reply=reply, hint="ask again, or for less; -o text shows what arrived")
    near = _first_words(text[max(0, error.pos - 20) : error.pos + 20].encode("utf-8", "replace"))
    return LoadError(
        f"the answer is not valid JSON: {error.msg} at {place} (near {near})",
        reply=reply,
        hint="see it with -o text, or name a dialect with --dialect",
    )


def _is_cut_off(text: str, error: json.JSONDecodeError) -> bool:
    """Whether a text would be valid if it went on."""
    rest = text[error.pos :].strip()
    return (
        not rest
        or error.msg.startswith("Unterminated string")
        or any(literal.startswith(rest) for literal in _LITERALS)
        or (error.msg.startswith("Invalid") and "escape" in error.msg and len(rest) < 6)
    )


def _head(body: bytes) -> bytes:
    head = body[:4096]
    for bom in _BOMS:
        head = head.removeprefix(bom)
    return head.replace(b"\0", b"").lstrip()  # ASCII in UTF-16 and UTF-32 has zeros in between


def _first_words(body: bytes) -> str:
    """The first words in one line, without control characters."""
    words = " ".join(body.decode("utf-8", "replace").split())
    words = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in words)
    return repr(shorten(words, 80))
