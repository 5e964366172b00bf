"""A demo cluster with one app of a test's own behind it: it says what it was sent, and what a test wants it to say.

The app is a real HTTP server in a thread, reached through the demo's proxy verb at the service ``own/echo``. The tokens
are the test's own too.
"""

from __future__ import annotations

import contextlib
import http.server
import json
import re
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from kubeaccess_magic import process

ADDRESS = "10.42.9.9:8080"
HOSTILE = "<script>window.hacked = 1</script><img src=x onerror='window.hacked = 2'>\x1b[31mred\x1b[0m"


@dataclass
class OwnCluster:
    """A running demo cluster; `seen` are the requests that reached the app."""

    server: str
    kubeconfig: str
    pid: int
    seen: list[dict[str, Any]] = field(default_factory=list)


@contextmanager
def own_cluster(folder: Path, users: Mapping[str, str]) -> Iterator[OwnCluster]:
    """Start both.

    Parameters
    ----------
    folder
        For the files that they are started with.
    users
        Name → token; each may do everything, and is a context of the kubeconfig, the first the current one.
    """
    seen: list[dict[str, Any]] = []

    class App(_App):
        requests = seen
        ended = threading.Event()

    server = _Server(("127.0.0.1", 0), App)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    files = {
        "objects": "\n".join(map(json.dumps, _OBJECTS)),
        "users": json.dumps({token: [name, ["system:masters"]] for name, token in users.items()}),
        "dial": json.dumps({ADDRESS: f"127.0.0.1:{server.server_port}"}),
    }
    command = [sys.executable, "-m", "kubeaccess_magic.demo", "--kubeconfig", str(folder / "kubeconfig")]
    for name, text in files.items():
        (folder / name).write_text(text)
        command += [f"--{name}", str(folder / name)]
    child = process.start([*command, "--ready-json"], timeout_s=60)
    try:
        yield OwnCluster(child.ready["server"], child.ready["kubeconfig"], child.pid, seen)
    finally:
        App.ended.set()
        child.stop()
        server.shutdown()
        server.server_close()


def written_kubeconfig(folder: Path, server: str, user: Mapping[str, Any] | None = None) -> Path:
    """A kubeconfig of one context for a server, and a user with a token if nothing else is said."""
    told = {
        "clusters": [{"name": "c", "cluster": {"server": server}}],
        "users": [{"name": "u", "user": {"token": "a-token"} if user is None else user}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "c",
    }
    file = folder / "kubeconfig"
    file.write_text(json.dumps(told))
    return file


def promptly(said: str) -> str:
    """What a line said, but how long it took: that is told of what takes more than a second (a busy machine may)."""
    return re.sub(
        r"(^| · )[\d.]+ [KM]?i?B in [\d.]+ s(\n|$)",
        lambda found: found[2] if found[1] else "",
        said,
        flags=re.MULTILINE,
    )


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: who asked has gone."""


class _App(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one piece
    requests: list[dict[str, Any]]
    ended: threading.Event

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        asked: dict[str, Any] = {"method": self.command, "path": self.path, "headers": dict(self.headers), "body": body}
        self.requests.append(asked)
        if self.path.startswith("/hangs"):
            self.ended.wait(30)
        if self.path.startswith("/slow"):
            self.ended.wait(1.5)
        status, kind, text = _said(urlsplit(self.path).path, asked)
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(text.encode())))
        for name, value in self.headers.items():
            if name.startswith("X-Answer-"):  # a header that a test wants to be answered
                self.send_header(*value.split(": ", 1))
        self.end_headers()
        if self.command != "HEAD":
            with contextlib.suppress(OSError):  # who asked has gone
                self.wfile.write(text.encode())

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815 - http.server's names

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing on stderr."""


def _said(path: str, asked: Mapping[str, Any]) -> tuple[int, str, str]:
    """Status, type and text of an answer."""
    return {
        "/rows": (200, "application/json", json.dumps([{"name": HOSTILE, HOSTILE: 1}])),
        "/text": (200, "text/plain", HOSTILE),
        "/html": (200, "text/html", f"<html><body>{HOSTILE}</body></html>"),
        "/fails": (500, "text/plain", f"failed: {HOSTILE}"),
        "/repeats": (400, "application/json", json.dumps(asked)),
        "/empty": (204, "text/plain", ""),
        "/many": (200, "application/json", json.dumps([{"n": n} for n in range(1000)])),
    }.get(path, (200, "application/json", json.dumps(asked)))


_OBJECTS: list[dict[str, Any]] = [
    {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "own"}, "status": {"phase": "Active"}},
    {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "echo-0", "namespace": "own", "labels": {"app": "echo"}},
        "spec": {"containers": [{"name": "app", "image": "echo", "ports": [{"containerPort": 8080}]}]},
        "status": {
            "phase": "Running",
            "podIP": "10.42.9.9",
            "podIPs": [{"ip": "10.42.9.9"}],
            "conditions": [{"type": "Ready", "status": "True"}],
        },
    },
    {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "echo", "namespace": "own"},
        "spec": {
            "type": "ClusterIP",
            "clusterIP": "10.43.9.9",
            "clusterIPs": ["10.43.9.9"],
            "selector": {"app": "echo"},
            "ports": [{"port": 80, "targetPort": 8080, "protocol": "TCP"}],
        },
    },
    {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": "echo-1", "namespace": "own", "labels": {"kubernetes.io/service-name": "echo"}},
        "addressType": "IPv4",
        "endpoints": [
            {
                "addresses": ["10.42.9.9"],
                "conditions": {"ready": True, "serving": True, "terminating": False},
                "targetRef": {"kind": "Pod", "name": "echo-0", "namespace": "own"},
            }
        ],
        "ports": [{"name": "", "port": 8080, "protocol": "TCP"}],
    },
]
