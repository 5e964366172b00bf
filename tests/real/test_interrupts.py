"""A resolver that says nothing: it does not notice an interrupt, and ends when the system has asked it often enough."""

from __future__ import annotations

import shutil
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from test_interrupts import Shell
from waits import until, written

from . import namespace


@pytest.fixture
def asked() -> Iterator[threading.Event]:
    """Whether somebody asked the name server, which never answers."""
    if why := namespace.missing():
        pytest.skip(why)
    heard = threading.Event()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 53))
        server.settimeout(30)

        def listen() -> None:
            server.recv(512)
            heard.set()

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        yield heard
        thread.join(30)


def test_an_interrupt_while_a_name_is_looked_up(asked: threading.Event, tmp_path: Path) -> None:
    (tmp_path / "resolv.conf").write_text("nameserver 127.0.0.1\noptions timeout:3 attempts:1\n")
    (tmp_path / "hosts").write_text("")
    mount = f"mount --bind {tmp_path}/resolv.conf /etc/resolv.conf; mount --bind {tmp_path}/hosts /etc/hosts"
    unshare = shutil.which("unshare")
    assert unshare is not None
    file = written(tmp_path, "https://cluster.example:6443")
    with Shell(tmp_path, unshare, "-m", "sh", "-c", f'{mount}; exec "$@"', "sh") as shell:
        before = shell.run("1")
        shell.begin(f"%kproxy shop/http:web:80 --kubeconfig {file}")
        until(asked.is_set)
        started = time.monotonic()
        shell.process.send_signal(signal.SIGINT)
        after = shell.told()
        took_s = time.monotonic() - started
        print(f"looking up: {took_s:.2f} s")
        assert after["error"] == "KeyboardInterrupt", shell.said
        assert took_s < 2.5 and after["files"] <= before["files"] + 1  # the resolver's own socket
        wait = "[time.sleep(0.1) for _ in range(80) if 'kproxy-connect' in str(threading.enumerate())]"
        shell.begin(f"import threading, time; {wait}")
        assert "kproxy-connect" not in shell.told()["threads"]
