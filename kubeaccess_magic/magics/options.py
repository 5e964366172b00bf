"""What may stand on a line of the magic: its verbs and options, as one table.

Parsing, help and completion all read this table, so that none of them can know more than the others. Options
follow kubectl where it has the thing, and curl where it has it; they may stand anywhere, and are never abbreviated.
"""

from __future__ import annotations

import dataclasses
import difflib
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from IPython.core.error import UsageError

from ..text import HIDDEN, redact, redact_header
from .words import Word, quoted, split

__all__ = [
    "BY_NAME",
    "EQUALS",
    "OPTIONS",
    "VERBS",
    "Line",
    "Option",
    "Verb",
    "as_typed",
    "for_kubectls",
    "help_text",
    "parse",
    "verb_of",
]


@dataclasses.dataclass(frozen=True)
class Option:
    """One option.

    Attributes
    ----------
    names
        Its spellings, the short one first.
    value
        What its value is called in the help; None for a switch.
    many
        Whether it may be given more than once.
    """

    names: tuple[str, ...]
    value: str | None
    help: str
    many: bool = False

    @property
    def key(self) -> str:
        """Its long name as an attribute."""
        return self.names[-1].lstrip("-").replace("-", "_")


@dataclasses.dataclass(frozen=True)
class Verb:
    """One verb, with the names of its words, and the keys of the options that mean something with it."""

    name: str
    help: str
    words: tuple[str, ...] = ()
    short: tuple[str, ...] = ()
    needs: int = 0  # how many of the words must be there
    takes: tuple[str, ...] = ("into",)


_WHO = ("context", "kubeconfig", "as", "as_group", "into", "quiet")
_LISTED = (*_WHO, "namespace", "all_namespaces", "selector")
_OVERVIEW = (*_WHO, "namespace")
_QUESTION = tuple(
    "namespace output request data header query limit timeout dialect rows agg labels wide categories grouped raw "
    "expand".split()
)

VERBS: tuple[Verb, ...] = (
    Verb("contexts", "the contexts of the kubeconfig, and how each signs in", takes=("kubeconfig", "into")),
    Verb("namespaces", "the namespaces", ("NAME",), ("ns",), takes=_WHO),
    Verb("services", "the services, one row a port, with the text to type", ("NAME",), ("svc",), takes=_LISTED),
    Verb("pods", "the pods", ("NAME",), ("po",), takes=_LISTED),
    Verb("nodes", "the nodes", ("NAME",), ("no",), takes=_WHO),
    Verb(
        "use",
        "what the following lines ask: a context, -n, --kubeconfig, --as",
        ("CONTEXT",),
        takes=("namespace", "kubeconfig", "as", "as_group", "into"),
    ),
    Verb("url", "the proxy URL, as text", ("TARGET", "PATH"), needs=1, takes=(*_WHO, "namespace", "query")),
    Verb("can", "may I? and the Role to ask for if not", ("TARGET",), needs=1, takes=(*_WHO, "namespace", "request")),
    Verb(
        "panel",
        "the same by picking from lists, filled in from any line",
        ("TARGET", "PATH"),
        takes=(*_WHO, *_QUESTION),
    ),
    Verb("last", "the last Reply; with --why, what went wrong last", takes=("into", "why")),
    Verb("history", "what was asked so far, as a DataFrame"),
    Verb("doctor", "what is wrong here, and what mends it", takes=_OVERVIEW),
    Verb("demo", "a demo cluster beside this kernel, in use at once; `demo stop` goes back", ("stop",)),
)

