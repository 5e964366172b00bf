"""What is chosen in a panel, as one value; and what a panel needs of who shows it."""

from __future__ import annotations

import dataclasses
from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any, Protocol

from ..targets import KINDS, Target
from ..text import redact, redact_headers

if TYPE_CHECKING:
    from ..call import Call
    from ..cluster import Cluster
    from ..reply import Reply
    from ..request import Request

__all__ = ["API", "METHODS", "Answered", "Asked", "Host", "State", "target_of"]

API = "API resource"  # the word for it among the kinds; no name in Kubernetes can have a blank
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class State:
    """What is chosen, as it was typed: ``${name}`` stays what it is. "" is what applies if nothing is said.

    Attributes
    ----------
    context
        "" for the Cluster's own.
    namespace
        "" for the context's.
    every_namespace
        Whether names of all namespaces are offered.
    kind
        "service" (which "" means, too), "pod", "node", or `API` for the API server itself.
    name
        Of the service, pod or node.
    port
        ``[scheme:]port`` as in a target: ``web``, ``https:8443``.
    path
        With its query, if it has one; it is sent as it stands.
    params
        Added to the query, fully encoded: name and value in their order, None for a value that nobody gave.
    method
        "" for GET, or POST where there is a body.
    body
        As after ``-d``.
    options
        What else may stand on a line, as text: ``--limit 10``.
    into
        The variable, "" for the one that is named after the target.
    headers
        ``Name: value``. They are in no widget: they may be secret.
    """

    context: str = ""
    namespace: str = ""
    kind: str = ""
    name: str = ""
    port: str = ""
    path: str = ""
    params: tuple[tuple[str, str | None], ...] = ()
    method: str = ""
    body: str = ""
    options: str = ""
    into: str = ""
    headers: tuple[str, ...] = ()
    every_namespace: bool = False

    def __repr__(self) -> str:
        """What is chosen, without secrets: no header, no body, no value of a parameter that is named like one."""
        texts = ("context", "namespace", "kind", "name", "port", "path", "method", "options", "into")
        said = [f"{name}={redact(value)!r}" for name in texts if (value := getattr(self, name))]
        given = redact_headers((name, value) for name, value in self.params if value is not None)
        return f"State({', '.join([*said, f'params={given}'] if given else said)})"

    @property
    def asks_by(self) -> str:
        """The method that it means."""
        return self.method.strip().upper() or ("POST" if self.body else "GET")

    @property
    def what(self) -> str:
        """Its kind by its full name; what is no kind is as it was typed."""
        return KINDS.get(self.kind or "service", self.kind)

    @property
    def is_question(self) -> bool:
        """Whether it asks, and changes nothing."""
        return self.asks_by in ("GET", "HEAD")

    @property
    def is_complete(self) -> bool:
        """Whether there is somebody to ask."""
        return bool(self.name) or self.kind == API

    @property
    def variable(self) -> str:
        """Where a frame goes."""
        if self.into:
            return self.into
        called = "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in self.name or "api")
        return f"df_{called}"


class Asked(Protocol):
    """A request that is ready, and the same for other places."""

    @property
    def request(self) -> Request:
        """It is not sent yet."""

    @property
    def notes(self) -> tuple[str, ...]:
        """Lines about what was chosen in it."""

    @property
    def texts(self) -> tuple[tuple[str, str], ...]:
        """What it is called elsewhere, and how it is asked there: as a URL, in Python, for a terminal."""


@dataclasses.dataclass(frozen=True)
class Answered:
    """What came: a frame, a text or what else was wanted; the reply it came from; lines about it."""

    value: Any
    reply: Reply
    lines: tuple[str, ...]


class Host(Protocol):
    """What a panel needs of who shows it: the language of lines, the clusters, and a place for variables.

    Attributes
    ----------
    variables
        The user's.
    remembered
        What was chosen last, by cluster; as long as the host lives.
    """

    variables: MutableMapping[str, Any]
    remembered: MutableMapping[str, State]

    def cluster(self, context: str) -> Cluster:
        """The Cluster of a context; "" for the one that the panel was opened on."""

    def read(self, line: str) -> State:
        """What a line, or a cell, chooses. Raises if it is no question."""

    def line(self, state: State, *, hidden: bool = False) -> str:
        """The line that asks this, or a cell, without the magic's own name; `hidden`: without secrets."""

    def prepare(self, state: State, call: Call) -> Asked:
        """The request, checked but not sent; a Service may be read for its port."""

    def answer(self, asked: Asked, call: Call) -> Answered:
        """What the app answers; raises what the magic raises."""


def target_of(state: State) -> Target:
    """Whom a state means.

    Raises
    ------
    TargetError
        No such target can be.
    """
    if state.kind == API:
        return Target(kind="api")
    kind = state.what
    scheme, _, port = state.port.rpartition(":")
    namespace = None if kind == "node" else state.namespace or None
    return Target(kind=kind, name=state.name, namespace=namespace, port=port, scheme=scheme)  # type: ignore[arg-type]  # refused by Target if it is none
