"""A hostile API server, with the hostile app behind each of its services.

Also a program: ``python -m hostile.api_server LISTS``, in ``tests``.
"""

from __future__ import annotations

import itertools
import json
import re
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from . import app
from .answers import ANSWERS
from .server import HostileServer, Response

__all__ = ["LISTS", "hostile_api_server", "kubeconfig_for"]

_PROXY = re.compile(r"/api/v1/namespaces/[^/]+/(?:services|pods)/[^/]+/proxy/(.*)", re.DOTALL)
_SERVICE = re.compile(r"/api/v1/namespaces/([^/]+)/services/([^/]+)")


def hostile_api_server(lists: str = "plain", name: Callable[[], str] = lambda: "") -> HostileServer:
    """Make an API server.

    Parameters
    ----------
    lists
        How its lists are bad: one of `LISTS`.
    name
        What the app and the API server answer now, by its name; "" answers by the last word of the path.
    """
    pages = itertools.count(1)

    def respond(method: str, path: str) -> Response:
        parts = urlsplit(path)
        proxied = _PROXY.fullmatch(parts.path)
        if proxied is not None:
            return app.respond(name() or proxied[1].rpartition("/")[2])
        service = _SERVICE.fullmatch(parts.path)
        if service is not None:
            return _json(_service(service[1], service[2]))
        if name() in ANSWERS:
            return app.respond(name())
        token = parse_qs(parts.query).get("continue", [""])[0]
        return LISTS[lists](next(pages), token)

    return HostileServer(respond)


def kubeconfig_for(server: HostileServer, folder: Path) -> Path:
    """Write a kubeconfig for a server."""
    file = folder / "hostile-kubeconfig"
    contexts = [{"name": "hostile", "context": {"cluster": "c", "user": "u"}}]
    clusters = [{"name": "c", "cluster": {"server": server.url}}]
    config = {"clusters": clusters, "users": [{"name": "u", "user": {}}], "contexts": contexts}
    file.write_text(json.dumps(config | {"current-context": "hostile"}))
    return file


def _json(value: Any, status: int = 200) -> Response:
    return Response(json.dumps(value).encode(), status=status)


def _service(namespace: str, name: str) -> dict[str, Any]:
    ports = [{"name": "http", "port": 80, "protocol": "TCP"}]
    metadata = {"name": name, "namespace": namespace}
    return {"kind": "Service", "apiVersion": "v1", "metadata": metadata, "spec": {"ports": ports}}


def _list(token: str | None, rows: int = 1) -> Response:
    """A page of a list."""
    metadata = {"resourceVersion": "1"} | ({"continue": token} if token else {})
    items = [{"metadata": {"name": f"a{at}", "namespace": "shop"}} for at in range(rows)]
    return _json({"kind": "PodList", "apiVersion": "v1", "metadata": metadata, "items": items})


def _expired(token: str) -> Response:
    """A refusal with a token to go on with."""
    status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Expired", "code": 410}
    return _json(status | {"metadata": {"continue": token}}, 410)


def _large(token: str) -> Response:
    """A page of ten megabytes."""

    def pieces() -> Iterator[bytes]:
        metadata = json.dumps({"resourceVersion": "1", "continue": token}).encode()
        yield b'{"kind":"PodList","apiVersion":"v1","metadata":' + metadata + b',"items":[{"metadata":{"name":"a",'
        yield b'"annotations":{"a":"' + b"x" * (10 * 2**20) + b'"}}}]}'

    return Response(pieces())


LISTS: dict[str, Callable[[int, str], Response]] = {
    "plain": lambda page, token: _list(None),
    "new": lambda page, token: _list(f"t{page}"),
    "same": lambda page, token: _list("t"),
    "turns": lambda page, token: _list("b" if token == "a" else "a"),
    "empty": lambda page, token: _list(f"t{page}", rows=0),
    "expired": lambda page, token: _expired(f"t{page}") if token else _list("t0"),
    "large": lambda page, token: _large(f"t{page}"),
}
"""How a list can be bad, by the number of the request and the token that it brings.

A ``continue`` that is ever new, always the same, or one of two; pages without rows; 410s with fresh tokens; pages of
ten megabytes.
"""


if __name__ == "__main__":
    with hostile_api_server(*sys.argv[1:2]) as server:
        print(f"hostile API server at {server.url}", flush=True)
        while True:
            time.sleep(60)
