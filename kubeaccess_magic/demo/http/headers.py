"""Header fields in the order in which they came, under the names that Go's net/http gives them (T24)."""

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
"""What belongs to one connection only and never passes a proxy (T17)."""


class Headers:
    """An ordered multimap of header fields; names are compared without regard to case.

    Parameters
    ----------
    pairs
        Name and value of each field, in order.
    """

    __slots__ = ("_pairs",)

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        self._pairs = [(canonical(name), value) for name, value in pairs]

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._pairs)

    def __contains__(self, name: str) -> bool:
        name = canonical(name)
        return any(known == name for known, _ in self._pairs)

    def __repr__(self) -> str:
        return f"Headers({self._pairs!r})"

    def get(self, name: str, default: str = "") -> str:
        """The first value of that name."""
        name = canonical(name)
        return next((value for known, value in self._pairs if known == name), default)

    def getall(self, name: str) -> list[str]:
        """Every value of that name, in order."""
        name = canonical(name)
        return [value for known, value in self._pairs if known == name]

    def items_of(self, name: str) -> list[str]:
        """The items of a comma-separated list that may be spread over several fields."""
        return [item.strip() for value in self.getall(name) for item in value.split(",") if item.strip()]

    def add(self, name: str, value: str) -> None:
        """One more field."""
        self._pairs.append((canonical(name), value))

    def set(self, name: str, value: str) -> None:
        """That field in place of all of its name; it keeps the place of the first."""
        name = canonical(name)
        at = next((i for i, (known, _) in enumerate(self._pairs) if known == name), len(self._pairs))
        kept = [pair for pair in self._pairs[at:] if pair[0] != name]
        self._pairs[at:] = [(name, value), *kept]

    def remove(self, *names: str) -> None:
        """None of these names any more."""
        gone = {canonical(name) for name in names}
        self._pairs = [pair for pair in self._pairs if pair[0] not in gone]

    def copy(self) -> Headers:
        """An independent copy."""
        other = Headers()
        other._pairs = list(self._pairs)
        return other

    def sorted(self) -> list[tuple[str, str]]:
        """The fields by name, as Go writes them; equal names keep their order."""
        return sorted(self._pairs, key=lambda pair: pair[0])

    def remove_hop_by_hop(self) -> None:
        """Take out what is meant for this connection only, and what Connection names (T17)."""
        self.remove(*self.items_of("Connection"), *HOP_BY_HOP)


@functools.lru_cache(maxsize=1024)
def canonical(name: str) -> str:
    """The name in Go's spelling: ``etag`` → ``Etag``; what is no token stays as it is."""
    if not _TOKEN.fullmatch(name):
        return name
    return "-".join(word[:1].upper() + word[1:].lower() for word in name.split("-"))


def is_token(text: str) -> bool:
    """Whether it is a token of RFC 9110: a method, a header's name."""
    return _TOKEN.fullmatch(text) is not None
