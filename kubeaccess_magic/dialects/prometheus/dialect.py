"""What is asked of Prometheus and its relatives, and which of their answers become which frame."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterable
from itertools import chain
from typing import TYPE_CHECKING

from ...errors import AppError, LoadError, TargetError
from ...text import shorten
from .. import Loaded, Pages, Step, answer
from . import parameters, tables, times

if TYPE_CHECKING:
    from ...reply import Reply
    from ...request import Request
    from .samples import Page

__all__ = ["Prometheus"]

_MANY_ROWS = 1_000_000
_SAID_CHARACTERS = 500

# Behind any prefix: Mimir has /prometheus, VictoriaMetrics /select/0/prometheus, Grafana /api/datasources/proxy/….
# Loki has the same paths, and means something else by them.
_PATH = re.compile(
    r".*(?<!/loki)/api/v1/(?P<endpoint>query|query_range|query_exemplars|format_query|parse_query|series|labels"
    r"|label/[^/]+/values|metadata|targets|targets/metadata|rules|alerts|alertmanagers|status/[a-z_]+)/?",
    re.DOTALL,
)
_MOMENTS = {
    "query": ("time",),
    "query_range": ("start", "end"),
    "query_exemplars": ("start", "end"),
    "series": ("start", "end"),
    "labels": ("start", "end"),
}
_ANSWER = re.compile(rb"(?:\xef\xbb\xbf)?\s*\{\s*\"status\"\s*:\s*\"(?:success|error)\"")
_SAMPLES = re.compile(rb"\"resultType\"\s*:\s*\"(?:vector|matrix|scalar|string)\"")

_MOST_PARTS = 1000  # requests of one range: a month, second by second, is 236


class Prometheus:
    """The dialect of Prometheus, Thanos, Mimir, Cortex and VictoriaMetrics."""

    name = "prometheus"

    def asks(self, request: Request) -> bool:
        """Whether the path is one of the HTTP API's, behind any prefix."""
        return _endpoint(request) is not None

    def ask(self, request: Request, limit: int | None) -> Request:
        """With moments as Prometheus reads them; a range query also with ``start``, ``end`` and ``step``.

        ``now``, ``-1h``, ``now-1h``, ``1h30m`` (ago) and ISO 8601 without a zone become seconds since 1970. What a
        range query lacks is ``end=now``, ``start`` an hour before the end, and the longest round ``step`` that gives
        250 points or more.
        """
        endpoint = _endpoint(request)
        if endpoint is None or request.method not in ("GET", "POST"):
            return request
        given = parameters.given(request)
        now_ms = int(time.time()) * 1000
        filled: dict[str, str] = {}
        for name in _MOMENTS.get("labels" if endpoint.startswith("label/") else endpoint, ()):
            if name in given and (moment := times.relative_ms(given[name], now_ms)) is not None:
                filled[name] = times.epoch(moment)
        if endpoint == "query_range":
            filled |= _completed({**given, **filled}, now_ms)
        return parameters.with_given(request, filled) if filled else request

    def takes(self, request: Request, reply: Reply) -> bool:
        """An answer to one of those paths that looks like one; and samples, wherever they come from."""
        start = reply.content[:4096]
        if _ANSWER.match(start) is not None:
            return _endpoint(request) is not None or _SAMPLES.search(start) is not None
        return _endpoint(request) is not None and answer.looks_like_json(reply) and tables.is_answer(reply)

    def pages(self, request: Request, limit: int | None) -> Pages:
        """One request, or a range query of more than 11,000 points a series in pieces."""
        for part, points, of in _parts(request):
            try:
                reply = yield Step(part, rows=points, of=of, what="points")
            except AppError as error:
                said = _said(error)
                raise said or error from None
            if limit is not None and limit < sys.maxsize and of is not None:
                from . import samples

                limit -= samples.count(reply)
                if limit < 0:
                    return

    def load(
        self, replies: Iterable[Reply], *, limit: int | None = None, wide: bool = False, categories: bool = False
    ) -> Loaded:
        """Samples as `frames` describes them; everything else as `tables` does.

        Parameters
        ----------
        replies
            The pages.
        limit
            At most so many rows.
        wide
            Samples with one column a series, and the index ``time``.
        categories
            Labels as categoricals: a fraction of the memory where a series has many samples.
        """
        from . import frames, samples

        replies = iter(replies)
        first = next(replies)
        page = samples.read(first)
        if page is None:
            return tables.load(first, limit, as_categories=categories)
        is_cut = _is_part(first)
        pages = [page]
        for reply in chain(replies):
            following = samples.read(reply)
            if following is None:
                tables.refuse_error(reply)
                raise LoadError("a part of the answer has no samples", reply=reply, hint="see it with -o json")
            pages.append(following)
            is_cut = _is_part(reply)
        page = frames.joined(pages)
        pages.clear()
        if wide:
            frame, of = frames.wide(page, limit)
        else:
            frame, of = frames.long(page, limit, as_categories=categories)
        notes = tables.notes(page.told)
        if wide and page.buckets is not None:
            notes.append("native histograms are here by count and sum; the long form has their buckets")
        if not wide and not categories and len(frame) > _MANY_ROWS and page.metrics and any(page.metrics):
            notes.append(f"{len(frame):,} rows: --categories (categories=True) takes a fraction of the memory")
        cut = len(frame) < of
        return Loaded(
            frame,
            len(frame),
            of if cut else None,
            what="moments" if wide else _what(page),
            of_is_lower_bound=cut and is_cut,
            note="; ".join(notes) or None,
        )


