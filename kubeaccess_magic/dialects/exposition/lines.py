r"""From the text of an exposition to samples, line by line.

Most lines of a text have one of a few hundred shapes: a line without its quoted values, its number and its time. A
shape is looked at once; of a line that has it, only the quotes are looked for. That works with escapes, too: for the
time of it two letters stand for ``\\`` and ``\"``. What has none of these shapes (blanks in odd places, quoted names,
exemplars, mistakes) is read letter by letter by `_one_line`, which says what is wrong.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
import re
from collections.abc import Iterable, Sequence

__all__ = [
    "BrokenLine",
    "Exemplar",
    "Samples",
    "columns_of",
    "pairs_of",
    "parse",
    "seal",
    "unescaped",
    "unseal",
    "written",
]

_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_LABEL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
# A shape is what stands between the quotes: `up{job="` and `",instance="` of `up{job="a",instance="b"} 1`.
_SHAPE = re.compile(r'([a-zA-Z_:][a-zA-Z0-9_:]*)\{[a-zA-Z_][a-zA-Z0-9_]*=(?:",[a-zA-Z_][a-zA-Z0-9_]*=)*')
_QUOTED = r'"[^"\\]*(?:\\.[^"\\]*)*"'  # unrolled: a class of letters at a time, not a choice a letter
_PAIRS = re.compile(rf"([a-zA-Z_][a-zA-Z0-9_]*|{_QUOTED})=({_QUOTED})")
_ANY_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_COMMENT = re.compile(r'#[ \t]+(TYPE|HELP|UNIT)[ \t]+("(?:[^"\\]|\\.)*"|\S+)(?:[ \t](.*))?', re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_HEXADECIMAL = re.compile(r"[-+]?0[xX][0-9a-fA-F]*\.?[0-9a-fA-F]*[pP][-+]?\d+")
_DECIMAL = re.compile(r"[-+]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|inf(?:inity)?|nan)", re.ASCII | re.IGNORECASE)


class BrokenLine(Exception):
    """A line that is not of the format; says which and why."""

    def __init__(self, number: int, line: str, why: str) -> None:
        super().__init__(f"line {number:,}: {why}")
        self.line = line


@dataclasses.dataclass(frozen=True)
class Exemplar:
    """One measurement that a sample stands for."""

    labels: str
    value: float
    time_ms: float | None


@dataclasses.dataclass
class Samples:
    """The samples in their order, and what the text says of their families.

    Attributes
    ----------
    names, labels
        Of each sample; labels as they are written, ``{le="0.1"}``, or ``""``.
    values
        The numbers.
    times_ms
        Milliseconds since 1970; None where all samples have no time.
    exemplars
        By the number of the sample.
    types, helps, units
        By the name of the family.
    repeated
        Families of which the text says a thing twice, and not the same.
    is_open
        Whether it is OpenMetrics.
    """

    names: list[str]
    labels: list[str]
    values: list[float]
    times_ms: list[float | None] | None
    exemplars: dict[int, Exemplar]
    types: dict[str, str]
    helps: dict[str, str]
    units: dict[str, str]
    repeated: list[str]
    is_open: bool


def parse(text: str, *, is_open: bool) -> Samples:
    """All samples of a text.

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
    lines = seal(text).split("\n")
    is_sealed = "\\" in text and not _has_seals(text)
    if "\r" in text:
        lines = [line.removesuffix("\r") for line in lines]
    names, labels, tails, comments, odd = _by_shape(lines, is_sealed)
    if is_sealed:
        labels = [unseal(one) if _has_seals(one) else one for one in labels]
        comments = [(number, unseal(line)) for number, line in comments]
    exemplars: dict[int, Exemplar] = {}
    for row, number in odd:
        line = unseal(lines[number]) if is_sealed else lines[number]
        try:
            names[row], pairs, tails[row], exemplar = _one_line(line, is_open)
        except ValueError as error:
            raise BrokenLine(number + 1, line, str(error)) from None
        labels[row] = written(pairs)
        if exemplar is not None:
            exemplars[row] = exemplar
    types, helps, units, repeated = _families(comments, is_open, lines)
    values, times = _numbers(tails, is_open, lines)
    return Samples(names, labels, values, times, exemplars, types, helps, units, repeated, is_open)


