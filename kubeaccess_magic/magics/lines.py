"""A line of the magic, understood: its verb or target, its options."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Mapping, Sequence
from typing import Any

from IPython.core.error import UsageError

from ..text import HIDDEN, redact, redact_header
from .habits import too_many_words
from .options import BY_NAME, EQUALS, OPTIONS, Option
from .variables import in_text
from .verbs import VERB_BY_WORD, WITHOUT_TARGET
from .words import Word, split

__all__ = ["Line", "as_typed", "parse"]

_WITH_TARGET = ("url", "can", "panel")  # verbs whose words are a target and its path


@dataclasses.dataclass(frozen=True)
class Line:
    """A line, understood.

    Attributes
    ----------
    verb
        The verb's full name; "" for a target or an empty line.
    words
        What stands beside the verb, or the target and its path.
    given
        The options by key: a text, True for a switch, a list where it may be given more than once.
    variables
        The user's, for what is put in where it stands.
    """

    verb: str
    words: tuple[str, ...]
    given: dict[str, str | bool | list[str]]
    variables: Mapping[str, Any] = dataclasses.field(default_factory=dict, repr=False, compare=False)

    @property
    def first(self) -> str | None:
        """The first word beside the verb, or None."""
        return self.words[0] if self.words else None

    def text(self, key: str) -> str | None:
        """The value of an option, or None."""
        value = self.given.get(key)
        return value if isinstance(value, str) else None

    def many(self, key: str) -> list[str]:
        """The values of an option that may be given more than once."""
        value = self.given.get(key, [])
        return value if isinstance(value, list) else []

    def switch(self, key: str) -> bool:
        """Whether a switch is there."""
        return self.given.get(key) is True


def parse(line: str, variables: Mapping[str, Any] | None = None) -> Line:
    """Understand a line.

    Parameters
    ----------
    line
        What stands behind ``%kproxy``.
    variables
        The user's: put into its options, and into the words of a verb that takes no target. What belongs to a request
        is left as it is, since there it matters where a value stands.

    Raises
    ------
    UsageError
        It cannot be understood; one line that says why.
    """
    words = split(line)
    plain: list[Word] = []
    given: dict[str, str | bool | list[str]] = {}
    rest = iter(words)
    for word in rest:
        if word.text == "--" and line[word.start] == "-":
            plain += rest
        elif word.text.startswith("-") and len(word.text) > 1 and line[word.start] == "-":
            option, value = _option(word.text)
            if option.value is not None and value is None:
                following = next(rest, None)
                if following is None or (following.text in BY_NAME and line[following.start] == "-"):
                    raise UsageError(f"{word.text} needs a value: {word.text} {option.value}")
                value = following.text
            _give(given, option, value)
        else:
            plain.append(word)
    parsed = _line(plain, given, line, words, variables or {})
    return _filled(parsed) if variables and "${" in line else parsed


def as_typed(line: str) -> str:
    """A line that was understood, as it was typed; bodies, and what is secret in headers and query, are left out."""
    pieces: list[str] = []
    waits: Option | None = None  # for its value
    for word in split(line):
        typed = line[word.start : word.end]
        if waits is not None:
            typed, waits = _shown(waits, word.text, typed), None
        elif typed.startswith("-") and word.text not in ("-", "--"):
            waits, value = _option(word.text)
            if value is not None:
                typed = _shown(waits, value, typed)
            if value is not None or waits.value is None:
                waits = None
        pieces.append(typed)
    return redact(" ".join(pieces))


def _shown(option: Option, value: str, typed: str) -> str:
    """The value of an option as it was typed, if it may be seen; else what may be."""
    if option.key == "data" and not value.startswith("@"):
        return f"{option.names[0]} …" if typed.startswith("-") else "…"
    if option.key in ("header", "query"):
        name, sign, secret = value.partition(":" if option.key == "header" else "=")
        if redact_header(name, secret) != secret:
            before = f"{option.names[0]} " if typed.startswith("-") else ""
            return f"{before}'{name}{sign}{HIDDEN}'"
    return typed


def _option(text: str) -> tuple[Option, str | None]:
    """The option that a word names, and the value attached to it."""
    name, equals, value = text.partition("=")
    if text.startswith("--"):
        option = BY_NAME.get(name)
        if option is None:
            raise UsageError(_unknown(name))
        if equals and option.value is None:
            raise UsageError(f"{name} is a switch and takes no value")
        return option, value if equals else None
    if f"-{name}" in BY_NAME:  # `-query x` would be a -q of "uery"
        raise UsageError(f"{name} is written with two dashes: -{name}")
    option = BY_NAME.get(text[:2])
    if option is None:
        raise UsageError(_unknown(text[:2] if len(text) > 2 else text))
    attached = text[2:]
    if attached and option.value is None:
        raise UsageError(f"{text[:2]} is a switch: write {text[:2]} -{attached}")
    if text[:2] in EQUALS:
        attached = attached.removeprefix("=")
    return option, attached or None


def _unknown(name: str) -> str:
    long = [known[2:] for known in BY_NAME if known.startswith("--")]
    near = difflib.get_close_matches(name.lstrip("-"), long, 1, 0.6)  # the dashes are alike in all of them
    return f"no option {name}" + (f"; --{near[0]}?" if near else "; `%kproxy -h` lists them")


def _give(given: dict[str, str | bool | list[str]], option: Option, value: str | None) -> None:
    if value is None:
        given[option.key] = True
    elif option.many:
        values = given.setdefault(option.key, [])
        assert isinstance(values, list)
        values.append(value)
    elif option.key in given:
        raise UsageError(f"{option.names[0]} is given twice")
    else:
        given[option.key] = value


def _line(
    plain: list[Word],
    given: dict[str, str | bool | list[str]],
    line: str,
    words: Sequence[Word],
    variables: Mapping[str, Any],
) -> Line:
    if len(plain) > 1 and plain[0].text == "get":  # kubectl's word for it
        plain = plain[1:]
    texts = [word.text for word in plain]
    verb = VERB_BY_WORD.get(texts[0]) if texts else None
    if verb is None:
        if len(plain) > 2:
            raise UsageError(too_many_words(plain[2], line, words))
        if not texts:
            _check_options("%kproxy", WITHOUT_TARGET, given)
        return Line("", tuple(texts), given, variables)
    most = len(verb.words)
    if len(texts) - 1 > most:
        if "PATH" in verb.words:
            raise UsageError(too_many_words(plain[most + 1], line, words))
        takes = f"takes {' '.join(verb.words)} and nothing else" if most else "takes no words"
        raise UsageError(f"`%kproxy {verb.name}` {takes}: unexpected {texts[most + 1]!r}")
    if len(texts) - 1 < verb.needs:
        raise UsageError(f"`%kproxy {verb.name}` needs {' '.join(verb.words[: verb.needs])}")
    _check_options(f"%kproxy {verb.name}", verb.takes, given)
    return Line(verb.name, tuple(texts[1:]), given, variables)


def _check_options(command: str, takes: Sequence[str], given: Mapping[str, object]) -> None:
    """Refuse an option that would do nothing; `help` never gets this far."""
    for option in OPTIONS:
        if option.key in given and option.key not in (*takes, "help"):
            raise UsageError(f"`{command}` does not take {option.names[0]}")


def _filled(line: Line) -> Line:
    """A line with its variables put in where they belong to no request."""
    variables = line.variables
    given: dict[str, str | bool | list[str]] = {}
    for key, value in line.given.items():
        if isinstance(value, str):
            given[key] = in_text(value, variables)
        elif isinstance(value, list) and key == "as_group":
            given[key] = [in_text(text, variables) for text in value]
        else:
            given[key] = value
    has_target = not line.verb or line.verb in _WITH_TARGET
    words = line.words if has_target else tuple(in_text(word, variables) for word in line.words)
    return Line(line.verb, words, given, variables)
