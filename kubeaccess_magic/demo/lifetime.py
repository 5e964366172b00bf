"""When the demo ends: a signal, or its parent's death."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from typing import Final

POLL_S: Final = 0.5


class Lifetime:
    """Listens from the moment it is made for SIGTERM, SIGINT, SIGHUP, and for the end of the parent process.

    The parent is polled for. Linux could signal its death (PR_SET_PDEATHSIG), but means the thread that started this
    process, and in a notebook that thread may well end before the kernel does.
    """

    def __init__(self) -> None:
        self._told = asyncio.Event()
        self._parent = os.getppid()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(number, self._told.set)

    async def ended(self) -> None:
        """Return when it is over."""
        while not self._told.is_set() and os.getppid() == self._parent:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._told.wait(), POLL_S)
