"""`Cluster`: the Python face. What the magic does, in the words of ``requests`` and pandas.

::

    from kubeaccess_magic import Cluster

    cluster = Cluster()                      # the context that kubectl would choose
    reply = cluster.get("kube-system/elasticsearch-logging", "_search?q=user:kimchy")
    reply.frame(), reply.json(), reply.text
    cluster.frame("monitoring/prometheus:9090", "api/v1/query", params={"query": "up"})
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from .. import credentials
from .. import kubeconfig as kubeconfigs
from ..call import Call
from ..discovery import inventory
from ..errors import ConfigError
from ..targets import Target
from ..text import printable, redact
from ..transport import Pool
from . import arguments
from .address import resolved
from .asking import Asker, Data, Pairs, Params, Prepared, log, told

if TYPE_CHECKING:
    import pandas as pd

    from ..access import Access
    from ..kubeconfig import Context
    from ..reply import Reply

__all__ = ["Cluster", "Prepared", "told"]


class Cluster(Asker):
    """One Kubernetes cluster, as one user.

    Nothing is contacted before the first question. A Cluster may be used from several threads, and in a ``with``.

    Parameters
    ----------
    context
        Name of a kubeconfig context; the one that kubectl would choose if None.
    kubeconfig
        A kubeconfig file; else ``KUBECONFIG``, ``~/.kube/config``, or the account of the pod that this runs in.
    namespace
        The namespace that a target without one is in; the context's if None.
    impersonate, impersonate_groups
        Ask as this user, and as a member of these groups.
    api_client
        An official ``kubernetes.client.ApiClient`` that is signed in already; instead of all the above but
        `namespace`.
    timeout_s
        Seconds that one request may take in all, with its pages.
    max_bytes
        Bytes that an answer may have, decoded.
    connect_timeout_s, silence_timeout_s, plugin_timeout_s
        Seconds to connect, seconds without a byte, and seconds that a credential plugin may take.

    Raises
    ------
    ConfigError
        There is no such context, or no kubeconfig at all.
    """

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
            if context or kubeconfig or self._impersonate:
                raise ConfigError(
                    "an api_client is signed in already", hint="leave context, kubeconfig and impersonate out"
                )
            pool = Pool.for_api_client(api_client)
        else:
            self._context = kubeconfigs.choose(context, kubeconfig=kubeconfig, namespace=namespace)
            credential = credentials.for_context(
                self._context,
                impersonate=self._impersonate,
                impersonate_groups=self._groups,
                plugin_limit_s=self.plugin_timeout_s,
            )
            pool = Pool.for_context(self._context, credential)
        super().__init__(
            pool,
            self._context.name if self._context else pool.upstream.url,
            namespace or (self._context.namespace if self._context else "default"),
            kubeconfig,
            timeout_s=timeout_s,
            max_bytes=max_bytes,
            connect_timeout_s=connect_timeout_s,
            silence_timeout_s=silence_timeout_s,
        )

    # --- asking an app

    def get(self, target: str | Target, path: str = "/", **options: Any) -> Reply:
        """Ask by GET; the app's answer, whatever its status. Parameters and errors: see `request`."""
        return self.request("GET", target, path, **options)

    def head(self, target: str | Target, path: str = "/", **options: Any) -> Reply:
        """Ask by HEAD; see `request`."""
        return self.request("HEAD", target, path, **options)

    def post(self, target: str | Target, path: str = "/", **options: Any) -> Reply:
        """Ask by POST; see `request`."""
        return self.request("POST", target, path, **options)

    def put(self, target: str | Target, path: str = "/", **options: Any) -> Reply:
        """Ask by PUT; see `request`."""
        return self.request("PUT", target, path, **options)

    def patch(self, target: str | Target, path: str = "/", **options: Any) -> Reply:
        """Ask by PATCH; see `request`."""
        return self.request("PATCH", target, path, **options)

    def delete(self, target: str | Target, path: str = "/", **options: Any) -> Reply:
        """Ask by DELETE; see `request`."""
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
        """Ask a service, a pod or a node in the cluster, or the API server itself.

        Parameters
        ----------
        method
            The HTTP method. The API server itself and nodes are asked by GET and HEAD only.
        target
            Whom to ask: ``namespace/name``, ``name:port``, ``https:name:port``, ``pod/name``, ``node/name``, a URL as
            it works inside the cluster, a proxy URL, or an API path.
        path
            Path and query at the target, as they are meant there.
        params
            Added to the query: a mapping or pairs, fully encoded, or a text as it is typed in a query.
        headers
            Sent along; what the proxy verb cannot carry is refused.
        json
            A body, sent as JSON.
        data
            A body: bytes, text, or the fields of a form, as a mapping or pairs.
        via
            The way to connect; ``auto`` chooses.
        timeout_s, max_bytes
            Instead of the Cluster's own, in seconds and in bytes of the decoded body.
        call
            Told of progress and prompts, and able to stop the request.

        Returns
        -------
        Reply
            The app's answer, whatever its status.

        Raises
        ------
        TargetError
            Nothing was sent: the target or the request cannot be as written.
        NotFound, AccessDenied, CredentialError, Unreachable
            The API server itself refused; in plain words (E1 to E8).
        LimitExceeded, TimedOut
            It was too large, or took too long.
        """
        call = self._call(call, timeout_s, max_bytes)
        words: Any = {"params": params, "headers": headers, "json": json, "data": data}
        prepared = self.prepare(method, target, path, **words, via=via, timeout_s=timeout_s, call=call)
        return self.send(prepared.request, via=via, timeout_s=timeout_s, max_bytes=max_bytes, call=call)

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
        """Ask, and give the answer as a DataFrame.

        Parameters
        ----------
        target, path, json, data, params, headers, via, timeout_s, max_bytes, call
            As for `request`.
        method
            GET, or POST where there is a body.
        dialect
            Which family of APIs the answer is read as; found out if None.
        limit
            How many rows, or ``"all"``; one answer if None.
        raw
            Whether the request goes out exactly as written.
        **options
            For the dialect: ``rows="a.b"``, ``agg="name"``, ``wide=True``.

        Returns
        -------
        DataFrame
            ``attrs["kproxy"]`` says where it came from: context, target, path, dialect, way, time, and how many rows
            it holds of how many there are. Where it holds less than the answer tells of, a line is logged as well.

        Raises
        ------
        AppError
            The app answered 400 or above.
        LoadError
            No dialect takes the answer.

        Notes
        -----
        A kernel interrupt ends a wait at once; with pages at hand they are the frame, and a line says how many. The
        first that comes while a page is read in lets it be read to its end: in the main thread, SIGINT has a handler
        of this call's own until the frame is made.
        """
        call = self._call(call, timeout_s, max_bytes)
        words: Any = {"params": params, "headers": headers, "json": json, "data": data}
        prepared = self.prepare(method, target, path, **words, via=via, timeout_s=timeout_s, call=call)
        framed = self.send_for_frame(
            prepared.request,
            dialect=dialect,
            limit=limit,
            raw=raw,
            via=via,
            timeout_s=timeout_s,
            max_bytes=max_bytes,
            call=call,
            **options,
        )
        for line in filter(None, (framed.held('limit="all"'), framed.note)):
            log.warning("%s", line)
        return framed.loaded.frame

    # --- addresses

    def url(self, target: str | Target, path: str = "/") -> str:
        """The proxy URL: what `get` would ask, as text."""
        request = self.prepare("GET", target, path, call=told()).request
        return self.server + request.url_path()

    def resolve(self, target: str | Target) -> Target:
        """The target with namespace, port and scheme filled in.

        Raises
        ------
        NotFound
            There is no such service, or none of its ports is meant; the hint says what to type.
        """
        found = self.addressed(target)
        return resolved(found.target, self.namespace, found.by_http_url, self._discovery, told())[0]

    # --- what is there

    def contexts(self) -> pd.DataFrame:
        """The contexts of the kubeconfig, as `kubeaccess_magic.contexts`."""
        return inventory.contexts_frame(kubeconfigs.contexts(self._kubeconfig))

    def namespaces(self, *, name: str | None = None) -> pd.DataFrame:
        """The namespaces: name, phase, created. `name` may have ``*``."""
        arguments.texts(name=name)
        return inventory.namespaces(self._discovery, told(), name)

    def nodes(self, *, name: str | None = None) -> pd.DataFrame:
        """The nodes, one row each."""
        arguments.texts(name=name)
        return inventory.nodes(self._discovery, told(), name)

    def services(
        self,
        namespace: str | None = None,
        *,
        all_namespaces: bool = False,
        selector: str | None = None,
        name: str | None = None,
    ) -> pd.DataFrame:
        """The services, one row a port.

        Parameters
        ----------
        namespace
            The Cluster's if None.
        all_namespaces
            All of them; what may not be listed is left out, and ``attrs["kproxy"]["note"]`` says so.
        selector
            Labels, as kubectl takes them.
        name
            Only these; may have ``*``.

        Returns
        -------
        DataFrame
            namespace, name, type, port_name, port, protocol, target_port, scheme (None: speaks no HTTP), ready and
            endpoints (counts), external, app, and ``target``: the text to type.
        """
        arguments.texts(namespace=namespace, selector=selector, name=name)
        where = None if all_namespaces else namespace or self.namespace
        return inventory.services(self._discovery, told(), where, selector, name, self.namespace)

    def pods(
        self,
        namespace: str | None = None,
        *,
        all_namespaces: bool = False,
        selector: str | None = None,
        name: str | None = None,
    ) -> pd.DataFrame:
        """The pods, one row each; parameters as of `services`."""
        arguments.texts(namespace=namespace, selector=selector, name=name)
        where = None if all_namespaces else namespace or self.namespace
        return inventory.pods(self._discovery, told(), where, selector, name, self.namespace)

    def info(self, namespace: str | None = None) -> pd.DataFrame:
        """What ``kubectl cluster-info`` prints, made better: each built-in service with its proxy URL.

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
        return inventory.info(self._discovery, told(), self.server, namespace, self.namespace)

    def can(self, method: str, target: str | Target) -> Access:
        """Whether this may be asked: true or false, with ``.reason``, and ``.role`` to ask for if not.

        What is asked about is what would be sent: that very form of the name, and the verb of that method (A1, A2).
        """
        return self.may(method, target)[0]

    def user(self) -> str:
        """The user name that the API server sees."""
        return self._discovery.who_am_i(told())

    def identity(self) -> tuple[str, tuple[str, ...]]:
        """The user name and the groups that the API server sees."""
        return self._discovery.identity(told())

    # --- itself

    @property
    def context(self) -> Context | None:
        """The kubeconfig context, or None for one that was made from an ``api_client``."""
        return self._context

    @property
    def impersonating(self) -> str | None:
        """As whom it asks, where that was said here and not in the kubeconfig."""
        return self._impersonate

    @property
    def api_client(self) -> Any:
        """The official ``kubernetes.client.ApiClient``, over this Cluster's connections and credential."""
        return self._pool.api_client

    def close(self) -> None:
        """Close its connections."""
        self._pool.close()

    def __enter__(self) -> Cluster:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        acting = f" as {self._impersonate}" if self._impersonate else ""
        return printable(redact(f"<Cluster {self.name}{acting}, namespace {self.namespace}, {self.server}>"))

    def __reduce__(self) -> tuple[Any, ...]:
        """A Cluster pickles as its recipe: which context, which file; never with a secret."""
        if self._context is None:
            raise TypeError("a Cluster over an api_client cannot be pickled: the api_client holds secrets")
        limits = ("timeout_s", "max_bytes", "connect_timeout_s", "silence_timeout_s", "plugin_timeout_s")
        return partial(Cluster, **self.recipe, **{name: getattr(self, name) for name in limits}), ()

    # --- for the rooms above, which want to know what was chosen

    @property
    def recipe(self) -> dict[str, Any]:
        """The arguments that make this Cluster again; no secret among them. Not for one over an ``api_client``."""
        made = {
            "kubeconfig": self._kubeconfig,
            "namespace": self._namespace if self._context is None or self._named_namespace else None,
            "impersonate": self._impersonate,
            "impersonate_groups": self._groups,
        }
        return {"context": self._context.name if self._context else None} | {
            key: value for key, value in made.items() if value
        }
