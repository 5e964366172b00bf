"""The verbs of the magic, as one table: name, what each takes, what it does, and its line in the help.

A new verb is one more entry here and a function beside it. Parsing, help and completion read the same table.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError

from .answers import print_line

if TYPE_CHECKING:
    from . import KProxyMagics
    from .lines import Line

__all__ = ["VERBS", "VERB_BY_WORD", "WITHOUT_TARGET", "Verb", "overview"]


def overview(magics: KProxyMagics, line: Line) -> Any:
    """Where am I: context, user, built-in services."""
    from .overview import Overview, header

    cluster = magics.cluster_for(line)
    print(header(cluster))  # before anything is contacted
    return Overview(cluster, line.text("namespace"))


def _contexts(magics: KProxyMagics, line: Line) -> Any:
    from .. import kubeconfig
    from ..cluster import inventory

    recipe = magics.in_use.recipe if magics.in_use else {}
    return inventory.contexts_frame(kubeconfig.contexts(line.text("kubeconfig") or recipe.get("kubeconfig")))


def _namespaces(magics: KProxyMagics, line: Line) -> Any:
    return magics.cluster_for(line).namespaces(name=line.first)


def _nodes(magics: KProxyMagics, line: Line) -> Any:
    return magics.cluster_for(line).nodes(name=line.first)


def _services_or_pods(magics: KProxyMagics, line: Line) -> Any:
    from .answers import nothing_listed

    cluster = magics.cluster_for(line)
    frame = (cluster.pods if line.verb == "pods" else cluster.services)(
        line.text("namespace"),
        all_namespaces=line.switch("all_namespaces"),
        selector=line.text("selector"),
        name=line.first,
    )
    note = frame.attrs["kproxy"].get("note")
    captions = [note] if note else []
    magics.caption(line, captions if len(frame) else [*captions, nothing_listed(line, cluster.namespace)])
    return frame


def _use(magics: KProxyMagics, line: Line) -> Any:
    return magics.use(line)


def _url(magics: KProxyMagics, line: Line) -> Any:
    from ..query import Query
    from .queries import params_of, place
    from .texts import Text

    cluster = magics.cluster_for(line)
    target, path = place(line, line.variables)
    params, _ = params_of(line, None, line.variables)
    query = Query(target, path or "/", namespace=line.text("namespace"), params=tuple(params), raw=True, output="reply")
    prepared = cluster.engine.prepare(query, cluster.call(say=print_line))
    magics.caption(line, list(prepared.notes))
    return Text(cluster.engine.url(prepared.request))


def _can(magics: KProxyMagics, line: Line) -> Any:
    from ..query import Query
    from .queries import place
    from .texts import Permission

    cluster = magics.cluster_for(line)
    method = (line.text("request") or "GET").upper()
    target = place(line, line.variables)[0]
    query = Query(target, method=method, namespace=line.text("namespace"), raw=True, output="reply")
    access, what = cluster.engine.access(query, cluster.call(say=print_line))
    return Permission(access, f"{method} {what}")


def _panel(magics: KProxyMagics, line: Line) -> Any:
    from .paneling import Panel

    return Panel(magics.cluster_for(line), line)


def _last(magics: KProxyMagics, line: Line) -> Any:
    if line.switch("why"):
        if magics.failure is None:
            raise UsageError("nothing has failed yet")
        return magics.failure
    if magics.history.last is None:
        raise UsageError("nothing has been asked yet")
    return magics.history.last


def _history(magics: KProxyMagics, line: Line) -> Any:
    return magics.history.frame()


def _doctor(magics: KProxyMagics, line: Line) -> Any:
    from ..doctor import examine

    return examine(lambda: magics.cluster_for(line), namespace=line.text("namespace"))


def _demo(magics: KProxyMagics, line: Line) -> Any:
    if line.first not in (None, "stop"):
        raise UsageError("`%kproxy demo` starts a demo cluster, `%kproxy demo stop` ends it")
    return magics.stop_demo() if line.first == "stop" else magics.start_demo()


@dataclasses.dataclass(frozen=True)
class Verb:
    """One verb.

    Attributes
    ----------
    name
        Its full name.
    does
        What it does, given the magic and the line; its value is shown or stored.
    help
        What it shows or returns, in half a sentence.
    words
        What its words are called in the help.
    short
        kubectl's short names for it.
    needs
        How many of the words must be there.
    takes
        Keys of the options that mean something with it.
    """

    name: str
    does: Callable[[KProxyMagics, Line], Any]
    help: str
    words: tuple[str, ...] = ()
    short: tuple[str, ...] = ()
    needs: int = 0
    takes: tuple[str, ...] = ("into",)


_CLUSTER = ("context", "kubeconfig", "as", "as_group", "into", "quiet")
_LIST = (*_CLUSTER, "namespace", "all_namespaces", "selector")
_QUERY = tuple(
    "namespace all_namespaces selector output request data header query limit timeout dialect rows agg labels wide "
    "categories grouped raw expand".split()
)

WITHOUT_TARGET = (*_CLUSTER, "namespace")
"""Keys of the options that bare ``%kproxy`` takes."""

VERBS: tuple[Verb, ...] = (
    Verb("contexts", _contexts, "the contexts of the kubeconfig, and how each signs in", takes=("kubeconfig", "into")),
    Verb("namespaces", _namespaces, "the namespaces", ("NAME",), ("ns",), takes=_CLUSTER),
    Verb(
        "services",
        _services_or_pods,
        "the services, one row per port, with the text to type",
        ("NAME",),
        ("svc",),
        takes=_LIST,
    ),
    Verb("pods", _services_or_pods, "the pods", ("NAME",), ("po",), takes=_LIST),
    Verb("nodes", _nodes, "the nodes", ("NAME",), ("no",), takes=_CLUSTER),
    Verb(
        "use",
        _use,
        "choose what the following lines ask: a context, -n, --kubeconfig, --as",
        ("CONTEXT",),
        takes=("namespace", "kubeconfig", "as", "as_group", "into"),
    ),
    Verb("url", _url, "the proxy URL, as text", ("TARGET", "PATH"), needs=1, takes=(*_CLUSTER, "namespace", "query")),
    Verb(
        "can",
        _can,
        "whether you may ask it, and the Role to request if not",
        ("TARGET",),
        needs=1,
        takes=(*_CLUSTER, "namespace", "request"),
    ),
    Verb(
        "panel",
        _panel,
        "build the request from dropdowns, starting from any line",
        ("TARGET", "PATH"),
        takes=(*_CLUSTER, *_QUERY),
    ),
    Verb("last", _last, "the last reply; with --why, the last failure", takes=("into", "why")),
    Verb("history", _history, "the requests so far, as a DataFrame"),
    Verb("doctor", _doctor, "find problems and how to fix them", takes=WITHOUT_TARGET),
    Verb(
        "demo",
        _demo,
        "start a demo cluster beside this kernel and use it; `demo stop` returns to your own",
        ("stop",),
    ),
)


VERB_BY_WORD = {word: verb for verb in VERBS for word in (verb.name, *verb.short)}
"""Each verb by its full name and by kubectl's short ones."""
