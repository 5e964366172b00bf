"""What a user has chosen in a panel, as one value; and the interface that a panel needs from its host."""

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
    """What the user has chosen, as typed: ``${name}`` is not expanded, and "" stands for the default.

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
        """The HTTP method that the state stands for."""
        return self.method.strip().upper() or ("POST" if self.body else "GET")

    @property
    def what(self) -> str:
        """The full name of the kind; an unknown kind is returned as typed."""
        return KINDS.get(self.kind or "service", self.kind)

    @property
    def is_question(self) -> bool:
        """Whether the request only reads, by GET or HEAD."""
        return self.asks_by in ("GET", "HEAD")

    @property
    def is_complete(self) -> bool:
        """Whether a target has been chosen."""
        return bool(self.name) or self.kind == API

    @property
    def variable(self) -> str:
        """The name of the variable that receives a DataFrame."""
        if self.into:
            return self.into
        called = "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in self.name or "api")
        return f"df_{called}"


class Asked(Protocol):
    """A request that is ready to send, with equivalents to copy: a URL, a line, Python and kubectl."""

    @property
    def request(self) -> Request:
        """The request, not sent yet."""

    @property
    def notes(self) -> tuple[str, ...]:
        """Notes about choices made while the request was prepared, such as its port."""

    @property
    def texts(self) -> tuple[tuple[str, str], ...]:
        """Equivalents of the request, as pairs of label and text: a URL, Python code, a kubectl command."""


@dataclasses.dataclass(frozen=True)
class Answered:
    """The result of a request: its value (a DataFrame, a text or another form), the reply, and notes about it."""

    value: Any
    reply: Reply
    lines: tuple[str, ...]


class Host(Protocol):
    """The interface that a panel needs from its host: the syntax of lines, the clusters, and the user's variables.

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
        """Return the Cluster of a context; "" means the one that the panel was opened on."""

    def read(self, line: str) -> State:
        """Read a line or a cell into a state; raises if it does not hold a request."""

    def line(self, state: State, *, hidden: bool = False) -> str:
        """Write a state as a line or a cell, without the magic's name; with `hidden`, without secrets."""

    def prepare(self, state: State, call: Call) -> Asked:
        """Prepare and check the request without sending it; a Service may be read to find its port."""

    def answer(self, asked: Asked, call: Call) -> Answered:
        """Send the request and return the result; raises the same errors as the magic."""


def target_of(state: State) -> Target:
    """The target that a state names.

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
