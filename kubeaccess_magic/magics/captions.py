"""What the magic says beside its values: errors folded to a line or two, and one line about an answer."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError

from ..errors import AccessDenied, KubeAccessError, NotFound, TargetError

if TYPE_CHECKING:
    from ..call import Call
    from ..cluster import Cluster
    from ..engine import PreparedQuery
    from ..query import Query
    from ..reply import Reply
    from .lines import Line

__all__ = ["as_it_is", "as_meant", "call_of", "captions", "folded", "name_the_cluster", "nothing_listed"]

_LONG_S = 1.0  # what takes longer is told
_HTML_BEGINS = (b"<!doctype html", b"<html")  # also where the type says plain text


@contextmanager
def folded() -> Iterator[None]:
    """Errors as a line or two; whoever catches one gets it whole."""
    try:
        yield
    except KubeAccessError as error:
        from ..text import printable

        lines = [f"{type(error).__name__}: {printable(str(error))}"]
        lines += [f"    {printable(error.hint)}"] if error.hint else []
        error._render_traceback_ = lambda: lines  # type: ignore[attr-defined]  # IPython asks the instance
        raise
    except UsageError as error:
        from ..text import redact

        error.args = (redact(error),)  # it may repeat what was typed, and is saved with the notebook
        raise
    except KeyboardInterrupt as interrupt:
        # IPython keeps the traceback, and with it a socket whose handshake was interrupted, which nobody else closes.
        traceback.clear_frames(interrupt.__traceback__)
        said = ["KeyboardInterrupt: the request was ended"]
        interrupt._render_traceback_ = lambda: said  # type: ignore[attr-defined]  # IPython asks the instance
        raise


def call_of(
    cluster: Cluster,
    query: Query | None = None,
    progress: Callable[[int, int | None, str], None] | None = None,
    answered: Callable[[Reply], None] | None = None,
) -> Call:
    """A call within a Cluster's limits whose lines appear at once, on stderr.

    Parameters
    ----------
    cluster
        Whose limits count.
    query
        Its own limits count before the Cluster's.
    progress, answered
        Hear how much has come, and of each answer.
    """
    return cluster.call(query, say=_print_line, progress=progress, answered=answered)


def as_it_is(reply: Reply | None) -> Any:
    """What is shown of an answer that is no frame, where none was asked for by name: text, or nothing but a status."""
    from .texts import Text

    if reply is None:
        return None
    if not reply.content:
        return reply
    is_html = reply.media_type == "text/html" or reply.content[:256].lstrip().lower().startswith(_HTML_BEGINS)
    return Text(reply.text) if reply.media_type.startswith("text/") and not is_html else None


def captions(prepared: PreparedQuery, reply: Reply, lines: list[str]) -> list[str]:
    """What there is to tell about an answer; mostly nothing."""
    from ..reply import size_text

    said = list(lines)
    asked, got = prepared.request, reply.request
    if got.target != asked.target:
        upgraded = got.target.scheme == "https" != asked.target.scheme
        why = "since that port speaks TLS" if upgraded else "for which there are rights"
        said.append(f"asked as {got.target}, {why}")
    if got.path != asked.path:
        said.append(f"redirected to {got.path}")
    if 300 <= reply.status_code < 400:
        said.append(f"redirects to {reply.headers.get('location', 'nowhere')}: not followed")
    elapsed_s = reply.elapsed.total_seconds()
    if elapsed_s > _LONG_S:
        said.append(f"{size_text(len(reply.content))} in {elapsed_s:.1f} s")
    return said


def name_the_cluster(error: KubeAccessError, asked: Line) -> None:
    """A hint's line asks as this line did: with its context and its user."""
    own = "".join(f" {name} {value}" for name in ("--context", "--as") if (value := asked.text(name[2:])))
    if own and error.hint and isinstance(error, AccessDenied):
        error.hint = error.hint.replace("` shows the Role", f"{own}` shows the Role")


def nothing_listed(asked: Line, own: str) -> str:
    """What an empty list of services or pods means; `own` is the namespace of the Cluster."""
    name, labels = asked.words[0] if asked.words else "", asked.text("selector")
    everywhere = asked.switch("all_namespaces")
    said = f"no {asked.verb}" + (f" called {name}" if name else "") + (f" with the labels {labels}" if labels else "")
    said += " in any namespace" if everywhere else f" in the namespace {asked.text('namespace') or own}"
    if name and "*" not in name:
        there = "" if everywhere else f"`%kproxy {asked.verb} -n {name}` if that is a namespace, "
        return f"{said}; {there}`%kproxy {asked.verb} *{name}* -A` looks for it in all names"
    return said if everywhere else f"{said}; -A lists those of all namespaces"


def as_meant(error: NotFound | TargetError, asked: Line) -> NotFound | TargetError:
    """What is no target may be a verb with a slip, one of kubectl's, or a variable as other magics write it."""
    import difflib
    import re

    from .habits import instead_of
    from .verbs import VERBS

    word = asked.words[0]
    if isinstance(error, TargetError):
        other = re.search(r"\{(?P<a>[^\W\d]\w*)\}|\$(?P<b>[^\W\d]\w*)", word)
        if other is not None:
            error.hint = f"a variable is put in as ${{{other['a'] or other['b']}}}"
        return error
    if instead := instead_of(word):
        return NotFound(str(error), hint=instead)
    near = difflib.get_close_matches(word, [verb.name for verb in VERBS], 1, 0.7)
    if len(asked.words) > 1 or not word.isalpha() or not near:
        return error
    return NotFound(str(error), hint=f"the verb {near[0]}? or {error.hint or 'no such service'}")


def _print_line(line: str) -> None:
    from ..text import printable

    print(printable(line), file=sys.stderr)
