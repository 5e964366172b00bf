"""When the demo ends: a signal, or its parent's death."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
from typing import Final

POLL_S: Final = 1.0
_PR_SET_PDEATHSIG: Final = 1


async def until_told() -> None:
    """Return on SIGTERM, SIGINT, SIGHUP, or when the process that started this one is gone."""
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, told.set)
    parent = os.getppid()
    _ask_kernel()
    while not told.is_set() and os.getppid() == parent:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(told.wait(), POLL_S)


def _ask_kernel() -> None:
    """On Linux the kernel sends SIGTERM at once when the parent dies; elsewhere the poll notices."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
