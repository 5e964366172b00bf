"""HTML pages with their links led through the proxy: a tokenizer like Go's, and the table of attributes (T30, T31)."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator, Mapping
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
"""Which attributes of which elements hold one URL."""

_RAW: Final = frozenset("iframe noembed noframes noscript plaintext script style title textarea xmp".split())
_TAG = re.compile(r"<([A-Za-z][^\s/>]*)")
_COMMENT_END = re.compile(r"(?:(?<=<!--)-?|--!?)>")
_SPACE = "\t\n\r\f "
_ESCAPES = {"&": "&amp;", "'": "&#39;", "<": "&lt;", ">": "&gt;", '"': "&#34;", "\r": "&#13;"}


def rewritten(page: bytes, rewrite: Callable[[str], str]) -> bytes:
    """The page with `rewrite` applied to each URL; every start tag is written anew, the rest stays byte for byte."""
    text = page.decode("utf-8", "surrogateescape")
    out = "".join(piece if tag is None else _written(piece, tag, rewrite) for piece, tag in _tokens(text))
    return out.encode("utf-8", "surrogateescape")


def _tokens(text: str) -> Iterator[tuple[str, str | None]]:
    """Pieces of the page; those that are start tags come with their name."""
    at = 0
    while at < len(text):
        begin = text.find("<", at)
        if begin < 0:
            yield text[at:], None
            return
        following = text[begin + 1 : begin + 2]
        closing = following == "/" and _is_letter(text[begin + 2 : begin + 3])
        if _is_letter(following) or closing:
            end = _end_of_tag(text, begin + closing)
            if end < 0:  # a tag that the page does not finish is dropped, as Go does
                yield text[at:begin], None
                return
            if closing:
                yield text[at:end], None
                at = end
                continue
            yield text[at:begin], None
            tag = text[begin:end]
            name = _lower(_name(tag)).replace("\0", "\ufffd")
            yield tag, name
            at = end
            if name in _RAW:
                at = _end_of_raw(text, end, name)
                yield text[end:at], None
            continue
        at_end = _end_of_markup(text, begin, following)
        yield text[at:at_end], None
        at = at_end


def _end_of_markup(text: str, begin: int, following: str) -> int:
    """Behind a comment, a declaration, or a lone ``<``."""
    if text.startswith("<!--", begin):
        found = _COMMENT_END.search(text, begin + 4)
        return found.end() if found else len(text)
    if following and following in "!?/":
        end = text.find(">", begin)
        return end + 1 if end >= 0 else len(text)
    return begin + 1


def _end_of_tag(text: str, begin: int) -> int:
    """Behind the ``>`` that ends a tag; quotes hide it."""
    for _, _, end in _attributes(text, begin):
        if end >= 0:
            return end
    return -1


def _end_of_raw(text: str, at: int, name: str) -> int:
    """Where the end tag of an element begins whose content is no markup."""
    if name == "plaintext":
        return len(text)
    found = re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE | re.ASCII).search(text, at)
    return found.start() if found else len(text)


def _name(tag: str) -> str:
    found = _TAG.match(tag)
    return found[1] if found else ""


def _attributes(text: str, begin: int) -> Iterator[tuple[str, str, int]]:
    """Name and raw value of each attribute, then ("", a slash if it closes itself, behind the tag); -1 on the way."""
    at, unquoted = begin + 1, -1
    while at < len(text) and text[at] not in _SPACE + "/>":
        at += 1
    while True:
        while at < len(text) and text[at] in _SPACE + "/":
            at += 1
        if at >= len(text):
            return
        if text[at] == ">":
            yield "", "/" if text[at - 1] == "/" and at != unquoted else "", at + 1
            return
        start = at
        at += 1  # a leading "=" belongs to the name
        while at < len(text) and text[at] not in _SPACE + "/>=":
            at += 1
        name, value = text[start:at], ""
        while at < len(text) and text[at] in _SPACE:
            at += 1
        if at < len(text) and text[at] == "=":
            at += 1
            while at < len(text) and text[at] in _SPACE:
                at += 1
            if at >= len(text):
                return
            if text[at] in "\"'":
                end = text.find(text[at], at + 1)
                if end < 0:
                    return
                value, at = text[at + 1 : end], end + 1
            else:
                start = at
                while at < len(text) and text[at] not in _SPACE + ">":
                    at += 1
                value, unquoted = text[start:at], at
        yield name, value, -1


def _written(tag: str, name: str, rewrite: Callable[[str], str]) -> str:
    urls = ATTRIBUTES.get(name, frozenset())
    out, seen, end = [f"<{name}"], set(), ">"
    for attribute, raw, behind in _attributes(tag, 0):
        if behind >= 0:
            end = f"{raw}>"
            break
        attribute = _lower(attribute).replace("\0", "\ufffd")
        if attribute in seen:
            continue
        seen.add(attribute)
        value = html.unescape(raw.replace("\r\n", "\n").replace("\r", "\n")).replace("\0", "\ufffd")
        if attribute in urls:
            value = rewrite(value)
        out.append(f' {attribute}="{_escaped(value)}"')
    return "".join(out) + end


def _escaped(text: str) -> str:
    return "".join(_ESCAPES.get(character, character) for character in text)


def _lower(text: str) -> str:
    return "".join(chr(ord(c) + 32) if "A" <= c <= "Z" else c for c in text)


def _is_letter(character: str) -> bool:
    return character.isascii() and character.isalpha()
