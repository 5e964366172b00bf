"""The ``Link`` header (RFC 8288), read in linear time."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

__all__ = ["next_url"]

_PARAMETER = re.compile(r"\s*;\s*([^\s=;,]+)(?:\s*=\s*(?:\"((?:[^\"\\]|\\.)*)\"|([^\s;,\"]*)))?")
_ESCAPE = re.compile(r"\\(.)")


def next_url(headers: Iterable[str]) -> str | None:
    """Find the URL of ``rel=next``. A link with an ``anchor`` starts elsewhere, and is not this page's.

    Parameters
    ----------
    headers
        The values of all ``Link`` headers.
    """
    for header in headers:
        for url, parameters in _links(header):
            if "next" in parameters.get("rel", "").lower().split() and "anchor" not in parameters:
                return url.strip()
    return None


def _links(header: str) -> Iterator[tuple[str, dict[str, str]]]:
    """The URL and the parameters of each link. Of a parameter that is there twice the first one counts."""
    end = 0
    while (start := header.find("<", end)) >= 0 and (close := header.find(">", start)) >= 0:
        parameters: dict[str, str] = {}
        end = close + 1
        while (found := _PARAMETER.match(header, end)) is not None:
            name, quoted, plain = found.groups(default="")
            parameters.setdefault(name.lower(), _ESCAPE.sub(r"\1", quoted) or plain)
            end = found.end()
        yield header[start + 1 : close], parameters
