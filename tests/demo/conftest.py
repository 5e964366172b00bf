"""A built-in demo cluster for tests that only send requests, and a way to send them."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from .demo_process import Demo, demo


@dataclass(frozen=True)
class Answer:
    """A response."""

    status: int
    headers: http.client.HTTPMessage
    content: bytes

    @property
    def text(self) -> str:
        return self.content.decode()

    def json(self) -> Any:
        return json.loads(self.content)


Ask = Callable[..., Answer]


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with demo(tmp_path_factory.mktemp("world")) as running:
        yield running


@pytest.fixture(scope="session")
def ask(world: Demo) -> Iterator[Ask]:
    """`ask(path, method=…, body=…, user=…, headers=…)`; a body that is not text is sent as JSON."""
    connection = http.client.HTTPSConnection("127.0.0.1", world.port, timeout=20, context=world.tls())

    def asking(path: str, method: str = "", body: Any = None, user: str = "demo", headers: Any = None) -> Answer:
        data = body if body is None or isinstance(body, (str, bytes)) else json.dumps(body)
        sent = {"Authorization": f"Bearer {world.tokens[user]}"}
        if body is not None and not isinstance(body, (str, bytes)):
            sent["Content-Type"] = "application/json"
        connection.request(method or ("POST" if body is not None else "GET"), path, data, sent | (headers or {}))
        reply = connection.getresponse()
        return Answer(reply.status, reply.headers, reply.read())

    yield asking
    connection.close()


@pytest.fixture
def service(ask: Ask) -> Callable[[str], Ask]:
    """`service("shop/web:80")` sends requests to that service."""

    def of(name: str) -> Ask:
        namespace, segment = name.split("/")
        prefix = f"/api/v1/namespaces/{namespace}/services/{segment}/proxy"
        return lambda path, *arguments, **more: ask(prefix + path, *arguments, **more)

    return of
