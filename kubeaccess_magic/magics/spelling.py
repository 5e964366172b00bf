"""The same query in Python (``--code``) and for a terminal (``--kubectl``)."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..query import ALL
from ..text import printable, redact, redact_headers
from ..ways.proxy import api_path
from .texts import Text

if TYPE_CHECKING:
    from ..cluster import Cluster
    from ..engine import PreparedQuery
    from ..query import Query
    from ..request import Request

__all__ = ["as_code", "as_kubectl"]

_ENDINGS = {"json": ".json()", "text": ".text", "bytes": ".content", "reply": ""}
_RESULTS = {"frame": "df", "json": "data", "text": "text", "bytes": "bytes", "reply": "reply"}


def as_code(cluster: Cluster, prepared: PreparedQuery) -> Text:
    """Python that gives the same when it is run. What is secret is hidden, and must be put in.

    Parameters
    ----------
    cluster
        Which one is asked.
    prepared
        The query.
    """
    query, output = prepared.query, prepared.query.output or "frame"
    arguments = _arguments(query)
    target = str(query.target)
    if query.namespace and "://" not in target and not target.startswith("/"):
        target = str(prepared.request.target)
    words = [repr(redact(target))] + ([repr(redact(query.path))] if query.path != "/" else [])
    if output != "frame":
        words.insert(0, repr(query.method))
        arguments = {key: arguments[key] for key in ("params", "headers", "data", "timeout_s") if key in arguments}
    words += [f"{key}={value!r}" for key, value in arguments.items()]
    checked = ".raise_for_status()" if output in ("json", "text", "bytes") else ""
    lines = [
        "from kubeaccess_magic import Cluster",
        "",
        f"with Cluster({_cluster_arguments(cluster)}) as cluster:",
        f"    {_RESULTS[output]} = cluster.{'frame' if output == 'frame' else 'request'}({', '.join(words)}){checked}"
        + _ENDINGS.get(output, ""),
    ]
    if prepared.first != prepared.request:  # what the dialect fills in, now
        lines.append(f"# sends {_one_line(_as_sent(prepared.first))}")
    return Text("\n".join(lines))


def as_kubectl(cluster: Cluster, prepared: PreparedQuery) -> Text:
    """A shell line that gives the same bytes.

    ``kubectl get --raw`` sends GET without headers; everything else goes through ``kubectl proxy`` on a socket of its
    own, and curl: ``kubectl create --raw`` sends no Content-Type (K4).

    Parameters
    ----------
    cluster
        Which one is asked.
    prepared
        The query.
    """
    request = prepared.first
    kubectl = shlex.join(["kubectl", *_kubectl_flags(cluster)])
    path = api_path(request)
    if request.method == "GET" and not request.headers and request.body is None and _survives_kubectl(request.query):
        return Text(redact(f"{kubectl} get --raw {shlex.quote(path)}"))
    curl = shlex.join([*_curl(request), f"http://localhost{path}"]).replace("curl ", 'curl --unix-socket "$s" ', 1)
    return Text(
        redact(
            f'(s=$(mktemp -d)/s; {kubectl} proxy --unix-socket="$s" >/dev/null & '
            f'until [ -S "$s" ] || ! kill -0 $!; do sleep 0.1; done; {curl}; kill $!)'
        )
    )


def _arguments(query: Query) -> dict[str, Any]:
    """The keyword arguments of `Cluster.frame` that say something."""
    body = query.body
    text = body.decode() if isinstance(body, bytes) and query.has_text_body else body
    arguments = {
        "method": query.method if query.method != ("GET" if body is None else "POST") else None,
        "params": list(redact_headers(query.params)) if not isinstance(query.params, str) else redact(query.params),
        "headers": list(redact_headers(query.headers)),
        "data": redact(text) if isinstance(text, str) else text,
        "dialect": query.dialect,
        "limit": "all" if query.limit == ALL else query.limit,
        "raw": query.raw,
        "timeout_s": query.timeout_s,
        **query.options,
    }
    return {key: value for key, value in arguments.items() if value not in (None, (), [], {}, "", False)}


def _cluster_arguments(cluster: Cluster) -> str:
    recipe = _plain(cluster.recipe)
    return ", ".join(repr(value) if key == "context" else f"{key}={value!r}" for key, value in recipe.items())


def _kubectl_flags(cluster: Cluster) -> list[str]:
    recipe = _plain(cluster.recipe)
    flags = []
    for key, flag in (("kubeconfig", "--kubeconfig"), ("context", "--context"), ("impersonate", "--as")):
        if recipe.get(key):
            flags += [flag, str(recipe[key])]
    for group in recipe.get("impersonate_groups", ()):
        flags += ["--as-group", group]
    return flags


def _curl(request: Request) -> list[str]:
    """The words of curl that send a request, without the URL."""
    words = ["curl", "-sS", "--globoff", "--path-as-is"]
    words += ["--head"] if request.method == "HEAD" else ["-X", request.method]
    for name, value in redact_headers(request.headers):
        words += ["-H", f"{name}: {value}"]
    if isinstance(request.body, bytes):
        words += ["--data-binary", request.body.decode(errors="replace")]
    return words


def _as_sent(request: Request) -> str:
    """Path, query and body of a request, as text."""
    body = f" and {request.body.decode(errors='replace')}" if isinstance(request.body, bytes) else ""
    return redact(request.path_and_query + body)


def _one_line(text: str) -> str:
    """Text as the rest of a comment: without anything that could end the line."""
    return printable(" ".join(text.split()))


def _survives_kubectl(query: str) -> bool:
    """Whether a query means the same after ``get --raw`` took it apart, sorted it by name, and wrote it anew (K4)."""
    if not query:
        return True
    pieces = query.split("&")
    names = [piece.partition("=")[0] for piece in pieces]
    return names == sorted(names) and all("=" in piece for piece in pieces) and not re.search(r";|%20|%3B", query)


def _plain(recipe: Mapping[str, Any]) -> dict[str, Any]:
    return {key: str(value) if hasattr(value, "__fspath__") else value for key, value in recipe.items()}
