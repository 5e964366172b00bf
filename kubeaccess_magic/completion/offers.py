"""What fits where the cursor is: from the tables of the magic, from the cluster, from the user's variables."""

from __future__ import annotations

import itertools
import os
import re
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote as percent_encoded

from IPython.core.error import UsageError

from ..errors import KubeAccessError
from ..magics import loaded
from ..magics.lines import Line
from ..magics.options import OPTIONS, Option
from ..magics.verbs import VERBS, Verb
from ..targets import KINDS, Target
from .place import Asked, Place, Word, asked, find, word

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from ..cluster import Cluster
    from ..suggest import Suggestion, Suggestions
    from ..suggest.memory import Memory

__all__ = ["Offer", "Offered", "Offers"]

_PACKAGE = __name__.partition(".")[0]
_CLUSTERS = 4  # whose names are kept
_FILES = 200
_KUBECONFIG_S = 30.0  # how long a kubeconfig is believed without reading it again
_NOT_FOR_TARGETS = ("all_namespaces", "selector")
_VALUES = {
    "output": ("frame", "json", "text", "bytes", "reply"),
    "request": ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"),
    "limit": ("all", "100", "1000"),
    "header": ("Accept:", "Content-Type:"),
}
_VARIABLE = re.compile(r"\$\{(?P<name>\w*)$")
_URL = re.compile(r"(?P<host>[a-zA-Z]+://[^/?]+)(?P<path>[/?].*)", re.DOTALL)


class Offer(NamedTuple):
    """A completion, and its kind for an icon."""

    text: str
    kind: str


class Offered(NamedTuple):
    """What may be typed next.

    Attributes
    ----------
    fragment
        What is being replaced; it ends at the cursor.
    offers
        By what.
    loading
        Whether there may be more in a moment.
    """

    fragment: str
    offers: list[Offer]
    loading: bool


