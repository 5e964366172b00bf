"""What can be inserted at the cursor: words of the magic, names from the cluster, the user's variables and files."""

from __future__ import annotations

import itertools
import os
import re
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from IPython.core.error import UsageError

from ..errors import KubeAccessError
from ..magics import loaded
from ..magics.lines import Line
from ..magics.options import OPTIONS, Option
from ..magics.verbs import VERBS, Verb
from ..targets import KINDS, Target
from .cursor import CursorPlace, LineWords, TypedWord, find_place, typed_word, words_of_line

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from ..cluster import Cluster
    from ..suggest import Suggestion, Suggestions
    from ..suggest.cache import Cache

__all__ = ["Candidate", "CandidateList", "CandidateSource"]

_PACKAGE = __name__.partition(".")[0]
_MAX_CLUSTERS = 4  # clusters whose names are kept
_MAX_FILES = 200
_KUBECONFIG_AGE_S = 30.0  # how long a kubeconfig is used without reading it again
_ONLY_FOR_LISTS = ("all_namespaces", "selector")
_OPTION_VALUES = {
    "output": ("frame", "json", "text", "bytes", "reply"),
    "request": ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"),
    "limit": ("all", "100", "1000"),
    "header": ("Accept:", "Content-Type:"),
}
_VARIABLE = re.compile(r"\$\{(?P<name>\w*)$")
_URL = re.compile(r"(?P<host>[a-zA-Z]+://[^/?]+)(?P<path>[/?].*)", re.DOTALL)
_MUST_ENCODE = re.compile(r"[%&+#]")
_BLANK = re.compile(r"\s")


class Candidate(NamedTuple):
    """A text that can be inserted at the cursor.

    Attributes
    ----------
    text
        The text.
    kind
        What it is, such as "service" or "option"; front ends show it as an icon or a word.
    """

    text: str
    kind: str


class CandidateList(NamedTuple):
    """What can be inserted at the cursor.

    Attributes
    ----------
    fragment
        The text before the cursor that is replaced.
    candidates
        The texts that can replace it.
    loading
        Whether there may be more candidates in a moment.
    """

    fragment: str
    candidates: list[Candidate]
    loading: bool


