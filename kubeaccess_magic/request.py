"""One HTTP request to a target, complete but not yet sent.

The app receives what was typed. Legal URL characters and existing escapes stay as they are; other characters are
percent-encoded (``{ } " < > | ^ [ ]``, the backquote, blanks, everything beyond ASCII), ``#`` becomes ``%23``, and a
"%" becomes ``%25`` unless it begins an escape. The path must also be safe (X1). Values
of ``params`` are encoded completely: they are data, not URL text.
"""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import numbers
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, unquote_plus

from .errors import TargetError
from .targets import Target, safe_path
from .text import redact, redact_headers

__all__ = ["Request", "header_pairs", "pairs"]

_BYTES = "bytes that are no UTF-8 are typed percent-encoded: `%E4`"
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, 5.6.2
_FIELD_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")  # RFC 9110, 5.5
_PLAIN_PATH = re.compile(r"[A-Za-z0-9_/-]*")  # `safe_path` has nothing to encode or to refuse in it
_LEGAL_QUERY = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=:@/?-]*")
_ILLEGAL_IN_A_QUERY = re.compile(r"%(?![0-9A-Fa-f]{2})|[^A-Za-z0-9._~!$&'()*+,;=:@/?%-]")


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class Request:
    """One HTTP request, resolved and encoded, ready to be sent.

    Made by `Request.build`, and from another request by the ``with_…`` methods. It is checked when it is built, not
    again when it is copied.

    Parameters
    ----------
    method
        In upper case. The API server itself and nodes are only asked by GET and HEAD.
    target
        Where it goes.
    path
        Path at the target, from its first "/", encoded, without query.
    query
        Encoded, without "?"; "" if there is none.
    headers
        Name and value, in their order. A way refuses what it cannot carry.
    body
        Bytes, pieces of bytes that can be sent once, or None.

    Raises
    ------
    TargetError
        The request cannot be sent as meant. Nothing was sent.
    """

    method: str
    target: Target
    path: str
    query: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | Iterable[bytes] | None = None

    def __post_init__(self) -> None:
        if not self.path.startswith("/") or safe_path(self.path) != self.path or _encoded(self.query) != self.query:
            raise TargetError("path and query are not encoded as they are sent", hint="make it by `Request.build`")
        _check(self.method, self.target, self.headers)

    @classmethod
    def build(
        cls,
        method: str,
        target: Target,
        path: str | None = None,
        *,
        path_in_target: str | None = None,
        params: str | bytes | Mapping[str, object] | Iterable[tuple[str, object]] | None = None,
        headers: Mapping[str, str] | Iterable[tuple[str, str]] | None = None,
        body: bytes | Iterable[bytes] | None = None,
    ) -> Request:
        """Build a request from what somebody typed.

        Parameters
        ----------
        method
            In any case.
        target
            Where it goes. If the API path that is put together here leads through a ``/proxy``, the service, pod or
            node that it names becomes the target.
        path
            Path and query as typed, with or without a "/" in front.
        path_in_target
            Path and query from the target's own text (`Parsed.path`). `path` is then appended to it; "/" appends
            nothing.
        params
            Added to the query. Values are text, numbers, true and false, dates and times (as ISO 8601), lists of
            these (the name is repeated); None is left out. A text is a query as typed, such as ``a=1&b=2``.
        headers, body
            Headers as pairs or as a mapping; bytes to send, or pieces of bytes.

        Raises
        ------
        TargetError
            The request cannot be sent as meant: an unsafe path (X1), a second query, a header that HTTP cannot carry.
        """
        if not isinstance(path, str | None):
            raise _no_path(path)
        path = _joined(path_in_target, path) if path_in_target else path or ""
        where, _, query = path.removeprefix("/").partition("?")
        where = f"/{where}"
        if target.kind == "api":
            parsed = Target.parse(where)
            target, where = parsed.target, parsed.path or "/"
        method = method.upper() if isinstance(method, str) else ""
        sent_headers = tuple(header_pairs(headers)) if headers else ()
        _check(method, target, sent_headers)
        where = where if _PLAIN_PATH.fullmatch(where) else safe_path(where)
        query = _with_params(query, params) if params else _encoded(query)
        return _unchecked(method, target, where, query, sent_headers, body)

    @property
    def path_and_query(self) -> str:
        """Path and query at the target, as one text."""
        return f"{self.path}?{self.query}" if self.query else self.path

    def params(self) -> list[tuple[str, str]]:
        """Every parameter of the query, decoded, in its order."""
        split = (piece.partition("=") for piece in self.query.split("&") if piece)
        return [(unquote_plus(name), unquote_plus(value)) for name, _, value in split]

    def param(self, name: str) -> str | None:
        """The first parameter of that name, decoded; None if there is none."""
        for piece in self.query.split("&"):
            encoded_name, _, value = piece.partition("=")
            if piece and unquote_plus(encoded_name) == name:
                return unquote_plus(value)
        return None

    def with_target(self, target: Target) -> Request:
        """The same request to an equivalent spelling of its target, of the same kind."""
        return _unchecked(self.method, target, self.path, self.query, self.headers, self.body)

    def with_param(self, name: str, value: object) -> Request:
        """The same request with all parameters of a name replaced by one; None removes them.

        The other parameters stay byte for byte, in the same order (T9).
        """
        new = [f"{quote(name, safe='')}={value}"] if type(value) is int else _encoded_params([(name, value)])
        pieces: list[str] = []
        for piece in self.query.split("&") if self.query else []:
            if unquote_plus(piece.partition("=")[0]) != name:
                pieces.append(piece)
            else:
                pieces += new
                new = []
        return _unchecked(self.method, self.target, self.path, "&".join(pieces + new), self.headers, self.body)

    def with_params(self, params: Mapping[str, object] | Iterable[tuple[str, object]]) -> Request:
        """The same request with each of these parameters replacing all of its name."""
        request = self
        for name, value in pairs(params, "params"):
            request = request.with_param(name, value)
        return request

    def without(self, *names: str) -> Request:
        """The same request without the parameters of these names."""
        return self.with_params((name, None) for name in names)

    def __repr__(self) -> str:
        """One line for people: no body, no secrets."""
        parts = [f"{self.method} {self.target} {redact(self.path_and_query)}"]
        if self.headers:
            parts.append(f"headers={redact_headers(self.headers)}")
        if self.body is not None:
            parts.append(f"body of {len(self.body)} bytes" if isinstance(self.body, bytes) else "a body in pieces")
        return f"<Request {', '.join(parts)}>"


