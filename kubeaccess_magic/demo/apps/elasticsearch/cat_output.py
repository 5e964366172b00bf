"""The output of `_cat`: tables as text for people, or as JSON with `format=json`."""

from __future__ import annotations

import fnmatch
from typing import Any, Final

from .cat_tables import TABLES, CatTable
from .log_documents import Snapshot
from .search_errors import illegal_argument

_UNITS: Final = {"b": 1, "kb": 2**10, "mb": 2**20, "gb": 2**30, "tb": 2**40}


def listing() -> str:
    """The list of tables that `/_cat` shows."""
    lines = (
        f"/_cat/{name}\n" + (f"/_cat/{name}/{{index}}\n" if table.by_index else "") for name, table in TABLES.items()
    )
    return "=^.^=\n" + "".join(lines)


def table(name: str) -> CatTable:
    """Find a table by its name.

    Raises
    ------
    SearchError
        400: there is no such table.
    """
    if name not in TABLES:
        raise illegal_argument(f"request [/_cat/{name}] is not in the demo; there are {', '.join(sorted(TABLES))}")
    return TABLES[name]


def help_text(cat_table: CatTable) -> str:
    """The columns with their aliases and descriptions, as `help` shows them."""
    widths = [max(len(column[i]) for column in cat_table.columns) for i in (0, 1)]
    return "".join(
        f"{name.ljust(widths[0])} | {aliases.ljust(widths[1])} | {description} \n"
        for name, aliases, description in cat_table.columns
    )


def rows(cat_table: CatTable, snapshot: Snapshot, now: int, parameters: dict[str, str]) -> list[dict[str, str]]:
    """The rows of a table, in the requested order (`s=`), columns (`h=`) and units (`bytes=`).

    Parameters
    ----------
    cat_table
        The table.
    snapshot
        The indices to show.
    now
        The time, in seconds since the epoch.
    parameters
        The query parameters.

    Raises
    ------
    SearchError
        400: there is no such column to sort by, or no such unit.
    """
    unit = parameters.get("bytes", "")
    if unit and unit not in _UNITS:
        raise illegal_argument(f"No enum constant for bytes [{unit}]: one of {', '.join(_UNITS)}")
    aliases = _aliases(cat_table)
    sorted_rows = cat_table.rows(snapshot, now)
    for key in reversed([key for key in parameters.get("s", "").split(",") if key]):
        column, _, direction = key.partition(":")
        if column not in aliases:
            raise illegal_argument(f"Unable to sort by unknown sort key `{column}`")
        by = aliases[column]
        sorted_rows = sorted(sorted_rows, key=lambda row, by=by: _sortable(row[by]), reverse=direction == "desc")  # type: ignore[misc]  # mypy cannot infer a lambda with a default
    names = {name: name for name, _, _ in cat_table.columns if name not in cat_table.hidden}
    if requested := [name for name in parameters.get("h", "").split(",") if name]:
        names = {header: name for text in requested for header, name in _columns(text, cat_table, aliases)}
    return [{header: _cell(row[name], unit) for header, name in names.items()} for row in sorted_rows]


def names_of(cat_table: CatTable, parameters: dict[str, str]) -> list[str]:
    """The headers of the requested columns, which a table without rows has as well.

    Parameters
    ----------
    cat_table
        The table.
    parameters
        The query parameters.
    """
    requested = [name for name in parameters.get("h", "").split(",") if name]
    if requested:
        aliases = _aliases(cat_table)
        return [header for text in requested for header, _ in _columns(text, cat_table, aliases)]
    return [name for name, _, _ in cat_table.columns if name not in cat_table.hidden]


def text(data: list[dict[str, str]], names: list[str], verbose: bool) -> str:
    """Format rows as text in columns, with numbers aligned to the right.

    Parameters
    ----------
    data
        The rows.
    names
        The headers of the columns.
    verbose
        Whether to print the headers.
    """
    lines = ([{name: name for name in names}] if verbose else []) + data
    widths = {name: max((len(row[name]) for row in lines), default=0) for name in names}
    right = {name: any(row[name] for row in data) and all(_is_number(row[name]) for row in data) for name in names}
    texts = (
        " ".join(row[name].rjust(widths[name]) if right[name] else row[name].ljust(widths[name]) for name in names)
        for row in lines
    )
    return "".join(line + "\n" for line in texts)


def _aliases(cat_table: CatTable) -> dict[str, str]:
    """Alias → column, including the column's own name."""
    return {alias: name for name, aliases, _ in cat_table.columns for alias in (*aliases.split(","), name) if alias}


def _columns(requested: str, cat_table: CatTable, aliases: dict[str, str]) -> list[tuple[str, str]]:
    """The header and the column for each name in `h=`; an unknown name has none."""
    if "*" in requested:
        return [(name, name) for name, _, _ in cat_table.columns if fnmatch.fnmatchcase(name, requested)]
    return [(requested, aliases[requested])] if requested in aliases else []


def _cell(value: str | int, unit: str) -> str:
    if isinstance(value, str):
        return value
    if unit:
        return str(value // _UNITS[unit])
    name = max((name for name, size in _UNITS.items() if value >= size), key=_UNITS.__getitem__, default="b")
    return f"{value}b" if name == "b" else f"{value / _UNITS[name]:.1f}".removesuffix(".0") + name


def _is_number(value: str) -> bool:
    digits = value.rstrip("kmgtb%")
    return not value or digits.replace(".", "", 1).isdecimal()


def _sortable(value: str | int) -> Any:
    if isinstance(value, str):
        number = value.removesuffix("%")
        return (0, float(number), "") if number.replace(".", "", 1).isdecimal() else (1, 0.0, value)
    return 0, float(value), ""
