"""The answer of a query as the value that a line gives, with the lines to show beside it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from ..errors import KubeAccessError, LoadError
from .captions import as_it_is
from .texts import Text

if TYPE_CHECKING:
    from ..call import Call
    from ..cluster import Cluster
    from ..engine import PreparedQuery
    from ..reply import Reply
    from .history import HistoryEntry

__all__ = ["Answer", "answer"]

_LONG_S = 1.0  # how long an answer took is said if it is more


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


def answer(cluster: Cluster, prepared: PreparedQuery, entry: HistoryEntry, call: Call) -> Answer:
    """Run a query and make the value of its answer; the history is written in any case.

    Parameters
    ----------
    cluster
        Where it is asked.
    prepared
        The query.
    entry
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
        entry.ended(prepared.request, getattr(error, "reply", None), problem=problem)
        raise
    except KeyboardInterrupt:
        entry.ended(prepared.request, None, problem="interrupted")
        raise
    rows = len(result.value) if type(result.value).__name__ == "DataFrame" else None
    entry.ended(prepared.request, result.reply, rows=rows)
    return result


def _answer(cluster: Cluster, prepared: PreparedQuery, call: Call) -> Answer:
    output = prepared.query.output
    try:
        outcome = cluster.engine.run(prepared, call)
    except LoadError as error:
        instead = None if output else as_it_is(error.reply)
        if instead is None or error.reply is None:
            raise
        return Answer(instead, error.reply, _captions(prepared, error.reply, list(prepared.notes)))
    reply, lines = outcome.reply, _captions(prepared, outcome.reply, outcome.lines("--limit all"))
    if outcome.table is not None:
        return Answer(outcome.table.frame, reply, lines)
    if output == "reply":
        return Answer(reply, reply, lines)
    reply.raise_for_status()
    value: Any = reply.json() if output == "json" else Text(reply.text) if output == "text" else reply.content
    return Answer(value, reply, lines)


def _captions(prepared: PreparedQuery, reply: Reply, lines: list[str]) -> list[str]:
    """What there is to tell about an answer; mostly nothing."""
    from ..reply import size_text

    captions = list(lines)
    request, sent = prepared.request, reply.request
    if sent.target != request.target:
        upgraded = sent.target.scheme == "https" != request.target.scheme
        why = "since that port speaks TLS" if upgraded else "for which there are rights"
        captions.append(f"asked as {sent.target}, {why}")
    if sent.path != request.path:
        captions.append(f"redirected to {sent.path}")
    if 300 <= reply.status_code < 400:
        captions.append(f"redirects to {reply.headers.get('location', 'nowhere')}: not followed")
    elapsed_s = reply.elapsed.total_seconds()
    if elapsed_s > _LONG_S:
        captions.append(f"{size_text(len(reply.content))} in {elapsed_s:.1f} s")
    return captions