class Offers:
    """What may be typed next in one shell.

    Parameters
    ----------
    shell
        Whose magic, and whose variables.
    """

    def __init__(self, shell: InteractiveShell) -> None:
        self._shell = shell
        self._loaded: threading.Thread | None = None
        self._behind: Memory | None = None  # for what reads a kubeconfig, which may be a large one
        self._names: dict[int, tuple[Cluster, Suggestions]] = {}
        self._asked: Suggestions | None = None  # for what is being typed now

    def at(self, text: str, cursor: int, budget_s: float, most: int = 500) -> Offered | None:
        """What may be typed at a place of a cell; None outside our magics.

        Parameters
        ----------
        text, cursor
            The cell, and where in it.
        budget_s
            How long the answer may take.
        most
            How many offers; IPython itself shows no more than 500.
        """
        found = find(text, cursor)
        if found is None:
            return None
        until = time.monotonic() + budget_s
        self._asked = None
        typed = text[:cursor]
        if (variable := _VARIABLE.search(typed)) and not typed[: variable.start()].endswith("$"):
            begin = variable["name"]
            names = [Offer(f"{name}}}", "variable") for name in self._variables() if name.startswith(begin)]
            return Offered(begin, names, loading=False)
        try:
            if found.body is not None:
                fragment, offers = self._in_body(found, until)
            elif (current := word(found.line, found.rest)) is not None:
                fragment, offers = self._in_line(current, until)
                offers = _fitting(offers, current.quote)
            else:
                return None
        except (KubeAccessError, UsageError):  # a slip, or an unknown variable: the line says so when it runs
            fragment, offers = "", ()
        if not typed.endswith(fragment):  # over a quote, or the end of a line
            fragment, offers = "", ()
        # A name of the cluster must not put in one of the user's variables when the line runs.
        plain = (offer for offer in offers if "${" not in offer.text)
        return Offered(fragment, list(itertools.islice(plain, most)), self._is_loading())

    def close(self) -> None:
        """End what runs for it."""
        for _, names in self._names.values():
            names.close()
        self._names.clear()
        if self._behind is not None:
            self._behind.close()

    # --- the line

    def _in_line(self, current: Word, until: float) -> tuple[str, Iterable[Offer]]:
        before, text = current.before, current.text
        if current.option is not None:
            return self._value(current.option, text, before, until)
        if text.startswith("-"):
            return text, _options(before, text)
        if before.verb is not None:
            takes = before.verb.words[len(before.plain) : len(before.plain) + 1]
            return self._verb_word(takes[0] if takes else "", before, text, until)
        if not before.plain:
            fragment, offers = self._target(before, text, until)
            return fragment, itertools.chain(_verbs(text), offers) if fragment == text else offers
        return self._path(before, text, until) if len(before.plain) == 1 else (text, [])

    def _verb_word(self, takes: str, before: Asked, text: str, until: float) -> tuple[str, Iterable[Offer]]:
        if takes == "TARGET":
            return self._target(before, text, until)
        if takes == "PATH":
            return self._path(before, text, until)
        if takes == "CONTEXT":
            return text, self._contexts(before, text, until)
        if takes == "NAME" and before.verb is not None and (names := self._suggestions(before, until)) is not None:
            return text, _offered(
                _names_of(before.verb.name.removesuffix("s"), names, before.text("namespace"), until), text
            )
        return text, [Offer(takes, "keyword")] if takes.islower() and takes.startswith(text) else []

    def _value(self, option: Option, text: str, before: Asked, until: float) -> tuple[str, Iterable[Offer]]:
        if option.key == "query":
            return self._query(before, text, until)
        if option.key == "context":
            return text, self._contexts(before, text, until)
        if option.key == "kubeconfig":
            return text, _files(text)
        if option.key == "data":
            return (text[1:], [*_said(("-",), text[1:]), *_files(text[1:])]) if text.startswith("@") else (text, [])
        if option.key == "namespace":
            names = self._suggestions(before, until)
            return text, _offered(names.namespaces(wait_s=_left(until)), text) if names is not None else []
        if option.key == "dialect":
            return text, _said(self._dialects(until), text)
        return text, _said(_VALUES.get(option.key, ()), text)

    def _query(self, before: Asked, text: str, until: float) -> tuple[str, Iterable[Offer]]:
        """``-q NAME=VALUE``."""
        target, path = self._asks(before)
        names = self._suggestions(before, until)
        if target is None or names is None:
            return text, []
        name, equals, value = text.partition("=")
        if not equals:
            return text, [Offer(f"{one.text}=", one.kind) for one in self._parameters(names, target, path, until)
                          if one.text.startswith(text)]  # fmt: skip
        start, found = names.query(target, path, name, value, len(value), wait_s=_left(until))
        return value[start:], [Offer(one.text, one.kind) for one in found]

    # --- target and path

    def _target(self, before: Asked, text: str, until: float) -> tuple[str, Iterable[Offer]]:
        names = self._suggestions(before, until)
        if text.startswith("/") or _URL.fullmatch(text):
            return self._url(text, names, until)
        if "://" in text:
            return text, []
        *above, segment = text.split("/")
        kind = KINDS.get(above[0]) if above else None
        if kind is not None:
            del above[0]
        if len(above) > 1 or (kind == "node" and above):
            return text, []
        if ":" in segment:
            return self._port(segment, kind or "service", above, before, names, until)
        found: list[Iterable[Offer]] = []
        if names is not None:
            where = above[0] if above else before.text("namespace")
            found.append(_offered(_names_of(kind or "service", names, where, until), segment))
            if not above and kind != "node":
                found.append(_offered(names.namespaces(wait_s=_left(until)), segment, "/"))
        if not above and kind is None:
            found.append(Offer(f"{name}/", "kind") for name in ("pod", "node", "svc") if name.startswith(segment))
        return segment, itertools.chain(*found)

    def _port(
        self, segment: str, kind: str, above: list[str], before: Asked, names: Suggestions | None, until: float
    ) -> tuple[str, Iterable[Offer]]:
        """Behind a colon: a port; or the name behind a scheme, with the colon that it needs (N7)."""
        *front, typed = segment.split(":")
        where = above[0] if above else before.text("namespace")
        if names is None or len(front) > 2:
            return typed, []
        if front in (["http"], ["https"]):
            return typed, _offered(_names_of(kind, names, where, until), typed, ":")
        return typed, _offered(names.ports(kind, where, front[-1], wait_s=_left(until)), typed)

    def _path(self, before: Asked, text: str, until: float) -> tuple[str, Iterable[Offer]]:
        """The path at a target."""
        target, brought = self._asks(before)
        names = self._suggestions(before, until)
        if target is None or names is None or brought:
            return text, []
        return self._path_at(names, target, text, until)

    def _url(self, text: str, names: Suggestions | None, until: float) -> tuple[str, Iterable[Offer]]:
        """A path that stands in the target's own word: of a URL, or of the API server."""
        found = _URL.fullmatch(text)
        typed = found["path"] if found else text
        if names is None:
            return text, []
        target, path, server = Target.parse(text)
        if server is not None:
            return text, []  # a URL of an API server, which may be another
        if target.kind != "api" and not found:  # …/proxy/ of a service: what is behind it
            typed = path or ""
        return self._path_at(names, target, typed, until)

    def _path_at(self, names: Suggestions, target: Target, typed: str, until: float) -> tuple[str, Iterable[Offer]]:
        path, mark, query = typed.partition("?")
        if not mark:
            found = names.paths(target, typed, wait_s=_left(until))
            cut = typed.rfind("/") + 1  # what stands before it stands there already
            return typed[cut:], [Offer(one.text[cut:], one.kind) for one in found if len(one.text) > cut]
        name, equals, value = query[query.rfind("&") + 1 :].partition("=")
        if not equals:
            listed = self._parameters(names, target, path, until)
            return name, [Offer(f"{one.text}=", one.kind) for one in listed if one.text.startswith(name)]
        text = value.replace("+", " ")
        start, words = names.query(target, path, name, text, len(text), wait_s=_left(until))
        # Only what would end the value, or be read as something else, is encoded: the rest is sent as it is meant.
        return value[start:], [Offer(re.sub(r"[%&+#]", _encoded, one.text), one.kind) for one in words]

    def _parameters(self, names: Suggestions, target: Target, path: str, until: float) -> list[Suggestion]:
        names.app(target.kind, target.namespace, target.name, wait_s=_left(until))  # parameters() does not wait
        return names.parameters(target, path)

    # --- the body of a cell

    def _in_body(self, place: Place, until: float) -> tuple[str, Iterable[Offer]]:
        """Query words in a cell that is a query, or a body."""
        before = asked(place.line)
        target, path = self._asks(before)
        names = self._suggestions(before, until)
        if target is None or names is None or place.body is None:
            return "", ()
        takes_the_cell = [text[:-3] for text in before.given.get("query", ()) if text.endswith("=@-")]
        parameter = takes_the_cell[0] if takes_the_cell else ""
        start, found = names.query(target, path, parameter, place.body, place.cursor, wait_s=_left(until))
        return place.body[start : place.cursor], [Offer(one.text, one.kind) for one in found]

    # --- what is there

    def _asks(self, before: Asked) -> tuple[Target | None, str]:
        """Target and path of a line; None for a target that cannot be told."""
        from ..magics.variables import in_path, in_text

        if not before.plain:
            return None, ""
        target, brought, server = Target.parse(in_text(before.plain[0], self._shell.user_ns))
        path = in_path(before.plain[1], self._shell.user_ns) if len(before.plain) > 1 else brought or ""
        if server is not None:
            return None, ""
        if target.kind in ("service", "pod") and target.namespace is None:
            target = target.with_namespace(before.text("namespace"))
        return target, path.partition("?")[0]

    def _contexts(self, before: Asked, text: str, until: float) -> Iterable[Offer]:
        from .. import kubeconfig

        file = before.text("kubeconfig")
        if file is None and (names := self._suggestions(Asked(None, (), {}), until)) is not None:
            return _offered(names.contexts(wait_s=_left(until)), text)
        if not self._is_loaded(until) or self._behind is None:
            return []
        read = self._behind.get(("contexts", file), lambda: [kubeconfig.contexts(file)], _left(until))
        return [Offer(row.name, "context") for row in read or () if row.name.startswith(text)]

    def _variables(self) -> Iterator[str]:
        """Names of the user's variables that have a value a request could hold."""
        hidden = self._shell.user_ns_hidden
        for name, value in sorted(self._shell.user_ns.items()):
            if not name.startswith("_") and name not in hidden and not callable(value) and not _is_module(value):
                yield name

    def _dialects(self, until: float) -> tuple[str, ...]:
        if not self._is_loaded(until):
            return ()
        from .. import dialects

        return tuple(dialect.name for dialect in dialects.registry())

    def _suggestions(self, before: Asked, until: float) -> Suggestions | None:
        """Those of the Cluster that this line asks; None while the first Tab loads, or where there is no Cluster."""
        if not self._is_loaded(until):
            return None
        magics = loaded(self._shell)
        if magics is None:
            return None
        given: dict[str, str | bool | list[str]] = {
            key: values if key == "as_group" else values[0]
            for key, values in before.given.items()
            if key in ("context", "kubeconfig", "as", "as_group") and values
        }
        cluster: Cluster | None = magics.in_use if not given else None
        if cluster is None and self._behind is not None:
            key = ("cluster", id(magics.in_use), str(given))
            cluster = self._behind.get(key, lambda: [magics.cluster_for(Line("", (), given))], _left(until))
        if cluster is None:  # not yet; or no such context, no kubeconfig: the line says so when it runs
            return None
        if id(cluster) not in self._names:
            from ..suggest import Suggestions

            while len(self._names) >= _CLUSTERS:
                self._names.pop(next(iter(self._names)))[1].close()
            self._names[id(cluster)] = cluster, Suggestions(cluster)
        self._asked = self._names[id(cluster)][1]
        return self._asked

    def _is_loading(self) -> bool:
        if self._loaded is not None and self._loaded.is_alive():
            return True
        return any(one is not None and one.busy for one in (self._asked, self._behind))

    def _is_loaded(self, until: float) -> bool:
        if self._loaded is None:
            takes_long = f"{_PACKAGE}.cluster" not in sys.modules  # no line has asked anything yet
            self._loaded = threading.Thread(target=_load, name="kproxy-suggest-load", daemon=True)
            self._loaded.start()
            if takes_long:
                return False
        self._loaded.join(_left(until))
        if self._loaded.is_alive():
            return False
        if self._behind is None:
            from ..suggest.memory import Memory

            self._behind = Memory(_KUBECONFIG_S, lambda key: None)
        return True


