r"""Most lines of an exposition, read by their shape.

The shape of a line is the line without its quoted values, its number and its time. A text has a few hundred of them;
each is checked once, and of further lines with the same shape only the quotes are looked for. That works with escapes
as well, since one letter stands for ``\\`` and ``\"`` meanwhile (`labels.seal`). A line of any other form, with blanks
in odd places, quoted names, an exemplar or a mistake, is left to `exact`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from .labels import METRIC_NAME, SHAPE

__all__ = ["Lines", "is_blank_or_comment", "read_lines"]


@dataclasses.dataclass
class Lines:
    """The lines of an exposition, split.

    Parameters
    ----------
    names, labels, tails
        Of each sample: its name, its labels as they are written, and what follows them.
    comments
        The number of each comment and blank line, with its text.
    odd
        The row and the line number of each sample that is left to `exact`. Its row is there, to be filled.
    """

    names: list[str] = dataclasses.field(default_factory=list)
    labels: list[str] = dataclasses.field(default_factory=list)
    tails: list[str] = dataclasses.field(default_factory=list)
    comments: list[tuple[int, str]] = dataclasses.field(default_factory=list)
    odd: list[tuple[int, int]] = dataclasses.field(default_factory=list)


def read_lines(lines: Sequence[str], *, is_sealed: bool) -> Lines:
    """Split the lines of an exposition.

    Parameters
    ----------
    lines
        Without line ends.
    is_sealed
        Whether they were sealed, so that a quote always begins or ends a value.
    """
    result = Lines()
    shapes = _Shapes()
    add_name, add_labels, add_tail = result.names.append, result.labels.append, result.tails.append
    for number, line in enumerate(lines):
        if line[:1] in ("", "#"):
            if line:
                result.comments.append((number, line))
            continue
        if "\\" not in line or (is_sealed and line.count("\\") == line.count("\\n")):
            name, labels, tail = shapes.split(line)
            if name:
                add_name(name)
                add_labels(labels)
                add_tail(tail)
                continue
        if is_blank_or_comment(line):
            result.comments.append((number, line.strip()))
            continue
        result.odd.append((len(result.names), number))
        add_name("")
        add_labels("")
        add_tail("NaN")
    return result


def is_blank_or_comment(line: str) -> bool:
    """Tell whether a line holds no sample."""
    return line.strip(" \t")[:1] in ("", "#")


_NO_SAMPLE = ("", "", "")


class _Shapes:
    """The shapes that were seen, with the name of the metric in each; "" if a shape is left to `exact`."""

    def __init__(self) -> None:
        self._bare: dict[str, str] = {}  # of lines without labels
        self._names: dict[str, str] = {}

    def split(self, line: str) -> tuple[str, str, str]:
        """Split a line into name, labels and the rest; the name is empty if the line has another form."""
        parts = line.split('"')
        tail = parts[-1]
        if len(parts) == 1:
            name, _, tail = line.partition(" ")
            known = self._bare.get(name)
            if known is None:
                known = self._bare[name] = name if METRIC_NAME.fullmatch(name) else ""
            return (name, "", tail) if known and "#" not in tail else _NO_SAMPLE
        if not tail.startswith("} ") or "#" in tail:
            return _NO_SAMPLE
        shape = '"'.join(parts[:-1:2])
        known = self._names.get(shape)
        if known is None:
            known = self._names[shape] = _name_in(shape)
        return (known, line[len(known) : len(line) - len(tail) + 1], tail[2:]) if known else _NO_SAMPLE


def _name_in(shape: str) -> str:
    """The name of the metric in a shape; "" if it has another form, or a label twice."""
    found = SHAPE.fullmatch(shape)
    if found is None:
        return ""
    labels = shape[found.end(1) + 1 :].split('"')
    return found[1] if len({label.strip(",") for label in labels}) == len(labels) else ""
