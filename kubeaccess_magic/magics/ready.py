"""A question that is ready: asked and written down, or spelled for elsewhere. Lines and panels ask by it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

from ..errors import KubeAccessError, LoadError
from ..text import printable, redact
from .asking import Wanted
from .options import Line
from .show import Text
from .spelling import as_code, as_kubectl
from .telling import name_the_asker, shown_as_it_is, told

if TYPE_CHECKING:
    from ..call import Call
    from ..cluster import Cluster, Prepared
    from ..reply import Reply
    from ..request import Request
    from .history import Question

__all__ = ["Ready"]

_FRAME_FORMS = ("frame", "")


@dataclasses.dataclass(frozen=True, repr=False)
class Ready:
    """A line that was understood, and the request that came of it.

    Attributes
    ----------
    asked
        The line.
    want
        What it asks for, variables put in.
    cluster
        Whom it asks.
    prepared
        The request as it was typed, checked but not sent.
    """

    asked: Line
    want: Wanted
    cluster: Cluster
    prepared: Prepared

    @classmethod
    def of(cls, asked: Line, want: Wanted, cluster: Cluster, call: Call) -> Ready:
        """The question that a line asks of a Cluster; a Service may be read for its port.

        Raises
        ------
        KubeAccessError
            What `Cluster.prepare` raises.
        """
        prepared = cluster.prepare(
            want.method,
            want.target,
            want.path or "/",
            params=want.params,
            headers=want.headers,
            data=want.body,
            namespace=asked.text("namespace"),
            timeout_s=want.timeout_s,
            call=call,
        )
        return cls(asked, want, cluster, prepared)

    @property
    def as_sent(self) -> Request:
        """The request with what its dialect fills in, where it may."""
        if self.want.raw:
            return self.prepared.request
        want, for_frame = self.want, self.want.form in _FRAME_FORMS
        return self.cluster.as_asked(self.prepared.request, dialect=want.dialect, limit=want.limit, for_frame=for_frame)

    def ask(self, question: Question, call: Call) -> tuple[Any, Reply, list[str]]:
        """The value that is asked for, the reply it came from, and lines about it; `question` is ended in any case.

        Raises
        ------
        KubeAccessError
            What `Cluster.frame` and `Cluster.request` raise.
        """
        request = self.prepared.request
        try:
            value, reply, lines = self._answer(call)
        except KubeAccessError as error:
            problem = "interrupted" if call.stopped else type(error).__name__
            question.ended(request, getattr(error, "reply", None), problem=problem)
            name_the_asker(error, self.asked)
            raise
        except KeyboardInterrupt:
            question.ended(request, None, problem="interrupted")
            raise
        question.ended(request, reply, rows=len(value) if type(value).__name__ == "DataFrame" else None)
        return value, reply, told(self.prepared, reply, lines)

    def _answer(self, call: Call) -> tuple[Any, Reply, list[str]]:
        want, cluster = self.want, self.cluster
        if want.form in _FRAME_FORMS:
            try:
                fetched = cluster.send_for_frame(
                    self.prepared.request,
                    dialect=want.dialect,
                    limit=want.limit,
                    raw=want.raw,
                    timeout_s=want.timeout_s,
                    call=call,
                    **want.options,
                )
            except LoadError as error:
                instead = None if want.form else shown_as_it_is(error.reply)
                if instead is None or error.reply is None:
                    raise
                return instead, error.reply, []
            return fetched.table.frame, fetched.reply, fetched.lines("--limit all")
        reply = cluster.send(self.as_sent, timeout_s=want.timeout_s, call=call)
        if want.form == "reply":
            return reply, reply, []
        reply.raise_for_status()
        read: dict[str, Callable[[], Any]] = {
            "json": reply.json,
            "text": lambda: Text(reply.text),
            "bytes": lambda: reply.content,
        }
        return read[want.form](), reply, []

    def spelled(self, how: Literal["code", "kubectl"]) -> Text:
        """The same in Python, or for a terminal."""
        want, sent = self.want, self.as_sent
        if how == "kubectl":
            return Text(as_kubectl(self.cluster, sent))
        target = want.target
        if self.asked.text("namespace") and "://" not in target and not target.startswith("/"):
            target = str(self.prepared.request.target)
        keywords = {
            "method": want.method,
            "params": want.params,
            "headers": want.headers,
            "data": want.body.decode() if want.body is not None and want.is_text else want.body,
            "dialect": want.dialect,
            "limit": want.limit,
            "raw": want.raw,
            "timeout_s": want.timeout_s,
            **want.options,
        }
        text = as_code(self.cluster, want.form or "frame", target, want.path, keywords)
        if sent != self.prepared.request:  # what the dialect fills in, at the time when it is asked
            body = f" and {sent.body.decode(errors='replace')}" if sent.body is not None else ""
            text += "\n# sends " + printable(redact(sent.path_and_query + body))
        return Text(text)
