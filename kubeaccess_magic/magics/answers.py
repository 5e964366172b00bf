"""The answer of a query as the value that a line gives, with the lines to show beside it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from ..errors import KubeAccessError, LoadError
from .captions import as_it_is, captions
from .texts import Text

if TYPE_CHECKING:
    from ..call import Call
    from ..cluster import Cluster
    from ..engine import PreparedQuery
    from ..reply import Reply
    from .history import Question

__all__ = ["Answer", "answer"]


@dataclasses.dataclass(frozen=True, repr=False)
class Answer:
    """What a line gives.

    Attributes
    ----------
    value
        A DataFrame, or what ``-o`` names.
    reply
        The reply that it came from; of several pages the first.
    lines
        What to say beside it.
    """

    value: Any
    reply: Reply
    lines: list[str]


def answer(cluster: Cluster, prepared: PreparedQuery, question: Question, call: Call) -> Answer:
    """Run a query and make the value of its answer; the history is written in any case.

    Parameters
    ----------
    cluster
        Where it is asked.
    prepared
        The query.
    question
        Its entry in the history, which is ended here.
    call
        Its running.

    Raises
    ------
    KubeAccessError
        What `Engine.run` raises.
    """
    try:
        result = _answer(cluster, prepared, call)
    except KubeAccessError as error:
        problem = "interrupted" if call.stopped else type(error).__name__
        question.ended(prepared.request, getattr(error, "reply", None), problem=problem)
        raise
    except KeyboardInterrupt:
        question.ended(prepared.request, None, problem="interrupted")
        raise
    rows = len(result.value) if type(result.value).__name__ == "DataFrame" else None
    question.ended(prepared.request, result.reply, rows=rows)
    return result


def _answer(cluster: Cluster, prepared: PreparedQuery, call: Call) -> Answer:
    output = prepared.query.output
    try:
        outcome = cluster.engine.run(prepared, call)
    except LoadError as error:
        instead = None if output else as_it_is(error.reply)
        if instead is None or error.reply is None:
            raise
        return Answer(instead, error.reply, captions(prepared, error.reply, list(prepared.notes)))
    reply, lines = outcome.reply, captions(prepared, outcome.reply, outcome.lines("--limit all"))
    if outcome.table is not None:
        return Answer(outcome.table.frame, reply, lines)
    if output == "reply":
        return Answer(reply, reply, lines)
    reply.raise_for_status()
    value: Any = reply.json() if output == "json" else Text(reply.text) if output == "text" else reply.content
    return Answer(value, reply, lines)
