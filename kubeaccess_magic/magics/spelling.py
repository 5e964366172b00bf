"""The same question in Python (``--code``) and for a terminal (``--kubectl``)."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..text import redact, redact_headers

if TYPE_CHECKING:
    from ..cluster import Cluster
    from ..request import Request

__all__ = ["as_code", "as_kubectl"]

_ENDINGS = {"json": ".json()", "text": ".text", "bytes": ".content", "reply": ""}


def as_code(cluster: Cluster, form: str, target: str, path: str | None, keywords: Mapping[str, Any]) -> str:
    """Python that gives the same when it is run.

    Parameters
    ----------
    cluster
        Which one is asked.
    form
        frame, json, text, bytes or reply.
    target, path
        As they are meant, variables put in; path None for none.
    keywords
        Of `Cluster.frame`; those that are None are left out. What is secret is hidden, and must be put in.
    """
    made = ", ".join(
        repr(value) if key == "context" else f"{key}={value!r}" for key, value in _plain(cluster.recipe).items()
    )
    given = {key: value for key, value in keywords.items() if value not in (None, (), [], {}, False)}
    for pairs in ("headers", "params"):
        if pairs in given:
            given[pairs] = list(redact_headers(given[pairs]))
    if isinstance(given.get("data"), str):
        given["data"] = redact(given["data"])
    words = [repr(redact(target))] + ([repr(redact(path))] if path else [])
    if form == "frame":
        call, name = "frame", "df"
    else:
        method = given.pop("method", None) or ("POST" if given.get("data") is not None else "GET")
        call, name = "request", {"json": "data", "reply": "reply"}.get(form, form)
        words.insert(0, repr(method))
        given = {key: given[key] for key in ("params", "headers", "data", "timeout_s") if key in given}
    words += [f"{key}={value!r}" for key, value in given.items()]
    checked = ".raise_for_status()" if form in ("json", "text", "bytes") else ""
    return (
        "from kubeaccess_magic import Cluster\n\n"
        f"with Cluster({made}) as cluster:\n"
        f"    {name} = cluster.{call}({', '.join(words)}){checked}{_ENDINGS.get(form, '')}"
    )


def as_kubectl(cluster: Cluster, request: Request) -> str:
    """A shell line that gives the same bytes.

    ``kubectl get --raw`` sends GET without headers; everything else goes through ``kubectl proxy`` on a socket of its
    own, and curl: ``kubectl create --raw`` sends no Content-Type (K4).
    """
    recipe = _plain(cluster.recipe)
    flags = [
        *(["--kubeconfig", str(recipe["kubeconfig"])] if recipe.get("kubeconfig") else []),
        *(["--context", str(recipe["context"])] if recipe.get("context") else []),
        *(["--as", str(recipe["impersonate"])] if recipe.get("impersonate") else []),
        *(word for group in recipe.get("impersonate_groups", ()) for word in ("--as-group", group)),
    ]
    kubectl = shlex.join(["kubectl", *flags])
    path = request.url_path()
    if request.method == "GET" and not request.headers and request.body is None and _survives_kubectl(request.query):
        return redact(f"{kubectl} get --raw {shlex.quote(path)}")
    curl = ["curl", "-sS", "--globoff", "--path-as-is"]
    curl += ["--head"] if request.method == "HEAD" else ["-X", request.method]
    for name, value in redact_headers(request.headers):
        curl += ["-H", f"{name}: {value}"]
    if request.body is not None:
        curl += ["--data-binary", request.body.decode(errors="replace")]
    asking = shlex.join([*curl, f"http://localhost{path}"]).replace("curl ", 'curl --unix-socket "$s" ', 1)
    return redact(
        f'(s=$(mktemp -d)/s; {kubectl} proxy --unix-socket="$s" >/dev/null & '
        f'until [ -S "$s" ] || ! kill -0 $!; do sleep 0.1; done; {asking}; kill $!)'
    )


def _survives_kubectl(query: str) -> bool:
    """Whether a query means the same after ``get --raw`` took it apart, sorted it by name, and wrote it anew (K4)."""
    if not query:
        return True
    pieces = query.split("&")
    names = [piece.partition("=")[0] for piece in pieces]
    return names == sorted(names) and all("=" in piece for piece in pieces) and not re.search(r";|%20|%3B", query)


def _plain(recipe: Mapping[str, Any]) -> dict[str, Any]:
    return {key: str(value) if hasattr(value, "__fspath__") else value for key, value in recipe.items()}
