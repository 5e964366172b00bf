"""`fetch`: one query to its table, page after page, within the limits of all pages together."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from own_cluster import written_kubeconfig
from test_transport import Seen, Server, answered

from kubeaccess_magic import Cluster
from kubeaccess_magic.errors import AppError, LoadError, TimedOut

TARGET = "shop/http:web:80"  # as it is sent: nothing is read first


class Pages:
    """An app whose every answer has a ``next`` page, up to a last one."""

    def __init__(self, last: int) -> None:
        self.last = last
        self.pause_s = 0.0
        self.ended = threading.Event()
        self.server = Server(self._answer)

    def _answer(self, seen: Seen, connection: Any) -> bytes:
        self.ended.wait(self.pause_s)
        page = int(seen.path.partition("page=")[2] or 1)
        more = f"?page={page + 1}" if page < self.last else None
        body = {"items": [{"n": 2 * page - 1}, {"n": 2 * page}], "next": more}
        return answered(json.dumps(body).encode(), "Content-Type: application/json")


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[[Server], Cluster]]:
    made: list[Cluster] = []

    def open_on(server: Server) -> Cluster:
        made.append(Cluster(kubeconfig=written_kubeconfig(tmp_path, server.url)))
        return made[-1]

    yield open_on
    for cluster in made:
        cluster.close()


@pytest.mark.parametrize(("limit", "rows", "requests"), [(None, 2, 1), (3, 3, 2), (4, 4, 2), ("all", 10, 5)])
def test_pages_are_asked_for_until_there_are_enough_rows(
    opened: Callable[[Server], Cluster], limit: Any, rows: int, requests: int
) -> None:
    app = Pages(last=5)
    with app.server:
        frame = opened(app.server).frame(TARGET, "list", limit=limit)
    assert list(frame["n"]) == list(range(1, rows + 1))
    assert len(app.server.seen) == requests


def test_all_pages_share_one_deadline(opened: Callable[[Server], Cluster]) -> None:
    app = Pages(last=1000)
    app.pause_s = 1.5
    with app.server:
        with pytest.raises(TimedOut, match="2 s"):
            opened(app.server).frame(TARGET, "list", limit="all", timeout_s=2)
        app.ended.set()
    assert 1 <= len(app.server.seen) <= 2


@pytest.mark.parametrize(
    ("status", "error", "message"),
    [("302 Found", LoadError, "redirects to"), ("500 No", AppError, "500"), ("404 Not Found", AppError, "404")],
)
def test_an_answer_that_is_no_page_is_an_error_with_the_reply(
    opened: Callable[[Server], Cluster], status: str, error: type[AppError], message: str
) -> None:
    answer = answered(
        b"[]", "Content-Type: application/json", "Location: https://elsewhere.example.com/", status=status
    )
    with Server(lambda seen, _: answer) as server, pytest.raises(error, match=message) as failed:
        opened(server).frame(TARGET, "list")
    assert failed.value.reply.status_code == int(status[:3])
