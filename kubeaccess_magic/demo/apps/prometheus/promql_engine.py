"""The part of PromQL that the demo supports: selectors, rate, increase, aggregations, arithmetic with numbers."""

from __future__ import annotations

import bisect
import itertools
import math
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from .series import NAME, Sample, Series

Labels = tuple[tuple[str, str], ...]
Vector = dict[Labels, Sample]

_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?![\w:])|0x[0-9a-fA-F]+|Inf\b|NaN\b)"
    r"|(?P<duration>(?:\d+(?:ms|[smhdwy]))+)"
    r'|(?P<string>"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'|`[^`]*`)'
    r"|(?P<name>[A-Za-z_:][\w:]*)|(?P<symbol>=~|!~|!=|==|>=|<=|[-+*/%^(){}\[\],=<>]))"
)
_UNITS: Final = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "y": 31536000}
_AGGREGATIONS: Final[dict[str, Callable[[list[float]], float]]] = {
    "sum": math.fsum,
    "avg": lambda values: math.fsum(values) / len(values),
    "max": lambda values: max((value for value in values if value == value), default=math.nan),
    "min": lambda values: min((value for value in values if value == value), default=math.nan),
    "count": lambda values: float(len(values)),
}
_OVER_TIME: Final = ("rate", "increase")
_ARITHMETIC: Final[dict[str, Callable[[float, float], float]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": lambda a, b: a / b if b else math.nan if not a or a != a else math.copysign(math.inf, a),
    "%": lambda a, b: math.fmod(a, b) if b else math.nan,
    "^": lambda a, b: math.pow(a, b),
}
_COMPARISONS: Final[dict[str, Callable[[float, float], bool]]] = {
    "==": operator.eq, "!=": operator.ne, ">": operator.gt, "<": operator.lt, ">=": operator.ge, "<=": operator.le,
}  # fmt: skip


class QueryError(Exception):
    """A query that is invalid; the message is like that of Prometheus."""


class UnsupportedError(QueryError):
    """A query with a feature of PromQL that the demo does not support."""


@dataclass(frozen=True)
class Scalar:
    """A number."""

    value: float


@dataclass(frozen=True)
class SeriesSelector:
    """Selects series by their labels; with a range (in seconds), their samples over that time."""

    matchers: tuple[tuple[str, str, str], ...]
    range_s: float = 0.0


@dataclass(frozen=True)
class OverTime:
    """The rate or increase over a range."""

    function: str
    of: SeriesSelector


@dataclass(frozen=True)
class Aggregation:
    """An aggregation by groups; with `without`, the labels are those that the groups do not have."""

    function: str
    of: Node
    labels: tuple[str, ...] = ()
    without: bool = False


@dataclass(frozen=True)
class Binary:
    """An operation between a vector or number and a number."""

    symbol: str
    left: Node
    right: Node


Node = Scalar | SeriesSelector | OverTime | Aggregation | Binary


def parse(text: str) -> Node:
    """Parse a query into a syntax tree.

    Raises
    ------
    QueryError
        The text is not PromQL, or uses what the demo does not support.
    """
    tokens = _tokens(text)
    if not tokens:
        raise QueryError("unknown position: parse error: no expression found in input")
    parser = _Parser(tokens)
    node = parser.expression(0)
    if parser.peek()[0]:
        raise parser.unexpected()
    return node


def matching(series: list[Series], matchers: tuple[tuple[str, str, str], ...]) -> list[Series]:
    """The series that fit all matchers.

    Parameters
    ----------
    series
        The series to select from.
    matchers
        For each: the label, the operator and the value.
    """
    tests = [_test(*matcher) for matcher in matchers]
    return [
        entry
        for entry in series
        if all(test(entry.labels.get(name, "")) for (name, _, _), test in zip(matchers, tests, strict=True))
    ]


class Evaluator:
    """Evaluates a query at many times; samples are read only once.

    Parameters
    ----------
    series
        All series.
    begin, end
        The first and the last time of the evaluation, in seconds since the epoch.
    """

    def __init__(self, series: list[Series], begin: float, end: float) -> None:
        self._series = series
        self._begin = begin
        self._end = end
        self._selected: dict[SeriesSelector, list[tuple[Series, Labels]]] = {}
        self._read: dict[tuple[int, float], tuple[list[float], list[Sample]]] = {}

    def at(self, node: Node, second: float) -> Vector | float:
        """Evaluate the query at a time.

        Parameters
        ----------
        node
            The syntax tree.
        second
            The time, in seconds since the epoch.

        Returns
        -------
        Vector or float
            A value for each set of labels, or a single number.
        """
        if isinstance(node, Scalar):
            return node.value
        if isinstance(node, SeriesSelector):
            return self._instant(node, second)
        if isinstance(node, OverTime):
            return self._over_time(node, second)
        if isinstance(node, Aggregation):
            return self._aggregated(node, second)
        return _combined(node.symbol, self.at(node.left, second), self.at(node.right, second))

    def matrix(self, node: SeriesSelector, second: float) -> list[tuple[Labels, list[tuple[float, Sample]]]]:
        """The samples of a range selector, by labels.

        Parameters
        ----------
        node
            The selector.
        second
            The end of the range, in seconds since the epoch.
        """
        matrix = ((labels, series.samples(second - node.range_s, second)) for series, labels in self._select(node))
        return [(labels, samples) for labels, samples in matrix if samples]

    def _select(self, node: SeriesSelector) -> list[tuple[Series, Labels]]:
        if node not in self._selected:
            selected = matching(self._series, node.matchers)
            self._selected[node] = [(series, tuple(sorted(series.labels.items()))) for series in selected]
        return self._selected[node]

    def _instant(self, node: SeriesSelector, second: float) -> Vector:
        if node.range_s:
            raise QueryError('invalid expression type "range vector" for range query, must be Scalar or instant Vector')
        values = ((labels, series.at(second)) for series, labels in self._select(node))
        return {labels: value for labels, value in values if value is not None}

    def _over_time(self, node: OverTime, second: float) -> Vector:
        vector: Vector = {}
        for series, labels in self._select(node.of):
            key = (id(series), node.of.range_s)
            if key not in self._read:
                samples = series.samples(self._begin - node.of.range_s, self._end)
                self._read[key] = ([at for at, _ in samples], [value for _, value in samples])
            times, values = self._read[key]
            first = bisect.bisect_right(times, second - node.of.range_s)
            last = bisect.bisect_right(times, second)
            increase = _increase(times[first:last], values[first:last], second - node.of.range_s, second)
            if increase is not None:
                remaining = tuple(pair for pair in labels if pair[0] != NAME)
                vector[remaining] = increase / node.of.range_s if node.function == "rate" else increase
        return vector

    def _aggregated(self, node: Aggregation, second: float) -> Vector:
        vector = self.at(node.of, second)
        if isinstance(vector, float):
            raise QueryError(f'expected type instant vector in aggregation expression, got scalar in "{node.function}"')
        groups: dict[Labels, list[float]] = {}
        for labels, value in vector.items():
            if node.without:
                key = tuple(pair for pair in labels if pair[0] not in (*node.labels, NAME))
            else:
                key = tuple(pair for pair in labels if pair[0] in node.labels)
            if isinstance(value, float):
                groups.setdefault(key, []).append(value)
        function = _AGGREGATIONS[node.function]
        return {key: function(values) for key, values in groups.items()}


def _increase(times: list[float], values: list[Sample], begin: float, end: float) -> float | None:
    """The increase as Prometheus computes it: corrected for counter resets, and extrapolated to the ends."""
    numbers = [value for value in values if isinstance(value, float)]
    if len(numbers) < 2 or len(numbers) != len(values):
        return None
    change = numbers[-1] - numbers[0] + sum(a for a, b in itertools.pairwise(numbers) if b < a)
    sampled = times[-1] - times[0]
    average = sampled / (len(times) - 1)
    before, after = times[0] - begin, end - times[-1]
    if before >= average * 1.1:
        before = average / 2
    if change > 0 and numbers[0] >= 0:
        before = min(before, sampled * (numbers[0] / change))
    if after >= average * 1.1:
        after = average / 2
    return change * (sampled + before + after) / sampled


def _combined(symbol: str, left: Vector | float, right: Vector | float) -> Vector | float:
    compare = _COMPARISONS.get(symbol)
    if isinstance(left, float) and isinstance(right, float):
        if compare:
            raise QueryError("comparisons between scalars must use BOOL modifier")
        return _ARITHMETIC[symbol](left, right)
    if isinstance(left, dict) and isinstance(right, dict):
        raise QueryError("operations between two vectors are not in the demo")
    combined: Vector = {}
    vector = left if isinstance(left, dict) else right
    for labels, value in vector.items() if isinstance(vector, dict) else ():
        if not isinstance(value, float):
            continue
        a, b = (value, right) if isinstance(right, float) else (left, value)
        if not isinstance(a, float) or not isinstance(b, float):
            continue
        if compare:
            if compare(a, b):
                combined[labels] = value
        else:
            combined[tuple(pair for pair in labels if pair[0] != NAME)] = _ARITHMETIC[symbol](a, b)
    return combined


def _test(name: str, symbol: str, value: str) -> Callable[[str], bool]:
    if symbol == "=":
        return lambda label: label == value
    if symbol == "!=":
        return lambda label: label != value
    try:
        pattern = re.compile(value)
    except re.error as error:
        raise QueryError(f"error parsing regexp: {error}") from error
    if symbol == "=~":
        return lambda label: pattern.fullmatch(label) is not None
    return lambda label: pattern.fullmatch(label) is None


def duration_s(text: str) -> float:
    """A duration such as ``1h30m``, in seconds.

    Raises
    ------
    QueryError
        The text is not a duration.
    """
    if not re.fullmatch(r"(?:\d+(?:ms|[smhdwy]))+", text):
        raise QueryError(f'not a valid duration string: "{text}"')
    return sum(int(count) * _UNITS[unit] for count, unit in re.findall(r"(\d+)(ms|[smhdwy])", text))


def _tokens(text: str) -> list[tuple[str, str]]:
    text = re.sub(r"#[^\n]*", "", text) if "#" in text and '"' not in text else text
    tokens, position = [], 0
    while text[position:].strip():
        match = _TOKEN.match(text, position)
        if not match:
            position = len(text) - len(text[position:].lstrip())
            raise QueryError(f"1:{position + 1}: parse error: unexpected character: {text[position]!r}")
        kind = match.lastgroup or ""
        tokens.append((kind, match[kind]))
        position = match.end()
    return tokens


class _Parser:
    """A recursive-descent parser with the precedence of PromQL's operators."""

    _LEVELS: Final = {
        "==": 1,
        "!=": 1,
        ">": 1,
        "<": 1,
        ">=": 1,
        "<=": 1,
        "+": 2,
        "-": 2,
        "*": 3,
        "/": 3,
        "%": 3,
        "^": 4,
    }

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._position = 0

    def peek(self) -> tuple[str, str]:
        return self._tokens[self._position] if self._position < len(self._tokens) else ("", "")

    def expression(self, level: int) -> Node:
        left = self._unary()
        while (
            (symbol := self.peek()[1]) in self._LEVELS and self.peek()[0] == "symbol" and self._LEVELS[symbol] > level
        ):
            self._position += 1
            if self.peek()[1] in ("bool", "on", "ignoring"):
                raise _unsupported(self.peek()[1])
            right = self.expression(self._LEVELS[symbol] - (symbol == "^"))
            left = Binary(symbol, left, right)
        if self.peek()[1] in ("offset", "and", "or", "unless", "@"):
            raise _unsupported(self.peek()[1])
        return left

    def unexpected(self) -> QueryError:
        kind, text = self.peek()
        problem = f'unexpected {"identifier " if kind == "name" else ""}"{text}"' if kind else "unexpected end of input"
        return QueryError(f"1:1: parse error: {problem}")

    def _unary(self) -> Node:
        kind, text = self.peek()
        if text == "-" and kind == "symbol":
            self._position += 1
            return Binary("*", Scalar(-1.0), self._unary())
        if text == "(":
            self._position += 1
            node = self.expression(0)
            self._expect(")")
            return node
        if kind == "number":
            self._position += 1
            return Scalar(float(int(text, 16)) if text.startswith("0x") else float(text))
        if kind == "string":
            raise _unsupported("string literals")
        if text == "{" or kind == "name":
            return self._selector_or_call()
        raise self.unexpected()

    def _selector_or_call(self) -> Node:
        kind, text = self.peek()
        if kind == "name":
            self._position += 1
            if text in _AGGREGATIONS and self.peek()[1] in ("(", "by", "without"):
                return self._aggregation(text)
            if self.peek()[1] == "(":
                return self._function(text)
        name = text if kind == "name" else ""
        matchers = [(NAME, "=", name)] if name else []
        if self.peek()[1] == "{":
            matchers += self._matchers()
        if not any(
            (symbol == "=" and value) or (symbol == "=~" and not re.fullmatch(value, ""))
            for _, symbol, value in matchers
        ):
            raise QueryError("1:1: parse error: vector selector must contain at least one non-empty matcher")
        range_s = 0.0
        if self.peek()[1] == "[":
            self._position += 1
            kind, text = self.peek()
            if kind != "duration":
                raise self.unexpected()
            self._position += 1
            range_s = duration_s(text)
            if self.peek()[1] != "]":
                raise _unsupported("subqueries")
            self._position += 1
        return SeriesSelector(tuple(matchers), range_s)

    def _matchers(self) -> list[tuple[str, str, str]]:
        self._expect("{")
        matchers = []
        while self.peek()[1] != "}":
            kind, name = self.peek()
            if kind != "name":
                raise self.unexpected()
            self._position += 1
            symbol = self.peek()[1]
            if symbol not in ("=", "!=", "=~", "!~"):
                raise self.unexpected()
            self._position += 1
            kind, text = self.peek()
            if kind != "string":
                raise self.unexpected()
            self._position += 1
            matchers.append((name, symbol, _unquoted(text)))
            if self.peek()[1] == ",":
                self._position += 1
            elif self.peek()[1] != "}":
                raise self.unexpected()
        self._expect("}")
        return matchers

    def _aggregation(self, function: str) -> Node:
        labels, without = self._grouping()
        self._expect("(")
        inner = self.expression(0)
        self._expect(")")
        if not labels and self.peek()[1] in ("by", "without"):
            labels, without = self._grouping()
        return Aggregation(function, inner, labels, without)

    def _grouping(self) -> tuple[tuple[str, ...], bool]:
        word = self.peek()[1]
        if word not in ("by", "without"):
            return (), False
        self._position += 1
        self._expect("(")
        labels = []
        while self.peek()[0] == "name":
            labels.append(self.peek()[1])
            self._position += 1
            if self.peek()[1] == ",":
                self._position += 1
        self._expect(")")
        return tuple(labels), word == "without"

    def _function(self, name: str) -> Node:
        if name not in _OVER_TIME:
            raise _unsupported(f"function {name}")
        self._expect("(")
        inner = self.expression(0)
        self._expect(")")
        if not isinstance(inner, SeriesSelector) or not inner.range_s:
            raise QueryError(
                f'1:1: parse error: expected type range vector in call to function "{name}", got instant vector'
            )
        return OverTime(name, inner)

    def _expect(self, symbol: str) -> None:
        if self.peek()[1] != symbol:
            raise self.unexpected()
        self._position += 1


def _unsupported(feature: str) -> QueryError:
    return UnsupportedError(f"not in the demo: {feature}")


def _unquoted(text: str) -> str:
    if text[0] == "`":
        return text[1:-1]
    escapes: dict[str, Any] = {"n": "\n", "t": "\t", "r": "\r"}
    return re.sub(r"\\(.)", lambda match: str(escapes.get(match[1], match[1])), text[1:-1])
