"""What one benchmark of a dialect is: a family's file has a tuple `WORKS` of them, and `__main__.py` runs them.

A side is a function of the folder with the inputs. It does what a process does once (imports, a small warm-up, reading
the input into memory) and returns the call that is timed; the call returns what `same` compares. Each runs in a fresh
process, in turn, as somebody's first one does.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import pathlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

__all__ = ["Side", "Work", "answer"]

Side = Callable[[pathlib.Path], Callable[[], Any]]


@dataclasses.dataclass(frozen=True)
class Work:
    """Two ways to do one thing.

    Parameters
    ----------
    name
        For ``--only``: letters, digits and dashes.
    what
        What is done, for the table.
    beside
        What the other side is, for the table.
    make
        Writes the inputs into a folder; called once. Several works may share one function: it is called once, too.
    theirs, ours
        The sides.
    same
        Called with what both have returned; raises AssertionError if they are not equal.
    faster
        The target: so many times faster, by the clock.
    peak
        The target: at most so much of the other side's peak; None for none.
    without_pyarrow
        Whether both sides are to find no pyarrow.
    most_rounds
        For a side that takes long.
    around
        Entered while the sides run: a server, which writes into the folder where it is.
    """

    name: str
    what: str
    beside: str
    make: Callable[[pathlib.Path], None]
    theirs: Side
    ours: Side
    same: Callable[[Any, Any], None]
    faster: float
    peak: float | None = None
    without_pyarrow: bool = False
    most_rounds: int | None = None
    around: Callable[[pathlib.Path], AbstractContextManager[object]] = contextlib.nullcontext


def answer(body: bytes, target: str, path: str, content_type: str = "application/json") -> Any:
    """A Reply of our own with that body, as if the target had answered; imported here, as theirs has no need of it."""
    from kubeaccess_magic.reply import Headers, Reply
    from kubeaccess_magic.request import Request
    from kubeaccess_magic.targets import Target

    return Reply(
        status_code=200,
        reason="OK",
        headers=Headers((("Content-Type", content_type),)),
        content=body,
        url="https://api.example.org/",
        elapsed=datetime.timedelta(0),
        request=Request.build("GET", Target.parse(target).target, path),
        way="proxy",
    )
