"""The only runner of child processes, and a lock that survives a fork.

There are two kinds of children. One that **serves** (`start`: the demo cluster) says in a line of JSON that it is
ready; it holds the read end of a pipe of ours as its standard input, so it sees us end, however we end. One that
**answers** (`run`: a credential plugin) is waited for; what it writes to its standard output is the answer, and what
it writes to its standard error is passed on line by line.

Secrets of ours reach a child by its standard input: every user of the machine can read arguments, and whatever a
child starts inherits its environment. A child is in a session of its own, so that an interrupt meant for the kernel
does not end it, and ends with all that it has started.
"""

from __future__ import annotations

import collections
import contextlib
import json
import os
import queue
import re
import signal
import subprocess
import threading
import time
import weakref
from collections.abc import Mapping, Sequence
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from .errors import KubeAccessError, TimedOut
from .text import redact

if TYPE_CHECKING:
    from .call import Call

__all__ = ["Child", "ChildFailure", "ForkLock", "Output", "plain_line", "run", "start"]

_SLICE_S = 0.1  # how long a wait goes on without asking whether it was stopped
_SERVER_GRACE_S = 5.0  # a child that serves may take so long to end
_PROGRAM_GRACE_S = 0.2
_KEPT_LINES = 20
_LINE_BYTES = 4096  # of one line, at most


class Child:
    """A running server process; made by `start`.

    Attributes
    ----------
    ready
        What it said when it was ready.
    """

    ready: Mapping[str, Any]

    def __init__(self, process: _Process, ready: Mapping[str, Any]) -> None:
        self.ready = ready
        self._process = process
        self._end = weakref.finalize(self, _stop, process)  # also at the interpreter's exit

    def __repr__(self) -> str:
        return f"<child process {self.pid}, {'running' if self.running else 'ended'}>"

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.popen.pid

    @property
    def running(self) -> bool:
        """Whether the process is still running."""
        return self._process.popen.poll() is None

    def stop(self) -> None:
        """Stop the process and wait for its end; does nothing if it has ended already."""
        self._end()


class Output(NamedTuple):
    """The output of a finished child: its standard output, and the last lines of its standard error."""

    stdout: bytes
    last_lines: tuple[str, ...]

    def __repr__(self) -> str:
        return "Output([hidden])"


class ChildFailure(Exception):
    """A child failed. The message continues a sentence that begins with its name: ``took longer than 5 s``.

    Parameters
    ----------
    what
        What happened.
    last_lines
        The last lines of its standard error.
    """

    def __init__(self, what: str, last_lines: Sequence[str] = ()) -> None:
        super().__init__(what)
        self.what = what
        self.last_lines = tuple(last_lines)


class ForkLock:
    """A lock that is free in a forked process, even if a thread of its parent held it."""

    def __init__(self) -> None:
        self._of_process: dict[int, threading.Lock] = {}

    def acquire(self, timeout_s: float = -1) -> bool:
        """Wait until the lock is free, and take it.

        Parameters
        ----------
        timeout_s
            How many seconds to wait at most; -1: without end.

        Returns
        -------
        bool
            Whether it is held now.
        """
        return self._of_process.setdefault(os.getpid(), threading.Lock()).acquire(timeout=timeout_s)

    def release(self) -> None:
        """Release the lock."""
        self._of_process[os.getpid()].release()

    def __enter__(self) -> None:
        self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()


def start(
    command: Sequence[str],
    *,
    secret: bytes = b"",
    timeout_s: float = 20.0,
    environ: Mapping[str, str] | None = None,
) -> Child:
    """Start a server process, and wait until it prints a JSON object on a line to say that it is ready.

    Parameters
    ----------
    command
        Program and arguments; never a secret among them.
    secret
        What it reads from its standard input, which stays open after it and ends when we end.
    timeout_s
        Seconds until it must be ready.
    environ
        The child's environment; ours where None.

    Raises
    ------
    KubeAccessError
        It could not be started, or ended before it was ready; the hint is its last line of output.
    TimedOut
        The child was not ready in time.
    """
    name = _name(command)
    process = _Process()
    try:
        process.start(command, stdin=subprocess.PIPE, env=None if environ is None else dict(environ))
        process.feed(secret, end=False)
        output = _ServerOutput(process)
        if not output.settled.wait(timeout_s):
            raise TimedOut(f"{name} was not ready within {timeout_s:g} s", hint=output.last_line())
        if output.ready is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.popen.wait(_SERVER_GRACE_S)
            exit_status = process.popen.returncode
            how = "closed its output" if exit_status is None else f"ended (exit status {exit_status})"
            raise KubeAccessError(f"{name} {how} before it was ready", hint=output.last_line())
        return Child(process, output.ready)
    except BaseException as error:  # a kernel interrupt too: nothing is left running
        process.end(_SERVER_GRACE_S)
        if isinstance(error, ChildFailure):
            raise KubeAccessError(f"{name} {error.what}") from None
        raise


