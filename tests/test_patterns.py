"""Patterns that meet text from a cluster take linear time, whatever that text is."""

from __future__ import annotations

import importlib
import inspect
import itertools
import pkgutil
import re
import time
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

import kubeaccess_magic

SHORT, LONG = 300, 60_000
HANG_S = 20.0  # quadratic time would be minutes: this only tells a hang, by the time of this thread alone
METHODS = ("finditer", "findall", "fullmatch", "match", "search", "split", "sub")


def used() -> Iterator[tuple[str, str, re.Pattern[Any]]]:
    """Each compiled pattern of the package, with each method that its module calls on it, or on one in a container."""
    for info in pkgutil.walk_packages(kubeaccess_magic.__path__, "kubeaccess_magic."):
        if info.name.split(".")[1] == "demo" or info.name.endswith("__main__"):  # aside: it meets no foreign text
            continue
        module = importlib.import_module(info.name)
        source = inspect.getsource(module)
        for name, value, is_named in found_in(vars(module), info.name):
            for method in METHODS:
                if re.search(rf"\b{name}\.{method}\b" if is_named else rf"\.{method}\b", source):
                    yield f"{info.name}.{name}", method, value


def found_in(names: Mapping[str, Any], module: str) -> Iterator[tuple[str, re.Pattern[Any], bool]]:
    """The patterns under some names, in their classes and containers; and whether code can call them by that name."""
    for name, value in names.items():
        if name.startswith("__"):
            continue
        if isinstance(value, re.Pattern):
            yield name, value, True
        elif isinstance(getattr(value, "__self__", None), re.Pattern):  # `re.compile(…).fullmatch`
            yield name, value.__self__, False
        elif isinstance(value, type) and value.__module__ == module:
            yield from ((f"{name}.{inner}", pattern, False) for inner, pattern, _ in found_in(vars(value), ""))
        elif isinstance(value, (list, tuple, set, frozenset, dict)):
            values = [*value, *value.values()] if isinstance(value, dict) else value
            for at, item in enumerate(values):
                parts = item if isinstance(item, tuple) else (item,)
                yield from ((f"{name}[{at}]", part, False) for part in parts if isinstance(part, re.Pattern))


def pieces(pattern: re.Pattern[Any]) -> list[str]:
    """What the pattern likes: its literals, its single characters, and one character of each usual class."""
    source = pattern.pattern if isinstance(pattern.pattern, str) else pattern.pattern.decode("latin-1")
    literals = re.findall(r"[A-Za-z:/@=<-]{2,12}", re.sub(r"\(\?P<\w+>|\\.", " ", source))
    characters = [character for character in source if character in "\"'`<>:;,=/@%.-{}[]|#&$"]
    return list(dict.fromkeys(["a", "0", " ", "\n", "\\", "eyJaaaaaa", "%25", *characters, *literals]))[:16]


def texts(first: str, second: str, characters: int) -> Iterator[str]:
    """Both in turn, and one of the first before many of the second; then with an end that fits nothing."""
    for text in ((first + second) * (characters // len(first + second)), first + second * (characters // len(second))):
        yield text
        yield f"{text}\ufdd0"


def took_s(pattern: re.Pattern[Any], method: str, parts: tuple[str, str], characters: int) -> float:
    began = time.thread_time()
    for text in texts(*parts, characters):
        data: Any = text if isinstance(pattern.pattern, str) else text.encode()
        result = pattern.sub(data[:0], data) if method == "sub" else getattr(pattern, method)(data)
        if method == "finditer":
            for _ in result:
                pass
    return time.thread_time() - began


@pytest.mark.parametrize(
    ("name", "method", "pattern"), list(used()), ids=lambda value: value if isinstance(value, str) else ""
)
def test_a_pattern_takes_linear_time(name: str, method: str, pattern: re.Pattern[Any]) -> None:
    pairs = itertools.product(pieces(pattern), repeat=2)
    slowest = sorted(pairs, key=lambda pair: took_s(pattern, method, pair, SHORT))[-2:]
    assert sum(took_s(pattern, method, pair, LONG) for pair in slowest) < HANG_S
