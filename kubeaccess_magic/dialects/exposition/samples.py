"""From the text of an exposition to samples."""

from __future__ import annotations

import dataclasses
import itertools
import re
from collections.abc import Iterator, Sequence
from typing import cast

from . import exact, fast
from .labels import has_seals, seal, unescaped, unseal

__all__ = ["BrokenLine", "Samples", "parse"]

_COMMENT = re.compile(r'#[ \t]+(TYPE|HELP|UNIT)[ \t]+("(?:[^"\\]|\\.)*"|\S+)(?:[ \t](.*))?', re.DOTALL)
_UNTIL_CR = re.compile(r'(?:[^"\r]+|"[^"]*")*')


class BrokenLine(Exception):
    """A line does not follow the format.

    Parameters
    ----------
    number
        Of the line, from 1.
    line
        Its text.
    reason
        What is wrong with it.
    """

    def __init__(self, number: int, line: str, reason: str) -> None:
        super().__init__(f"line {number:,}: {reason}")
        self.line = line


@dataclasses.dataclass
class Samples:
    """The samples in order, with the metadata of their families.

    Parameters
    ----------
    names, labels
        Of each sample; labels as they are written, ``{le="0.1"}``, or ``""``.
    values
        The numbers.
    times_ms
        Milliseconds since 1970; None if no sample has a time.
    exemplars
        By the number of the sample.
    types, helps, units
        By the name of the family.
    repeated
        Families of which the text says a thing twice, and differently.
    is_open
        Whether the text is OpenMetrics.
    bad_exemplars
        The number of each line whose exemplar cannot be read, and why.
    """

    names: list[str]
    labels: list[str]
    values: list[float]
    times_ms: list[float | None] | None
    exemplars: dict[int, exact.Exemplar]
    types: dict[str, str]
    helps: dict[str, str]
    units: dict[str, str]
    repeated: list[str]
    is_open: bool
    bad_exemplars: Sequence[tuple[int, str]] = ()


def parse(text: str, *, is_open: bool) -> Samples:
    """Read all samples of a text.

    Parameters
    ----------
    text
        The exposition.
    is_open
        Whether it is OpenMetrics: times are in seconds, and ``# EOF`` is the end.

    Raises
    ------
    BrokenLine
        One of its lines is not of the format.
    """
    lines = _lines(seal(text))
    is_sealed = "\\" in text and not has_seals(text)
    rows = fast.read_lines(lines, is_sealed=is_sealed)
    if is_sealed:
        rows.labels = [unseal(labels) if has_seals(labels) else labels for labels in rows.labels]
        rows.comments = [(number, unseal(line)) for number, line in rows.comments]
    exemplars: dict[int, exact.Exemplar] = {}
    bad_exemplars: list[tuple[int, str]] = []
    for row, number in rows.odd:
        line = unseal(lines[number]) if is_sealed else lines[number]
        try:
            sample = exact.read_line(line)
        except ValueError as error:
            raise BrokenLine(number + 1, line, str(error)) from None
        rows.names[row], rows.labels[row], rows.tails[row] = sample.name, sample.labels, sample.tail
        if sample.exemplar is not None:
            exemplars[row] = sample.exemplar
        if sample.problem:
            bad_exemplars.append((number + 1, sample.problem))
    families = _families(rows.comments)
    if is_open:
        _check_end(rows.comments, lines)
    values, times = _numbers(rows.tails, is_open, lines)
    return Samples(rows.names, rows.labels, values, times, exemplars, *families, is_open, bad_exemplars)


def _lines(sealed: str) -> list[str]:
    """The lines of a text. They end at LF, CRLF, or a CR outside of quotes."""
    lines = sealed.split("\n")
    if "\r" not in sealed:
        return lines
    return list(itertools.chain.from_iterable(_at_carriage_returns(line.removesuffix("\r")) for line in lines))


def _at_carriage_returns(line: str) -> Iterator[str]:
    start = 0
    while (end := line.find("\r", start)) >= 0:
        if not line.startswith("#", start):
            end = cast("re.Match[str]", _UNTIL_CR.match(line, start)).end()
            if line[end : end + 1] != "\r":
                break  # a quote stays open
        yield line[start:end]
        start = end + 1
    yield line[start:]


def _families(
    comments: Sequence[tuple[int, str]],
) -> tuple[dict[str, str], dict[str, str], dict[str, str], list[str]]:
    """Types, helps and units by family, and the families of which one of these is there twice, and differs."""
    texts: dict[str, dict[str, str]] = {"TYPE": {}, "HELP": {}, "UNIT": {}}
    repeated: dict[str, None] = {}
    for number, line in comments:
        found = _COMMENT.fullmatch(line.rstrip(" \t"))
        if found is None:
            continue
        kind, name, text = found[1], found[2], found[3] or ""
        name = unescaped(name[1:-1]) if name[0] == '"' else name
        text = unescaped(text) if kind == "HELP" else text.strip()
        if kind == "TYPE" and not text:
            raise BrokenLine(number + 1, line, f"there is no type for {name}")
        if texts[kind].setdefault(name, text) != text:
            repeated[name] = None
    return texts["TYPE"], texts["HELP"], texts["UNIT"], list(repeated)


def _check_end(comments: Sequence[tuple[int, str]], lines: Sequence[str]) -> None:
    """OpenMetrics ends with ``# EOF``, and nothing follows."""
    ends = [number for number, line in comments if line.rstrip() == "# EOF"]
    if not ends:
        raise BrokenLine(len(lines), lines[-1], "the text is cut off: OpenMetrics ends with # EOF")
    following = next((number for number in range(ends[-1] + 1, len(lines)) if lines[number].strip()), None)
    if following is not None:
        raise BrokenLine(following + 1, lines[following], "something follows # EOF")


def _numbers(tails: list[str], is_open: bool, lines: Sequence[str]) -> tuple[list[float], list[float | None] | None]:
    """Values, and times in milliseconds if any sample has one."""
    joined = "".join(tails)
    if joined.isascii() and not any(letter in joined for letter in " \t_"):
        try:
            return list(map(float, tails)), None
        except ValueError:
            pass  # a hexadecimal number, or a mistake
    values: list[float] = []
    times: list[float | None] = []
    for row, tail in enumerate(tails):
        try:
            value, *others = tail.split()
            values.append(exact.number(value))
            times.append(exact.moment(others[0], is_open=is_open) if others else None)
            if len(others) > 1:
                raise ValueError(f"{others[1]!r} follows the time")
        except ValueError as error:
            number = _line_of(row, lines)
            reason = str(error) if tail.strip() else "there is no value"
            raise BrokenLine(number + 1, lines[number], reason) from None
    return values, times if any(moment is not None for moment in times) else None


def _line_of(row: int, lines: Sequence[str]) -> int:
    """The number of the line that holds a sample."""
    samples = (number for number, line in enumerate(lines) if not fast.is_blank_or_comment(line))
    return next(itertools.islice(samples, row, None))