OPTIONS: tuple[Option, ...] = (
    Option(("-n", "--namespace"), "NAMESPACE", "the namespace; the context's if left out"),
    Option(("-A", "--all-namespaces"), None, "all namespaces"),
    Option(("-l", "--selector"), "LABELS", "only what has these labels, as kubectl writes them"),
    Option(("-o", "--output"), "FORM", "frame, json, text, bytes or reply"),
    Option(("--context",), "CONTEXT", "ask this context, this once"),
    Option(("--kubeconfig",), "FILE", "read this kubeconfig"),
    Option(("--as",), "USER", "ask as this user (impersonation)"),
    Option(("--as-group",), "GROUP", "ask as a member of this group", many=True),
    Option(("-X", "--request"), "METHOD", "the HTTP method; GET, or POST where there is a body"),
    Option(("-d", "--data"), "DATA", "the body; @FILE reads a file, @- is the cell", many=True),
    Option(("-H", "--header"), "NAME:VALUE", "a header", many=True),
    Option(("-q", "--query"), "NAME=VALUE", "adds to the query, fully encoded; NAME=@- takes the cell", many=True),
    Option(("--into",), "NAME", "store the result under this name and show nothing"),
    Option(("--limit",), "N|all", "how many rows"),
    Option(("--timeout",), "SECONDS", "how long it may take in all"),
    Option(("--dialect",), "NAME", "read the answer as this family of APIs writes"),
    Option(("--rows",), "FIELD", "which list of the answer holds the rows, as a.b"),
    Option(("--agg",), "NAME", "which aggregation of the answer to show"),
    Option(("--labels",), "A,B", "these labels of Kubernetes objects as columns, too"),
    Option(("--wide",), None, "all columns; of samples, one a series or a label"),
    Option(("--categories",), None, "labels of samples as categoricals: less memory for many rows"),
    Option(("--grouped",), None, "of metrics as text, histograms and summaries with a row a bucket"),
    Option(("--raw",), None, "change nothing in the request, whatever the family of APIs"),
    Option(("--expand",), None, "replace ${name} in a body that is not JSON, too"),
    Option(("--why",), None, "of `last`: the last failure, with all that is known of it"),
    Option(("--quiet",), None, "no line about the answer"),
    Option(("--code",), None, "show the same in Python, instead of asking"),
    Option(("--kubectl",), None, "show the same for a terminal, instead of asking"),
    Option(("-h", "--help"), None, "this text"),
)

_ASKED = "a line asks by itself: `%kproxy TARGET PATH`"
_INSTEAD = dict.fromkeys(
    "apply attach cp create delete describe edit exec explain expose label patch rollout run scale wait".split(),
    "`%kproxy -h` lists those",
) | {
    "auth": "`%kproxy can TARGET` says what you may",
    "cluster-info": "`%kproxy` alone shows that",
    "config": "`%kproxy contexts` lists them, `%kproxy use CONTEXT` chooses one",
    "kubectl": "the words come without it, such as `%kproxy services -A`",
    "logs": "`%kproxy /api/v1/namespaces/NAMESPACE/pods/POD/log?tailLines=100 -o text` reads a log",
    "port-forward": _ASKED,
    "proxy": _ASKED,
    "top": "`%kproxy /apis/metrics.k8s.io/v1beta1/pods` has the numbers",
    "version": "`%kproxy /version` shows the server's",
}
"""What to type instead of a word that begins a line of kubectl's."""

BY_NAME = {name: option for option in OPTIONS for name in option.names}
EQUALS = frozenset({"-n", "-l", "-o"})  # their attached value may begin with "=", as kubectl has it


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


def parse(line: str) -> Line:
    """Understand a line.

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
                    raise UsageError(f"{word.text} wants a value: {word.text} {option.value}")
                value = following.text
            _give(given, option, value)
        else:
            plain.append(word)
    return _line(plain, given, line, words)


def verb_of(word: str) -> Verb | None:
    """The verb that a word is, by its full name or kubectl's short one."""
    return next((verb for verb in VERBS if word in (verb.name, *verb.short)), None)


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


def for_kubectls(word: str) -> str | None:
    """What to type instead, if it is a word of kubectl's that somebody may try here; or the help's name."""
    if word == "help":
        return "`%kproxy -h` is the help"
    if word not in _INSTEAD:
        return None
    what = "no word of a line" if word == "kubectl" else "a verb of kubectl's, and none here"
    return f"{word} is {what}: {_INSTEAD[word]}"


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


