"""An API server of a test's own: a real HTTP server on loopback that says what a test writes down, late if it wants."""

from __future__ import annotations

import contextlib
import http.server
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

Answer = tuple[int, Any]


class NamesServer(http.server.ThreadingHTTPServer):
    """Answers by `says`, but only while `open` is set; `asked` counts the paths, without their queries."""

    daemon_threads = True

    def __init__(self, says: Callable[[str], Answer]) -> None:
        self.says = says
        self.open = threading.Event()
        self.open.set()
        self.arrived = threading.Semaphore(0)  # one for each request
        self.asked: Counter[str] = Counter()
        self.methods: set[str] = set()
        self.urls: list[str] = []
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: who asked has gone."""


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    server: NamesServer

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        self.server.asked[path] += 1
        self.server.methods.add(self.command)
        self.server.urls.append(self.path)
        self.server.arrived.release()
        if not self.server.open.wait(30):
            return
        status, value = self.server.says(self.path)
        body = json.dumps(value).encode()
        with contextlib.suppress(OSError):
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    do_POST = do_PUT = do_DELETE = do_HEAD = do_GET  # noqa: N815 - http.server's names

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing on stderr."""


@contextlib.contextmanager
def names_server(says: Callable[[str], Answer]) -> Iterator[NamesServer]:
    """Run one; a request that still waits at the end is let go."""
    server = NamesServer(says)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield server
    finally:
        server.open.set()
        server.shutdown()
        server.server_close()


def table(*names: str) -> Answer:
    """A list as a table, with one column more than its names."""
    columns = [{"name": "Name"}, {"name": "Status"}]
    rows = [{"cells": [name, "Active"], "object": None} for name in names]
    return 200, {"kind": "Table", "metadata": {}, "columnDefinitions": columns, "rows": rows}


def services(namespace: str, *names: str, app: str = "") -> Answer:
    """A list of services with one port each."""
    labels = {"app": app} if app else {}
    spec = {"ports": [{"name": "web", "port": 80, "protocol": "TCP"}]}
    items = [{"metadata": {"name": name, "namespace": namespace, "labels": labels}, "spec": spec} for name in names]
    return 200, {"kind": "ServiceList", "metadata": {}, "items": items}
