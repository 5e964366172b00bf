"""The texts of a panel as HTML. Everything typed or received from a cluster is escaped (X9)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..errors import KubeAccessError, LoadError
from ..reply import Reply, size_text
from ..text import escape, redact

if TYPE_CHECKING:
    from ..access import Access

__all__ = ["access", "error", "fallback", "heading", "lines", "pale", "status", "summary", "target", "texts"]

_LINES, _CHARACTERS = 40, 4096


def texts(named: Iterable[tuple[str, str]]) -> str:
    """Texts to copy, each with a button that copies it and one that inserts it into a cell."""
    rows = "".join(
        f"<dt>{escape(name)}</dt><dd class='kproxy-text'><code class='kproxy-copy'>{escape(text)}</code>"
        f"{_button('copy', 'Copy', name)}{_button('insert', 'Insert as cell below', name)}</dd>"
        for name, text in named
        if text
    )
    return f"<dl class='kproxy-texts'>{rows}</dl>" if rows else ""


def _button(action: str, label: str, name: str) -> str:
    """A button that the script of the page listens to; a line of a shell becomes a cell of one."""
    before = " data-before='%%bash&#10;'" if action == "insert" and name == "kubectl" else ""
    named = f"aria-label='{label}: {escape(name)}'"
    return f"<button type='button' data-kproxy='{action}'{before} {named}>{label}</button>"


def pale(line: str) -> str:
    """A line in muted text."""
    return f"<div class='kproxy-pale'>{escape(line)}</div>" if line else ""


def status(line: str) -> str:
    """A line that a screen reader says when it changes."""
    return f"<div role='status'>{escape(line)}</div>" if line else ""


def target(note: str, is_ready: bool | None) -> str:
    """What is known about the target: how many endpoints are ready, and which app it runs."""
    mark = {True: "kproxy-good", False: "kproxy-bad", None: "kproxy-pale"}[is_ready]
    return f"<span class='{mark}'>{escape(note)}</span>" if note else ""


def access(answer: Access, request: str) -> str:
    """Whether the user may send a request; if not, which right is missing."""
    if answer.allowed:
        return f"<span class='kproxy-good'>you may {escape(request)}</span>"
    needed = answer.attributes
    missing = f": missing {escape(needed.verb)} {escape(needed.full_resource or needed.path or '')}" if needed else ""
    return f"<span class='kproxy-bad'>you may not {escape(request)}{missing}</span>{_role(answer.role)}"


def error(problem: BaseException, *, has_questions: bool = False) -> str:
    """An error, worded as the magic shows it.

    Parameters
    ----------
    problem
        What was raised.
    has_questions
        Whether the panel offers ready questions for the app.
    """
    title, message, hint = type(problem).__name__, redact(problem), ""
    if isinstance(problem, KubeAccessError):
        message, hint = str(problem), problem.hint or ""
    if isinstance(problem, LoadError) and _is_web_page(problem.reply):
        title, message = "A web page", "this path answers with a page for a browser, and not with data"
        hint = "Choose one of the ready questions above, or another path." if has_questions else "Choose another path."
    parts = [f"<strong>{escape(title)}</strong>: {escape(message)}"]
    parts += [f"<span class='kproxy-pale'>{escape(hint)}</span>"] if hint else []
    role = _role(getattr(problem, "role", None))
    return f"<div class='kproxy-error' role='alert'>{'<br>'.join(parts)}{role}</div>"


def _is_web_page(reply: Reply | None) -> bool:
    return reply is not None and reply.media_type == "text/html"


def _role(role: str | None) -> str:
    if not role:
        return ""
    copied = f"<code class='kproxy-copy'>{escape(role.rstrip())}</code>"
    return f"<details><summary>the Role to ask for</summary>{copied}</details>"


def heading(line: str) -> str:
    """The line that was run, as the heading of its answer."""
    return f"<div class='kproxy-heading'><code>%kproxy {escape(line)}</code></div>"


def summary(reply: Reply, size: str, notes: Iterable[str], variable: str) -> str:
    """One line that sums up an answer, with its notes.

    Parameters
    ----------
    reply
        The answer.
    size
        How many rows and columns it has; "" if it is no table.
    notes
        More lines.
    variable
        Where the answer was put; "" if nowhere.
    """
    took_s = reply.elapsed.total_seconds()
    took = f"{took_s * 1000:.0f} ms" if took_s < 1 else f"{took_s:.1f} s"
    code = f"{reply.status_code} {reply.reason}".strip()
    rest = " · ".join(filter(None, (size_text(len(reply.content)), took, size)))
    kept = f" → <code>{escape(variable)}</code>" if variable else ""
    first = f"<div role='status'><strong>{escape(code)}</strong> · {escape(rest)}{kept}</div>"
    return first + "".join(pale(note) for note in notes if note)


def lines(text: str) -> str:
    """The first lines of a text."""
    part = "\n".join(text[:_CHARACTERS].split("\n")[:_LINES])
    rest = pale(f"the first lines of {len(text):,} characters") if len(part) < len(text) else ""
    return f"<pre>{escape(part)}</pre>{rest}"


def fallback(line: str) -> str:
    """Static HTML that stands in for the panel where no kernel or widget is available."""
    copied = f"<code style='user-select: all; white-space: pre-wrap'>{escape(line)}</code>"
    load = "<code>%load_ext kubeaccess_magic</code>"
    return f"<div class='kproxy-fallback'>To use this panel, run {load}, then this cell again:<br>{copied}</div>"
