"""One request to its end: the answer or our error, the form that is allowed, and the pages after the first."""

from __future__ import annotations

import dataclasses
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from . import access, dialects
from .errors import AccessDenied, KubeAccessError, LoadError, TimedOut, Unreachable
from .explain import refusal

if TYPE_CHECKING:
    from .discovery import Discovery
    from .limits import Limits, Watch
    from .reply import Reply
    from .request import Request
    from .target import Target
    from .ways import Way

__all__ = ["Framed", "allowed_form", "as_asked", "ask", "frame"]

_SOON_S = 5.0  # a pod that vanished is noticed at once; what took longer is not tried again


@dataclasses.dataclass(frozen=True)
class Framed:
    """A DataFrame with all that its reader may want to know.

    Attributes
    ----------
    loaded
        The frame, and what the answer told beside it.
    reply
        The answer to the first request.
    dialect
        The name of the dialect that read it.
    more
        Whether a limit would bring what the frame does not hold.
    note
        A line to show, or None.
    """

    loaded: dialects.Loaded
    reply: Reply
    dialect: str
    more: bool
    note: str | None

    def held(self, how: str) -> str | None:
        """The line that says that there is more than the frame holds, and `how` to have it; None where there is not."""
        rows, of = self.loaded.rows, self.loaded.of
        if of is None or rows >= of:
            return None
        least = "at least " if self.loaded.of_is_lower_bound else ""
        return f"{rows:,} of {least}{of:,} {self.loaded.what}" + (f"; {how} for the rest" if self.more else "")


def ask(request: Request, way: Way, discovery: Discovery, limits: Limits, watch: Watch) -> Reply:
    """The answer of the app, whatever its status.

    A target that RBAC refuses is asked in an equivalent form if the user has rights for one: a refused request was
    not executed. GET and HEAD are asked once more if a pod vanished (S8).

    Raises
    ------
    KubeAccessError
        What the API server itself refuses, or what broke on the way.
    """
    try:
        return _answer(request, way, discovery, limits, watch)
    except AccessDenied:
        other = allowed_form(request, discovery, watch)
        if other is None:
            raise
        return _answer(other, way, discovery, limits, watch)


def frame(
    request: Request,
    send: Callable[[Request, Limits], Reply],
    limits: Limits,
    *,
    dialect: str | None = None,
    limit: int | None = None,
    raw: bool = False,
    **options: Any,
) -> Framed:
    """The answer and its pages as one DataFrame.

    Parameters
    ----------
    request
        As it was typed.
    send
        Sends one request within limits and gives the answer.
    limits
        For all pages together.
    dialect
        Its name; None finds it out.
    limit
        How many rows; None shows one answer, ``sys.maxsize`` is all.
    raw
        Whether the request must go out as it was typed.
    **options
        For the dialect.

    Raises
    ------
    AppError
        The app answered 400 or above.
    LoadError
        No dialect takes the answer.
    """
    deadline = time.monotonic() + limits.total_s
    asking = dialects.named(dialect) if dialect else dialects.asking(request)
    first = send(request if raw else as_asked(request, dialect, limit), limits)
    first.raise_for_status()
    if first.status_code >= 300:
        raise LoadError(
            f"the app redirects to {first.headers.get('location', 'nowhere')!r}, which is not followed (X2)",
            reply=first,
            hint="ask what it redirects to, if that is what you want",
        )
    reader = dialects.named(dialect) if dialect else (dialects.choose(first.request, first) or asking)
    pages, rows, note = [first], 0, None
    while reader is not None and not raw:
        if limit is not None:  # else nobody counts
            rows += dialects.load(pages[-1:], dialect=reader, **options).rows
        following = reader.following(first.request, pages[-1], rows, limit)
        if following is None:
            break
        left_s = deadline - time.monotonic()
        if left_s <= 0:
            raise TimedOut(f"the pages took longer than {limits.total_s:g} s ({len(pages)} were read)")
        try:
            page = send(following, dataclasses.replace(limits, total_s=left_s))
        except KeyboardInterrupt:
            note = f"interrupted after {len(pages)} pages: the frame holds those"
            break
        pages.append(page.raise_for_status())
    loaded = dialects.load(pages, dialect=reader, limit=limit, **options)
    more = limit is None and not raw and reader is not None and _has_more(reader, first, loaded.rows)
    return Framed(loaded, first, reader.name if reader else "", more, note or loaded.note)


def _has_more(reader: dialects.Dialect, first: Reply, rows: int) -> bool:
    """Whether a limit would bring more: by another first request, or by a page after it."""
    asked = first.request
    return reader.ask(asked, sys.maxsize) != asked or reader.following(asked, first, rows, sys.maxsize) is not None


def as_asked(request: Request, dialect: str | None, limit: int | None) -> Request:
    """The request with what its dialect fills in before the first answer."""
    asking = dialects.named(dialect) if dialect else dialects.asking(request)
    return request if asking is None else asking.ask(request, limit)


def _answer(request: Request, way: Way, discovery: Discovery, limits: Limits, watch: Watch) -> Reply:
    """The answer; asked once more if the API server did not get through to the pod that it chose (S8)."""
    started = time.monotonic()
    reply, error = _one_answer(request, way, discovery, limits, watch)
    took_s = time.monotonic() - started
    if isinstance(error, Unreachable) and request.method in ("GET", "HEAD") and took_s <= _SOON_S:
        left = dataclasses.replace(limits, total_s=max(limits.total_s - took_s, 0.001))
        reply, error = _one_answer(request, way, discovery, left, watch)
    if error is not None:
        raise error
    return reply


def _one_answer(
    request: Request, way: Way, discovery: Discovery, limits: Limits, watch: Watch
) -> tuple[Reply, KubeAccessError | None]:
    # A connection to the API server that breaks is seen to below, where it is known how far the request had come.
    reply = way.open(request, limits, watch).read(limits, watch)
    return reply, refusal(reply.request, reply, discovery, watch)


def allowed_form(request: Request, discovery: Discovery, watch: Watch) -> Request | None:
    """The request in an equivalent form for which the rights exist (A3), or None."""
    target = request.target
    if target.kind == "api" or not target.namespace:
        return None
    try:
        rules = discovery.rules(target.namespace, watch)
        forms = access.equivalent_segments(target, _ports(target, discovery, watch))
        if target.kind == "service" and not target.port and not forms[1:]:
            forms += access.granted_segments(rules, request.method, target)  # no port was meant but the one granted
        allowed = [form for form in forms if access.allows(rules, access.attributes(request.method, form))]
    except KubeAccessError:
        return None
    return dataclasses.replace(request, target=allowed[0]) if allowed else None


def _ports(target: Target, discovery: Discovery, watch: Watch) -> list[tuple[str, int]]:
    """Names and numbers of a service's ports; none where they may not be read."""
    if target.kind != "service" or not target.namespace:
        return []
    try:
        service = discovery.service(target.namespace, target.name, watch)
    except AccessDenied:
        return []
    return [(port.name or "", port.port) for port in service.spec.ports or ()] if service else []