def _no_path(path: object) -> TargetError:
    return TargetError(f"a path is text, not {type(path).__name__}", hint='it reads like "_search?q=user:kimchy"')


def pairs(items: Mapping[Any, Any] | Iterable[tuple[Any, Any]] | None, what: str) -> list[tuple[Any, Any]]:
    """Names and values as pairs, from a mapping or from pairs.

    Raises
    ------
    TargetError
        The items are neither a mapping nor pairs; `what` names them in the message.
    """
    if items is None:
        return []
    source = items.items() if isinstance(items, Mapping) else items
    listed = list(source) if isinstance(source, Iterable) and not isinstance(source, str | bytes) else [source]
    for pair in listed:
        if not isinstance(pair, tuple | list) or len(pair) != 2:
            kind = type(items if pair is source else pair).__name__
            raise TargetError(
                f"{what} holds {kind} where names and values should be",
                hint=f'{what}={{"name": "value"}}, or pairs: {what}=[("name", "value")]',
            )
    return [(name, value) for name, value in listed]


def header_pairs(headers: Mapping[str, str] | Iterable[tuple[str, str]] | None) -> list[tuple[str, str]]:
    """Headers as pairs of text; those whose value is None are left out.

    Raises
    ------
    TargetError
        A name or a value is not text. The message repeats no value, since it may be a secret.
    """
    texts = []
    for name, value in pairs(headers, "headers"):
        if isinstance(value, bytes):
            value = value.decode("latin-1")  # as requests sends it
        if not isinstance(name, str) or not isinstance(value, str | None):
            wrong = name if not isinstance(name, str) else value
            raise TargetError(
                f"a header is a name and a value of text, not {type(wrong).__name__}",
                hint='headers={"X-Count": "3"}: numbers and dates as text',
            )
        if value is not None:
            texts.append((name, value.strip(" \t")))
    return texts


def _unchecked(
    method: str,
    target: Target,
    path: str,
    query: str,
    headers: tuple[tuple[str, str], ...],
    body: bytes | Iterable[bytes] | None,
) -> Request:
    """A request whose parts have been checked already."""
    request = object.__new__(Request)
    parts = (
        ("method", method),
        ("target", target),
        ("path", path),
        ("query", query),
        ("headers", headers),
        ("body", body),
    )
    for name, value in parts:
        object.__setattr__(request, name, value)
    return request


