r"""Labels as text, ``{job="node",path="C:\\DIR"}``: reading them, writing them, and columns of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from ..budget import DEFAULT, FrameBudget

__all__ = [
    "LABEL_NAME",
    "METRIC_NAME",
    "SHAPE",
    "columns_of",
    "has_seals",
    "pairs_of",
    "seal",
    "unescaped",
    "unseal",
    "written",
]

METRIC_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
LABEL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
SHAPE = re.compile(r'([a-zA-Z_:][a-zA-Z0-9_:]*)\{[a-zA-Z_][a-zA-Z0-9_]*=(?:",[a-zA-Z_][a-zA-Z0-9_]*=)*')
r"""What stands outside the quotes: ``up{job="`` and ``",instance="`` of ``up{job="a",instance="b"} 1``."""

_QUOTED = r'"[^"\\]*(?:\\.[^"\\]*)*"'  # unrolled: it takes many letters at a time, instead of deciding for each
_PAIR = re.compile(rf"([a-zA-Z_][a-zA-Z0-9_]*|{_QUOTED})=({_QUOTED})")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


def seal(text: str) -> str:
    r"""Put one control character in place of each ``\\`` and ``\"``, so that every quote begins or ends a value.

    Text that contains these control characters already is given back as it is.
    """
    if "\\" not in text or has_seals(text):
        return text
    return text.replace("\\\\", "\x00").replace('\\"', "\x01")


def unseal(text: str) -> str:
    """Undo `seal`."""
    return text.replace("\x01", '\\"').replace("\x00", "\\\\")


def has_seals(text: str) -> bool:
    """Tell whether a text contains one of the control characters of `seal`."""
    return "\x00" in text or "\x01" in text


def unescaped(text: str) -> str:
    r"""Resolve ``\\``, ``\"`` and ``\n``. Any other backslash stays."""
    if "\\" not in text:
        return text
    return _ESCAPE.sub(lambda found: {"\\": "\\", '"': '"', "n": "\n"}.get(found[1], found[0]), text)


def written(pairs: Iterable[tuple[str, str]]) -> str:
    """Write names and values as text; ``""`` if there are none."""
    inner = ",".join(f"{name if LABEL_NAME.fullmatch(name) else _quoted(name)}={_quoted(text)}" for name, text in pairs)
    return f"{{{inner}}}" if inner else ""


def pairs_of(labels: str) -> list[tuple[str, str]]:
    """Read names and values from text."""
    pairs, at = [], 1  # behind the brace
    while (pair := _PAIR.match(labels, at)) is not None:
        name, text = pair.groups()
        pairs.append((unescaped(name[1:-1]) if name[0] == '"' else name, unescaped(text[1:-1])))
        at = pair.end() + 1  # behind the comma
    return pairs


def columns_of(labels: Sequence[str], budget: FrameBudget = DEFAULT) -> dict[str, list[str | None]]:
    """Read the labels of many samples into columns.

    Parameters
    ----------
    labels
        One text per sample.
    budget
        The limits on the frame.

    Returns
    -------
    dict
        For each label a list with one value per sample; None if the sample has no such label.
    """
    odd: list[tuple[int, list[tuple[str, str]]]] = []  # quoted names, or a value with control characters
    shapes: dict[str, _Shape | None] = {}
    for row, text in enumerate(labels):
        if not text:
            continue
        parts = seal(text).split('"')
        shape_text = '"'.join(parts[::2])
        if shape_text not in shapes:
            shapes[shape_text] = _Shape(shape_text) if SHAPE.fullmatch(f"x{shape_text[:-2]}") else None
        shape = shapes[shape_text]
        if shape is not None and not has_seals(text):
            shape.rows.append(row)
            shape.values.append(parts[1::2])
            continue
        odd.append((row, pairs_of(text)))
    known = [shape for shape in shapes.values() if shape is not None and shape.rows]
    names = dict.fromkeys(name for _, pairs in odd for name, _ in pairs)
    names |= dict.fromkeys(name for shape in known for name in shape.names)
    filled = sum(len(pairs) for _, pairs in odd) + sum(len(shape.rows) * len(shape.names) for shape in known)
    budget.check_cells(len(labels), len(names), filled)
    columns: dict[str, list[str | None]] = {name: [None] * len(labels) for name in names}
    for row, pairs in odd:
        for name, value in pairs:
            columns[name][row] = value
    for shape in known:
        shape.fill(columns)
    return columns


class _Shape:
    """Samples whose labels have the same names in the same order."""

    def __init__(self, text: str) -> None:
        self.names = [name.strip("{,=") for name in text.split('"')[:-1]]
        self.rows: list[int] = []
        self.values: list[list[str]] = []

    def fill(self, columns: dict[str, list[str | None]]) -> None:
        for name, values in zip(self.names, map(list, zip(*self.values, strict=True)), strict=True):
            column = columns[name]
            joined = "".join(values)
            if "\\" in joined or has_seals(joined):
                values = [unescaped(unseal(value)) for value in values]
            for row, value in zip(self.rows, values, strict=True):
                column[row] = value


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
