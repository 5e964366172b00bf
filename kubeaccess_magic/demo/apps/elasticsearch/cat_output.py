"""`_cat`: tables for people, as text, or as JSON with `format=json`."""

from __future__ import annotations

import fnmatch
from typing import Any, Final

from .cat_tables import TABLES, CatTable
from .log_documents import Snapshot
from .search_errors import illegal

_UNITS: Final = {"b": 1, "kb": 2**10, "mb": 2**20, "gb": 2**30, "tb": 2**40}


def listing() -> str:
    """What there is."""
    lines = (f"/_cat/{name}\n" + (f"/_cat/{name}/{{index}}\n" if one.by_index else "") for name, one in TABLES.items())
    return "=^.^=\n" + "".join(lines)


def table(name: str) -> CatTable:
    """The table of that name.

    Raises
    ------
    SearchError
        400: there is none.
    """
    if name not in TABLES:
        raise illegal(f"request [/_cat/{name}] is not in the demo; there are {', '.join(sorted(TABLES))}")
    return TABLES[name]


def help_text(of: CatTable) -> str:
    """The columns with their other names and what they are (`help`)."""
    widths = [max(len(column[place]) for column in of.columns) for place in (0, 1)]
    return "".join(
        f"{name.ljust(widths[0])} | {short.ljust(widths[1])} | {about} \n" for name, short, about in of.columns
    )


def rows(of: CatTable, found: Snapshot, now: int, parameters: dict[str, str]) -> list[dict[str, str]]:
    """Rows in the order (`s=`), with the columns (`h=`) and in the units (`bytes=`) that were asked for.

    Raises
    ------
    SearchError
        400: no such column to sort by, no such unit.
    """
    unit = parameters.get("bytes", "")
    if unit and unit not in _UNITS:
        raise illegal(f"No enum constant for bytes [{unit}]: one of {', '.join(_UNITS)}")
    known = {short: name for name, shorts, _ in of.columns for short in (*shorts.split(","), name) if short}
    out = of.rows(found, now)
    for key in reversed([one for one in parameters.get("s", "").split(",") if one]):
        asked, _, direction = key.partition(":")
        if asked not in known:
            raise illegal(f"Unable to sort by unknown sort key `{asked}`")
        by = known[asked]
        out = sorted(out, key=lambda row, by=by: _sortable(row[by]), reverse=direction == "desc")  # type: ignore[misc]  # mypy cannot infer a lambda with a default
    names = {name: name for name, _, _ in of.columns if name not in of.hidden}
    if wanted := [one for one in parameters.get("h", "").split(",") if one]:
        names = {shown: name for one in wanted for shown, name in _columns(one, of, known)}
    return [{shown: _shown(row[name], unit) for shown, name in names.items()} for row in out]


def names_of(of: CatTable, parameters: dict[str, str]) -> list[str]:
    """The header of a table, also of one without rows."""
    known = {short: name for name, shorts, _ in of.columns for short in (*shorts.split(","), name) if short}
    wanted = [one for one in parameters.get("h", "").split(",") if one]
    if wanted:
        return [shown for one in wanted for shown, _ in _columns(one, of, known)]
    return [name for name, _, _ in of.columns if name not in of.hidden]


def text(found: list[dict[str, str]], names: list[str], verbose: bool) -> str:
    """The rows in columns; numbers to the right."""
    shown = ([{name: name for name in names}] if verbose else []) + found
    widths = {name: max((len(row[name]) for row in shown), default=0) for name in names}
    right = {name: any(row[name] for row in found) and all(_is_number(row[name]) for row in found) for name in names}
    lines = (
        " ".join(row[name].rjust(widths[name]) if right[name] else row[name].ljust(widths[name]) for name in names)
        for row in shown
    )
    return "".join(line + "\n" for line in lines)


def _columns(asked: str, of: CatTable, known: dict[str, str]) -> list[tuple[str, str]]:
    """As it is to be called, and the column; a name that nobody knows gives none."""
    if "*" in asked:
        return [(name, name) for name, _, _ in of.columns if fnmatch.fnmatchcase(name, asked)]
    return [(asked, known[asked])] if asked in known else []


def _shown(value: str | int, unit: str) -> str:
    if isinstance(value, str):
        return value
    if unit:
        return str(value // _UNITS[unit])
    name = max((one for one, size in _UNITS.items() if value >= size), key=_UNITS.__getitem__, default="b")
    return f"{value}b" if name == "b" else f"{value / _UNITS[name]:.1f}".removesuffix(".0") + name


def _is_number(value: str) -> bool:
    plain = value.rstrip("kmgtb%")
    return not value or plain.replace(".", "", 1).isdecimal()


def _sortable(value: str | int) -> Any:
    if isinstance(value, str):
        number = value.removesuffix("%")
        return (0, float(number), "") if number.replace(".", "", 1).isdecimal() else (1, 0.0, value)
    return 0, float(value), ""