class CandidateSource:
    """Finds what can be inserted at the cursor, in one shell.

    Parameters
    ----------
    shell
        The shell with the magic and the user's variables.
    """

    def __init__(self, shell: InteractiveShell) -> None:
        self._shell = shell
        self._loader: threading.Thread | None = None
        self._files: Cache | None = None  # for what reads a kubeconfig, which may be large
        self._suggestions: dict[int, tuple[Cluster, Suggestions]] = {}
        self._current: Suggestions | None = None  # those of the line that is being typed

    def candidates_at(self, text: str, cursor: int, budget_s: float, max_candidates: int = 500) -> CandidateList | None:
        """What can be inserted at a position of a cell; None outside the magics of this package.

        Parameters
        ----------
        text
            The whole cell.
        cursor
            The position in the cell, in characters.
        budget_s
            How long to wait for names, in seconds.
        max_candidates
            The largest number of candidates; IPython shows no more than 500.
        """
        place = find_place(text, cursor)
        if place is None:
            return None
        until = time.monotonic() + budget_s
        self._current = None
        typed = text[:cursor]
        if (variable := _VARIABLE.search(typed)) and not typed[: variable.start()].endswith("$"):
            prefix = variable["name"]
            names = [Candidate(f"{name}}}", "variable") for name in self._variables() if name.startswith(prefix)]
            return CandidateList(prefix, names, loading=False)
        try:
            if place.body is not None:
                fragment, candidates = self._in_body(place, until)
            elif (word := typed_word(place.line, place.rest)) is not None:
                fragment, candidates = self._in_line(word, until)
                candidates = _insertable(candidates, word, fragment)
            else:
                return None
        except (KubeAccessError, UsageError):  # a mistake or an unknown variable: running the line will say so
            fragment, candidates = "", ()
        if not typed.endswith(fragment):  # it contains a quotation mark or a line break
            fragment, candidates = "", ()
        # A name from the cluster must not insert one of the user's variables when the line runs.
        safe = (candidate for candidate in candidates if "${" not in candidate.text)
        return CandidateList(fragment, list(itertools.islice(safe, max_candidates)), self._is_loading())

    def close(self) -> None:
        """Stop the background work."""
        for _, suggestions in self._suggestions.values():
            suggestions.close()
        self._suggestions.clear()
        if self._files is not None:
            self._files.close()

    # --- the line

    def _in_line(self, word: TypedWord, until: float) -> tuple[str, Iterable[Candidate]]:
        before, text = word.before, word.text
        if word.option is not None:
            return self._option_value(word.option, text, before, until)
        if text.startswith("-"):
            return text, _options(before, text)
        if before.verb is not None:
            expected = before.verb.words[len(before.plain) : len(before.plain) + 1]
            return self._verb_argument(expected[0] if expected else "", before, text, until)
        if not before.plain:
            fragment, candidates = self._target(before, text, until)
            return fragment, itertools.chain(_verbs(text), candidates) if fragment == text else candidates
        return self._path(before, text, until) if len(before.plain) == 1 else (text, [])

    def _verb_argument(
        self, expected: str, before: LineWords, text: str, until: float
    ) -> tuple[str, Iterable[Candidate]]:
        if expected == "TARGET":
            return self._target(before, text, until)
        if expected == "PATH":
            return self._path(before, text, until)
        if expected == "CONTEXT":
            return text, self._contexts(before, text, until)
        suggestions = self._suggestions_of(before, until) if expected == "NAME" else None
        if suggestions is not None and before.verb is not None:
            kind = before.verb.name.removesuffix("s")
            return text, _starting(_names(kind, suggestions, before.text("namespace"), until), text)
        is_keyword = expected.islower() and expected.startswith(text)
        return text, [Candidate(expected, "keyword")] if is_keyword else []

    def _option_value(
        self, option: Option, text: str, before: LineWords, until: float
    ) -> tuple[str, Iterable[Candidate]]:
        match option.key:
            case "query":
                return self._query_option(before, text, until)
            case "context":
                return text, self._contexts(before, text, until)
            case "kubeconfig":
                return text, _files(text)
            case "data" if text.startswith("@"):
                return text[1:], [*_values(("-",), text[1:]), *_files(text[1:])]
            case "namespace":
                suggestions = self._suggestions_of(before, until)
                namespaces = suggestions.namespaces(wait_s=_left(until)) if suggestions is not None else []
                return text, _starting(namespaces, text)
            case "dialect":
                return text, _values(self._dialects(until), text)
        return text, _values(_OPTION_VALUES.get(option.key, ()), text)

    def _query_option(self, before: LineWords, text: str, until: float) -> tuple[str, Iterable[Candidate]]:
        """The name or the value of ``-q NAME=VALUE``."""
        target, path = self._target_and_path(before)
        suggestions = self._suggestions_of(before, until)
        if target is None or suggestions is None:
            return text, []
        name, equals, value = text.partition("=")
        if not equals:
            return text, _starting(self._parameters(suggestions, target, path, until), text, "=")
        start, words = suggestions.query(target, path, name, value, len(value), wait_s=_left(until))
        return value[start:], [Candidate(word.text, word.kind) for word in words]

    # --- target and path

    def _target(self, before: LineWords, text: str, until: float) -> tuple[str, Iterable[Candidate]]:
        suggestions = self._suggestions_of(before, until)
        if text.startswith("/") or _URL.fullmatch(text):
            return self._url_path(text, suggestions, until)
        if "://" in text:
            return text, []
        *parents, segment = text.split("/")
        kind = KINDS.get(parents[0]) if parents else None
        if kind is not None:
            del parents[0]
        if len(parents) > 1 or (kind == "node" and parents):
            return text, []
        namespace = parents[0] if parents else before.text("namespace")
        if ":" in segment:
            return self._port(segment, kind or "service", namespace, suggestions, until)
        candidates: list[Iterable[Candidate]] = []
        if suggestions is not None:
            candidates.append(_starting(_names(kind or "service", suggestions, namespace, until), segment))
            if not parents and kind != "node":
                candidates.append(_starting(suggestions.namespaces(wait_s=_left(until)), segment, "/"))
        if not parents and kind is None:
            kinds = ("pod", "node", "svc")
            candidates.append(Candidate(f"{name}/", "kind") for name in kinds if name.startswith(segment))
        return segment, itertools.chain(*candidates)

    def _port(
        self, segment: str, kind: str, namespace: str | None, suggestions: Suggestions | None, until: float
    ) -> tuple[str, Iterable[Candidate]]:
        """After a colon: a port, or after a scheme a name with the colon that must follow it (N7)."""
        *before, typed = segment.split(":")
        if suggestions is None or len(before) > 2:
            return typed, []
        if before in (["http"], ["https"]):
            return typed, _starting(_names(kind, suggestions, namespace, until), typed, ":")
        return typed, _starting(suggestions.ports(kind, namespace, before[-1], wait_s=_left(until)), typed)

    def _path(self, before: LineWords, text: str, until: float) -> tuple[str, Iterable[Candidate]]:
        """A path as a word of its own."""
        target, path = self._target_and_path(before)
        suggestions = self._suggestions_of(before, until)
        if target is None or suggestions is None or path:
            return text, []
        return self._path_of(suggestions, target, text, until)

    def _url_path(self, text: str, suggestions: Suggestions | None, until: float) -> tuple[str, Iterable[Candidate]]:
        """The path in a URL, or of the API server."""
        url = _URL.fullmatch(text)
        typed = url["path"] if url else text
        if suggestions is None:
            return text, []
        target, path, server = Target.parse(text)
        if server is not None:
            return text, []  # the URL of an API server, perhaps of another one
        if target.kind != "api" and not url:  # a path through …/proxy/ of a service
            typed = path or ""
        return self._path_of(suggestions, target, typed, until)

    def _path_of(
        self, suggestions: Suggestions, target: Target, typed: str, until: float
    ) -> tuple[str, Iterable[Candidate]]:
        path, question_mark, query = typed.partition("?")
        if not question_mark:
            paths = suggestions.paths(target, typed, wait_s=_left(until))
            start = typed.rfind("/") + 1  # only the last segment is replaced
            return typed[start:], [Candidate(one.text[start:], one.kind) for one in paths if len(one.text) > start]
        name, equals, value = query[query.rfind("&") + 1 :].partition("=")
        if not equals:
            return name, _starting(self._parameters(suggestions, target, path, until), name, "=")
        decoded = value.replace("+", " ")
        start, words = suggestions.query(target, path, name, decoded, len(decoded), wait_s=_left(until))
        # Only characters that would end the value or change their meaning are encoded; the rest is sent as typed.
        return value[start:], [Candidate(_MUST_ENCODE.sub(_percent_encoded, word.text), word.kind) for word in words]

    def _parameters(self, suggestions: Suggestions, target: Target, path: str, until: float) -> list[Suggestion]:
        suggestions.app(target.kind, target.namespace, target.name, wait_s=_left(until))  # parameters() does not wait
        return suggestions.parameters(target, path)

    # --- the body of a cell

    def _in_body(self, place: CursorPlace, until: float) -> tuple[str, Iterable[Candidate]]:
        """Query words in a cell that is a query or a request body."""
        before = words_of_line(place.line)
        target, path = self._target_and_path(before)
        suggestions = self._suggestions_of(before, until)
        if target is None or suggestions is None or place.body is None:
            return "", ()
        # `-q NAME=@-` takes the cell as the value of that parameter.
        names = [text[:-3] for text in before.options.get("query", ()) if text.endswith("=@-")]
        parameter = names[0] if names else ""
        start, words = suggestions.query(target, path, parameter, place.body, place.body_cursor, wait_s=_left(until))
        return place.body[start : place.body_cursor], [Candidate(word.text, word.kind) for word in words]

    # --- what is known

    def _target_and_path(self, before: LineWords) -> tuple[Target | None, str]:
        """The target and path of a line; no target if there is none yet, or it is on another API server."""
        from ..magics.variables import in_path, in_text

        if not before.plain:
            return None, ""
        target, url_path, server = Target.parse(in_text(before.plain[0], self._shell.user_ns))
        path = in_path(before.plain[1], self._shell.user_ns) if len(before.plain) > 1 else url_path or ""
        if server is not None:
            return None, ""
        if target.kind in ("service", "pod") and target.namespace is None:
            target = target.with_namespace(before.text("namespace"))
        return target, path.partition("?")[0]

    def _contexts(self, before: LineWords, text: str, until: float) -> Iterable[Candidate]:
        from .. import kubeconfig

        file = before.text("kubeconfig")
        if file is None and (suggestions := self._suggestions_of(LineWords(None, (), {}), until)) is not None:
            return _starting(suggestions.contexts(wait_s=_left(until)), text)
        if not self._is_loaded(until) or self._files is None:
            return []
        contexts = self._files.get(("contexts", file), lambda: [kubeconfig.contexts(file)], _left(until))
        return [Candidate(row.name, "context") for row in contexts or () if row.name.startswith(text)]

    def _variables(self) -> Iterator[str]:
        """The names of the user's variables whose values could be part of a request."""
        hidden = self._shell.user_ns_hidden
        for name, value in sorted(self._shell.user_ns.items()):
            if not name.startswith("_") and name not in hidden and not callable(value) and not _is_module(value):
                yield name

    def _dialects(self, until: float) -> tuple[str, ...]:
        if not self._is_loaded(until):
            return ()
        from .. import dialects

        return tuple(dialect.name for dialect in dialects.registry())

    def _suggestions_of(self, before: LineWords, until: float) -> Suggestions | None:
        """The suggestions for the cluster of a line; None if it has no cluster, or while the first Tab loads."""
        if not self._is_loaded(until):
            return None
        magics = loaded(self._shell)
        if magics is None:
            return None
        chosen: dict[str, str | bool | list[str]] = {
            key: values if key == "as_group" else values[0]
            for key, values in before.options.items()
            if key in ("context", "kubeconfig", "as", "as_group") and values
        }
        cluster: Cluster | None = magics.in_use if not chosen else None
        if cluster is None and self._files is not None:
            key = ("cluster", id(magics.in_use), str(chosen))
            cluster = self._files.get(key, lambda: [magics.cluster_for(Line("", (), chosen))], _left(until))
        if cluster is None:  # not known yet; or no such context or kubeconfig, which running the line will say
            return None
        if id(cluster) not in self._suggestions:
            from ..suggest import Suggestions

            while len(self._suggestions) >= _MAX_CLUSTERS:
                self._suggestions.pop(next(iter(self._suggestions)))[1].close()
            self._suggestions[id(cluster)] = cluster, Suggestions(cluster)
        self._current = self._suggestions[id(cluster)][1]
        return self._current

    def _is_loading(self) -> bool:
        if self._loader is not None and self._loader.is_alive():
            return True
        return any(source is not None and source.busy for source in (self._current, self._files))

    def _is_loaded(self, until: float) -> bool:
        if self._loader is None:
            takes_long = f"{_PACKAGE}.cluster" not in sys.modules  # no line has run yet
            self._loader = threading.Thread(target=_load, name="kproxy-suggest-load", daemon=True)
            self._loader.start()
            if takes_long:
                return False
        self._loader.join(_left(until))
        if self._loader.is_alive():
            return False
        if self._files is None:
            from ..suggest.cache import Cache

            self._files = Cache(_KUBECONFIG_AGE_S, lambda key: None, max_pause_s=0.0)
        return True


