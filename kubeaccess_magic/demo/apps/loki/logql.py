"""The part of LogQL that people type first: selectors, line filters, parsers, label filters, and counts over time.

The language: https://grafana.com/docs/loki/latest/query/
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

__all__ = ["LogQLError", "LogQuery", "MetricQuery", "parse"]

_DURATION_S: Final = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_TOKEN = re.compile(
    r"\s*(?:(?P<string>\"(?:[^\"\\\n]|\\.)*\"|`[^`]*`)|(?P<duration>\d+(?:ms|[smhdw])(?![\w.]))|(?P<number>\d+(?:\.\d+)?)"
    r"|(?P<word>[A-Za-z_]\w*)|(?P<sign>\|=|\|~|!=|!~|=~|==|>=|<=|[{}()\[\],|=<>]))"
)
_LOGFMT = re.compile(r'([A-Za-z_][\w.]*)=("(?:[^"\\]|\\.)*"|\S*)')
_RANGES = ("rate", "count_over_time", "bytes_rate", "bytes_over_time")
_SUMS = ("sum", "avg", "min", "max", "count")

Labels = Mapping[str, str]
Stage = Callable[[str, dict[str, str]], bool]
"""Looks at a line and its labels, may add labels, and tells whether the line stays."""


class LogQLError(Exception):
    """The query is not one; Loki says so in plain text."""


@dataclass(frozen=True)
class LogQuery:
    """A selector of streams, and what happens to their lines."""

    matchers: tuple[tuple[str, str, str], ...]
    stages: tuple[Stage, ...] = ()

    def selects(self, labels: Labels) -> bool:
        """Whether a stream is meant."""
        return all(_compares(labels.get(name, ""), sign, value) for name, sign, value in self.matchers)

    def keeps(self, line: str, labels: Labels) -> dict[str, str] | None:
        """The labels of a line after all stages; None if it does not stay."""
        found = dict(labels)
        return found if all(stage(line, found) for stage in self.stages) else None


@dataclass(frozen=True)
class MetricQuery:
    """A count of lines over a range, perhaps put together by labels."""

    function: str
    inner: LogQuery
    range_s: float
    aggregation: str | None = None
    by: tuple[str, ...] = ()
    without: tuple[str, ...] | None = None

    def group(self, labels: Labels) -> tuple[tuple[str, str], ...]:
        """The labels of the series that a line counts in."""
        if self.aggregation is None:
            names = set(labels)
        elif self.without is not None:
            names = set(labels) - set(self.without)
        else:
            names = set(labels) & set(self.by)
        return tuple(sorted((name, labels[name]) for name in names))


def parse(text: str) -> LogQuery | MetricQuery:
    """Read a query.

    Raises
    ------
    LogQLError
        The text is not a valid query, or uses a feature that this Loki does not support.
    """
    reader = _Reader(text)
    found = reader.query()
    reader.end()
    return found


class _Reader:
    """Reads a query token by token."""

    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, str, int]] = []
        at = 0
        while text[at:].strip():
            match = _TOKEN.match(text, at)
            if match is None:
                raise _error(at, f"unexpected {text[at:].strip()[0]}")
            kind = str(match.lastgroup)
            self._tokens.append((kind, match[kind], match.start(kind)))
            at = match.end()
        self._tokens.append(("end", "$end", len(text)))
        self._at = 0

    def query(self) -> LogQuery | MetricQuery:
        kind, value, at = self._tokens[self._at]
        if kind == "word" and value in _SUMS:
            return self._aggregation()
        if kind == "word" and value in _RANGES:
            return self._range()
        if value == "{":
            return self._log()
        raise _error(at, f"unexpected {'IDENTIFIER' if kind == 'word' else value}")

    def end(self) -> None:
        _, value, at = self._tokens[self._at]
        if value != "$end":
            raise _error(at, f"unexpected {value}")

    def _aggregation(self) -> MetricQuery:
        aggregation = self._next()
        grouping = self._grouping()
        self._expect("(")
        inner = self._range()
        self._expect(")")
        by, without = grouping or self._grouping() or ((), None)
        return MetricQuery(inner.function, inner.inner, inner.range_s, aggregation, by, without)

    def _grouping(self) -> tuple[tuple[str, ...], tuple[str, ...] | None] | None:
        if self._peek() not in ("by", "without"):
            return None
        word, names = self._next(), []
        self._expect("(")
        while self._peek() != ")":
            names.append(self._next())
            if self._peek() == ",":
                self._next()
        self._next()
        return (tuple(names), None) if word == "by" else ((), tuple(names))

    def _range(self) -> MetricQuery:
        if self._peek() not in _RANGES:
            raise _error(self._tokens[self._at][2], f"unexpected {self._peek()}")
        function = self._next()
        self._expect("(")
        inner = self._log()
        self._expect("[")
        kind, value, at = self._tokens[self._at]
        if kind != "duration":
            raise _error(at, f"unexpected {value}, expecting RANGE")
        self._next()
        self._expect("]")
        self._expect(")")
        return MetricQuery(function, inner, _seconds(value))

    def _log(self) -> LogQuery:
        matchers = self._selector()
        stages: list[Stage] = []
        while self._peek() in ("|=", "!=", "|~", "!~", "|"):
            sign = self._next()
            stages.append(self._parser_or_filter() if sign == "|" else _line_filter(sign, self._string()))
        return LogQuery(tuple(matchers), tuple(stages))

    def _selector(self) -> list[tuple[str, str, str]]:
        self._expect("{")
        matchers = []
        while self._peek() != "}":
            name, sign = self._next(), self._next()
            if sign not in ("=", "!=", "=~", "!~"):
                raise _error(self._tokens[self._at - 1][2], f"unexpected {sign}")
            matchers.append((name, sign, self._string()))
            if self._peek() == ",":
                self._next()
        self._next()
        if not any(_compares("", sign, value) is False for _, sign, value in matchers):
            raise LogQLError(
                "parse error : queries require at least one regexp or equality matcher that does not have an "
                'empty-compatible value. For instance, app=~".*" does not meet this requirement, but app=~".+" will'
            )
        return matchers

    def _parser_or_filter(self) -> Stage:
        kind, word, at = self._tokens[self._at]
        if kind != "word":
            raise _error(at, f"unexpected {word}")
        self._next()
        if word in ("json", "logfmt"):
            return _json if word == "json" else _logfmt
        sign = self._next()
        if sign not in ("=", "==", "!=", "=~", "!~", ">", "<", ">=", "<="):
            raise _error(self._tokens[self._at - 1][2], f"unexpected {sign}")
        kind, value, at = self._tokens[self._at]
        if kind == "string":
            return _label_filter(word, "=" if sign == "==" else sign, self._string())
        if kind not in ("number", "duration"):
            raise _error(at, f"unexpected {value}")
        self._next()
        return _number_filter(word, sign, float(value) if kind == "number" else _seconds(value))

    def _peek(self) -> str:
        return self._tokens[self._at][1]

    def _next(self) -> str:
        value = self._tokens[self._at][1]
        if value == "$end":
            raise _error(self._tokens[self._at][2], "unexpected $end")
        self._at += 1
        return value

    def _expect(self, sign: str) -> None:
        _, value, at = self._tokens[self._at]
        if value != sign:
            raise _error(at, f"unexpected {value}, expecting {sign}")
        self._at += 1

    def _string(self) -> str:
        kind, value, at = self._tokens[self._at]
        if kind != "string":
            raise _error(at, f"unexpected {value}, expecting STRING")
        self._at += 1
        if value.startswith("`"):
            return value[1:-1]
        try:
            return str(json.loads(value))
        except ValueError:
            return value[1:-1]


def _line_filter(sign: str, text: str) -> Stage:
    if sign in ("|~", "!~"):
        pattern = _pattern(text)
        return lambda line, _: (pattern.search(line) is not None) == (sign == "|~")
    return lambda line, _: (text in line) == (sign == "|=")


def _label_filter(name: str, sign: str, value: str) -> Stage:
    if sign not in ("=", "!=", "=~", "!~"):
        raise LogQLError(f"parse error : unexpected {sign} between a label and a string")
    return lambda _, labels: _compares(labels.get(name, ""), sign, value)


def _number_filter(name: str, sign: str, number: float) -> Stage:
    def keeps(_: str, labels: dict[str, str]) -> bool:
        value = _number(labels.get(name, ""))
        if value is None:
            return False
        return {
            "=": value == number, "==": value == number, "!=": value != number,
            ">": value > number, "<": value < number, ">=": value >= number, "<=": value <= number,
        }.get(sign, False)  # fmt: skip

    return keeps


def _json(line: str, labels: dict[str, str]) -> bool:
    try:
        found = json.loads(line)
    except ValueError:
        labels["__error__"] = "JSONParserErr"
        return True
    for name, value in found.items() if isinstance(found, dict) else ():
        _extract(labels, name, value if isinstance(value, str) else json.dumps(value))
    return True


def _logfmt(line: str, labels: dict[str, str]) -> bool:
    for name, value in _LOGFMT.findall(line):
        _extract(labels, name, value[1:-1] if value.startswith('"') else value)
    return True


def _extract(labels: dict[str, str], name: str, value: Any) -> None:
    labels[f"{name}_extracted" if name in labels else name] = value


def _compares(value: str, sign: str, other: str) -> bool:
    if sign in ("=~", "!~"):
        return (_pattern(other).fullmatch(value) is not None) == (sign == "=~")
    return (value == other) == (sign == "=")


def _pattern(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except re.error as error:
        raise LogQLError(f"parse error : error parsing regexp: {error}") from error


def _number(text: str) -> float | None:
    match = re.fullmatch(r"(-?\d+(?:\.\d+)?)(ms|[smhdw])?", text)
    return None if match is None else float(match[1]) * _DURATION_S.get(match[2] or "s", 1)


def _seconds(duration: str) -> float:
    match = re.fullmatch(r"(\d+)(ms|[smhdw])", duration)
    return int(match[1]) * _DURATION_S[match[2]] if match is not None else 0.0


def _error(at: int, what: str) -> LogQLError:
    return LogQLError(f"parse error at line 1, col {at + 1}: syntax error: {what}")
