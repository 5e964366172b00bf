"""Turning a line and an optional cell into a `Query`: target, path, parameters, headers, body and output."""

from __future__ import annotations

import pathlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

from IPython.core.error import UsageError

from ..query import ALL, Query
from ..query.content import BINARY, media_type_of, media_type_of_bytes, with_media_type
from .lines import Line
from .variables import in_json, in_path, in_text

__all__ = ["header", "pair", "params_of", "path_begins", "place", "query_of"]

_OUTPUTS = ("frame", "json", "text", "bytes", "reply")
_FORM_FIELDS = re.compile(r"[^\s={}\[\]\"']+=")
_DIALECT_TEXTS = ("rows", "agg", "labels")
_DIALECT_SWITCHES = ("wide", "categories", "grouped")
_DIALECT_OPTIONS = frozenset({*_DIALECT_TEXTS, *_DIALECT_SWITCHES})


def query_of(line: Line, cell: str | None) -> Query:
    """Make the query of a line, with its variables expanded.

    Parameters
    ----------
    line
        A line with a target.
    cell
        The text below ``%%kproxy``, or None.

    Raises
    ------
    UsageError
        The words, options and cell do not fit together.
    """
    _check(line, cell)
    variables = line.variables
    target, path = place(line, variables)
    params, cell_is_used = params_of(line, cell, variables) if "query" in line.given else ([], False)
    body, media_type = None, None
    if cell is not None or "data" in line.given:
        body, media_type = _body(line, None if cell_is_used else cell, cell, variables)
    method = line.text("request") or ("GET" if body is None else "POST")
    headers = line.many("header") if "header" in line.given else []
    return Query(
        target=target,
        path=path or "/",
        method=method.upper(),
        namespace=line.text("namespace"),
        all_namespaces=line.switch("all_namespaces"),
        selector=line.text("selector"),
        params=tuple(params),
        headers=tuple(with_media_type([header(in_text(text, variables)) for text in headers], media_type))
        if headers or media_type
        else (),
        body=body,
        has_text_body=media_type not in (None, BINARY),
        dialect=line.text("dialect"),
        limit=_limit(line),
        raw=line.switch("raw"),
        output=line.text("output") or "",
        timeout_s=_timeout_s(line) if "timeout" in line.given else None,
        options=_dialect_options(line) if line.given.keys() & _DIALECT_OPTIONS else {},
    )


def _check(line: Line, cell: str | None) -> None:
    if cell is not None and not cell.strip():
        raise UsageError("the cell is empty: %%kproxy sends it as the body")
    output = line.text("output")
    if output and output not in _OUTPUTS:
        raise UsageError(f"-o is one of {', '.join(_OUTPUTS)}, not {output!r}")


def _dialect_options(line: Line) -> dict[str, Any]:
    options: dict[str, Any] = {}
    for key in _DIALECT_TEXTS:
        if (text := line.text(key)) is not None:
            options[key] = text
    for key in _DIALECT_SWITCHES:
        if line.switch(key):
            options[key] = True
    return options


def place(line: Line, variables: Mapping[str, Any]) -> tuple[str, str | None]:
    """Target and path of a line, with variables expanded: unchanged in a target, percent-encoded in a path."""
    target, path = line.words[0], line.words[1] if len(line.words) > 1 else None
    if "${" in target:
        cut = path_begins(target)
        target = in_text(target[:cut], variables) + in_path(target[cut:], variables)
    return target, path if path is None or "${" not in path else in_path(path, variables)


def path_begins(word: str) -> int:
    """Where the path begins in a word that is a URL or an API path; its length for any other target."""
    if word.startswith("/"):
        return 0
    found = re.match(r"[a-zA-Z]+://[^/?]*", word)
    return found.end() if found else len(word)


def pair(text: str) -> tuple[str, str]:
    """Split the value of ``-q`` into name and value."""
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise UsageError(f"-q is NAME=VALUE, such as -q query=up, not {text!r}")
    return name, value


def header(text: str) -> tuple[str, str]:
    """Split the value of ``-H`` into name and value."""
    name, colon, value = text.partition(":")
    if not colon:
        raise UsageError("-H is NAME:VALUE; one here has no colon")  # not repeated: it may be a secret
    return name.strip(), value.strip()


def params_of(line: Line, cell: str | None, variables: Mapping[str, Any]) -> tuple[list[tuple[str, str]], bool]:
    """The parameters given by ``-q``, and whether one of them takes the cell."""
    params, used = [], False
    for text in line.many("query"):
        name, value = pair(text)
        if value == "@-":
            if cell is None:
                raise UsageError(f"-q {name}=@- takes the cell, and there is none: begin it with %%kproxy")
            value, used = cell.rstrip("\n"), True
        params.append((in_text(name, variables), in_text(value, variables)))
    return params, used


def _body(
    line: Line, body_cell: str | None, cell: str | None, variables: Mapping[str, Any]
) -> tuple[bytes | None, str | None]:
    """The body, and its media type if it is text."""
    parts = line.many("data")
    if not parts:
        if body_cell is None:
            return None, None
        text = _expanded(body_cell, variables, line.switch("expand"))
        return text.encode(), media_type_of(text)
    if parts == ["@-"] or (len(parts) == 1 and parts[0].startswith("@")):
        if parts[0] != "@-":
            content = _file(in_text(parts[0][1:], variables))
            return content, media_type_of_bytes(content)
        if cell is None:
            raise UsageError("-d @- takes the cell, and there is none: begin it with %%kproxy")
        text = _expanded(cell, variables, line.switch("expand"))
        return text.encode(), media_type_of(text)
    if body_cell is not None:
        raise UsageError("both -d and the cell give a body; -d @- is the cell")
    text = "&".join(_expanded(part, variables, True) for part in parts)
    is_form = _FORM_FIELDS.match(text) is not None
    return text.encode(), "application/x-www-form-urlencoded" if is_form else media_type_of(text)


def _expanded(text: str, variables: Mapping[str, Any], always: bool) -> str:
    """A body with its variables expanded: as JSON in a JSON body, else unchanged and only where that was requested."""
    if "${" not in text:
        return text
    try:
        form = media_type_of(in_json(text, _Anything()))
    except UsageError:  # `${` without a name: in a body that is not JSON it has another meaning
        form = media_type_of(text)
    if form in ("application/json", "application/x-ndjson"):
        return in_json(text, variables)
    return in_text(text, variables) if always else text


class _Anything(Mapping[str, Any]):
    """A mapping with every name, to find the media type of a body before its variables are known."""

    def __getitem__(self, name: str) -> Any:
        return 0

    def __contains__(self, name: object) -> bool:
        return True

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def _file(name: str) -> bytes:
    try:
        return pathlib.Path(name).expanduser().read_bytes()
    except OSError as error:
        raise UsageError(f"-d @{name}: {error.strerror}") from None


def _limit(line: Line) -> int | None:
    text = line.text("limit")
    if text is None:
        return None
    if text == "all":
        return ALL
    if text.isdecimal() and int(text) > 0:
        return int(text)
    raise UsageError(f"--limit is a number of rows, or all, not {text!r}")


def _timeout_s(line: Line) -> float:
    text = line.text("timeout") or ""
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 1e9:
        raise UsageError(f"--timeout is a number of seconds, not {text!r}")
    return seconds
