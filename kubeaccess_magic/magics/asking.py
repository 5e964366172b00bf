"""What a line and a cell ask for: target and path, query, headers, body, and the form of the answer."""

from __future__ import annotations

import dataclasses
import pathlib
import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from IPython.core.error import UsageError

from ..cluster.body import media_type_of, with_media_type
from .options import Line
from .variables import in_json, in_path, in_text

__all__ = ["Wanted", "filled", "header", "pair", "path_begins", "place", "query", "wanted"]

_FORMS = ("frame", "json", "text", "bytes", "reply")
_FORM_FIELDS = re.compile(r"[^\s={}\[\]\"']+=")


@dataclasses.dataclass(frozen=True, repr=False)
class Wanted:
    """A question, with its variables put in. Headers and body may be secret: it has no repr.

    Attributes
    ----------
    form
        What the answer is to be; "" where nothing was said: a frame, or the text that is none.
    options
        For the dialect.
    """

    method: str | None
    target: str
    path: str | None
    params: list[tuple[str, str]]
    headers: list[tuple[str, str]]
    body: bytes | None
    is_text: bool
    form: str
    dialect: str | None
    limit: int | Literal["all"] | None
    raw: bool
    timeout_s: float | None
    options: dict[str, Any]


def wanted(asked: Line, cell: str | None, variables: Mapping[str, Any]) -> Wanted:
    """What a line, and perhaps a cell, ask for.

    Raises
    ------
    UsageError
        They do not go together.
    """
    target, path = place(asked, variables)
    if asked.switch("all_namespaces"):
        raise UsageError("-A goes with `%kproxy services` and `%kproxy pods`; a target is in one namespace")
    if asked.text("selector"):
        raise UsageError("-l goes with `%kproxy services` and `%kproxy pods`; a target has a name")
    if cell is not None and not cell.strip():
        raise UsageError("the cell is empty: its body is what %%kproxy sends")
    params, cell_is_used = query(asked, cell, variables)
    body, media_type = _body(asked, None if cell_is_used else cell, cell, variables)
    headers = with_media_type([header(in_text(text, variables)) for text in asked.many("header")], media_type)
    method = asked.text("request")
    form = asked.text("output") or ""
    if form and form not in _FORMS:
        raise UsageError(f"-o is one of {', '.join(_FORMS)}, not {form!r}")
    own: dict[str, Any] = {key: asked.text(key) for key in ("rows", "agg", "labels")}
    own |= {key: asked.switch(key) or None for key in ("wide", "categories", "grouped")}
    return Wanted(
        method=method.upper() if method else None,
        target=target,
        path=path,
        params=params,
        headers=headers,
        body=body,
        is_text=media_type is not None,
        form=form,
        dialect=asked.text("dialect"),
        limit=_limit(asked.text("limit")),
        raw=asked.switch("raw"),
        timeout_s=_seconds(asked.text("timeout")),
        options={key: value for key, value in own.items() if value is not None},
    )


def filled(asked: Line, variables: Mapping[str, Any]) -> Line:
    """A line with variables put into its options, and into the words of a verb that takes no target.

    What belongs to a request is left as it is: there it matters where a value stands.
    """
    given = {
        key: in_text(value, variables)
        if isinstance(value, str)
        else [in_text(text, variables) for text in value]
        if isinstance(value, list) and key == "as_group"
        else value
        for key, value in asked.given.items()
    }
    plain = asked.verb and asked.verb not in ("url", "can", "panel")
    words = tuple(in_text(word, variables) for word in asked.words) if plain else asked.words
    return dataclasses.replace(asked, words=words, given=given, variables=variables)


def place(asked: Line, variables: Mapping[str, Any]) -> tuple[str, str | None]:
    """Target and path of a line, variables put in: as they are in a target, percent-encoded in a path or a URL's."""
    word = asked.words[0]
    cut = path_begins(word)
    target = in_text(word[:cut], variables) + in_path(word[cut:], variables)
    return target, in_path(asked.words[1], variables) if len(asked.words) > 1 else None


def path_begins(word: str) -> int:
    """Where the path begins in a word that is a URL or an API path; its length for any other target."""
    if word.startswith("/"):
        return 0
    found = re.match(r"[a-zA-Z]+://[^/?]*", word)
    return found.end() if found else len(word)


def pair(text: str) -> tuple[str, str]:
    """Name and value of a ``-q``."""
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise UsageError(f"-q is NAME=VALUE, such as -q query=up, not {text!r}")
    return name, value


def header(text: str) -> tuple[str, str]:
    """Name and value of a ``-H``."""
    name, colon, value = text.partition(":")
    if not colon:
        raise UsageError("-H is NAME:VALUE; one here has no colon")  # not repeated: it may be a secret
    return name.strip(), value.strip()


def query(asked: Line, cell: str | None, variables: Mapping[str, Any]) -> tuple[list[tuple[str, str]], bool]:
    """The ``-q`` values, and whether one of them is the cell."""
    params, used = [], False
    for text in asked.many("query"):
        name, value = pair(text)
        if value == "@-":
            if cell is None:
                raise UsageError(f"-q {name}=@- takes the cell, and there is none: begin it with %%kproxy")
            value, used = cell.rstrip("\n"), True
        params.append((in_text(name, variables), in_text(value, variables)))
    return params, used


def _body(
    asked: Line, body_cell: str | None, cell: str | None, variables: Mapping[str, Any]
) -> tuple[bytes | None, str | None]:
    """The body, and the media type of one that is text."""
    given = asked.many("data")
    if not given:
        if body_cell is None:
            return None, None
        text = _expanded(body_cell, variables, asked.switch("expand"))
        return text.encode(), media_type_of(text)
    if given == ["@-"] or (len(given) == 1 and given[0].startswith("@")):
        if given[0] != "@-":
            return _file(in_text(given[0][1:], variables)), None
        if cell is None:
            raise UsageError("-d @- takes the cell, and there is none: begin it with %%kproxy")
        text = _expanded(cell, variables, asked.switch("expand"))
        return text.encode(), media_type_of(text)
    if body_cell is not None:
        raise UsageError("both -d and the cell give a body; -d @- is the cell")
    text = "&".join(_expanded(part, variables, True) for part in given)
    is_form = _FORM_FIELDS.match(text) is not None
    return text.encode(), "application/x-www-form-urlencoded" if is_form else media_type_of(text)


def _expanded(text: str, variables: Mapping[str, Any], always: bool) -> str:
    """A body with its variables: as JSON in one that is JSON; else as they are, where that was asked for."""
    if "${" not in text:
        return text
    try:
        form = media_type_of(in_json(text, _Anything()))
    except UsageError:  # what stands behind a `${` is no name: in a body that is not JSON it means something else
        form = media_type_of(text)
    if form in ("application/json", "application/x-ndjson"):
        return in_json(text, variables)
    return in_text(text, variables) if always else text


class _Anything(Mapping[str, Any]):
    """Has every name, so that the form of a body can be seen before its variables are."""

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


def _limit(text: str | None) -> int | Literal["all"] | None:
    if text is None:
        return None
    if text == "all":
        return "all"
    if text.isdecimal() and int(text) > 0:
        return int(text)
    raise UsageError(f"--limit is a number of rows, or all, not {text!r}")


def _seconds(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 1e9:
        raise UsageError(f"--timeout is a number of seconds, not {text!r}")
    return seconds
