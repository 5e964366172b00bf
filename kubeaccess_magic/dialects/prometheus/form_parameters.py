"""The parameters of a request to Prometheus: those of a form in its body, and those of its query.

Prometheus reads both. Where a parameter stands in both, the one of the form counts.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote_plus

if TYPE_CHECKING:
    from ...request import Request

__all__ = ["parameters_of", "with_parameters"]


def parameters_of(request: Request) -> dict[str, str]:
    """Read the parameters of a request, by name.

    Of several values, the first one counts. Empty values are left out.
    """
    values: dict[str, str] = {}
    for name, value in [*_pairs(_form(request) or ""), *request.params()]:
        if value:
            values.setdefault(name, value)
    return values


def with_parameters(request: Request, values: Mapping[str, str]) -> Request:
    """Make the same request with other values of some parameters.

    Each is replaced where it stands. New ones go into the form if there is one, else into the query. Everything else
    stays byte for byte.
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
    """Return the body if it is a form."""
    if request.method != "POST" or not isinstance(request.body, bytes):
        return None
    media_type = next((value for name, value in request.headers if name.lower() == "content-type"), "")
    if media_type.partition(";")[0].strip().lower() != "application/x-www-form-urlencoded":
        return None
    try:
        return request.body.decode()
    except UnicodeDecodeError:
        return None


def _pairs(form: str) -> list[tuple[str, str]]:
    return [(_name(piece), unquote_plus(piece.partition("=")[2])) for piece in form.split("&") if piece]


def _name(piece: str) -> str:
    return unquote_plus(piece.partition("=")[0])