def seal(text: str) -> str:
    r"""Text in which a quote is always one that begins or ends a value: two letters stand for ``\\\\`` and ``\\"``."""
    if "\\" not in text or _has_seals(text):
        return text
    return text.replace("\\\\", "\x00").replace('\\"', "\x01")


def unseal(text: str) -> str:
    """What `seal` was given."""
    return text.replace("\x01", '\\"').replace("\x00", "\\\\")


def _has_seals(text: str) -> bool:
    return "\x00" in text or "\x01" in text


def pairs_of(labels: str) -> list[tuple[str, str]]:
    """Names and values of labels as `Samples` has them."""
    return [
        (unescaped(name[1:-1]) if name[0] == '"' else name, unescaped(text[1:-1]))
        for name, text in _PAIRS.findall(labels)
    ]


def columns_of(labels: Sequence[str]) -> dict[str, list[str | None]]:
    """The same of many, a list a label; None where a row has no such label."""
    groups: dict[str, tuple[list[int], list[list[str]]] | None] = {}
    found: dict[str, list[str | None]] = {}
    for row, text in enumerate(labels):
        if not text:
            continue
        parts = seal(text).split('"')
        shape = '"'.join(parts[::2])
        if shape not in groups:
            groups[shape] = None if _SHAPE.fullmatch(f"x{shape[:-2]}") is None else ([], [])
        group = groups[shape]
        if group is not None and not _has_seals(text):
            group[0].append(row)
            group[1].append(parts[1::2])
            continue
        for name, value in pairs_of(text):  # quoted names, or a value that has one of those letters
            found.setdefault(name, [None] * len(labels))[row] = value
    for shape, group in groups.items():
        if group is None or not group[0]:
            continue
        names = [name.strip("{,=") for name in shape.split('"')[:-1]]
        for name, values in zip(names, map(list, zip(*group[1], strict=True)), strict=True):
            column = found.setdefault(name, [None] * len(labels))
            joined = "".join(values)
            if "\\" in joined or _has_seals(joined):
                values = [unescaped(unseal(value)) for value in values]
            for row, value in zip(group[0], values, strict=True):
                column[row] = value
    return found


def written(pairs: Iterable[tuple[str, str]]) -> str:
    """Labels as `Samples` has them."""
    inner = ",".join(
        f"{name if _LABEL_NAME.fullmatch(name) else _quoted(name)}={_quoted(text)}" for name, text in pairs
    )
    return f"{{{inner}}}" if inner else ""


def _by_shape(
    lines: Sequence[str], is_sealed: bool
) -> tuple[list[str], list[str], list[str], list[tuple[int, str]], list[tuple[int, int]]]:
    """Names, labels and what follows them of each sample, the comments, and the lines that have none of the shapes.

    Comments come with the number of their line. Of a line without a shape there is a row already, to be filled: its
    row, and the number of the line.
    """
    names: list[str] = []
    labels: list[str] = []
    tails: list[str] = []
    comments: list[tuple[int, str]] = []
    odd: list[tuple[int, int]] = []
    shapes: dict[str, str] = {}
    bare: set[str] = set()
    for number, line in enumerate(lines):
        if line[:1] in ("", "#"):
            if line:
                comments.append((number, line))
            continue
        if "\\" not in line or (is_sealed and line.count("\\") == line.count("\\n")):
            parts = line.split('"')
            if len(parts) == 1:
                name, _, tail = line.partition(" ")
                if (name in bare or _is_new(_NAME, name, bare)) and "#" not in tail:
                    names.append(name)
                    labels.append("")
                    tails.append(tail)
                    continue
            elif parts[-1].startswith("} ") and "#" not in parts[-1]:
                shape = '"'.join(parts[:-1:2])
                known = shapes.get(shape)
                if known is None:
                    known = shapes[shape] = _name_of(shape)
                if known:
                    tail = parts[-1]
                    names.append(known)
                    labels.append(line[len(known) : len(line) - len(tail) + 1])
                    tails.append(tail[2:])
                    continue
        if _is_blank_or_comment(line):
            comments.append((number, line.strip()))
            continue
        odd.append((len(names), number))
        names.append("")
        labels.append("")
        tails.append("NaN")
    return names, labels, tails, comments, odd


