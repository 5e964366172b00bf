"""A plain HTTP server on loopback, whose answers a function makes."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Iterable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

__all__ = ["HostileServer", "Response"]


@dataclasses.dataclass(frozen=True)
class Response:
    """What is answered.

    Parameters
    ----------
    body
        The body, or its pieces, which are sent one after the other without a length.
    content_type, status, headers
        As HTTP has them.
    """

    body: bytes | Iterable[bytes] = b"{}"
    content_type: str = "application/json"
    status: int = 200
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)


class HostileServer:
    """Answers every request by `answer(method, path)`, and counts them. A context manager.

    Attributes
    ----------
    requests
        Method and path of each request.
    """

    def __init__(self, answer: Callable[[str, str], Response]) -> None:
        self.requests: list[tuple[str, str]] = []
        self._answer = answer
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _respond(self) -> None:
                server.requests.append((self.command, self.path))
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                server._send(self, server._answer(self.command, self.path))

            do_GET = do_POST = do_HEAD = do_DELETE = _respond  # noqa: N815 - the names of http.server

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def _send(self, handler: BaseHTTPRequestHandler, response: Response) -> None:
        is_whole = isinstance(response.body, bytes)
        handler.send_response(response.status)
        handler.send_header("Content-Type", response.content_type)
        for name, value in response.headers.items():
            handler.send_header(name, value)
        if is_whole:
            handler.send_header("Content-Length", str(len(response.body)))  # type: ignore[arg-type]
        else:
            handler.send_header("Connection", "close")
            handler.close_connection = True
        handler.end_headers()
        try:
            for piece in [response.body] if is_whole else response.body:
                handler.wfile.write(piece)  # type: ignore[arg-type]
        except OSError:  # whoever asked has had enough
            handler.close_connection = True

    def __enter__(self) -> HostileServer:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
