"""Header fields in the order in which they arrived, with their names in Go's spelling (T24)."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")

HOP_BY_HOP = (
    "Connection",
    "Proxy-Connection",
    "Keep-Alive",
    "Proxy-Authenticate",
    "Proxy-Authorization",
    "Te",
    "Trailer",
    "Transfer-Encoding",
    "Upgrade",
)
"""Headers that concern a single connection; a proxy never passes them on (T17)."""


class Headers:
    """An ordered multimap of header fields; names are case-insensitive.

    Parameters
    ----------
    pairs
        The name and value of each field, in order.
    """

    __slots__ = ("_pairs",)

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        self._pairs = [(canonical(name), value) for name, value in pairs]

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._pairs)

    def __contains__(self, name: str) -> bool:
        name = canonical(name)
        return any(pair_name == name for pair_name, _ in self._pairs)

    def __repr__(self) -> str:
        return f"Headers({self._pairs!r})"

    def get(self, name: str, default: str = "") -> str:
        """The value of the first field with this name.

        Parameters
        ----------
        name
            The field's name, in any case.
        default
            The result if there is no such field.
        """
        name = canonical(name)
        return next((value for pair_name, value in self._pairs if pair_name == name), default)

    def getall(self, name: str) -> list[str]:
        """The values of all fields with this name, in order."""
        name = canonical(name)
        return [value for pair_name, value in self._pairs if pair_name == name]

    def items_of(self, name: str) -> list[str]:
        """The items of a comma-separated list, which may be spread over several fields of this name."""
        return [item.strip() for value in self.getall(name) for item in value.split(",") if item.strip()]

    def add(self, name: str, value: str) -> None:
        """Append a field; others of the same name stay.

        Parameters
        ----------
        name, value
            The new field.
        """
        self._pairs.append((canonical(name), value))

    def set(self, name: str, value: str) -> None:
        """Replace all fields of this name by one, at the position of the first.

        Parameters
        ----------
        name, value
            The new field.
        """
        name = canonical(name)
        position = next((i for i, pair in enumerate(self._pairs) if pair[0] == name), len(self._pairs))
        others = [pair for pair in self._pairs[position:] if pair[0] != name]
        self._pairs[position:] = [(name, value), *others]

    def remove(self, *names: str) -> None:
        """Remove all fields with any of these names."""
        removed = {canonical(name) for name in names}
        self._pairs = [pair for pair in self._pairs if pair[0] not in removed]

    def copy(self) -> Headers:
        """An independent copy."""
        duplicate = Headers()
        duplicate._pairs = list(self._pairs)
        return duplicate

    def sorted(self) -> list[tuple[str, str]]:
        """The fields sorted by name, as Go sends them; fields of the same name keep their order."""
        return sorted(self._pairs, key=lambda pair: pair[0])

    def remove_hop_by_hop(self) -> None:
        """Remove the fields that concern this connection only, and those that Connection names (T17)."""
        self.remove(*self.items_of("Connection"), *HOP_BY_HOP)


@functools.lru_cache(maxsize=1024)
def canonical(name: str) -> str:
    """A header name in Go's spelling: ``etag`` → ``Etag``; text that is not a token stays unchanged."""
    if not _TOKEN.fullmatch(name):
        return name
    return "-".join(word[:1].upper() + word[1:].lower() for word in name.split("-"))


def is_token(text: str) -> bool:
    """Whether a text is a token as RFC 9110 defines it, such as a method or the name of a header."""
    return _TOKEN.fullmatch(text) is not None