def _is_blank_or_comment(line: str) -> bool:
    return line.strip(" \t")[:1] in ("", "#")


def _is_new(pattern: re.Pattern[str], name: str, known: set[str]) -> bool:
    if pattern.fullmatch(name) is None:
        return False
    known.add(name)
    return True


def _name_of(shape: str) -> str:
    """The name of a metric in a shape as nearly all have it; "" where it has another."""
    found = _SHAPE.fullmatch(shape)
    if found is None:
        return ""
    labels = shape[found.end(1) + 1 :].split('"')
    return found[1] if len({label.strip(",") for label in labels}) == len(labels) else ""


def _one_line(line: str, is_open: bool) -> tuple[str, list[tuple[str, str]], str, Exemplar | None]:
    """Name, labels, what follows them, and the exemplar, letter by letter.

    Raises
    ------
    ValueError
        It is none; says why.
    """
    line = line.strip(" \t")
    found = _NAME.match(line)
    name, at = (found[0], found.end()) if found is not None else ("", 0)
    pairs: list[tuple[str, str]] = []
    if line[_blanks(line, at) :][:1] == "{":
        name, pairs, at = _labels(line, _blanks(line, at), name, may_name=True)
    elif line[at : at + 1] not in (" ", "\t", ""):
        name = ""
    if not name:
        raise ValueError(f"no name of a metric at {line[:20]!r}")
    rest, mark, after = line[at:].partition("#")
    if not rest.strip():
        raise ValueError("no value")
    exemplar = None
    if mark:
        if not is_open:
            raise ValueError("an exemplar, which only OpenMetrics has")
        start = len(line) - len(after)
        start = _blanks(line, start)
        if line[start : start + 1] != "{":
            raise ValueError("an exemplar without labels")
        _, inner, end = _labels(line, start, "", may_name=False)
        words = line[end:].split()
        if len(words) not in (1, 2):
            raise ValueError("an exemplar without a value")
        moment = _number(words[1]) * 1000 if len(words) == 2 else None
        exemplar = Exemplar(written(inner) or "{}", _number(words[0]), moment)
    return name, pairs, rest.strip(), exemplar


def _labels(line: str, at: int, name: str, *, may_name: bool) -> tuple[str, list[tuple[str, str]], int]:
    """What stands in braces, and where they end; the name of the metric may be the first thing there."""
    pairs: list[tuple[str, str]] = []
    at = _blanks(line, at + 1)
    while line[at : at + 1] != "}":
        quoted = _ANY_QUOTED.match(line, at)
        if quoted is not None:
            label, at = unescaped(quoted[1]), _blanks(line, quoted.end())
            if may_name and not name and not pairs and line[at : at + 1] in (",", "}"):
                name = label
                at = _blanks(line, at + (line[at] == ","))
                continue
        else:
            plain = _LABEL_NAME.match(line, at)
            if plain is None:
                raise ValueError(
                    f"no name of a label at {line[at : at + 20]!r}" if line[at:] else "the braces stay open"
                )
            label, at = plain[0], _blanks(line, plain.end())
        if line[at : at + 1] != "=":
            raise ValueError(f"no = after the label {label}")
        value = _ANY_QUOTED.match(line, _blanks(line, at + 1))
        if value is None:
            raise ValueError(f"the value of the label {label} is not in quotes")
        if any(label == other for other, _ in pairs):
            raise ValueError(f"the label {label} is there twice")
        pairs.append((label, unescaped(value[1])))
        at = _blanks(line, value.end())
        if line[at : at + 1] == ",":
            at = _blanks(line, at + 1)
        elif line[at : at + 1] != "}":
            raise ValueError(f"no comma after the label {label}")
    return name, pairs, at + 1


