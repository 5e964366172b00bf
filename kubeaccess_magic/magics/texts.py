"""Texts that a line returns: displayed line by line, with control characters escaped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..text import one_line, printable

if TYPE_CHECKING:
    from ..access import Access

__all__ = ["Permission", "Text"]


class Text(str):
    """A text that is displayed line by line, where a plain ``str`` is displayed as one quoted line."""

    __slots__ = ()

    def _repr_pretty_(self, printer: object, cycle: bool) -> None:
        printer.text(printable(self))  # type: ignore[attr-defined]  # IPython's pretty printer has no types


class Permission:
    """The answer to ``%kproxy can``: true or false; if false, with the Role to ask for."""

    def __init__(self, access: Access, what: str) -> None:
        self.access = access
        self.role = access.role
        self.reason = access.reason
        self._what = what

    def __bool__(self) -> bool:
        return self.access.allowed

    def __repr__(self) -> str:
        if self.access.allowed:
            return f"yes: {one_line(self._what)}" + (f"\n{one_line(self.reason)}" if self.reason else "")
        role = printable(self.role or "")
        return f"no: {one_line(self._what)}\nthe Role to ask for (kubectl apply -f -):\n\n{role}".rstrip()
