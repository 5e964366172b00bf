"""The same query in Python (``--code``) and for a terminal (``--kubectl``).

Names, paths and bodies may come from a cluster or from an app, and the texts are made to be run: each value is quoted
by the rules of Python or of the shell, secrets are hidden before that, and no value can end a line.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..errors import TargetError
from ..query import ALL
from ..text import one_line, redact, redact_header, redact_headers
from ..ways.proxy import api_path
from .texts import Text

if TYPE_CHECKING:
    from ..cluster import Cluster
    from ..engine import PreparedQuery
    from ..query import Query
    from ..request import Request

__all__ = ["as_code", "as_kubectl"]

_ENDINGS = {"json": ".json()", "text": ".text", "bytes": ".content", "reply": ""}
_RESULTS = {"frame": "df", "json": "data", "text": "text", "bytes": "content", "reply": "reply"}


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
    path = query.path
    if prepared.request.target.kind == "api" and (query.namespace or query.selector):  # they are in the path now
        target, path = prepared.request.path_and_query, "/"
        arguments.pop("params", None)
    elif query.namespace and "://" not in target and not target.startswith("/"):
        target = str(prepared.request.target)
    words = [repr(redact(target))] + ([repr(redact(path))] if path != "/" else [])
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
        lines.append(f"# sends {one_line(_as_sent(prepared.first))}")
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
    kubectl = " ".join(["kubectl", *map(shell_word, _kubectl_flags(cluster))])
    path = redact(api_path(request))
    if request.method == "GET" and not request.headers and request.body is None and _survives_kubectl(request.query):
        return Text(f"{kubectl} get --raw {shell_word(path)}")
    words = map(shell_word, [*_curl_flags(request), f"http://localhost{path}"])
    curl = " ".join(['curl --unix-socket "$s"', *words])
    if isinstance(request.body, bytes):
        curl = f"{curl} --data-raw {_text_word(request.body)}" if _is_text(request.body) else _piped(request.body, curl)
    return Text(
        f'(s=$(mktemp -d)/s; {kubectl} proxy --unix-socket="$s" >/dev/null & '
        f'until [ -S "$s" ] || ! kill -0 $!; do sleep 0.1; done; {curl}; kill $!)'
    )


def shell_word(text: str) -> str:
    r"""A text as one word for a POSIX shell, on one line.

    A text with control characters or invisible ones is written by ``printf`` with escapes, so that it acts neither on
    the terminal that it is pasted into nor on the eyes of its reader.

    Parameters
    ----------
    text
        Any text.

    Raises
    ------
    TargetError
        It holds a null character, which no argument can, or it ends in a line feed, which the shell takes away.
    """
    if one_line(text) == text:
        return shlex.quote(text)
    if "\0" in text or text.endswith("\n"):
        raise TargetError(f"no shell line can hold the text {text[:100]!r}", hint="--code shows the same in Python")
    return f'"$({_printf(text.encode(errors="surrogateescape"))})"'


def _arguments(query: Query) -> dict[str, Any]:
    """The keyword arguments of `Cluster.frame` that say something."""
    body = _redacted(query.body) if isinstance(query.body, bytes) else query.body
    arguments = {
        "method": query.method if query.method != ("GET" if body is None else "POST") else None,
        "params": list(redact_headers(query.params)) if not isinstance(query.params, str) else redact(query.params),
        "headers": list(redact_headers(query.headers)),
        "data": body.decode() if isinstance(body, bytes) and query.has_text_body else body,
        "dialect": query.dialect,
        "limit": "all" if query.limit == ALL else query.limit,
        "raw": query.raw,
        "timeout_s": query.timeout_s,
        **query.options,
    }
    return {
        key: value
        for key, value in arguments.items()
        if value not in (None, (), [], {}, "", False) or (key == "data" and value is not None)
    }


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


def _curl_flags(request: Request) -> list[str]:
    """The arguments of curl that send a request, without body and URL."""
    words = ["-sS", "--globoff", "--path-as-is"]
    words += ["--head"] if request.method == "HEAD" else ["-X", request.method]
    for name, value in request.headers:
        words += ["-H", f"{name}: {redact_header(name, value)}" if value else f"{name};"]
    has_type = any(name.lower() == "content-type" for name, _ in request.headers)
    return words if has_type or request.body is None else [*words, "-H", "Content-Type:"]  # curl adds one of its own


def _redacted(body: bytes) -> bytes:
    """A body without what looks like a secret; bytes that are not text stay as they are."""
    return redact(body.decode(errors="surrogateescape")).encode(errors="surrogateescape")


def _is_text(body: bytes) -> bool:
    """Whether a body can stand on a line as it is."""
    text = body.decode(errors="surrogateescape")
    return one_line(text) == text


def _text_word(body: bytes) -> str:
    return shlex.quote(_redacted(body).decode())


def _piped(body: bytes, curl: str) -> str:
    """A shell command that sends a body which no line can hold as it is: several lines, or bytes."""
    return f"{_printf(_redacted(body))} | {curl} --data-binary @-"


def _printf(content: bytes) -> str:
    """A shell command, on one line, that prints exactly these bytes."""
    text = content.decode(errors="surrogateescape")
    return f"printf '{''.join(map(_printf_escape, text))}'"


def _printf_escape(character: str) -> str:
    if character == "\n":
        return "\\n"
    if character in "\\%":
        return character * 2
    if character in "'-" or one_line(character) != character:
        return "".join(f"\\{byte:03o}" for byte in character.encode(errors="surrogateescape"))
    return character


def _as_sent(request: Request) -> str:
    """Path, query and body of a request, as text."""
    body = f" and {request.body.decode(errors='replace')}" if isinstance(request.body, bytes) else ""
    return redact(request.path_and_query + body)


def _survives_kubectl(query: str) -> bool:
    """Whether a query means the same after ``get --raw`` took it apart, sorted it by name, and wrote it anew (K4)."""
    if not query:
        return True
    pieces = query.split("&")
    names = [piece.partition("=")[0] for piece in pieces]
    return names == sorted(names) and all("=" in piece for piece in pieces) and not re.search(r";|%20|%3B", query)


def _plain(recipe: Mapping[str, Any]) -> dict[str, Any]:
    return {key: str(value) if hasattr(value, "__fspath__") else value for key, value in recipe.items()}
