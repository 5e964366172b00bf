"""`Cluster`: the Python API. It does what the magic does, in the style of ``requests`` and pandas.

::

    from kubeaccess_magic import Cluster

    cluster = Cluster()                      # the context that kubectl would choose
    reply = cluster.get("kube-system/elasticsearch-logging", "_search?q=user:kimchy")
    reply.frame(), reply.json(), reply.text
    cluster.frame("monitoring/prometheus:9090", "api/v1/query", params={"query": "up"})
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from .. import credentials
from .. import kubeconfig as kubeconfigs
from ..call import MAX_CELLS, MAX_FRAME_BYTES, Call, Limits
from ..engine import Engine
from ..errors import ConfigError
from ..query import Data, Pairs, Params, Query, arguments
from ..targets import Target
from ..text import one_line, redact
from ..transport import Pool
from ..ways.proxy import proxy_path
from . import inventory

if TYPE_CHECKING:
    import pandas as pd

    from ..access import Access
    from ..dialects import Table
    from ..engine import Outcome
    from ..kubeconfig import Context
    from ..reply import Reply

__all__ = ["Cluster"]

_LIMITS = (
    *("timeout_s", "max_bytes", "max_cells", "max_frame_bytes"),
    *("connect_timeout_s", "silence_timeout_s", "plugin_timeout_s"),
)

_log = logging.getLogger("kubeaccess_magic")  # where no logging is set up, its warnings are single lines on stderr


class Cluster:
    """One Kubernetes cluster, as one user.

    Nothing is contacted before the first request. A Cluster may be used from several threads, and as a context manager.

    Parameters
    ----------
    context
        Name of a kubeconfig context; the one that kubectl would choose if None.
    kubeconfig
        A kubeconfig file; else ``KUBECONFIG``, ``~/.kube/config``, or the account of the pod that this runs in.
    namespace
        The namespace of targets that name none; the context's if None.
    impersonate, impersonate_groups
        Ask as this user, and as a member of these groups.
    api_client
        An official ``kubernetes.client.ApiClient`` that is signed in already; it replaces all arguments above
        except `namespace`.
    timeout_s
        Seconds that one request may take in total, with its pages.
    max_bytes
        Bytes that an answer may have, decoded.
    max_cells, max_frame_bytes
        Cells (rows times columns) that a frame may have, and bytes that its values may take. A small answer can make a
        huge frame. At most a quarter of `max_cells` may be empty.
    connect_timeout_s, silence_timeout_s, plugin_timeout_s
        Seconds to connect, seconds without a byte, and seconds that a credential plugin may take.

    Raises
    ------
    ConfigError
        There is no such context, or no kubeconfig at all.

    Attributes
    ----------
    engine
        The `Engine` that prepares and runs its queries.
    """

    _limits: tuple[tuple[float, ...], Limits] | None = None

    def __init__(
        self,
        context: str | None = None,
        *,
        kubeconfig: str | os.PathLike[str] | None = None,
        namespace: str | None = None,
        impersonate: str | None = None,
        impersonate_groups: Sequence[str] = (),
        api_client: Any = None,
        timeout_s: float = 600.0,
        max_bytes: int = 256 * 2**20,
        max_cells: int = MAX_CELLS,
        max_frame_bytes: int = MAX_FRAME_BYTES,
        connect_timeout_s: float = 10.0,
        silence_timeout_s: float = 130.0,
        plugin_timeout_s: float = credentials.PLUGIN_LIMIT_S,
    ) -> None:
        self.plugin_timeout_s = arguments.seconds("plugin_timeout_s", plugin_timeout_s)
        self._named_namespace = namespace is not None
        context, namespace = arguments.name("context", context), arguments.name("namespace", namespace)
        kubeconfig = arguments.file_name("kubeconfig", kubeconfig)
        self._impersonate = arguments.name("impersonate", impersonate)
        self._groups = arguments.names("impersonate_groups", impersonate_groups)
        self._context: Context | None = None
        if api_client is not None:
            pool = _pool_over(api_client, context, kubeconfig, self._impersonate)
        else:
            self._context = kubeconfigs.choose(context, kubeconfig=kubeconfig, namespace=namespace)
            credential = credentials.for_context(
                self._context,
                impersonate=self._impersonate,
                impersonate_groups=self._groups,
                plugin_limit_s=self.plugin_timeout_s,
            )
            pool = Pool.for_context(self._context, credential)
        self._pool = pool
        self._kubeconfig = kubeconfig
        self.engine = Engine(
            pool,
            self._context.name if self._context else pool.upstream.url,
            namespace or (self._context.namespace if self._context else "default"),
            kubeconfig,
        )
        self.timeout_s = timeout_s
        self.max_bytes = max_bytes
        self.max_cells = max_cells
        self.max_frame_bytes = max_frame_bytes
        self.connect_timeout_s = connect_timeout_s
        self.silence_timeout_s = silence_timeout_s
        self.limits()  # refuses what cannot be

    # --- requests to an app

    def get(self, target: str | Target, path: str = "/", **options: Any) -> Reply:
        """Send a GET; the app's answer, whatever its status. Parameters and errors: see `request`."""
        return self.request("GET", target, path, **options)

    def head(self, target: str | Target, path: str = "/", **options: Any) -> Reply:
        """Send a HEAD; see `request`."""
        return self.request("HEAD", target, path, **options)

    def post(self, target: str | Target, path: str = "/", **options: Any) -> Reply:
        """Send a POST; see `request`."""
        return self.request("POST", target, path, **options)

    def put(self, target: str | Target, path: str = "/", **options: Any) -> Reply:
        """Send a PUT; see `request`."""
        return self.request("PUT", target, path, **options)

    def patch(self, target: str | Target, path: str = "/", **options: Any) -> Reply:
        """Send a PATCH; see `request`."""
        return self.request("PATCH", target, path, **options)

    def delete(self, target: str | Target, path: str = "/", **options: Any) -> Reply:
        """Send a DELETE; see `request`."""
        return self.request("DELETE", target, path, **options)

    def request(
        self,
        method: str,
        target: str | Target,
        path: str = "/",
        *,
        params: Params = None,
        headers: Pairs = None,
        json: Any = None,
        data: Data = None,
        via: str = "auto",
        timeout_s: float | None = None,
        max_bytes: int | None = None,
        call: Call | None = None,
    ) -> Reply:
        """Send one request to a service, a pod or a node, or to the API server itself.

        Parameters
        ----------
        method : The HTTP method. The API server itself and nodes are only asked by GET and HEAD.
        target : ``namespace/name``, ``name:port``, ``https:name:port``, ``pod/name``, ``node/name``, a URL as it works
            inside the cluster, a proxy URL, or an API path.
        path : Path and query at the target.
        params : Added to the query: a mapping or pairs, fully encoded, or text as typed in a query.
        headers : Sent along. What the way cannot carry is refused.
        json, data : One body: a value sent as JSON, or bytes, text, or the fields of a form.
        via : The way to connect; ``auto`` chooses.
        timeout_s, max_bytes : Seconds in all, and bytes of the decoded answer, in place of the Cluster's own.
        call : Can stop the request, and receives its progress and prompts.

        Returns
        -------
        Reply
            The app's answer, whatever its status.

        Raises
        ------
        TargetError : The target or the request cannot be as written. Nothing was sent.
        NotFound, AccessDenied, CredentialError, Unreachable : The API server itself refused (E1 to E8).
        LimitExceeded, TimedOut : The answer is too large, or took too long.
        """
        words: Any = {"params": params, "headers": headers, "json": json, "data": data}
        words |= {"via": via, "timeout_s": timeout_s, "max_bytes": max_bytes}
        query = Query.of(target, path, method=arguments.method(method), raw=True, output="reply", **words)
        return self._outcome(query, call).reply

    def frame(
        self,
        target: str | Target,
        path: str = "/",
        *,
        method: str | None = None,
        json: Any = None,
        data: Data = None,
        params: Params = None,
        headers: Pairs = None,
        dialect: str | None = None,
        limit: int | Literal["all"] | None = None,
        raw: bool = False,
        via: str = "auto",
        timeout_s: float | None = None,
        max_bytes: int | None = None,
        call: Call | None = None,
        **options: Any,
    ) -> pd.DataFrame:
        """Send a request and load its answer into a DataFrame. An interrupt keeps the pages read so far.

        Parameters
        ----------
        target, path, json, data, params, headers, via, timeout_s, max_bytes, call : See `request`.
        method : GET, or POST where there is a body, if None.
        dialect : The dialect that reads the answer; None chooses one.
        limit : How many rows, or ``"all"``; what one answer holds if None.
        raw : Whether the request goes out exactly as written.
        **options : For the dialect, such as ``rows="a.b"``, ``agg="name"``, ``wide=True``.

        Returns
        -------
        DataFrame
            ``attrs["kproxy"]`` says where it came from, and how many rows it holds of how many. Where it holds fewer
            than there are, a line is logged as well.

        Raises
        ------
        AppError : The app answered 400 or above.
        LoadError : No dialect can read the answer. Other errors: see `request`.
        """
        words: Any = {"params": params, "headers": headers, "json": json, "data": data, "limit": limit, "raw": raw}
        words |= {"via": via, "timeout_s": timeout_s, "max_bytes": max_bytes, "dialect": dialect}
        query = Query.of(target, path, method=method, output="frame", options=options, **words)
        return _table_of(self._outcome(query, call)).frame

    # --- addresses

    def url(self, target: str | Target, path: str = "/") -> str:
        """The proxy URL that `get` would request."""
        prepared = self.engine.prepare(Query.of(target, path, raw=True, output="reply"), self.call())
        return self.engine.url(prepared.request)

    def resolve(self, target: str | Target) -> Target:
        """The target with its namespace, port and scheme filled in.

        Raises
        ------
        NotFound
            There is no such service, or it does not say which of its ports is meant; the hint says what to type.
        """
        return self.engine.resolve(target, self.call())

    # --- lists

    def contexts(self) -> pd.DataFrame:
        """The contexts of the kubeconfig, as `kubeaccess_magic.contexts`."""
        return inventory.contexts_frame(kubeconfigs.contexts(self._kubeconfig))

    def namespaces(self, *, name: str | None = None) -> pd.DataFrame:
        """The namespaces: name, phase, created. `name` may have ``*``."""
        arguments.texts(name=name)
        return inventory.namespaces(self.engine.discovery, self.call(), name)

    def nodes(self, *, name: str | None = None) -> pd.DataFrame:
        """The nodes, one row per node. `name` may have ``*``."""
        arguments.texts(name=name)
        return inventory.nodes(self.engine.discovery, self.call(), name)

    def services(
        self,
        namespace: str | None = None,
        *,
        all_namespaces: bool = False,
        selector: str | None = None,
        name: str | None = None,
    ) -> pd.DataFrame:
        """The services, one row per port.

        Parameters
        ----------
        namespace
            The Cluster's own if None.
        all_namespaces
            All of them. What may not be listed is left out, and ``attrs["kproxy"]["note"]`` says so.
        selector
            Labels, as kubectl takes them.
        name
            Only services of that name; may have ``*``.

        Returns
        -------
        DataFrame
            namespace, name, type, port_name, port, protocol, target_port, scheme (None if it is not HTTP), ready and
            endpoints (counts), external, app, and ``target``: the text to type.
        """
        arguments.texts(namespace=namespace, selector=selector, name=name)
        where = None if all_namespaces else namespace or self.namespace
        return inventory.services(self.engine.discovery, self.call(), where, selector, name)

    def pods(
        self,
        namespace: str | None = None,
        *,
        all_namespaces: bool = False,
        selector: str | None = None,
        name: str | None = None,
    ) -> pd.DataFrame:
        """The pods, one row per pod. Parameters: see `services`."""
        arguments.texts(namespace=namespace, selector=selector, name=name)
        where = None if all_namespaces else namespace or self.namespace
        return inventory.pods(self.engine.discovery, self.call(), where, selector, name)

    def info(self, namespace: str | None = None) -> pd.DataFrame:
        """The built-in services with their proxy URLs, a better ``kubectl cluster-info``.

        Parameters
        ----------
        namespace
            Where to look; kube-system if None (C1).

        Returns
        -------
        DataFrame
            name, url, target (the text to type), ready, endpoints, external, note. Where no service is labelled as
            built-in, the services that are there.
        """
        arguments.texts(namespace=namespace)

        def url_of(target: Target) -> str:
            return f"{self.server}{proxy_path(target)}/"

        return inventory.info(self.engine.discovery, self.call(), url_of, namespace)

    def can(self, method: str, target: str | Target) -> Access:
        """Whether a request may be sent: true or false, with ``.reason``, and the ``.role`` to ask for if not.

        The answer is for exactly what would be sent: this spelling of the name, and the verb of this method (A1, A2).
        """
        query = Query.of(target, method=arguments.method(method), raw=True, output="reply")
        return self.engine.access(query, self.call())[0]

    def user(self) -> str:
        """The user name that the API server sees."""
        return self.engine.discovery.who_am_i(self.call())

    def identity(self) -> tuple[str, tuple[str, ...]]:
        """The user name and the groups that the API server sees."""
        return self.engine.discovery.identity(self.call())

    # --- properties of the Cluster

    @property
    def server(self) -> str:
        """The API server's URL."""
        return self.engine.server

    @property
    def namespace(self) -> str:
        """The namespace of targets that name none."""
        return self.engine.namespace

    @property
    def name(self) -> str:
        """The context's name, or the server where there is no context."""
        return self.engine.name

    @property
    def context(self) -> Context | None:
        """The kubeconfig context; None for a Cluster made from an ``api_client``."""
        return self._context

    @property
    def impersonating(self) -> str | None:
        """The user to impersonate, if set on this Cluster rather than in the kubeconfig."""
        return self._impersonate

    @property
    def api_client(self) -> Any:
        """The official ``kubernetes.client.ApiClient``, over this Cluster's connections and credential."""
        return self._pool.api_client

    def close(self) -> None:
        """Close the connections."""
        self._pool.close()

    def __enter__(self) -> Cluster:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        acting = f" as {self._impersonate}" if self._impersonate else ""
        return one_line(redact(f"<Cluster {self.name}{acting}, namespace {self.namespace}, {self.server}>"))

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle a Cluster as its arguments, never with a secret."""
        if self._context is None:
            raise TypeError("a Cluster over an api_client cannot be pickled: the api_client holds secrets")
        return partial(Cluster, **self.recipe, **{name: getattr(self, name) for name in _LIMITS}), ()

    # --- for the magics and the panel

    def call(
        self,
        query: Query | None = None,
        *,
        say: Callable[[str], None] | None = None,
        progress: Callable[[int, int | None, str], None] | None = None,
        answered: Callable[[Reply], None] | None = None,
    ) -> Call:
        """Start a call within this Cluster's limits.

        Parameters
        ----------
        query
            A query whose own limits override the Cluster's.
        say, progress, answered
            Listeners, as for `Call`; lines are logged by default, so that a plugin's prompt can be seen.
        """
        return Call(self.limits(query), say=say or _log.warning, progress=progress, answered=answered)

    def limits(self, query: Query | None = None) -> Limits:
        """The limits of a query: its own where it has any, else the Cluster's."""
        frame = (self.max_cells, self.max_frame_bytes)
        own = (self.connect_timeout_s, self.silence_timeout_s, self.timeout_s, self.max_bytes, *frame)
        if self._limits is None or self._limits[0] != own:  # a limit was set anew
            self._limits = (own, arguments.limits(*own))
        limits = self._limits[1]
        if query is None or (query.timeout_s is None and query.max_bytes is None):
            return limits
        timeout_s = limits.total_s if query.timeout_s is None else query.timeout_s
        max_bytes = limits.max_bytes if query.max_bytes is None else query.max_bytes
        return arguments.limits(*own[:2], timeout_s, max_bytes, *frame)

    @property
    def recipe(self) -> dict[str, Any]:
        """The arguments that recreate this Cluster, without secrets; not for a Cluster made from an ``api_client``."""
        made = {
            "kubeconfig": self._kubeconfig,
            "namespace": self.namespace if self._context is None or self._named_namespace else None,
            "impersonate": self._impersonate,
            "impersonate_groups": self._groups,
        }
        return {"context": self._context.name if self._context else None} | {
            key: value for key, value in made.items() if value
        }

    def _outcome(self, query: Query, call: Call | None) -> Outcome:
        call = self.call(query) if call is None else call.child(self.limits(query))
        return self.engine.run(self.engine.prepare(query, call), call)


def _pool_over(api_client: Any, *others: object) -> Pool:
    """The pool of an official client, beside which no context, kubeconfig or user can be named."""
    if any(others):
        raise ConfigError("an api_client is signed in already", hint="leave context, kubeconfig and impersonate out")
    return Pool.for_api_client(api_client)


def _table_of(outcome: Outcome) -> Table:
    """The table that was asked for; what its frame does not hold is logged."""
    for line in outcome.lines('limit="all"'):
        _log.warning("%s", one_line(line))
    assert outcome.table is not None
    return outcome.table
