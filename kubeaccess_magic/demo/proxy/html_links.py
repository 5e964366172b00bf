"""Rewriting the links in HTML pages, with a tokenizer like Go's (T30, T31)."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

ATTRIBUTES: Final[Mapping[str, frozenset[str]]] = {
    tag: frozenset(names.split())
    for tag, names in {
        "a": "href", "applet": "codebase", "area": "href", "audio": "src", "base": "href", "blockquote": "cite",
        "body": "background", "button": "formaction", "command": "icon", "del": "cite", "embed": "src",
        "form": "action", "frame": "longdesc src", "head": "profile", "html": "manifest", "iframe": "longdesc src",
        "img": "longdesc src usemap", "input": "src usemap formaction", "ins": "cite", "link": "href",
        "object": "classid codebase data usemap", "q": "cite", "script": "src", "source": "src", "video": "poster src",
    }.items()
}  # fmt: skip
"""Element → the attributes that hold a URL."""

_RAW_TEXT_ELEMENTS: Final = frozenset(
    "iframe noembed noframes noscript plaintext script style title textarea xmp".split()
)
_TAG = re.compile(r"<([A-Za-z][^\s/>]*)")
_COMMENT_END = re.compile(r"(?:(?<=<!--)-?|--!?)>")
_SPACE = "\t\n\r\f "
_ESCAPES = {"&": "&amp;", "'": "&#39;", "<": "&lt;", ">": "&gt;", '"': "&#34;", "\r": "&#13;"}


def rewrite_links(page: bytes, rewrite: Callable[[str], str]) -> bytes:
    """Apply a function to every URL of a page; start tags are written anew, everything else stays byte for byte.

    Parameters
    ----------
    page
        The HTML.
    rewrite
        Returns the URL to write instead of one.
    """
    text = page.decode("utf-8", "surrogateescape")
    rewritten = "".join(piece if tag is None else _rewrite_tag(piece, tag, rewrite) for piece, tag in _tokens(text))
    return rewritten.encode("utf-8", "surrogateescape")


def _tokens(text: str) -> Iterator[tuple[str, str | None]]:
    """Split a page into pieces; a start tag comes with its name, other pieces with None."""
    position = 0
    while position < len(text):
        begin = text.find("<", position)
        if begin < 0:
            yield text[position:], None
            return
        following = text[begin + 1 : begin + 2]
        is_end_tag = following == "/" and _is_letter(text[begin + 2 : begin + 3])
        if _is_letter(following) or is_end_tag:
            end = _end_of_tag(text, begin + is_end_tag)
            if end < 0:  # Go drops a tag that the page does not finish
                yield text[position:begin], None
                return
            if is_end_tag:
                yield text[position:end], None
                position = end
                continue
            yield text[position:begin], None
            tag = text[begin:end]
            name = _lower(_name(tag)).replace("\0", "\ufffd")
            yield tag, name
            position = end
            if name in _RAW_TEXT_ELEMENTS:
                position = _end_of_raw(text, end, name)
                yield text[end:position], None
            continue
        end = _end_of_markup(text, begin, following)
        yield text[position:end], None
        position = end


def _end_of_markup(text: str, begin: int, following: str) -> int:
    """The position after a comment, a declaration, or a lone ``<``."""
    if text.startswith("<!--", begin):
        match = _COMMENT_END.search(text, begin + 4)
        return match.end() if match else len(text)
    if following and following in "!?/":
        end = text.find(">", begin)
        return end + 1 if end >= 0 else len(text)
    return begin + 1


def _end_of_tag(text: str, begin: int) -> int:
    """The position after the ``>`` that ends a tag, ignoring any in quotes; -1 if the tag does not end."""
    return next((part.position for part in _tag_parts(text, begin) if isinstance(part, _TagEnd)), -1)


def _end_of_raw(text: str, position: int, name: str) -> int:
    """The position of the end tag of an element whose content is not markup."""
    if name == "plaintext":
        return len(text)
    match = re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE | re.ASCII).search(text, position)
    return match.start() if match else len(text)


def _name(tag: str) -> str:
    match = _TAG.match(tag)
    return match[1] if match else ""


@dataclass(frozen=True, slots=True)
class _Attribute:
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class _TagEnd:
    """The end of a tag: whether the tag closes itself (``/>``), and the position after it."""

    closes_itself: bool
    position: int


def _tag_parts(text: str, begin: int) -> Iterator[_Attribute | _TagEnd]:
    """The attributes of the tag at a position, with raw values, then its end; an unfinished tag has no end."""
    position, value_end = _skip(text, begin + 1, _SPACE + "/>", until=True), -1
    while True:
        position = _skip(text, position, _SPACE + "/")
        if position >= len(text):
            return
        if text[position] == ">":
            yield _TagEnd(text[position - 1] == "/" and position != value_end, position + 1)
            return
        start = position
        position = _skip(text, position + 1, _SPACE + "/>=", until=True)  # a leading "=" belongs to the name
        name, value = text[start:position], ""
        position = _skip(text, position, _SPACE)
        if text[position : position + 1] == "=":
            start = _skip(text, position + 1, _SPACE)
            if start >= len(text):
                return
            if text[start] in "\"'":
                end = text.find(text[start], start + 1)
                if end < 0:
                    return
                value, position = text[start + 1 : end], end + 1
            else:
                position = value_end = _skip(text, start, _SPACE + ">", until=True)
                value = text[start:position]
        yield _Attribute(name, value)


def _skip(text: str, position: int, characters: str, until: bool = False) -> int:
    """The first position at which none of some characters stands, or with `until`, at which one of them does."""
    while position < len(text) and (text[position] in characters) is not until:
        position += 1
    return position


def _rewrite_tag(tag: str, name: str, rewrite: Callable[[str], str]) -> str:
    url_attributes = ATTRIBUTES.get(name, frozenset())
    pieces, seen, end = [f"<{name}"], set(), ">"
    for part in _tag_parts(tag, 0):
        if isinstance(part, _TagEnd):
            end = "/>" if part.closes_itself else ">"
            break
        attribute = _lower(part.name).replace("\0", "\ufffd")
        if attribute in seen:
            continue
        seen.add(attribute)
        value = html.unescape(part.value.replace("\r\n", "\n").replace("\r", "\n")).replace("\0", "\ufffd")
        if attribute in url_attributes:
            value = rewrite(value)
        pieces.append(f' {attribute}="{_escaped(value)}"')
    return "".join(pieces) + end


def _escaped(text: str) -> str:
    return "".join(_ESCAPES.get(character, character) for character in text)


def _lower(text: str) -> str:
    return "".join(chr(ord(c) + 32) if "A" <= c <= "Z" else c for c in text)


def _is_letter(character: str) -> bool:
    return character.isascii() and character.isalpha()
