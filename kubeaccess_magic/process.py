"""Child processes: start one, wait for its ready line, end it with us.

A child that serves (the demo cluster, later the gateway) says in one line of its output that it is ready. It holds
the read end of a pipe of ours as its standard input, so that it can see us end, however we end; and it is in a
session of its own, so that an interrupt meant for the kernel does not end it.
"""

from __future__ import annotations

import collections
import contextlib
import os
import subprocess
import threading
import weakref
from collections.abc import Mapping, Sequence

from .errors import KubeAccessError, TimedOut
from .text import redact

__all__ = ["Child", "ForkLock", "start"]

_KEPT_LINES = 20


class Child:
    """A running child process; made by `start`.

    Attributes
    ----------
    ready
        The line by which it said that it is ready.
    """

    ready: str

    def __init__(self, process: subprocess.Popen[str], ready: str) -> None:
        self.ready = ready
        self._process = process
        self._end = weakref.finalize(self, _end, process)  # also at the interpreter's exit

    def __repr__(self) -> str:
        return f"<child process {self.pid}, {'running' if self.running else 'ended'}>"

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def stop(self) -> None:
        """End it and wait until it has ended; harmless when it has."""
        self._end()


class ForkLock:
    """A lock that a forked process finds open, whichever thread of its parent held it."""

    def __init__(self) -> None:
        self._of_process: dict[int, threading.Lock] = {}

    def acquire(self, timeout_s: float = -1) -> bool:
        """As ``threading.Lock.acquire``."""
        return self._of_process.setdefault(os.getpid(), threading.Lock()).acquire(timeout=timeout_s)

    def release(self) -> None:
        """As ``threading.Lock.release``."""
        self._of_process[os.getpid()].release()

    def __enter__(self) -> None:
        self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()


def start(
    command: Sequence[str], *, ready: str, timeout_s: float = 20.0, environ: Mapping[str, str] | None = None
) -> Child:
    """Start `command` and wait until it prints a line that begins with `ready`.

    Parameters
    ----------
    command
        Program and arguments; never a secret among them, since every user of the machine can read them.
    ready
        What the ready line begins with.
    timeout_s
        Seconds until it must have been printed.
    environ
        The child's environment; ours where None.

    Raises
    ------
    KubeAccessError
        It ended before it was ready; the message has its last line of output.
    TimedOut
        It was not ready in time.
    """
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
        env=None if environ is None else dict(environ),
    )
    output = _Output(process, ready)
    try:
        if not output.settled.wait(timeout_s):
            raise TimedOut(f"{_name(command)} was not ready within {timeout_s:g} s", hint=output.last_line())
        if output.ready is None:
            process.wait()
            raise KubeAccessError(
                f"{_name(command)} ended before it was ready (exit status {process.returncode})",
                hint=output.last_line(),
            )
    except BaseException:
        _end(process)
        raise
    return Child(process, output.ready)


class _Output:
    """Reads a child's output in a thread, to its end, so that the child never blocks on a full pipe."""

    def __init__(self, process: subprocess.Popen[str], wanted: str) -> None:
        self.ready: str | None = None
        self.settled = threading.Event()  # the ready line came, or the output ended
        self._lines: collections.deque[str] = collections.deque(maxlen=_KEPT_LINES)
        threading.Thread(target=self._read, args=(process, wanted), name="kproxy-child-output", daemon=True).start()

    def _read(self, process: subprocess.Popen[str], wanted: str) -> None:
        assert process.stdout is not None
        with process.stdout as lines:
            for line in lines:
                self._lines.append(line.rstrip())
                if self.ready is None and line.startswith(wanted):
                    self.ready = line.rstrip()
                    self.settled.set()
        self.settled.set()

    def last_line(self) -> str | None:
        """What it said last."""
        return next((redact(line) for line in reversed(self._lines) if line), None)


def _end(process: subprocess.Popen[str]) -> None:
    if process.stdin is not None:
        with contextlib.suppress(OSError):
            process.stdin.close()
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _name(command: Sequence[str]) -> str:
    """The program as a person calls it: `python -m kubeaccess_magic.demo` by its module."""
    return command[2] if len(command) > 2 and command[1] == "-m" else command[0]
