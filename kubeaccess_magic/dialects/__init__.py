"""What we know of families of HTTP APIs: how to ask them, where the next page is, how an answer becomes a DataFrame.

One file (or folder) a family. The built-in ones come through the same door as anybody else's: the entry points
group ``kubeaccess_magic.dialects``. A plugin names an object with the five parts of `Dialect`::

    [project.entry-points."kubeaccess_magic.dialects"]
    loki = "my_package.loki:dialect"

They are asked in this order: prometheus, elasticsearch, kubernetes, exposition, plugins by name, records. So the
specific ones come before the one that takes any list of objects.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator
from importlib.metadata import EntryPoint, entry_points
from itertools import chain
from typing import TYPE_CHECKING, Any, Protocol

from ..errors import KubeAccessError, LoadError
from . import answer

if TYPE_CHECKING:
    import pandas as pd

    from ..reply import Reply
    from ..request import Request

__all__ = [
    "GROUP",
    "Dialect",
    "DialectWarning",
    "Loaded",
    "Pages",
    "Step",
    "asked",
    "asking",
    "choose",
    "load",
    "named",
    "registry",
]

GROUP = "kubeaccess_magic.dialects"

_FIRST = ("prometheus", "elasticsearch", "kubernetes", "exposition")
_LAST = ("records",)
_PARTS = ("asks", "ask", "takes", "pages", "load")


class DialectWarning(UserWarning):
    """A plugin's dialect does not work, and is left out."""


@dataclasses.dataclass(frozen=True)
class Loaded:
    """A DataFrame, and what the answer told beside it.

    Parameters
    ----------
    frame
        The rows.
    rows
        How many of the things that `of` counts are in the frame.
    of
        How many there are in all, as far as the answer tells; None where it does not.
    what
        What is counted: ``rows``, ``hits``, ``pods`` …
    of_is_lower_bound
        Whether there are at least `of` of them.
    note
        One sentence that the reader of the frame should know, or None.
    """

    frame: pd.DataFrame
    rows: int
    of: int | None = None
    what: str = "rows"
    of_is_lower_bound: bool = False
    note: str | None = None


@dataclasses.dataclass(frozen=True)
class Step:
    """One request of those that an answer takes.

    Parameters
    ----------
    request
        What to ask.
    holds_rows
        Whether the answer is a page of the frame. A cursor that is opened or closed is none.
    rows
        How many rows came before it.
    of
        How many there will be, as far as is known.
    what
        What is counted.
    """

    request: Request
    holds_rows: bool = True
    rows: int = 0
    of: int | None = None
    what: str = "rows"


Pages = Generator[Step, "Reply", None]


class Dialect(Protocol):
    """One family of HTTP APIs. Pure: nothing here sends anything.

    It may have a sixth part, ``for_frame(request)``: a request as `ask` made it, in the form of which `load` makes a
    frame, where the API answers in several. Who wants the text itself is not asked in that form.
    """

    name: str

    def asks(self, request: Request) -> bool:
        """Whether the request is one of this family, told by its target and path before there is an answer."""

    def ask(self, request: Request, limit: int | None) -> Request:
        """The request as it should be sent.

        Parameters
        ----------
        request
            As it was typed.
        limit
            How many rows are wanted: None if nothing was said, ``sys.maxsize`` for all.
        """

    def takes(self, request: Request, reply: Reply) -> bool:
        """Whether `load` can make a frame of this answer, told by what was asked and what came back."""

    def pages(self, request: Request, limit: int | None) -> Pages:
        """Every request that the answer takes, one after the other; each ``yield`` is given what came.

        A request that fails is raised at its ``yield``, as our error: who has another way to ask goes on with that,
        and a ``finally`` may ask for what has to be closed. It is raised there, too, where the rest is not wanted.

        Parameters
        ----------
        request
            As `ask` made it. The first step asks for that, if it is one that holds rows.
        limit
            How many rows are wanted: None for one answer, ``sys.maxsize`` for all.
        """

    def load(self, replies: Iterable[Reply], *, limit: int | None = None, **options: Any) -> Loaded:
        """One frame of all the pages, at most `limit` rows.

        They may still be arriving: who keeps no page that was read holds one of them in memory at a time.

        Raises
        ------
        LoadError
            If the answer is not what it seemed to be.
        """


def registry() -> tuple[Dialect, ...]:
    """All dialects that work, in the order in which they are asked. A broken plugin warns, once, and is left out."""
    return _registry()


def named(name: str) -> Dialect:
    """The dialect of that name.

    Raises
    ------
    LoadError
        If there is none.
    """
    for dialect in registry():
        if dialect.name == name:
            return dialect
    raise LoadError(f"there is no dialect {name!r}", hint="there are: " + ", ".join(d.name for d in registry()))


def asked(dialect: Dialect, request: Request, limit: int | None, *, for_frame: bool) -> Request:
    """The request as a dialect would send it: with what its API needs, and in the form of a frame if one is wanted."""
    sent = dialect.ask(request, limit)
    form: Callable[[Request], Request] | None = getattr(dialect, "for_frame", None) if for_frame else None
    return sent if form is None else form(sent)


