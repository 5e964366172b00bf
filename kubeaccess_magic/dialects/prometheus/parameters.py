"""The parameters of a request: those of its query, and those of a form in its body, which come first."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote_plus

if TYPE_CHECKING:
    from ...request import Request

__all__ = ["given", "with_given"]


def given(request: Request) -> dict[str, str]:
    """The value that counts of each parameter: the first one, of the body before the query. Empty ones are not."""
    found: dict[str, str] = {}
    for name, value in [*_pairs(_form(request) or ""), *request.params()]:
        if value:
            found.setdefault(name, value)
    return found


def with_given(request: Request, values: Mapping[str, str]) -> Request:
    """The same request with other values of some parameters; each where it stood, new ones in the form if there is one.

    Everything else stays byte for byte.
    """
    form = _form(request)
    for name, value in values.items():
        in_query = request.param(name) is not None
        if form is None or (in_query and name not in dict(_pairs(form))):
            request = request.with_param(name, value)
            continue
        new = f"{quote(name, safe='')}={quote(value, safe='')}"
        pieces = [piece for piece in form.split("&") if piece]
        at = next((i for i, piece in enumerate(pieces) if _name(piece) == name), len(pieces))
        form = "&".join([*pieces[:at], new, *(piece for piece in pieces[at:] if _name(piece) != name)])
        request = dataclasses.replace(request.without(name), body=form.encode())
    return request


def _form(request: Request) -> str | None:
    """The body, if it is a form."""
    if request.method != "POST" or request.body is None:
        return None
    kind = next((value for name, value in request.headers if name.lower() == "content-type"), "")
    if kind.partition(";")[0].strip().lower() != "application/x-www-form-urlencoded":
        return None
    try:
        return request.body.decode()
    except UnicodeDecodeError:
        return None


def _pairs(form: str) -> list[tuple[str, str]]:
    return [(_name(piece), unquote_plus(piece.partition("=")[2])) for piece in form.split("&") if piece]


def _name(piece: str) -> str:
    return unquote_plus(piece.partition("=")[0])