def _blanks(line: str, at: int) -> int:
    while line[at : at + 1] in (" ", "\t") and at < len(line):
        at += 1
    return at


def _families(
    comments: Sequence[tuple[int, str]], is_open: bool, lines: Sequence[str]
) -> tuple[dict[str, str], dict[str, str], dict[str, str], list[str]]:
    """Types, helps and units by family, and the families of which one of them is told twice, and otherwise."""
    told: dict[str, dict[str, str]] = {"TYPE": {}, "HELP": {}, "UNIT": {}}
    repeated: dict[str, None] = {}
    ended = None
    for number, line in comments:
        if is_open and line.rstrip() == "# EOF":
            ended = number
            continue
        found = _COMMENT.fullmatch(line.rstrip(" \t"))
        if found is None:
            continue
        kind, name, text = found[1], found[2], found[3] or ""
        name = unescaped(name[1:-1]) if name[0] == '"' else name
        text = unescaped(text) if kind == "HELP" else text.strip()
        if kind == "TYPE" and not text:
            raise BrokenLine(number + 1, line, f"no type for {name}")
        if told[kind].setdefault(name, text) != text:
            repeated[name] = None
    if is_open:
        if ended is None:
            raise BrokenLine(len(lines), lines[-1], "the text is cut off: OpenMetrics ends with # EOF")
        more = next((at for at in range(ended + 1, len(lines)) if lines[at].strip()), None)
        if more is not None:
            raise BrokenLine(more + 1, lines[more], "something follows # EOF")
    return told["TYPE"], told["HELP"], told["UNIT"], list(repeated)


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
            value, *more = tail.split()
            values.append(_number(value))
            times.append(_moment(more[0], is_open) if more else None)
            if len(more) > 1:
                raise ValueError(f"{more[1]!r} after the time")
        except ValueError as error:
            number = _line_of(row, lines)
            why = str(error) if tail.strip() else "no value"
            raise BrokenLine(number + 1, lines[number], why) from None
    return values, times if any(moment is not None for moment in times) else None


def _number(text: str) -> float:
    if _DECIMAL.fullmatch(text) is not None:
        return float(text)
    if _HEXADECIMAL.fullmatch(text) is not None:
        return float.fromhex(text)
    raise ValueError(f"{text[:40]!r} is no number")


def _moment(text: str, is_open: bool) -> float:
    """Milliseconds: what the text format writes, and a thousandth of what OpenMetrics writes."""
    if is_open:
        moment = _number(text) * 1000
        if not math.isfinite(moment):
            raise ValueError(f"{text[:40]!r} is no time")
        return moment
    if re.fullmatch(r"[-+]?\d{1,18}", text, re.ASCII) is None:
        raise ValueError(f"{text[:40]!r} is no time: the text format has whole milliseconds")
    return int(text)


def _line_of(row: int, lines: Sequence[str]) -> int:
    """Where the sample of that number stands."""
    samples = (number for number, line in enumerate(lines) if not _is_blank_or_comment(line))
    return next(itertools.islice(samples, row, None))


def unescaped(text: str) -> str:
    r"""What ``\\``, ``\"`` and ``\n`` mean; any other backslash is one."""
    if "\\" not in text:
        return text
    return _ESCAPE.sub(lambda found: {"\\": "\\", '"': '"', "n": "\n"}.get(found[1], found[0]), text)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
