"""What the magic says beside its values: errors folded to a line or two, and one line about an answer."""

from __future__ import annotations

import sys
import traceback
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError

from ..errors import AccessDenied, KubeAccessError, NotFound, TargetError
from .words import quoted

if TYPE_CHECKING:
    from ..reply import Reply
    from .lines import Line

__all__ = ["as_it_is", "as_meant", "fold", "name_the_cluster", "nothing_listed", "print_line"]

_ASKED_AS = ("--kubeconfig", "--context", "--as")
_HTML_BEGINS = (b"<!doctype html", b"<html")  # also where the type says plain text


def fold(error: KubeAccessError | UsageError | KeyboardInterrupt) -> None:
    """Let IPython show an error as a line or two; whoever catches it gets it whole."""
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
    """What is shown of an answer that is no frame, where none was asked for by name: text, or nothing but a status."""
    from .texts import Text

    if reply is None:
        return None
    if not reply.content:
        return reply
    is_html = reply.media_type == "text/html" or reply.content[:256].lstrip().lower().startswith(_HTML_BEGINS)
    return Text(reply.text) if reply.media_type.startswith("text/") and not is_html else None


def name_the_cluster(error: KubeAccessError, line: Line) -> None:
    """Let the line in a hint ask as this line did: with its kubeconfig, its context and its user."""
    if not isinstance(error, AccessDenied):
        return
    words = [f"{name} {quoted(value)}" for name in _ASKED_AS if (value := line.text(name[2:]))]
    words += [f"--as-group {quoted(group)}" for group in line.many("as_group")]
    error.name_options(" ".join(words))


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


def print_line(line: str) -> None:
    """Print one line on stderr, in which nothing acts on a terminal."""
    from ..text import one_line

    print(one_line(line), file=sys.stderr)