def _endpoint(request: Request) -> str | None:
    """What of the HTTP API is asked, or None."""
    if request.target.kind == "api":
        return None
    found = _PATH.fullmatch(request.path)
    return found["endpoint"] if found is not None else None


def _completed(given: dict[str, str], now_ms: int) -> dict[str, str]:
    """What a range query lacks, where it can be told."""
    filled: dict[str, str] = {}
    if "end" not in given:
        filled["end"] = times.epoch(now_ms)
    end_ms = times.moment_ms({**given, **filled}["end"])
    if "start" not in given and end_ms is not None:
        filled["start"] = times.epoch(end_ms - times.DEFAULT_RANGE_MS)
    start_ms = times.moment_ms({**given, **filled}.get("start", ""))
    if "step" not in given and start_ms is not None and end_ms is not None:
        filled["step"] = times.default_step(end_ms - start_ms)
    return filled


def _grid(request: Request) -> times.Grid | None:
    """The moments that a range query asks for; None for any other, and one that the app should refuse itself."""
    if _endpoint(request) != "query_range":
        return None
    given = parameters.given(request)
    return times.Grid.of(given.get("start"), given.get("end"), given.get("step"))


def _parts(request: Request) -> Iterable[tuple[Request, int, int | None]]:
    """The requests, each with the points before it, and how many there are in all; None where it is one."""
    grid = _grid(request)
    if grid is None or grid.points <= times.MOST_POINTS:
        yield request, 0, None
        return
    if (count := -(-grid.points // times.MOST_POINTS)) > _MOST_PARTS:
        raise TargetError(
            f"that range of {grid.points:,} points a series takes {count:,} requests; at most {_MOST_PARTS:,} are sent",
            hint="a longer step, or a shorter range, takes fewer",
        )
    done = 0
    for part in grid.parts():
        moments = {"start": times.epoch(part.start_ms), "end": times.epoch(part.end_ms)}
        yield parameters.with_given(request, moments), done, grid.points
        done += part.points


def _is_part(reply: Reply) -> bool:
    """Whether an answer may be a piece with others after it."""
    grid = _grid(reply.request)
    return grid is not None and grid.points == times.MOST_POINTS


def _said(error: AppError) -> AppError | None:
    """The same error in the app's own words, without the JSON around them."""
    reply = error.reply
    if reply is None or (told := tables.error_of(reply)) is None:
        return None
    kind, text = told
    words = f"{kind}: {text}" if kind else text
    words = shorten(words, _SAID_CHARACTERS)
    return AppError(f"the app answered {reply.status_code}: {words}", reply=reply, hint=_hint(kind, text))


def _hint(kind: str, text: str) -> str:
    if "exceeded maximum resolution" in text:
        return "ask for a longer step: `-q step=5m`"
    if "to a valid timestamp" in text:
        return "a moment is now, -1h, now-1h, 2026-11-01T12:00:00Z, or seconds since 1970"
    if kind == "bad_data" and "parse error" in text:
        return "an expression with blanks or braces goes best as `-q 'query=…'`, or in a cell with `-q query=@-`"
    return "the whole answer: `%kproxy last`, or the error's .reply"


def _what(page: Page) -> str:
    return "rows" if page.buckets is not None else "samples"
