"""What was collected when somebody says stop is kept, with a line that says so, also while a page is being read."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import fetching
import pandas as pd
import pytest
import waits

from kubeaccess_magic import Cluster, dialects, fetch
from kubeaccess_magic.call import Call
from kubeaccess_magic.errors import KubeAccessError
from kubeaccess_magic.query import ALL, Query
from kubeaccess_magic.reply import Reply
from kubeaccess_magic.request import Request

from .answers import note_of, reply, request
from .shelf import Shelf

ITEMS = 4_000  # of a page: to read one takes long enough to be interrupted in it


def page(number: int) -> bytes:
    """One page of a list that never ends."""
    items = [
        {
            "metadata": {"name": f"web-{number}-{at}", "namespace": "shop"},
            "data": {f"key{n}": "a value" for n in range(9)},
        }
        for at in range(ITEMS)
    ]
    told = {"kind": "ConfigMapList", "apiVersion": "v1", "metadata": {"continue": str(number + 1)}, "items": items}
    return json.dumps(told).encode()


@pytest.fixture(scope="module")
def pages() -> list[bytes]:
    return [page(number) for number in range(3)]


class Asked:
    """Sends pages, and an interrupt a moment after one of them was given."""

    def __init__(self, pages: list[bytes], at: int, after_s: float) -> None:
        self.pages, self.at, self.after_s = pages, at, after_s
        self.given = 0

    def __call__(self, one: Request, call: Call) -> Reply:
        self.given += 1
        assert self.given < 100, "no interrupt came"
        if self.given == self.at:
            threading.Thread(target=self._interrupt, daemon=True).start()
        return reply(self.pages[self.given % len(self.pages)], asked=one)

    def _interrupt(self) -> None:
        time.sleep(self.after_s)
        os.kill(os.getpid(), signal.SIGINT)


def frame(send: Any) -> fetch.Fetched:
    return fetching.fetched(request("/api/v1/configmaps"), send, Call())


@pytest.mark.parametrize("after_s", [0.0, 0.001, 0.004])
def test_an_interrupt_while_a_page_is_read_keeps_it_and_those_before_it(pages, after_s):
    handler = signal.getsignal(signal.SIGINT)
    asked = Asked(pages, at=3, after_s=after_s)
    fetched = frame(asked)
    rows = len(fetched.table.frame)
    assert rows % ITEMS == 0 and rows // ITEMS in (asked.given, asked.given - 1) and asked.given >= 3
    assert note_of(fetched) == f"interrupted after {rows // ITEMS} pages: the frame holds those"
    assert signal.getsignal(signal.SIGINT) is handler


class Interrupted:
    """A reader of two pages that is interrupted while it reads: once in the first, twice in the second."""

    def __init__(self, limit: int | None = None) -> None:
        self.read = 0

    def pages(self, asked: Request, labels: Any = dialects.NO_LABELS) -> dialects.Pages:
        yield dialects.Step(asked)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)  # there is nothing to keep
        self.read += 1
        yield dialects.Step(asked)
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        self.read += 1

    def table(self) -> dialects.Table:
        return dialects.Table(pd.DataFrame(index=range(self.read)), self.read)


def test_a_second_interrupt_does_not_wait():
    asked = request("/api/v1/configmaps")
    operation = dialects.PlainOperation("interrupted", asked, Interrupted)
    fetched = fetch.fetch(asked, lambda one, call: reply({}, asked=one), Call(), operation)
    assert len(fetched.table.frame) == 2


def test_a_stop_keeps_the_pages_that_there_are(tmp_path: Path):
    call = Call()
    with waits.page(tmp_path) as wait, Cluster(kubeconfig=wait.kubeconfig) as cluster:
        threading.Thread(target=lambda: (wait.begun(), call.stop()), daemon=True).start()
        query = Query.of("/api/v1/configmaps", output="frame")
        outcome = cluster.engine.run(cluster.engine.prepare(query, call), call)
    assert outcome.table is not None and list(outcome.table.frame["name"]) == ["one", "two"]
    assert outcome.notes == ("interrupted after 1 page: the frame holds those",)


def test_what_was_opened_is_closed_after_a_stop():
    shelf, call = Shelf(), Call()

    def send(one: Request, heard: Call) -> Reply:
        if len(shelf.asked) == 3:  # the search, the point in time, its first page
            call.stop()
        if heard.stopped:
            raise KubeAccessError("stopped before anything was sent")
        return shelf.send(one, heard)

    fetched = fetching.fetched(request("shop/es", "logs/_search"), send, call, limit=ALL)
    assert shelf.log[1:] == ["POST /logs/_pit", "POST /_search", "DELETE /_pit"]
    assert len(fetched.table.frame) == 10_000
    assert note_of(fetched) == "interrupted after 2 pages: the frame holds those"