def _line(plain: list[Word], given: dict[str, str | bool | list[str]], line: str, words: Sequence[Word]) -> Line:
    if len(plain) > 1 and plain[0].text == "get":  # kubectl's word for it
        plain = plain[1:]
    texts = [word.text for word in plain]
    verb = verb_of(texts[0]) if texts else None
    if verb is None:
        if len(plain) > 2:
            raise UsageError(_left_over(plain[2], line, words))
        if not texts:
            _check_options("without a target", _OVERVIEW, given)
        return Line("", tuple(texts), given)
    most = len(verb.words)
    if len(texts) - 1 > most:
        if "PATH" in verb.words:
            raise UsageError(_left_over(plain[most + 1], line, words))
        takes = f"takes {' '.join(verb.words)}, and no more" if most else "takes no words"
        raise UsageError(f"%kproxy {verb.name} {takes}: {texts[most + 1]!r} is left over")
    if len(texts) - 1 < verb.needs:
        raise UsageError(f"%kproxy {verb.name} wants {' '.join(verb.words[: verb.needs])}")
    _check_options(f"with %kproxy {verb.name}", verb.takes, given)
    return Line(verb.name, tuple(texts[1:]), given)


def _check_options(where: str, takes: Sequence[str], given: Mapping[str, object]) -> None:
    """Refuse an option that would do nothing there; `help` never comes so far."""
    for option in OPTIONS:
        if option.key in given and option.key not in (*takes, "help"):
            raise UsageError(f"{option.names[0]} means nothing {where}")


def _left_over(extra: Word, line: str, words: Sequence[Word]) -> str:
    """A word too many is, nearly always, the rest of the one before it, which lacks its quotes."""
    if instead := for_kubectls(words[0].text):
        return instead
    at = words.index(extra)
    if extra.text.startswith(("{", "[")):
        rest = line[extra.start :].strip()
        body = f"-d {quoted(rest)}" if "'" not in rest else "a cell below %%kproxy"
        return f"a body is no word of its own; it goes behind -d: {body}"
    begin, end = words[at - 1].start, extra.end
    for word in words[at + 1 :]:
        if line[word.start] == "-":
            break
        end = word.end
    whole = line[begin:end]
    first, second = (word.text for word in words[:2])
    is_last = at == 2 and all(line[word.start] == "-" for word in words[3:4])
    if is_last and all(word.replace("-", "").isalnum() for word in (first, second)):
        return f"words left over; with a namespace: %kproxy {first}/{second} {line[extra.start :].strip()}"
    if "'" in whole and '"' in whole:
        return f"words left over: {extra.text!r}; put {whole} into a variable, and ${{its_name}} here"
    return f"words left over; with quotes: %kproxy {(line[:begin] + quoted(whole) + line[end:]).strip()}"


def help_text() -> str:
    """The help of the magic: what ``%kproxy -h`` shows."""
    lines = [
        "%kproxy [VERB | TARGET] [PATH] [options]",
        "%%kproxy TARGET [PATH] [options]        sends the cell as the body",
        "",
        "TARGET is an in-cluster address, as one knows it:",
        "    name  namespace/name  name:port  https:name:port  pod/name:port  node/name",
        "    http://name.namespace.svc:port/path   a proxy URL   /api/v1/…",
        "",
        "Verbs",
    ]
    for verb in VERBS:
        words = " ".join(f"[{w}]" if n >= verb.needs else w for n, w in enumerate(verb.words))
        lines.append(f"    {(verb.name + ' ' + words).strip():24}{verb.help}")
    lines += ["", "Options"]
    for option in OPTIONS:
        names = ", ".join(option.names) + (f" {option.value}" if option.value else "")
        lines += textwrap.wrap(option.help, 84, initial_indent=f"    {names:32}", subsequent_indent=" " * 36)
    lines += [
        "",
        "${name} puts a variable in; $${ is a literal ${. A line that ends in ; shows nothing.",
        "df = %kproxy …  keeps the result; so does --into NAME, on cells too.",
    ]
    return "\n".join(lines)
