"""The result of a line: its value, and the messages that the magic prints beside it.

An error is shortened to a line or two; notes about an answer take one line each.
"""

from __future__ import annotations

import dataclasses
import sys
import traceback
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError

from ..errors import AccessDenied, KubeAccessError, LoadError, NotFound, TargetError

if TYPE_CHECKING:
    from ..call import Call
    from ..cluster import Cluster
    from ..engine import PreparedQuery
    from ..reply import Reply
    from .history import HistoryEntry
    from .lines import Line

__all__ = ["Answer", "answer", "as_it_is", "as_meant", "fold", "name_the_cluster", "nothing_listed", "print_line"]

_LONG_S = 1.0  # answers that took longer are printed with their duration
_ASKED_AS = ("--kubeconfig", "--context", "--as")
_HTML_BEGINS = (b"<!doctype html", b"<html")  # also where the type says plain text


@dataclasses.dataclass(frozen=True, repr=False)
class Answer:
    """The result of a line.

    Attributes
    ----------
    value
        A DataFrame, or what ``-o`` names.
    reply
        The reply behind the value; the first one if there were several pages.
    lines
        Notes to print beside it.
    """

    value: Any
    reply: Reply
    lines: list[str]


def answer(cluster: Cluster, prepared: PreparedQuery, entry: HistoryEntry, call: Call) -> Answer:
    """Run a query and return its result; the history is written in any case.

    Parameters
    ----------
    cluster
        The Cluster that runs it.
    prepared
        The query.
    entry
        Its entry in the history, which is completed here.
    call
        Its execution.

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
    from .texts import Text

    reply.raise_for_status()
    value: Any = reply.json() if output == "json" else Text(reply.text) if output == "text" else reply.content
    return Answer(value, reply, lines)


def _captions(prepared: PreparedQuery, reply: Reply, lines: list[str]) -> list[str]:
    """The notes about an answer; usually none."""
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


def fold(error: KubeAccessError | UsageError | KeyboardInterrupt) -> None:
    """Make IPython show an error as a line or two; code that catches it gets the whole error."""
    from ..text import one_line, redact

    if isinstance(error, UsageError):
        error.args = (one_line(redact(error)),)  # it may repeat what was typed, and is saved with the notebook
        return
    if isinstance(error, KubeAccessError):
        lines = [f"{type(error).__name__}: {one_line(str(error))}"]
        lines += [f"    {one_line(error.hint)}"] if error.hint else []
    else:
        # IPython keeps the traceback, and with it a socket whose handshake was interrupted, which nobody else closes.
        traceback.clear_frames(error.__traceback__)
        lines = ["KeyboardInterrupt: the request was ended"]
    error._render_traceback_ = lambda: lines  # type: ignore[union-attr]  # IPython asks the instance


def as_it_is(reply: Reply | None) -> Any:
    """The value for an answer that is not a frame, if ``-o`` named no form: text, or an empty reply's status."""
    from .texts import Text

    if reply is None:
        return None
    if not reply.content:
        return reply
    is_html = reply.media_type == "text/html" or reply.content[:256].lstrip().lower().startswith(_HTML_BEGINS)
    return Text(reply.text) if reply.media_type.startswith("text/") and not is_html else None


def name_the_cluster(error: KubeAccessError, line: Line) -> None:
    """Add this line's kubeconfig, context and user to the command in the error's hint."""
    from ..text import quoted

    if not isinstance(error, AccessDenied):
        return
    words = [f"{name} {quoted(value)}" for name in _ASKED_AS if (value := line.text(name[2:]))]
    words += [f"--as-group {quoted(group)}" for group in line.many("as_group")]
    error.name_options(" ".join(words))


def nothing_listed(line: Line, own: str) -> str:
    """The message for an empty list of services or pods; `own` is the namespace of the Cluster."""
    name, labels = line.words[0] if line.words else "", line.text("selector")
    everywhere = line.switch("all_namespaces")
    message = f"no {line.verb}" + (f" called {name}" if name else "") + (f" with the labels {labels}" if labels else "")
    message += " in any namespace" if everywhere else f" in the namespace {line.text('namespace') or own}"
    if name and "*" not in name:
        there = "" if everywhere else f"`%kproxy {line.verb} -n {name}` if that is a namespace, "
        return f"{message}; {there}`%kproxy {line.verb} *{name}* -A` looks for it in all names"
    return message if everywhere else f"{message}; -A lists those of all namespaces"


def as_meant(error: NotFound | TargetError, line: Line) -> NotFound | TargetError:
    """Improve the hint for a word that is not a target: a mistyped verb, a kubectl verb, or another variable syntax."""
    import difflib
    import re

    from .habits import instead_of
    from .verbs import VERBS

    word = line.words[0]
    if isinstance(error, TargetError):
        other = re.search(r"\{(?P<a>[^\W\d]\w*)\}|\$(?P<b>[^\W\d]\w*)", word)
        if other is not None:
            error.hint = f"a variable is put in as ${{{other['a'] or other['b']}}}"
        return error
    if instead := instead_of(word):
        return NotFound(str(error), hint=instead)
    near = difflib.get_close_matches(word, [verb.name for verb in VERBS], 1, 0.7)
    if len(line.words) > 1 or not word.isalpha() or not near:
        return error
    return NotFound(str(error), hint=f"the verb {near[0]}? or {error.hint or 'no such service'}")


def print_line(line: str) -> None:
    """Print one line on stderr, with control characters escaped."""
    from ..text import one_line

    print(one_line(line), file=sys.stderr)
