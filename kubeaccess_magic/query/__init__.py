"""`Query`: what a user asks for, before it is resolved into a request.

A line of the magic, a panel and a call of the Python API each become one `Query`; everything below starts
from it. It names a target by its text; the port and the scheme are resolved later.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

from ..request import Request
from ..targets import Target
from ..text import one_line, redact
from . import arguments, content
from .content import Data

__all__ = ["ALL", "Data", "Pairs", "Params", "Query", "Secret"]

ALL = sys.maxsize
"""The limit that means every row there is."""

Params = str | Mapping[str, object] | Iterable[tuple[str, object]] | None
Pairs = Mapping[str, str] | Iterable[tuple[str, str]] | None


class Secret:
    """A text that must stay hidden: its repr does not show it, it cannot be pickled, and messages show ``${password}``.

    Parameters
    ----------
    value
        The text.
    name
        The name under which it is shown.
    """

    __slots__ = ("_name", "_value")

    def __init__(self, value: str, name: str = "password") -> None:
        self._value = value
        self._name = name

    def reveal(self) -> str:
        """The text itself, for the one place that sends it."""
        return self._value

    def __repr__(self) -> str:
        return f"${{{self._name}}}"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret cannot be pickled")


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class Query:
    """What a user asks for: the one value that lines, panels and the Python API pass to the engine.

    `Query.of` makes one from the arguments of a call, and checks them.

    Parameters
    ----------
    target
        Whom to ask, as text (``shop/web:80``) or as a `Target`.
    path
        Path and query at the target, as typed.
    method
        The HTTP method, in upper case.
    namespace
        The namespace of a target that names none, and of the list that an API path means; the cluster's own, or what
        the path says, if None.
    all_namespaces
        Whether the list that an API path means is of all namespaces.
    selector
        Labels of the objects in the list that an API path means, as ``kubectl`` takes them; None for any.
    params
        Added to the query of the path: pairs, or one text as it is typed in a query.
    headers
        Sent along, as pairs.
    body
        Bytes, or pieces of bytes that can be sent once; None for no body.
    has_text_body
        Whether the body was given as text.
    login
        User name and password for the app itself, or None.
    dialect
        The name of the family of APIs that the answer is read as; found out if None.
    limit
        How many rows: None for what one answer holds, `ALL` for every one.
    raw
        Whether the request goes out exactly as typed, with nothing filled in.
    via
        The way to connect; ``auto`` chooses.
    output
        What the answer becomes: ``frame``, ``json``, ``text``, ``bytes`` or ``reply``; ``""`` is a frame where the
        answer holds rows, else the answer as it is.
    timeout_s
        Seconds that the whole query may take; the cluster's own limit if None.
    max_bytes
        Bytes that one decoded answer may have; the cluster's own limit if None.
    options
        Options of the dialect, such as ``{"rows": "data.items"}``.
    """

    target: str | Target
    path: str = "/"
    method: str = "GET"
    namespace: str | None = None
    all_namespaces: bool = False
    selector: str | None = None
    params: str | tuple[tuple[str, Any], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | Iterable[bytes] | None = None
    has_text_body: bool = False
    login: tuple[str, Secret] | None = None
    dialect: str | None = None
    limit: int | None = None
    raw: bool = False
    via: str = "auto"
    output: str = ""
    timeout_s: float | None = None
    max_bytes: int | None = None
    options: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    @classmethod
    def of(
        cls,
        target: str | Target,
        path: str = "/",
        *,
        method: str | None = None,
        params: Params = None,
        headers: Pairs = None,
        json: Any = None,
        data: Data = None,
        limit: Any = None,
        **fields: Any,
    ) -> Query:
        """Build a query from the arguments of a Python call.

        Parameters
        ----------
        target, path
            As for the class.
        method
            In any case; GET, or POST where there is a body, if None.
        params, headers, json, data, limit
            As `Cluster.frame` takes them.
        **fields
            The other fields of the class, as they are.

        Raises
        ------
        TargetError
            An argument is not what it should be.
        """
        body, media_type = content.body_of(json, data)
        pairs = content.with_media_type(headers, media_type)
        if method is None:
            method = "GET" if body is None else "POST"
        return cls(
            target=target,
            path=path,
            method=method.upper() if isinstance(method, str) else "",
            params=arguments.params(params),
            headers=tuple(pairs),
            body=body,
            has_text_body=isinstance(data, str),
            limit=arguments.rows(limit),
            **fields,
        )

    @property
    def wants_frame(self) -> bool:
        """Whether the answer should become a DataFrame."""
        return self.output in ("frame", "")

    def request(self, target: Target, path_in_target: str | None) -> Request:
        """Build the request of this query for a resolved target.

        Parameters
        ----------
        target
            What the target's text stands for.
        path_in_target
            The path and query that the text of the target brought with it, if it was a URL.

        Raises
        ------
        TargetError
            The request cannot be sent as meant.
        """
        return Request.build(
            self.method,
            target,
            self.path,
            path_in_target=path_in_target,
            params=self.params,
            headers=self.headers,
            body=self.body,
        )

    def __repr__(self) -> str:
        """One line for people, without headers, body and secrets."""
        return one_line(redact(f"<Query {self.method} {self.target} {self.path}>"))
