"""`Preview`: prepares in a thread the request that a state would send, and checks the right to send it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..call import Call
from ..errors import KubeAccessError
from . import html
from .state import API, Asked, Host, State
from .working import Newest

if TYPE_CHECKING:
    from ..access import Access
    from ..request import Request
    from ..targets import Target

__all__ = ["Preview"]

_TYPED_S = 0.4  # seconds without a key after which a name that is being typed is looked up
_RIGHTS_S = 30.0  # seconds for which a right is believed


class Preview:
    """Prepares the request of the newest state, for display before it is sent.

    Parameters
    ----------
    host
        Prepares requests.
    lock
        Held while `show` is called.
    show
        Called with the state, the prepared request or None, and the problem as HTML.
    show_right
        Called with HTML that says whether the user may send it.
    say
        Called with a line that the user must read at once, such as the prompt of a credential plugin.
    """

    def __init__(
        self,
        host: Host,
        lock: threading.RLock,
        show: Callable[[State, Asked | None, str], None],
        show_right: Callable[[str], None],
        say: Callable[[str], None],
    ) -> None:
        self._host, self._lock, self._show, self._show_right, self._say = host, lock, show, show_right, say
        self._newest = Newest()
        self._state: State | None = None
        self._rights: dict[tuple[str, str, str], tuple[float, Access]] = {}
        self.asked: Asked | None = None

    @property
    def target(self) -> Target | None:
        """The resolved target of the last prepared request, including its port."""
        return self.asked.request.target if self.asked is not None else None

    def look(self, state: State, *, is_typed: bool) -> None:
        """Prepare a state unless that is done already; while a name is being typed, wait a moment first."""
        with self._lock:
            if state == self._state:
                return
            self._state = state
            if state.is_complete:
                self._newest.submit(lambda is_newest: self._prepare(state, is_newest), _TYPED_S if is_typed else 0.0)
                return
            self._newest.drop()
            self.asked = None
            self._show(state, None, "")
            self._show_right("")

    def again(self) -> None:
        """Prepare the last state again."""
        with self._lock:
            state, self._state = self._state, None
        if state is not None:
            self.look(state, is_typed=False)

    def close(self) -> None:
        """Stop preparing requests."""
        self._newest.drop()

    def _prepare(self, state: State, is_newest: Callable[[], bool]) -> None:
        """In a worker thread."""
        asked: Asked | None = None
        problem = ""
        try:
            asked = self._host.prepare(state, Call(say=self._say))
        except Exception as error:  # in a thread nobody else would show it
            problem = html.error(error)
        with self._lock:
            if not is_newest():
                return
            self.asked = asked
            self._show(state, asked, problem)
        right = self._right(state, asked.request) if asked is not None else ""
        with self._lock:
            if is_newest():
                self._show_right(right)

    def _right(self, state: State, request: Request) -> str:
        whom = request.path if request.target.kind == "api" else str(request.target)
        key = (state.context, request.method, whom)
        known = self._rights.get(key)
        if known is None or time.monotonic() - known[0] > _RIGHTS_S:
            try:
                target = whom if state.kind == API else request.target
                answer = self._host.cluster(state.context).can(request.method, target)
            except KubeAccessError:
                return ""  # asking will say what is wrong
            known = self._rights[key] = (time.monotonic(), answer)
        return html.access(known[1], f"{request.method} {whom}")
