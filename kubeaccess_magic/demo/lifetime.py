"""How long the demo cluster runs: until a signal, or until its parent process ends."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from typing import Final

POLL_S: Final = 0.5


class Lifetime:
    """Notices SIGTERM, SIGINT, SIGHUP and the end of the parent process, from the moment it is created.

    The parent is polled for. Linux can send a signal when the parent dies (PR_SET_PDEATHSIG), but it means the thread
    that started this process, and in a notebook that thread may end long before the kernel does.
    """

    def __init__(self) -> None:
        self._signalled = asyncio.Event()
        self._parent = os.getppid()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(number, self._signalled.set)

    async def ended(self) -> None:
        """Wait for a signal or for the end of the parent process."""
        while not self._signalled.is_set() and os.getppid() == self._parent:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._signalled.wait(), POLL_S)
