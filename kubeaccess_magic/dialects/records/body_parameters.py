"""The parameters in the JSON body of a request, as in searches by POST and in GraphQL."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ...request import Request

__all__ = ["after", "with_parameter"]

_AFTER = re.compile(r"\bafter\s*:\s*\$([A-Za-z_]\w*)")


def with_parameter(request: Request, name: str, value: str | int) -> Request | None:
    """Set a parameter in the JSON object of a body; None if the body is not a JSON object."""
    body = _object_in(request)
    return None if body is None else _with_body(request, {**body, name: value})


def after(request: Request, page_info: Mapping[str, Any]) -> Request | None:
    """Set the cursor of a GraphQL query to request the next page, if it has a variable for it: ``after: $cursor``.

    Parameters
    ----------
    request
        The request for the page.
    page_info
        What the connection says about the page: ``hasNextPage`` and ``endCursor``.
    """
    cursor = page_info.get("endCursor")
    body = _object_in(request)
    if page_info.get("hasNextPage") is not True or not isinstance(cursor, str) or body is None:
        return None
    variables = body.get("variables") or {}
    names = set(_AFTER.findall(body["query"])) if isinstance(body.get("query"), str) else set()
    if len(names) != 1 or not isinstance(variables, dict):
        return None
    return _with_body(request, {**body, "variables": {**variables, names.pop(): cursor}})


def _object_in(request: Request) -> dict[str, Any] | None:
    if isinstance(request.body, bytes):
        with contextlib.suppress(ValueError, RecursionError):
            body = json.loads(request.body)
            return body if isinstance(body, dict) else None
    return None


def _with_body(request: Request, body: Mapping[str, Any]) -> Request:
    return dataclasses.replace(request, body=json.dumps(body).encode())