def _load() -> None:
    from .. import cluster, suggest  # noqa: F401 - takes a third of a second, in a thread of its own


def _verbs(text: str) -> Iterator[Candidate]:
    return (Candidate(verb.name, "verb") for verb in VERBS if verb.name.startswith(text))


def _options(before: LineWords, text: str) -> Iterator[Candidate]:
    """The options that the line can still take."""
    verb: Verb | None = before.verb
    for option in OPTIONS:
        if verb is not None and option.key not in (*verb.takes, "help"):
            continue
        if verb is None and before.plain and option.key in _ONLY_FOR_LISTS:
            continue
        if option.key in before.options and not option.many:
            continue
        yield from (Candidate(name, "option") for name in option.names if name.startswith(text))


def _names(kind: str, suggestions: Suggestions, namespace: str | None, until: float) -> list[Suggestion]:
    wait_s = _left(until)
    match kind:
        case "service":
            return suggestions.services(namespace, wait_s=wait_s, counts=False)
        case "pod":
            return suggestions.pods(namespace, wait_s=wait_s)
        case "node":
            return suggestions.nodes(wait_s=wait_s)
        case "namespace":
            return suggestions.namespaces(wait_s=wait_s)
    return []


def _starting(suggestions: Iterable[Suggestion], prefix: str, end: str = "") -> Iterator[Candidate]:
    """The suggestions that begin with a prefix, each with `end` appended."""
    return (Candidate(one.text + end, one.kind) for one in suggestions if one.text.startswith(prefix))


