"""Every wait can be ended, by a kernel interrupt and by `Call.stop` from another thread, and nothing is left of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import waits
from extras import HAS_SOCKS, needs_socks

from kubeaccess_magic import Cluster
from kubeaccess_magic.call import Call
from kubeaccess_magic.errors import KubeAccessError

# An IPython that runs one cell a line, and tells of each how it ended and what the process has open then.
SHELL = """
import contextlib, gc, json, os, sys, threading
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()

def has():
    gc.collect()
    children = []
    for task in os.listdir("/proc/self/task"):
        with contextlib.suppress(OSError), open(f"/proc/self/task/{task}/children") as file:
            children += file.read().split()
    names = sorted(thread.name for thread in threading.enumerate())
    return {"threads": names, "files": len(os.listdir("/proc/self/fd")), "children": children}

print("TOLD", json.dumps(has()), flush=True)
for line in sys.stdin:
    result = shell.run_cell(json.loads(line))
    error = result.error_before_exec or result.error_in_exec
    if error is not None:
        shell.user_ns.pop("df", None)
    ended = {"error": type(error).__name__, "value": repr(shell.user_ns.get("df"))}
    print("TOLD", json.dumps(has() | ended), flush=True)
"""


class Shell:
    """A process with an IPython in it, and the extension loaded."""

    def __init__(self, folder: Path, *before: str) -> None:
        environment = {**os.environ, "IPYTHONDIR": str(folder)}
        self.process = subprocess.Popen(
            [*before, sys.executable, "-W", "ignore", "-c", SHELL],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment,
        )
        self.said: list[str] = []
        self.told()
        modules = "kubeaccess_magic.cluster, pandas" + ", socks" * HAS_SOCKS
        loaded = self.run(f"%load_ext kubeaccess_magic\nimport {modules}")
        assert loaded["error"] == "NoneType", self.said

    def __enter__(self) -> Shell:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()

    def told(self) -> Any:
        assert self.process.stdout is not None
        self.said = []
        for line in self.process.stdout:
            if line.startswith("TOLD "):
                return json.loads(line.removeprefix("TOLD "))
            self.said.append(line)
        raise AssertionError("".join(self.said))

    def begin(self, cell: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(cell) + "\n")
        self.process.stdin.flush()

    def run(self, cell: str) -> Any:
        self.begin(cell)
        return self.told()


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    with Shell(tmp_path_factory.mktemp("ipython")) as made:
        yield made


def of_kinds(*without: str) -> list[Any]:
    """All kinds of waits but those, each with what it needs."""
    kinds = [kind for kind in waits.ALL if kind not in without]
    return [pytest.param(kind, marks=[needs_socks] if kind == "socks proxy" else []) for kind in kinds]


@pytest.mark.parametrize("kind", of_kinds())
def test_an_interrupt_ends_it_and_leaves_nothing(shell: Shell, tmp_path: Path, kind: str) -> None:
    with waits.ALL[kind](tmp_path) as wait:
        before = shell.run("df = None")
        shell.begin(f"df = %kproxy {wait.line} --kubeconfig {wait.kubeconfig}")
        wait.begun()
        started = time.monotonic()
        shell.process.send_signal(signal.SIGINT)
        after = shell.told()
        took_s = time.monotonic() - started
        print(f"{kind}: {took_s:.2f} s")
        if kind == "page":  # what was collected is kept, with a line that says so
            assert after["error"] == "NoneType" and "two" in after["value"], shell.said
            assert "interrupted after 1 page" in "".join(shell.said)
        else:
            assert after["error"] == "KeyboardInterrupt", shell.said
            assert shell.said[-1] == "KeyboardInterrupt: the request was ended\n"
        assert took_s < 10, "it hung"
        waits.until(lambda: not wait.left_over())
        for _ in range(100):  # what was told to end is given a moment
            if not left(before, after, kind):
                break
            time.sleep(0.02)
            after = shell.run("df = None")
        assert not left(before, after, kind)


def left(before: Any, after: Any, kind: str) -> list[str]:
    """What is there that was not there before."""
    may = {"busy": {"files": 1}, "socks proxy": {"files": 1, "threads": 1}}.get(kind, {})
    # Busy: its connection waits for the next question. SOCKS: PySocks keeps its socket to itself, until its timeout.
    sizes = {"threads": len(after["threads"]), "files": after["files"], "children": len(after["children"])}
    had = {"threads": len(before["threads"]), "files": before["files"], "children": len(before["children"])}
    return [f"{key}: {had[key]} → {sizes[key]}" for key in sizes if sizes[key] > had[key] + may.get(key, 0)]


@pytest.mark.parametrize("kind", of_kinds("page", "busy", "threads"))
def test_a_stop_from_another_thread_ends_it(tmp_path: Path, kind: str) -> None:
    call = Call()
    with waits.ALL[kind](tmp_path) as wait, Cluster(kubeconfig=wait.kubeconfig) as cluster:
        threading.Thread(target=lambda: (wait.begun(), call.stop()), daemon=True).start()
        started = time.monotonic()
        with pytest.raises(KubeAccessError, match="stopped"):
            cluster.get("shop/http:web:80", "x", call=call)
        assert time.monotonic() - started < 10, "it hung"
        waits.until(lambda: not wait.left_over())
    for thread in threading.enumerate():
        if thread.name == "kproxy-connect" and kind != "socks proxy":  # that library's own: it ends with its timeout
            thread.join(5)
            assert not thread.is_alive()


def test_a_stop_beforehand_sends_nothing(tmp_path: Path) -> None:
    call = Call()
    call.stop()
    with waits.silence() as (port, heard):
        with Cluster(kubeconfig=waits.written(tmp_path, f"http://127.0.0.1:{port}")) as cluster:
            with pytest.raises(KubeAccessError, match="stopped before anything was sent"):
                cluster.get("shop/http:web:80", "x", call=call)
        assert not heard.is_set()


def test_a_part_stops_with_the_whole_and_alone() -> None:
    lines: list[str] = []
    whole = Call(say=lines.append, unattended=True)
    part, other = whole.child(), whole.child()
    part.say("a line")
    part.stop()
    assert part.stopped and not whole.stopped and not other.stopped and lines == ["a line"] and part.unattended
    whole.stop()
    assert other.stopped and other.child().stopped
