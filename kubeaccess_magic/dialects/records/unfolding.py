"""Nested rows, such as ``data.spans``, ``data[].spans[]`` or ``data.*.spans``, with the values beside them.

A step is a key (which may contain dots), ``[]`` for each item of a list, or ``*`` for each key of an object or each
item of a list. A list on the way is traversed even without ``[]``. Values beside the rows, in the items that were
traversed, become columns of each row: under its own name, or, if the row has that name itself, with the
name of the list in front, as in ``data.traceID``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from ..budget import DEFAULT, FrameBudget

__all__ = ["NotThere", "Unfolded", "unfold"]

_EACH = ("[]", "*")
_OUTER = "outer"  # in place of the name of a list that has none


class NotThere(Exception):
    """There are no rows at the path."""


@dataclasses.dataclass
class Unfolded:
    """The rows below a list or an object.

    Parameters
    ----------
    rows
        Objects, or other values.
    path
        The objects on the way to the first list or object whose items were gone through.
    listed
        How many items that has.
    """

    rows: list[Any]
    path: tuple[Mapping[str, Any], ...]
    listed: int


def unfold(document: Any, where: str, budget: FrameBudget = DEFAULT) -> Unfolded:
    """Find the rows at a path that leads through lists.

    Parameters
    ----------
    document
        JSON values.
    where
        The path.
    budget
        What the frame may cost: what stands beside rows is repeated in each of them.

    Raises
    ------
    NotThere
        Nothing is at that path in any item.
    """
    walk = _Walk()
    found = list(walk.values(document, _steps(where), _Beside()))
    if not where or not walk.arrived:
        raise NotThere(where)
    budget.check_cells(len(found), max((len(beside.carried) for _, beside in found), default=0))
    return Unfolded(_rows(found), walk.path, walk.listed)


@dataclasses.dataclass(frozen=True)
class _Beside:
    """What stands beside the way to a value.

    Parameters
    ----------
    name
        The last key on the way.
    list_name
        The key of the last list that was gone through.
    carried
        For each column its short name, its long name with that of the list in front, and its value.
    is_inside
        Whether the way has led through a list.
    prefix
        The keys from the last item of a list to here, each with a dot behind.
    """

    name: str = _OUTER
    list_name: str = _OUTER
    carried: tuple[tuple[str, str, Any], ...] = ()
    is_inside: bool = False
    prefix: str = ""

    def below(self, value: Mapping[str, Any], key: str) -> _Beside:
        """What stands beside `key` in an object, added."""
        more = [(self.prefix + name, item) for name, item in value.items() if name != key] if self.is_inside else []
        carried = (*((name, f"{self.list_name}.{name}", item) for name, item in more), *self.carried)
        return dataclasses.replace(self, carried=carried, prefix=f"{self.prefix}{key}.", name=key)

    def at_item(self) -> _Beside:
        """The same in an item of a list."""
        return dataclasses.replace(self, is_inside=True, list_name=self.name, prefix="")

    def at_key(self, key: str) -> _Beside:
        """The same at a key of an object whose keys are gone through."""
        carried = (("key", f"{self.name}.key", key), *self.carried)
        return dataclasses.replace(self.at_item(), carried=carried)


@dataclasses.dataclass
class _Walk:
    """Goes all ways of a path."""

    arrived: bool = False
    path: tuple[Mapping[str, Any], ...] = ()
    listed: int = 0
    is_through: bool = False

    def values(self, value: Any, where: str, beside: _Beside) -> Iterator[tuple[Any, _Beside]]:
        """Each value at the end of the path, and what stands beside the way to it."""
        step, _, rest = where.partition(".")
        if type(value) is list:
            yield from self._items(value, rest if step in _EACH else where, beside)
        elif where == "":
            self.arrived = True
            yield value, beside
        elif type(value) is dict and step == "*" and "*" not in value:
            self._go_through(value)
            for key, inner in value.items():
                yield from self.values(inner, rest, beside.at_key(key))
        elif type(value) is dict and (key := _key(value, where)) is not None:
            if not self.is_through:
                self.path = (*self.path, value)
            yield from self.values(value[key], where[len(key) + 1 :], beside.below(value, key))

    def _items(self, items: list[Any], where: str, beside: _Beside) -> Iterator[tuple[Any, _Beside]]:
        self._go_through(items)
        self.arrived = self.arrived or where == "" or not items
        for item in items:
            if where == "":
                yield item, beside
            else:
                yield from self.values(item, where, beside.at_item())

    def _go_through(self, items: Any) -> None:
        self.listed = self.listed if self.is_through else len(items)
        self.is_through = True


def _steps(where: str) -> str:
    """The path with a dot in front of each ``[]``."""
    return where.replace("[]", ".[]").removeprefix(".").replace("..", ".")


def _key(value: Mapping[str, Any], where: str) -> str | None:
    """The longest beginning of a path that is a key of an object."""
    if where in value:
        return where
    ends = [end for end, letter in enumerate(where) if letter == "."]
    return next((where[:end] for end in reversed(ends) if where[:end] in value), None)


def _rows(found: Sequence[tuple[Any, _Beside]]) -> list[Any]:
    """The rows with what stands beside them. A short name is used only where no other column can have it."""
    if not any(beside.carried for _, beside in found):
        return [value for value, _ in found]
    rows = [value if type(value) is dict else {"value": value} for value, _ in found]
    own = set().union(*rows)
    long_names: dict[str, set[str]] = {}
    for _, beside in found:
        for name, long_name, _ in beside.carried:
            long_names.setdefault(name, set()).add(long_name)
    names: dict[str, str] = {}
    for name, longer in long_names.items():
        is_free = name not in own and len(longer) == 1
        names |= {long_name: name if is_free else _free(long_name, own) for long_name in longer}
    return [
        {**row, **{names[long_name]: item for _, long_name, item in beside.carried}}
        for row, (_, beside) in zip(rows, found, strict=True)
    ]


def _free(name: str, taken: Collection[str]) -> str:
    while name in taken:
        name += "_"
    return name