def run(
    command: Sequence[str],
    call: Call,
    *,
    timeout_s: float,
    max_bytes: int,
    secret: bytes | None = None,
    executable: str | None = None,
    environ: Mapping[str, str] | None = None,
    on_terminal: bool = False,
) -> Output:
    """Run a child to its end, and return its output.

    Parameters
    ----------
    command
        Program and arguments; no secret of ours among them.
    call
        Hears the lines of its standard error as they come; ends it when it is stopped.
    timeout_s
        Seconds that it may take.
    max_bytes
        Bytes that it may write to its standard output.
    secret
        What it reads from its standard input; None: nothing.
    executable, environ
        The program to run, if it is not the first word of `command`; its environment, ours where None.
    on_terminal
        Whether it reads from this terminal instead, and so stays in our session.

    Raises
    ------
    ChildFailure
        It could not be started, failed, took too long, wrote too much or was stopped.
    """
    process = _Process(own_session=not on_terminal)
    stdin = None if on_terminal else subprocess.DEVNULL if secret is None else subprocess.PIPE
    try:
        process.start(command, executable=executable, env=environ, stdin=stdin)
        if secret is not None and not on_terminal:
            process.feed(secret, end=True)
        output = _Listener(process, call, timeout_s, max_bytes).output()
    except BaseException:  # a kernel interrupt too: nothing is left running
        process.end(_PROGRAM_GRACE_S)
        raise
    if process.popen.returncode != 0:
        raise ChildFailure(f"ended with exit code {process.popen.returncode}", output.last_lines)
    return output


def plain_line(line: str) -> str:
    """A line of a program without colours, cursor movements and other control characters, and without secrets."""
    line = re.sub(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)|.)", "", line.replace("\t", " "))
    return redact("".join(character for character in line if character.isprintable() or character == "\n")).strip()