def asking(request: Request) -> Dialect | None:
    """The dialect that a request is for, before there is any answer, or None."""
    for dialect in registry():
        with _PluginErrors(dialect):
            if dialect.asks(request):
                return dialect
    return None


def choose(request: Request, reply: Reply) -> Dialect | None:
    """The dialect that makes a frame of an answer, or None if none takes it."""
    for dialect in registry():
        with _PluginErrors(dialect):
            if dialect.takes(request, reply):
                return dialect
    return None


def load(
    replies: Iterable[Reply], dialect: str | Dialect | None = None, limit: int | None = None, **options: Any
) -> Loaded:
    """One DataFrame of an answer, or of the pages of an answer.

    Parameters
    ----------
    replies
        The pages in their order; at least one. They are read as they are needed.
    dialect
        Which dialect reads them, by name or itself; None finds it out.
    limit
        At most so many rows; None is no limit.
    **options
        What that dialect has: ``rows=`` of records, ``agg=`` of elasticsearch, ``wide=`` of kubernetes.

    Raises
    ------
    LoadError
        If no dialect takes the answer, or it is empty, HTML, cut off, or not what it seemed.
    """
    pages = iter(replies)
    first = next(pages, None)
    if first is None:
        raise LoadError("there is no answer to make a frame of", hint="give at least one Reply")
    chosen = named(dialect) if isinstance(dialect, str) else dialect
    answer.refuse_empty(first)
    if chosen is None:
        chosen = choose(first.request, first)
    if chosen is None:
        answer.refuse_html(first)
        # Who was asked knows best why the answer is none of its own: `_cat` text without a header, say.
        chosen = asking(first.request)
    if chosen is None:
        raise answer.not_taken(first)
    _check_options(chosen, options, first)
    try:
        with answer.gc_paused() as pause:  # millions of values that are no cycles, and stay
            return chosen.load(chain((first,), pause.lifted(pages)), limit=limit, **options)
    except (KubeAccessError, MemoryError):
        raise
    except Exception as error:
        # A plugin's mistake, or an answer that nobody thought of: the reader still has the bytes.
        raise LoadError(
            f"the dialect {chosen.name} cannot read this answer: {type(error).__name__}: {error}",
            reply=first,
            hint="see it with -o json or -o text, or name another one with --dialect",
        ) from error


@functools.cache
def _registry() -> tuple[Dialect, ...]:
    found: dict[str, Dialect] = {}
    for point in _points():
        if (dialect := _working(point)) is not None:
            found[point.name] = dialect
    middle = sorted(set(found) - {*_FIRST, *_LAST})
    return tuple(found[name] for name in (*_FIRST, *middle, *_LAST) if name in found)


def _points() -> Iterator[EntryPoint]:
    """One entry point a name; a built-in name is never another package's."""
    built_in = {name: f"{__name__}.{name}:dialect" for name in (*_FIRST, *_LAST)}
    # What is on sys.path without being installed has no entry points: the built-in ones are written out here, too.
    for name, value in built_in.items():
        yield EntryPoint(name=name, value=value, group=GROUP)
    seen = dict(built_in)
    for point in entry_points(group=GROUP):
        if seen.setdefault(point.name, point.value) != point.value:
            _warn(point.name, f"there is one of that name already; {point.value} is left out")
        elif point.name not in built_in:
            yield point


def _working(point: EntryPoint) -> Dialect | None:
    try:
        dialect: Dialect = point.load()
        missing = [part for part in _PARTS if not callable(getattr(dialect, part, None))]
        if isinstance(dialect, type):
            raise TypeError("it is a class, not an object")
        if missing:
            raise TypeError("it has no " + ", ".join(missing))
        if dialect.name != point.name:
            raise TypeError(f"it calls itself {dialect.name!r}")
    except Exception as error:
        _warn(point.name, f"{type(error).__name__}: {error}; it is left out")
        return None
    return dialect


def _warn(name: str, what: str) -> None:
    warnings.warn(f"dialect {name!r}: {what}", DialectWarning, stacklevel=2)


class _PluginErrors:
    """While a dialect is asked whether it takes something: its errors warn, and mean no."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> bool:
        if error is None or not isinstance(error, Exception) or isinstance(error, MemoryError):
            return False
        _warn(self._dialect.name, f"{type(error).__name__}: {error}; it is passed over")
        return True


def _check_options(dialect: Dialect, options: dict[str, Any], reply: Reply) -> None:
    """Name what a dialect has instead of an option that it has not: which one reads an answer shows only then."""
    parameters = inspect.signature(dialect.load).parameters.values()
    if any(p.kind is p.VAR_KEYWORD for p in parameters):
        return
    has = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY and p.name != "limit"]
    unknown = [name for name in options if name not in has]
    if unknown:
        raise LoadError(
            f"the dialect {dialect.name} reads this answer, and has no option {', '.join(unknown)}",
            reply=reply,
            hint=f"it has: {', '.join(has)}" if has else "it has no options",
        )