def _check(method: str, target: Target, headers: tuple[tuple[str, str], ...]) -> None:
    """Refuse a method or a header that cannot be sent."""
    if not _TOKEN.fullmatch(method) or method != method.upper():
        raise TargetError("the method is not an HTTP method", hint="type GET, HEAD, POST, PUT, PATCH or DELETE")
    if target.kind in ("api", "node") and method not in ("GET", "HEAD"):
        what = "a node" if target.kind == "node" else "the API server itself"
        raise TargetError(
            f"{what} is only asked by GET and HEAD, not by {method}",
            hint="name a service or a pod, or use kubectl for what changes the cluster",
        )
    for name, value in headers:
        _check_header(name, value)


def _with_params(query: str, params: str | bytes | Mapping[str, object] | Iterable[tuple[str, object]]) -> str:
    """A query with parameters appended, encoded."""
    if isinstance(params, str | bytes):
        typed = params if isinstance(params, str) else params.decode(errors="surrogateescape")
        pieces = [_encoded(query), _encoded(typed.removeprefix("?"))]
    else:
        pieces = [_encoded(query), *_encoded_params(params)]
    return "&".join(piece for piece in pieces if piece)


def _joined(path_in_target: str, path: str | None) -> str:
    """Path and query, appended to those in the target's text."""
    if not path or path == "/":
        return path_in_target
    if "?" in path_in_target:
        raise TargetError(
            "the URL already has a query, so no path can follow it",
            hint="add to the query with `-q NAME=VALUE` or params, or leave the query out of the URL",
        )
    if path.startswith("?"):
        return path_in_target + path
    return f"{path_in_target.removesuffix('/')}/{path.removeprefix('/')}"


def _encoded(query: str) -> str:
    """A query as it is sent: any character may stand in it; what is not a URL character becomes an escape."""
    if _LEGAL_QUERY.fullmatch(query):
        return query
    try:
        return _ILLEGAL_IN_A_QUERY.sub(lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode()), query)
    except UnicodeEncodeError:
        raise TargetError("the query holds half a surrogate pair, which is no text", hint=_BYTES) from None


def _encoded_params(params: Mapping[str, object] | Iterable[tuple[str, object]] | None) -> list[str]:
    try:
        return [f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in _flat(pairs(params, "params"))]
    except UnicodeEncodeError:
        raise TargetError("the query holds half a surrogate pair, which is no text", hint=_BYTES) from None


def _flat(pairs: Iterable[tuple[str, object]]) -> Iterator[tuple[str, str]]:
    """Each parameter as text: a list as several parameters, None as none."""
    for key, value in pairs:
        name = _text("that is called so", key)
        several = isinstance(value, Iterable) and not isinstance(value, (str, bytes, bytearray, Mapping))
        for item in value if several else (value,):  # type: ignore[attr-defined]  # several: it is Iterable
            if item is not None:
                yield name, _text(name, item)


def _text(name: str, value: object) -> str:
    """One value of a parameter as text, NumPy's scalars like Python's."""
    if isinstance(value, str):
        return value
    if type(value).__name__ in ("bool", "bool_"):  # NumPy's are called so too, and are no numbers
        return "true" if value else "false"
    if isinstance(value, numbers.Integral):
        return str(int(value))
    if isinstance(value, numbers.Real):
        return repr(float(value))
    if isinstance(value, (datetime.date, datetime.time)):  # a datetime is a date
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        return str(value)
    raise TargetError(
        f"the query parameter {name} has a value of type {type(value).__name__}, which has no text form",
        hint="give it as text, a number, true or false, a date, or a list of these",
    )


def _check_header(name: str, value: str) -> None:
    """Refuse what HTTP cannot carry; the value is not repeated, it may be a secret."""
    if not _TOKEN.fullmatch(name):
        raise TargetError("the name of a header is not one that HTTP allows", hint="type `-H 'Name: value'`")
    if not _FIELD_VALUE.fullmatch(value):
        raise TargetError(
            f"the header {name} holds a line break, a control character, or one beyond Latin-1",
            hint="percent-encode or base64 the value as the app expects it",
        )
