"""Programs that are run for their answer: heard while they run, ended with what they started."""

from __future__ import annotations

import contextlib
import os
import queue
import re
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from typing import IO, Any

from ..call import Call
from ..errors import CredentialError
from ..text import redact
from .held import MAX_SECRET_BYTES

__all__ = ["Program", "cleaned"]


class Program:
    """One run of a program: its stderr is told line by line, its stdout is the answer.

    Parameters
    ----------
    label
        What messages call it.
    limit_s
        Seconds that it may take.
    hint
        What to try when it fails.
    """

    def __init__(self, label: str, limit_s: float, hint: str) -> None:
        self.label = label
        self._limit_s = limit_s
        self._hint = hint
        self._tail: list[str] = []  # the last lines of its stderr

    def answer(
        self,
        command: Sequence[str],
        call: Call,
        *,
        executable: str,
        environ: Mapping[str, str],
        interactive: bool = False,
        told: bytes | None = None,
    ) -> bytes:
        """Run it and give its stdout.

        Parameters
        ----------
        interactive
            Whether it reads from this terminal.
        told
            What it reads from its standard input instead; secrets go this way, never by arguments or environment.

        Raises
        ------
        CredentialError
            It failed, took too long or was stopped; with its own last words.
        """
        given = subprocess.DEVNULL if told is None else subprocess.PIPE
        child = _Child(own_group=os.name == "posix" and not interactive)  # a prompt needs this terminal
        try:
            process = child.start(command, executable=executable, env=environ, stdin=None if interactive else given)
            if process.stdin is not None:
                with contextlib.suppress(BrokenPipeError), process.stdin:
                    process.stdin.write(told or b"")
            answer = self._listen(process, child.unread, call)
        except _NotStarted as error:
            raise self.failed(f"could not be started ({error})") from None
        except BaseException:  # a kernel interrupt too: nothing is left running
            child.end()
            raise
        if process.returncode != 0:
            raise self.failed(f"ended with exit code {process.returncode}")
        return answer

    def failed(self, what: str) -> CredentialError:
        """The error that says what happened, in the program's own words too."""
        words = f"; it said: {' / '.join(self._tail)}"[:1500] if self._tail else ""
        return CredentialError(f"{self.label} {what}{words}", hint=self._hint)

    def _listen(self, process: subprocess.Popen[bytes], unread: dict[str, IO[bytes]], call: Call) -> bytes:
        """Its stdout; stderr goes to the watch as it comes. By threads: not every system can wait for two pipes."""
        heard: queue.SimpleQueue[tuple[str, bytes]] = queue.SimpleQueue()
        for name in ("stdout", "stderr"):
            threading.Thread(target=_forward, args=(unread, name, heard), daemon=True).start()
        answer, line, open_streams = bytearray(), b"", {"stdout", "stderr"}
        deadline = time.monotonic() + self._limit_s
        while open_streams or process.poll() is None:
            if not open_streams:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(timeout=0.1)
            try:
                name, data = heard.get(timeout=0.1 if open_streams else 0)
            except queue.Empty:
                line = self._hear(line, call)  # a prompt without a line end is to be read too
                if process.poll() is not None and "stdout" not in open_streams:
                    break  # something that it left behind holds its stderr
            else:
                if not data:
                    open_streams.discard(name)
                elif name == "stdout":
                    answer += data
                else:
                    *whole, line = (line + data).split(b"\n")
                    for one in whole:
                        self._hear(one, call)
            if call.stopped:
                raise CredentialError(f"{self.label} was stopped")
            if time.monotonic() > deadline:
                raise self.failed(f"took longer than {self._limit_s:g} s")
            if len(answer) > MAX_SECRET_BYTES:
                raise self.failed("printed more than 1 MiB")
        self._hear(line, call)
        return bytes(answer)

    def _hear(self, line: bytes, call: Call) -> bytes:
        text = cleaned(line[:4096].decode("utf-8", "replace"))
        if text:
            self._tail = [*self._tail[-9:], text]
            call.say(text)
        return b""


class _NotStarted(Exception):
    """Says why."""


class _Child:
    """A program that a thread starts.

    Only the main thread hears an interrupt, so none comes between the start and the moment from which on it can be
    ended.

    Parameters
    ----------
    own_group
        Whether it has a session of its own, so that what it started ends with it.
    """

    def __init__(self, *, own_group: bool) -> None:
        self._own_group = own_group
        self._starting = threading.Lock()
        self._is_wanted = True
        self._process: subprocess.Popen[bytes] | None = None
        self._problem = ""
        self.unread: dict[str, IO[bytes]] = {}  # each is closed by who takes it from here

    def start(self, command: Sequence[str], **options: Any) -> subprocess.Popen[bytes]:
        """Start it; _NotStarted if the system does not."""
        thread = threading.Thread(target=self._start, args=(command, options), daemon=True)
        thread.start()
        thread.join()
        if self._process is None:
            raise _NotStarted(self._problem)
        return self._process

    def _start(self, command: Sequence[str], options: Mapping[str, Any]) -> None:
        with self._starting:
            if not self._is_wanted:
                return
            options = {**options, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
            try:
                process = subprocess.Popen(command, start_new_session=self._own_group, **options)
            except (OSError, ValueError) as error:
                self._problem = getattr(error, "strerror", None) or "an argument that no program can be given"
                return
            assert process.stdout is not None and process.stderr is not None
            self.unread |= {"stdout": process.stdout, "stderr": process.stderr}
            self._process = process

    def end(self) -> None:
        """End it, and whatever it started, also if it is only about to begin."""
        with self._starting:
            self._is_wanted = False
        if self._process is None:
            return
        _end(self._process, self._own_group)
        streams = [self.unread.pop(name, None) for name in ("stdout", "stderr")]  # there, if its thread has not begun
        for stream in (self._process.stdin, *streams):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()


def _forward(unread: dict[str, IO[bytes]], name: str, heard: queue.SimpleQueue[tuple[str, bytes]]) -> None:
    if (stream := unread.pop(name, None)) is None:
        return
    with stream:
        while data := os.read(stream.fileno(), 65536):
            heard.put((name, data))
    heard.put((name, b""))


def _end(process: subprocess.Popen[bytes], own_group: bool) -> None:
    """End a program and what it started: asked first, made to 0.2 s later."""
    for signal_number in (signal.SIGTERM, getattr(signal, "SIGKILL", signal.SIGTERM)):
        with contextlib.suppress(OSError):
            if own_group:
                os.killpg(process.pid, signal_number)
            else:
                process.send_signal(signal_number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=0.2)


def cleaned(line: str) -> str:
    """A line without colours, cursor movements and other control characters, and without secrets."""
    line = re.sub(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)|.)", "", line.replace("\t", " "))
    return redact("".join(character for character in line if character.isprintable() or character == "\n")).strip()
