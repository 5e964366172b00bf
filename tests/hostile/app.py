"""A hostile app: each of its paths answers in another bad way.

Also a program: ``python -m hostile.app``, in ``tests``.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator

from .answers import ANSWERS
from .server import HostileServer, Response

__all__ = ["respond"]


def respond(name: str) -> Response:
    """Answer under a name: one of `ANSWERS`, or one of these.

    ``drip`` never ends, a byte at a time; ``endless`` never ends, as fast as it can; ``link`` and ``header`` have a
    header that is expensive to read; ``redirect`` leads to itself.
    """
    if name in ANSWERS:
        return Response(ANSWERS[name].make(), ANSWERS[name].content_type)
    return {
        "drip": lambda: Response(_drip()),
        "endless": lambda: Response(itertools.repeat(b'[{"a": 1}],' * 1_000)),
        "link": lambda: Response(b'[{"a": 1}]', headers={"Link": "<" * 60_000}),
        "header": lambda: Response(b'[{"a": 1}]', headers={f"X-{at}": "<" * 8_000 for at in range(7)}),
        "redirect": lambda: Response(b"", status=302, headers={"Location": "redirect"}),
    }.get(name, lambda: Response(b"no such thing", "text/plain", 404))()


def _drip() -> Iterator[bytes]:
    yield b"["
    while True:
        time.sleep(0.05)
        yield b" "


if __name__ == "__main__":
    with HostileServer(lambda method, path: respond(path.strip("/").partition("?")[0])) as server:
        print(f"hostile app at {server.url}", flush=True)
        while True:
            time.sleep(60)
