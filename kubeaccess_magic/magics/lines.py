r"""Parsing a line of the magic: its words, its verb or target, and its options.

A quote counts at the start of a word, after ``--option=``, after the first ``=`` of a ``-q`` value and after the first
``:`` of a ``-H`` value, and only if its closing quote ends the word. Nothing else is special: ``{"a":1}``, ``it's``,
``C:\tmp`` and ``up{job="a"}`` stay as typed. A word that is just ``#`` begins a comment.
"""

from __future__ import annotations

import dataclasses
import difflib
import re
from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Any, NamedTuple

from IPython.core.error import UsageError

from ..text import HIDDEN, redact, redact_header
from .options import BY_NAME, EQUALS, OPTIONS, Option
from .variables import in_text
from .verbs import VERB_BY_WORD, WITHOUT_TARGET

__all__ = ["Line", "Word", "as_typed", "parse", "split"]

_WITH_TARGET = ("url", "can", "panel")  # verbs whose words are a target and its path
_QUOTED = r"""(?:"(?P<double>[^"]*)"|'(?P<single>[^']*)')(?=\s|$)"""
_PLAIN = re.compile(rf"(?P<before>(?:--[\w-]+=)?){_QUOTED}")
_AFTER = {  # what may stand before the quote in the value of these options
    "-q": re.compile(rf"(?P<before>[^\s='\"]+=){_QUOTED}"),
    "--query": re.compile(rf"(?P<before>[^\s='\"]+=){_QUOTED}"),
    "-H": re.compile(rf"(?P<before>[^\s:'\"]+:){_QUOTED}"),
    "--header": re.compile(rf"(?P<before>[^\s:'\"]+:){_QUOTED}"),
}
_ATTACHED = re.compile(rf"(?P<before>(?:-q|--query=)[^\s='\"]+=|(?:-H|--header=)[^\s:'\"]+:|-[dHnlq]){_QUOTED}")
_SPACE = re.compile(r"\s*")
_BARE = re.compile(r"\S+")


class Word(NamedTuple):
    """One word of a line."""

    text: str  # without the quotes that counted
    start: int  # where it begins in the line, its quote included
    end: int  # where it ends


@dataclasses.dataclass(frozen=True)
class Line:
    """A parsed line.

    Attributes
    ----------
    verb
        The verb's full name; "" for a target or an empty line.
    words
        The words after the verb, or the target and its path.
    given
        The options by key: a text, True for a switch, a list where it may be given more than once.
    variables
        The user's variables, for texts that are expanded later.
    """

    verb: str
    words: tuple[str, ...]
    given: dict[str, str | bool | list[str]]
    variables: Mapping[str, Any] = dataclasses.field(default_factory=dict, repr=False, compare=False)

    @property
    def first(self) -> str | None:
        """The first word after the verb, or None."""
        return self.words[0] if self.words else None

    def text(self, key: str) -> str | None:
        """The value of an option, or None."""
        value = self.given.get(key)
        return value if isinstance(value, str) else None

    def many(self, key: str) -> list[str]:
        """All values of an option that may be repeated."""
        value = self.given.get(key, [])
        return value if isinstance(value, list) else []

    def switch(self, key: str) -> bool:
        """Whether a switch is set."""
        return self.given.get(key) is True


def split(line: str) -> list[Word]:
    """Split a line into words, without its comment."""
    words: list[Word] = []
    at = 0
    while (space := _SPACE.match(line, at)) and space.end() < len(line):
        at = space.end()
        after = _AFTER.get(words[-1].text) if words else None
        found = _PLAIN.match(line, at) or (after and after.match(line, at)) or _ATTACHED.match(line, at)
        if found:
            inner = found["double"] if found["double"] is not None else found["single"]
            word = Word(found["before"] + inner, at, found.end())
        else:
            found = _BARE.match(line, at)
            assert found is not None
            word = Word(found[0], at, found.end())
            if word.text == "#":
                break
        words.append(word)
        at = word.end
    return words


def parse(line: str, variables: Mapping[str, Any] | None = None) -> Line:
    """Parse a line.

    Parameters
    ----------
    line
        The text after ``%kproxy``.
    variables
        The user's variables, expanded in options and in the words of a verb without a target. Parts of a request are
        left as they are, since their encoding depends on the position.

    Raises
    ------
    UsageError
        The line cannot be parsed; the message is one line that says why.
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
    """A valid line as it was typed, without bodies and without secrets in headers and query."""
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
    """The value of an option as it was typed, with secrets hidden."""
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
    texts = list(map(attrgetter("text"), plain))
    verb = VERB_BY_WORD.get(texts[0]) if texts else None
    if verb is None:
        if len(plain) > 2:
            raise _too_many(plain[2], line, words)
        if not texts:
            _check_options("%kproxy", WITHOUT_TARGET, given)
        return Line("", tuple(texts), given, variables)
    most = len(verb.words)
    if len(texts) - 1 > most:
        if "PATH" in verb.words:
            raise _too_many(plain[most + 1], line, words)
        takes = f"takes {' '.join(verb.words)} and nothing else" if most else "takes no words"
        raise UsageError(f"`%kproxy {verb.name}` {takes}: unexpected {texts[most + 1]!r}")
    if len(texts) - 1 < verb.needs:
        raise UsageError(f"`%kproxy {verb.name}` needs {' '.join(verb.words[: verb.needs])}")
    _check_options(f"%kproxy {verb.name}", verb.takes, given)
    return Line(verb.name, tuple(texts[1:]), given, variables)


def _too_many(word: Word, line: str, words: Sequence[Word]) -> UsageError:
    from .habits import too_many_words

    return UsageError(too_many_words(word, line, words))


def _check_options(command: str, takes: Sequence[str], given: Mapping[str, object]) -> None:
    """Refuse an option that would have no effect; `help` is handled earlier."""
    for option in OPTIONS:
        if option.key in given and option.key not in (*takes, "help"):
            raise UsageError(f"`{command}` does not take {option.names[0]}")


def _filled(line: Line) -> Line:
    """A line with its variables expanded, except in the parts of a request."""
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
