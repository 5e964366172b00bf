"""Any line of an exposition, character by character, with errors that say where a line is broken."""

from __future__ import annotations

import dataclasses
import math
import re

from .labels import LABEL_NAME, METRIC_NAME, unescaped, written

__all__ = ["Exemplar", "Sample", "moment", "number", "read_line"]

_ANY_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_HEXADECIMAL = re.compile(r"[-+]?0[xX][0-9a-fA-F]*\.?[0-9a-fA-F]*[pP][-+]?\d+")
_DECIMAL = re.compile(r"[-+]?(?:(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?|inf(?:inity)?|nan)", re.ASCII | re.IGNORECASE)
_MILLISECONDS = re.compile(r"[-+]?\d{1,18}", re.ASCII)
_MOST_QUOTED = 20  # characters of a line in an error
_LONGEST_NUMBER = 40


@dataclasses.dataclass(frozen=True)
class Exemplar:
    """An exemplar: one measurement that represents those of a sample.

    Parameters
    ----------
    labels
        As text.
    value
        The measurement.
    time_ms
        Milliseconds since 1970, or None.
    """

    labels: str
    value: float
    time_ms: float | None


@dataclasses.dataclass(frozen=True)
class Sample:
    """The sample on one line.

    Parameters
    ----------
    name
        The name of the metric.
    labels
        As text.
    tail
        The number, and perhaps the time.
    exemplar
        What follows these, or None.
    problem
        What is wrong with what follows, if it is no exemplar.
    """

    name: str
    labels: str
    tail: str
    exemplar: Exemplar | None = None
    problem: str = ""


def read_line(line: str) -> Sample:
    """Read one line.

    Parameters
    ----------
    line
        Not blank, and not a comment.

    Raises
    ------
    ValueError
        The line is broken; the message says how.
    """
    line = line.strip(" \t")
    found = METRIC_NAME.match(line)
    name, at = (found[0], found.end()) if found is not None else ("", 0)
    pairs: list[tuple[str, str]] = []
    if line[_skip_blanks(line, at) :][:1] == "{":
        name, pairs, at = _Braces(line, _skip_blanks(line, at)).read(name, may_name=True)
    elif line[at : at + 1] not in (" ", "\t", ""):
        name = ""
    if not name:
        raise ValueError(f"there is no name of a metric at {line[:_MOST_QUOTED]!r}")
    tail, mark, _ = line[at:].partition("#")
    if not tail.strip():
        raise ValueError("there is no value")
    exemplar, problem = None, ""
    if mark:  # programs write them into the older text format, too; and the sample stands without it
        try:
            exemplar = _exemplar(line, at + len(tail) + 1)
        except ValueError as error:
            problem = str(error)
    return Sample(name, written(pairs), tail.strip(), exemplar, problem)


def number(text: str) -> float:
    """Read a number.

    Raises
    ------
    ValueError
        The text is not a number.
    """
    if _DECIMAL.fullmatch(text) is not None:
        return float(text)
    if _HEXADECIMAL.fullmatch(text) is not None:
        return float.fromhex(text)
    raise ValueError(f"{text[:_LONGEST_NUMBER]!r} is not a number")


def moment(text: str, *, is_open: bool) -> float:
    """Read a time.

    Parameters
    ----------
    text
        Milliseconds in the text format, seconds in OpenMetrics.
    is_open
        Whether it is OpenMetrics.

    Returns
    -------
    float
        Milliseconds since 1970.

    Raises
    ------
    ValueError
        The text is not a time.
    """
    if is_open:
        milliseconds = number(text) * 1000
        if not math.isfinite(milliseconds):
            raise ValueError(f"{text[:_LONGEST_NUMBER]!r} is not a time")
        return milliseconds
    if _MILLISECONDS.fullmatch(text) is None:
        raise ValueError(f"{text[:_LONGEST_NUMBER]!r} is not a time: the text format has whole milliseconds")
    return int(text)


def _exemplar(line: str, at: int) -> Exemplar:
    at = _skip_blanks(line, at)
    if line[at : at + 1] != "{":
        raise ValueError("there is an exemplar without labels")
    _, pairs, end = _Braces(line, at).read("", may_name=False)
    words = line[end:].split()
    if len(words) not in (1, 2):
        raise ValueError("there is an exemplar without a value")
    time_ms = number(words[1]) * 1000 if len(words) == 2 else None
    return Exemplar(written(pairs) or "{}", number(words[0]), time_ms)


class _Braces:
    """Labels in braces.

    Parameters
    ----------
    line
        The whole line.
    at
        Where the braces open.
    """

    def __init__(self, line: str, at: int) -> None:
        self._line = line
        self._at = _skip_blanks(line, at + 1)

    def read(self, name: str, *, may_name: bool) -> tuple[str, list[tuple[str, str]], int]:
        """Return the name of the metric, which may be the first item in the braces; the labels; and the end."""
        pairs: dict[str, str] = {}
        while not self._is_at("}"):
            label, is_quoted = self._label()
            if is_quoted and may_name and not name and not pairs and (self._is_at(",") or self._is_at("}")):
                name = label
                self._skip(int(self._is_at(",")))
                continue
            value = self._value(label)
            if label in pairs:
                raise ValueError(f"the label {label} is there twice")
            pairs[label] = value
            if self._is_at(","):
                self._skip(1)
            elif not self._is_at("}"):
                raise ValueError(f"there is no comma after the label {label}")
        return name, list(pairs.items()), self._at + 1

    def _label(self) -> tuple[str, bool]:
        """The next name, and whether it is quoted."""
        quoted = _ANY_QUOTED.match(self._line, self._at)
        if quoted is not None:
            self._at = _skip_blanks(self._line, quoted.end())
            return unescaped(quoted[1]), True
        plain = LABEL_NAME.match(self._line, self._at)
        if plain is None:
            rest = self._line[self._at :][:_MOST_QUOTED]
            raise ValueError(f"there is no name of a label at {rest!r}" if rest else "the braces stay open")
        self._at = _skip_blanks(self._line, plain.end())
        return plain[0], False

    def _value(self, label: str) -> str:
        if not self._is_at("="):
            raise ValueError(f"there is no = after the label {label}")
        value = _ANY_QUOTED.match(self._line, _skip_blanks(self._line, self._at + 1))
        if value is None:
            raise ValueError(f"the value of the label {label} is not in quotes")
        self._at = _skip_blanks(self._line, value.end())
        return unescaped(value[1])

    def _is_at(self, letter: str) -> bool:
        return self._line[self._at : self._at + 1] == letter

    def _skip(self, letters: int) -> None:
        self._at = _skip_blanks(self._line, self._at + letters)


def _skip_blanks(line: str, at: int) -> int:
    while line[at : at + 1] in (" ", "\t") and at < len(line):
        at += 1
    return at