def _values(texts: Iterable[str], prefix: str) -> list[Candidate]:
    return [Candidate(text, "value") for text in texts if text.startswith(prefix)]


def _insertable(candidates: Iterable[Candidate], word: TypedWord, fragment: str) -> Iterator[Candidate]:
    """The candidates that remain one word of the same kind.

    A word without quotation marks cannot contain blanks, one within them cannot contain its mark, and no name may
    look like an option.
    """
    is_whole_word = fragment == word.text
    for candidate in candidates:
        text = candidate.text
        if word.quote in text if word.quote else _BLANK.search(text):
            continue
        if not text.isprintable() or (is_whole_word and candidate.kind != "option" and text.startswith("-")):
            continue
        yield candidate


def _files(typed: str) -> list[Candidate]:
    folder, name = os.path.split(typed)
    candidates: list[Candidate] = []
    try:
        with os.scandir(os.path.expanduser(folder) or ".") as entries:
            for entry in entries:
                if entry.name.startswith(name) and (name or not entry.name.startswith(".")):
                    path = os.path.join(folder, entry.name) + ("/" if entry.is_dir() else "")
                    candidates.append(Candidate(path, "path"))
                    if len(candidates) == _MAX_FILES:
                        break
    except OSError:
        return []
    return sorted(candidates)


def _percent_encoded(match: re.Match[str]) -> str:
    return quote(match[0], safe="")


def _is_module(value: object) -> bool:
    return type(value).__name__ == "module"


def _left(until: float) -> float:
    """The seconds left until a time of the monotonic clock."""
    return max(0.0, until - time.monotonic())