class _Process:
    """A process that a thread starts.

    Only the main thread hears an interrupt, so none comes between the start and the moment from which on the process
    can be ended.

    Parameters
    ----------
    own_session
        Whether it has a session of its own, so that what it starts ends with it.
    """

    popen: subprocess.Popen[bytes]

    def __init__(self, *, own_session: bool = True) -> None:
        self._own_session = own_session and os.name == "posix"
        self._starting = threading.Lock()
        self._is_wanted = True
        self._problem = ""
        self._pipes: dict[str, IO[bytes]] = {}  # whoever takes one from here closes it

    def start(self, command: Sequence[str], **options: Any) -> None:
        """Start it; ChildFailure if the system does not."""
        thread = threading.Thread(target=self._start, args=(command, options), daemon=True)
        thread.start()
        thread.join()
        if self._problem:
            raise ChildFailure(f"could not be started ({self._problem})")

    def feed(self, data: bytes, *, end: bool) -> None:
        """Write to its standard input, in a thread, since it need not read; and close that if it is the end."""
        if data or end:
            threading.Thread(target=self._feed, args=(data, end), daemon=True).start()

    def take(self, name: str) -> IO[bytes] | None:
        """Its ``stdout`` or ``stderr``, for the one thread that reads and closes it; None if it is taken."""
        return self._pipes.pop(name, None)

    def end(self, grace_s: float) -> None:
        """End it and what it started, also if it is only about to begin.

        Parameters
        ----------
        grace_s
            Seconds that it has to end by itself before it is killed.
        """
        with self._starting:
            self._is_wanted = False
        if not hasattr(self, "popen"):
            return
        stdin = self.popen.stdin
        for pipe in (stdin, self.take("stdout"), self.take("stderr")):  # the latter if its thread has not begun
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        for signal_number in (signal.SIGTERM, getattr(signal, "SIGKILL", signal.SIGTERM)):
            self._signal(signal_number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.popen.wait(timeout=grace_s)

    def _start(self, command: Sequence[str], options: Mapping[str, Any]) -> None:
        with self._starting:
            if not self._is_wanted:
                return
            options = {**options, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
            try:
                popen = subprocess.Popen(command, start_new_session=self._own_session, **options)
            except (OSError, ValueError) as error:
                self._problem = getattr(error, "strerror", None) or "an argument that no program can be given"
                return
            assert popen.stdout is not None and popen.stderr is not None
            self._pipes |= {"stdout": popen.stdout, "stderr": popen.stderr}
            self.popen = popen

    def _feed(self, data: bytes, end: bool) -> None:
        stdin = self.popen.stdin
        assert stdin is not None
        with contextlib.suppress(OSError, ValueError):  # the process has ended, or was ended
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(stdin.fileno(), rest) :]
        if end:
            with contextlib.suppress(OSError):
                stdin.close()

    def _signal(self, signal_number: int) -> None:
        with contextlib.suppress(OSError):
            if self._own_session:
                os.killpg(self.popen.pid, signal_number)
            else:
                self.popen.send_signal(signal_number)


class _ServerOutput:
    """Reads the output of a child that serves, to its end, so that it never blocks on a full pipe."""

    def __init__(self, process: _Process) -> None:
        self.ready: Mapping[str, Any] | None = None
        self.settled = threading.Event()  # it is ready, or has closed its standard output
        self._lines: collections.deque[str] = collections.deque(maxlen=_KEPT_LINES)
        for name in ("stdout", "stderr"):
            threading.Thread(target=self._read, args=(process, name), name="kproxy-child-output", daemon=True).start()

    def last_line(self) -> str | None:
        """The line that it wrote last."""
        return next((line for line in reversed(self._lines) if line), None)

    def _read(self, process: _Process, name: str) -> None:
        if (pipe := process.take(name)) is None:
            return
        with pipe, contextlib.suppress(ValueError):
            for line in pipe:
                text = line.decode("utf-8", "replace").rstrip()
                if name == "stdout" and self.ready is None and (ready := _json_object(text)) is not None:
                    self.ready = ready
                    self.settled.set()
                else:
                    self._lines.append(plain_line(text[:_LINE_BYTES]))
        if name == "stdout":
            self.settled.set()


class _Listener:
    """Reads what a child that answers writes. By threads: not every system can wait for two pipes."""

    def __init__(self, process: _Process, call: Call, timeout_s: float, max_bytes: int) -> None:
        self._process = process
        self._call = call
        self._deadline = time.monotonic() + timeout_s
        self._timeout_s = timeout_s
        self._max_bytes = max_bytes
        self._pieces: queue.SimpleQueue[tuple[str, bytes]] = queue.SimpleQueue()
        self._open = {"stdout", "stderr"}
        self._stdout = bytearray()
        self._line = b""  # of its standard error, not ended yet
        self._last_lines: collections.deque[str] = collections.deque(maxlen=_KEPT_LINES // 2)

    def output(self) -> Output:
        """All of it, once the child has ended; ChildFailure if it may not go on."""
        for name in ("stdout", "stderr"):
            threading.Thread(target=self._forward, args=(name,), daemon=True).start()
        popen = self._process.popen
        while self._open or popen.poll() is None:
            if not self._open:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    popen.wait(timeout=_SLICE_S)
            try:
                self._take(*self._pieces.get(timeout=_SLICE_S if self._open else 0))
            except queue.Empty:
                self._say()  # a prompt without a line end is to be read too
                if popen.poll() is not None and "stdout" not in self._open:
                    break  # something that it left behind holds its standard error
            self._check()
        self._say()
        return Output(bytes(self._stdout), tuple(self._last_lines))

    def _take(self, name: str, data: bytes) -> None:
        if not data:
            self._open.discard(name)
        elif name == "stdout":
            self._stdout += data
        else:
            *whole, rest = (self._line + data).split(b"\n")
            for line in whole:
                self._line = line
                self._say()
            self._line = rest

    def _say(self) -> None:
        """Pass on the line of its standard error."""
        text = plain_line(self._line[:_LINE_BYTES].decode("utf-8", "replace"))
        self._line = b""
        if text:
            self._last_lines.append(text)
            self._call.say(text)

    def _check(self) -> None:
        if self._call.stopped:
            raise ChildFailure("was stopped")
        if time.monotonic() > self._deadline:
            raise ChildFailure(f"took longer than {self._timeout_s:g} s", self._last_lines)
        if len(self._stdout) > self._max_bytes:
            raise ChildFailure(f"printed more than {self._max_bytes / 2**20:g} MiB", self._last_lines)

    def _forward(self, name: str) -> None:
        if (pipe := self._process.take(name)) is None:
            return
        with pipe:
            while data := os.read(pipe.fileno(), 65536):
                self._pieces.put((name, data))
        self._pieces.put((name, b""))


def _stop(process: _Process) -> None:
    """End a child that serves. One that has ended is left alone: its process id may be another's by now."""
    if process.popen.poll() is None:
        process.end(_SERVER_GRACE_S)
    elif process.popen.stdin is not None:
        with contextlib.suppress(OSError):
            process.popen.stdin.close()


def _json_object(line: str) -> Mapping[str, Any] | None:
    if not line.startswith("{"):
        return None
    try:
        value = json.loads(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _name(command: Sequence[str]) -> str:
    """The program as a person calls it: `python -m kubeaccess_magic.demo` by its module."""
    return command[2] if len(command) > 2 and command[1] == "-m" else command[0]
