"""A demo cluster with an app of its own: the app records the requests that reach it, and answers as a test needs.

The app is a real HTTP server in a thread, which the demo's proxy verb reaches at the service ``own/echo``. The test
chooses the users and tokens.
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
    """A running demo cluster; `seen` has the requests that reached the app."""

    server: str
    kubeconfig: str
    pid: int
    seen: list[dict[str, Any]] = field(default_factory=list)


@contextmanager
def own_cluster(folder: Path, users: Mapping[str, str]) -> Iterator[OwnCluster]:
    """Start the demo cluster and its app.

    Parameters
    ----------
    folder
        Where to write the files that the demo cluster is started with.
    users
        Name → token; every user may do everything, and is a context of the kubeconfig. The first is the current one.
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
    """Write a kubeconfig with one context for a server; its user has a token, unless another user is passed."""
    content = {
        "clusters": [{"name": "c", "cluster": {"server": server}}],
        "users": [{"name": "u", "user": {"token": "a-token"} if user is None else user}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "c",
    }
    file = folder / "kubeconfig"
    file.write_text(json.dumps(content))
    return file


def promptly(caption: str) -> str:
    """A caption without the size and duration, which appear when a request takes longer than a second."""
    return re.sub(
        r"(^| · )[\d.]+ [KM]?i?B in [\d.]+ s(\n|$)",
        lambda match: match[2] if match[1] else "",
        caption,
        flags=re.MULTILINE,
    )


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print nothing: the client has gone."""


class _App(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # send head and body in one piece
    requests: list[dict[str, Any]]
    ended: threading.Event

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        request = {"method": self.command, "path": self.path, "headers": dict(self.headers), "body": body}
        self.requests.append(request)
        if self.path.startswith("/hangs"):
            self.ended.wait(30)
        if self.path.startswith("/slow"):
            self.ended.wait(1.5)
        status, media_type, text = _response(urlsplit(self.path).path, request)
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(text.encode())))
        for name, value in self.headers.items():
            if name.startswith("X-Answer-"):  # a header that the test wants in the response
                self.send_header(*value.split(": ", 1))
        self.end_headers()
        if self.command != "HEAD":
            with contextlib.suppress(OSError):  # the client has gone
                self.wfile.write(text.encode())

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815 - http.server's names

    def log_message(self, format: str, *args: Any) -> None:
        """Print nothing on stderr."""


def _response(path: str, request: Mapping[str, Any]) -> tuple[int, str, str]:
    """The status code, media type and text of the response at a path."""
    return {
        "/rows": (200, "application/json", json.dumps([{"name": HOSTILE, HOSTILE: 1}])),
        "/text": (200, "text/plain", HOSTILE),
        "/html": (200, "text/html", f"<html><body>{HOSTILE}</body></html>"),
        "/fails": (500, "text/plain", f"failed: {HOSTILE}"),
        "/repeats": (400, "application/json", json.dumps(request)),
        "/empty": (204, "text/plain", ""),
        "/many": (200, "application/json", json.dumps([{"n": n} for n in range(1000)])),
    }.get(path, (200, "application/json", json.dumps(request)))


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