def _load() -> None:
    from .. import cluster, suggest  # noqa: F401 - a third of a second, for which nobody has to wait


def _verbs(text: str) -> Iterator[Offer]:
    return (Offer(verb.name, "verb") for verb in VERBS if verb.name.startswith(text))


def _options(before: Asked, text: str) -> Iterator[Offer]:
    """The options that mean something there, in their long form unless a short one is typed."""
    verb: Verb | None = before.verb
    for option in OPTIONS:
        if verb is not None and option.key not in (*verb.takes, "help"):
            continue
        if verb is None and before.plain and option.key in _NOT_FOR_TARGETS:
            continue
        if option.key in before.given and not option.many:
            continue
        yield from (Offer(name, "option") for name in option.names if name.startswith(text))


def _names_of(kind: str, names: Suggestions, namespace: str | None, until: float) -> list[Suggestion]:
    wait_s = _left(until)
    match kind:
        case "service":
            return names.services(namespace, wait_s=wait_s, counts=False)
        case "pod":
            return names.pods(namespace, wait_s=wait_s)
        case "node":
            return names.nodes(wait_s=wait_s)
        case "namespace":
            return names.namespaces(wait_s=wait_s)
    return []


def _offered(listed: Iterable[Suggestion], begin: str, end: str = "") -> Iterator[Offer]:
    return (Offer(one.text + end, one.kind) for one in listed if one.text.startswith(begin))


def _said(texts: Iterable[str], begin: str) -> list[Offer]:
    return [Offer(text, "value") for text in texts if text.startswith(begin)]


def _fitting(offers: Iterable[Offer], quote: str) -> Iterator[Offer]:
    """Those that stay in one word: no blank outside quotes, no quote inside its own."""
    for offer in offers:
        if quote not in offer.text if quote else not re.search(r"\s", offer.text):
            yield offer


def _files(typed: str) -> list[Offer]:
    folder, name = os.path.split(typed)
    found: list[Offer] = []
    try:
        with os.scandir(os.path.expanduser(folder) or ".") as entries:
            for entry in entries:
                if entry.name.startswith(name) and (name or not entry.name.startswith(".")):
                    found.append(Offer(os.path.join(folder, entry.name) + ("/" if entry.is_dir() else ""), "path"))
                    if len(found) == _FILES:
                        break
    except OSError:
        return []
    return sorted(found)


def _encoded(found: re.Match[str]) -> str:
    return percent_encoded(found[0], safe="")


def _is_module(value: object) -> bool:
    return type(value).__name__ == "module"


def _left(until: float) -> float:
    return max(0.0, until - time.monotonic())
