"""Which dialects there are, and which of them a request or a reply belongs to.

The built-in ones and those of plugins have the same interface. A plugin names an object with an entry point::

    [project.entry-points."kubeaccess_magic.dialects"]
    shop = "my_package.shop:dialect"

They are asked in this order: those of apps, plugins by name, records. Specific dialects come before the one that reads
any list of objects.
"""

from __future__ import annotations

import functools
import importlib
import warnings
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from ..errors import LoadError
from . import answer

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from ..reply import Reply
    from ..request import Request
    from .protocol import Dialect, Operation

__all__ = ["GROUP", "DialectWarning", "match", "named", "operation_for", "recognize", "registry"]

GROUP = "kubeaccess_magic.dialects"
"""The group of entry points in which plugins register their dialects."""

_FIRST = (
    "prometheus",
    "loki",
    "elasticsearch",
    "kubernetes",
    "trino",
    "mlflow",
    "exposition",
    "influxdb",
    "jaeger",
    "tempo",
    "victoriametrics",
    "alertmanager",
    "grafana",
)
_LAST = ("records",)
_METHODS = ("match", "recognize")


class DialectWarning(UserWarning):
    """The dialect of a plugin does not work and is ignored."""


def registry() -> tuple[Dialect, ...]:
    """List all dialects that work, in the order in which they are asked.

    A plugin that is broken is left out, and warns once.
    """
    return _registry()


def named(name: str) -> Dialect:
    """Find a dialect by its name.

    Raises
    ------
    LoadError
        There is no such dialect.
    """
    for dialect in registry():
        if dialect.name == name:
            return dialect
    raise LoadError(f"there is no dialect {name!r}", hint="there are: " + ", ".join(d.name for d in registry()))


def match(request: Request, dialect: Dialect | None = None) -> Operation | None:
    """Find the operation that a request is, before anything is sent.

    Parameters
    ----------
    request
        The request as it was typed.
    dialect
        The only dialect to ask; None asks all.

    Returns
    -------
    Operation or None
        The first match, or None.
    """
    return _first_operation(lambda each: each.match(request), dialect)


def recognize(reply: Reply, dialect: Dialect | None = None) -> Operation | None:
    """Find the operation that a reply answers, by the reply itself.

    Parameters
    ----------
    reply
        Any reply.
    dialect
        The only dialect to ask; None asks all.

    Returns
    -------
    Operation or None
        The first match, or None.
    """
    return _first_operation(lambda each: each.recognize(reply), dialect)


def operation_for(reply: Reply, matched: Operation | None, dialect: Dialect | None = None) -> Operation:
    """Decide which operation reads a reply.

    Parameters
    ----------
    reply
        The first reply.
    matched
        What `match` said about the request.
    dialect
        The dialect that the user named, or None.

    Raises
    ------
    LoadError
        No dialect can read the reply.
    """
    answer.refuse_empty(reply)
    if matched is not None and (dialect is not None or matched.reads(reply)):
        return matched
    recognized = recognize(reply, dialect)
    if recognized is not None:
        return recognized
    fallback: Callable[[Request], Operation] | None = getattr(dialect, "fallback", None)
    if fallback is not None:
        return fallback(reply.request)
    answer.refuse_html(reply)
    if matched is not None:  # it knows best why it cannot read the reply
        return matched
    raise answer.not_taken(reply)


def _first_operation(ask: Callable[[Dialect], Operation | None], only: Dialect | None) -> Operation | None:
    """Ask one dialect, or all in turn, until one knows an operation; one that fails is skipped and warns."""
    for dialect in _registry() if only is None else (only,):
        try:
            operation = ask(dialect)
        except MemoryError:
            raise
        except Exception as error:
            _warn(dialect.name, f"{type(error).__name__}: {error}; it is skipped")
        else:
            if operation is not None:
                return operation
    return None


@functools.cache
def _registry() -> tuple[Dialect, ...]:
    dialects: dict[str, Dialect] = {
        name: importlib.import_module(f"{__package__}.{name}").dialect for name in (*_FIRST, *_LAST)
    }
    for point in _plugins():
        if (dialect := _load_plugin(point)) is not None:
            dialects[point.name] = dialect
    middle = sorted(set(dialects) - {*_FIRST, *_LAST})
    return tuple(dialects[name] for name in (*_FIRST, *middle, *_LAST))


def _plugins() -> Iterator[EntryPoint]:
    """The entry points of plugins, one for each name. The name of a built-in dialect is never another package's."""
    from importlib.metadata import entry_points  # slow to import

    values = {name: f"{__package__}.{name}:dialect" for name in (*_FIRST, *_LAST)}
    for point in entry_points(group=GROUP):
        is_built_in = point.name in (*_FIRST, *_LAST)
        if values.setdefault(point.name, point.value) != point.value:
            _warn(point.name, f"another dialect has that name; {point.value} is ignored")
        elif not is_built_in:
            yield point


def _load_plugin(point: EntryPoint) -> Dialect | None:
    try:
        dialect: Dialect = point.load()
        missing = [method for method in _METHODS if not callable(getattr(dialect, method, None))]
        if isinstance(dialect, type):
            raise TypeError("it is a class, not an object")
        if missing:
            raise TypeError("it has no " + ", ".join(missing))
        if dialect.name != point.name:
            raise TypeError(f"its name is {dialect.name!r}")
    except Exception as error:
        _warn(point.name, f"{type(error).__name__}: {error}; it is ignored")
        return None
    return dialect


def _warn(name: str, problem: str) -> None:
    warnings.warn(f"dialect {name!r}: {problem}", DialectWarning, stacklevel=2)
