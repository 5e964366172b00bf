"""The API server: who asks, whether they may, and which room answers."""

from __future__ import annotations

import logging
import uuid
from dataclasses import replace
from typing import Final

from ..http.exchange import Exchange
from ..http.headers import Headers
from ..http.message import IncomingRequest
from ..proxy.locations import Resolver
from ..proxy.pod_network import PodNetwork
from ..proxy.reverse_proxy import ReverseProxy
from ..streams.handshake import Streams
from . import discovery_documents, printers, writes
from .authentication import Authenticator, User, impersonated, impersonation_rights
from .encoding import LIST_REPRESENTATIONS, Representation, compressed, encode, encode_error, negotiate
from .list_requests import list_options, listed
from .openapi import openapi
from .rbac import Attributes, Authorizer, refusal
from .requestinfo import VERBS, RequestInfo, request_info
from .resources import Catalogue, Resource
from .review_requests import review, token_review
from .scale import scale_of
from .status import ApiError, Object, name_missing, no_resource, not_allowed, not_found
from .store import Store
from .watch import watch

logger = logging.getLogger("kubeaccess_magic.demo")

BODY_LIMIT: Final = 3 * 2**20
_LONG_RUNNING: Final = ("attach", "exec", "log", "portforward", "proxy")
_STREAMS: Final = ("attach", "exec", "log", "portforward")
_FLOW: Final = str(uuid.uuid5(uuid.NAMESPACE_URL, "flow schema"))
_LEVEL: Final = str(uuid.uuid5(uuid.NAMESPACE_URL, "priority level"))
_HEALTH: Final = ("/healthz", "/livez", "/readyz")
_PINGS: Final = tuple(f"{path}/{check}" for path in _HEALTH for check in ("ping", "etcd", "log"))
_TEXT: Final = (("Content-Type", "text/plain; charset=utf-8"), ("X-Content-Type-Options", "nosniff"))
_CONVERSIONS: Final = ("Table", "PartialObjectMetadata", "PartialObjectMetadataList")
_DEPRECATED: Final = '299 - "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"'


class PageNotFoundError(Exception):
    """404 in plain text: nothing is served below that path."""


class ApiServer:
    """Answers every request of the API's own port.

    Parameters
    ----------
    hosts
        The Host values by which this server is known. Who signs in may use others; who does not may not, so that
        no web page can ask it by a name of its own (X8).
    version
        Such as ``1.37.2``.
    """

    def __init__(
        self,
        store: Store,
        catalogue: Catalogue,
        sign_in: Authenticator,
        network: PodNetwork,
        hosts: frozenset[str],
        version: str,
    ) -> None:
        self.store = store
        self.catalogue = catalogue
        self.authorizer = Authorizer(store)
        self._sign_in = sign_in
        older = version.startswith("1.36.")
        self._review_field = "spec.resourceAttributes" if older else "spec"
        resolver = Resolver(store, by_slices=not older)
        self._proxy = ReverseProxy(resolver, network)
        self._streams = Streams(store, resolver, network, self.authorizer)
        self._hosts = hosts
        self._version = version

    async def __call__(self, exchange: Exchange) -> None:
        """Answer one exchange."""
        request = exchange.request
        audit = request.headers.get("Audit-Id")[:64] or str(uuid.uuid4())
        exchange.common_headers = [("Audit-Id", audit), ("Cache-Control", "no-cache, private")]
        try:
            user = self._sign_in.user(exchange)
            self._check_host(request, user)
            user = self._impersonate(request, user)
            info = request_info(request)
            if not _long_running(info):
                flow = [("X-Kubernetes-Pf-Flowschema-Uid", _FLOW), ("X-Kubernetes-Pf-Prioritylevel-Uid", _LEVEL)]
                exchange.common_headers += flow
            self.authorizer.check(user, info)
            if info.is_resource:
                await self._resource(exchange, info, user)
            else:
                await self._other(exchange, info)
        except PageNotFoundError:
            await exchange.respond(404, Headers(_TEXT), b"404 page not found\n")
        except ApiError as error:
            if exchange.started:
                raise
            media, body = encode_error(error, request)
            await exchange.respond(error.code, Headers([("Content-Type", media), *error.headers]), body)

    # --- before the answer

    def _check_host(self, request: IncomingRequest, user: User) -> None:
        if user.name == "system:anonymous" and request.host.lower() not in self._hosts:
            raise ApiError(403, "Forbidden", f'the host "{request.host}" is not this server', {})

    def _impersonate(self, request: IncomingRequest, user: User) -> User:
        for wish in impersonation_rights(request.headers):
            wanted = Attributes("impersonate", wish.resource, wish.subresource, wish.group, wish.namespace, wish.name)
            decision = self.authorizer.decide(user, wanted)
            if not decision.allowed:
                scope = f'in the namespace "{wish.namespace}"' if wish.namespace else "at the cluster scope"
                raise refusal(user, wanted, decision, scope)
        return impersonated(request.headers) if request.headers.get("Impersonate-User") else user

    # --- resources

    def _route(self, info: RequestInfo) -> tuple[Resource, RequestInfo]:
        """Find the resource that a path names; the request info comes back with the namespace that counts.

        Raises
        ------
        PageNotFoundError
            The path is in no API group.
        ApiError
            404: the group does not serve this resource, or not in such a path.
        """
        prefix = f"/apis/{info.group}/{info.version}/" if info.group else f"/api/{info.version}/"
        versions = self.catalogue.groups().get(info.group)
        if versions is None or not info.path.startswith(prefix):
            raise PageNotFoundError
        resource = self.catalogue.find(info.group, info.version, info.resource)
        if resource is None or info.verb == "proxy":
            raise no_resource()
        if not resource.namespaced:
            if info.namespace and resource.name != "namespaces":
                raise no_resource()
            info = replace(info, namespace="")  # /api/v1/namespaces/shop is in the namespace shop, to RBAC alone
        elif len(info.parts) > 1 and not _names_namespace(info.path.removeprefix(prefix)):
            raise no_resource()
        if info.subresource and resource.subresource(info.subresource) is None:
            raise no_resource()
        if len(info.parts) > 3 and info.subresource != "proxy":
            raise no_resource()
        return resource, info

    async def _resource(self, exchange: Exchange, info: RequestInfo, user: User) -> None:
        resource, info = self._route(info)
        if info.subresource == "proxy":
            await self._proxy(exchange, info)
            return
        _check_named(resource, info, exchange.request.method)
        if resource.name == "endpoints":
            exchange.common_headers.append(("Warning", _DEPRECATED))
        if info.subresource in _STREAMS:
            await self._streams(exchange, info, user)
            return
        named = len(info.parts) > 1
        if resource.namespaced and not info.namespace and (named or "list" not in resource.verbs):
            raise no_resource()
        if not resource.stored:
            await self._review(exchange, resource, info, user)
        elif info.verb == "watch":
            await watch(exchange, self.store, resource, info)
        elif info.verb == "list":
            await self._list(exchange, resource, info)
        elif info.verb == "get" and exchange.request.method == "GET" and named:
            await self._get(exchange, resource, info)
        else:
            await self._write(exchange, resource, info)

    async def _list(self, exchange: Exchange, resource: Resource, info: RequestInfo) -> None:
        request = exchange.request
        if request.method != "GET":
            raise not_allowed()
        form = negotiate(request, _CONVERSIONS, LIST_REPRESENTATIONS)
        parameters = request.parameters
        options = list_options(parameters, resource)
        found = listed(self.store, resource, info, options)
        if form.convert == "Table":
            include = printers.include_object(parameters)
            found = printers.table(resource, found["items"], found["metadata"], include, form.version)
        elif form.convert == "PartialObjectMetadata":
            raise printers.not_convertible(form.convert, f"a list (*core.{resource.list_kind})")
        elif form.convert:
            found = printers.partial_list(found["items"], found["metadata"], form.version)
        await send(exchange, 200, found, form)

    async def _get(self, exchange: Exchange, resource: Resource, info: RequestInfo) -> None:
        request = exchange.request
        form = negotiate(request, _CONVERSIONS)
        writes.check_name(info.parts[1])
        obj = self.store.get(resource.group, resource.name, info.namespace, info.parts[1])
        if obj is None:
            raise not_found(resource.name, info.parts[1], resource.group)
        if info.subresource == "scale":
            await send(exchange, 200, scale_of(obj), form)
            return
        await send(exchange, 200, converted(resource, obj, form, request), form)

    async def _write(self, exchange: Exchange, resource: Resource, info: RequestInfo) -> None:
        request = exchange.request
        named = len(info.parts) > 1
        verb = info.verb if request.method != "HEAD" else ""
        known = resource.subresource(info.subresource)
        allowed = known.verbs if known else resource.verbs
        fits = named if verb in ("update", "patch", "delete") else not named
        if verb not in allowed or not (fits or known) or (resource.namespaced and not info.namespace):
            raise not_allowed()
        form = negotiate(request, ("Table", "PartialObjectMetadata"))
        body = await self._body(exchange)
        code, obj = writes.write(self.store, resource, info, request, body)
        if obj.get("kind") not in ("Status", "Scale"):
            obj = converted(resource, obj, form, request)
        await send(exchange, code, obj, form)

    async def _review(self, exchange: Exchange, resource: Resource, info: RequestInfo, user: User) -> None:
        if exchange.request.method != "POST" or len(info.parts) > 1:
            raise not_allowed()
        form = negotiate(exchange.request)
        writes.check_media(exchange.request)
        body = await self._body(exchange)
        if resource.kind == "TokenReview":
            answer = token_review(body, self._sign_in)
        else:
            answer = review(resource.kind, body, user, self.authorizer, info.namespace, self._review_field)
        await send(exchange, 201, answer, form)

    async def _body(self, exchange: Exchange) -> bytes:
        body = await exchange.whole_body(BODY_LIMIT)
        if body is None:
            message = f"Request entity too large: limit is {BODY_LIMIT}"
            raise ApiError(413, "RequestEntityTooLarge", message, {})
        return body

    # --- everything else

    async def _other(self, exchange: Exchange, info: RequestInfo) -> None:
        request = exchange.request
        path = info.path if info.path == "/" else info.path.rstrip("/")
        if path in _HEALTH:
            verbose = "verbose" in request.parameters
            text = f"[+]ping ok\n[+]etcd ok\n{path[1:]} check passed\n" if verbose else "ok"
            await exchange.respond(200, Headers(_TEXT), text.encode())
            return
        if path in _PINGS:
            await exchange.respond(200, Headers(_TEXT[:1]), b"ok")
            return
        if path.startswith("/openapi/"):
            status, headers, body = openapi(path, request, self.catalogue, self._version)
            if status == 404:
                raise PageNotFoundError
            await exchange.respond(status, headers, body)
            return
        if path in ("/api", "/apis"):
            await self._groups(exchange, core=path == "/api")
            return
        found = self._document(path)
        if found is None:
            raise PageNotFoundError
        if request.method != "GET":
            raise not_allowed()
        form = negotiate(request)
        if path in ("/version", "/"):
            form = Representation(pretty=True)
        await send(exchange, 200, found, form)

    def _document(self, path: str) -> Object | None:
        if path == "/version":
            return discovery_documents.version(self._version)
        if path == "/":
            groups = [f"/apis/{name}" for name in self.catalogue.groups() if name]
            return {
                "paths": sorted(
                    ["/api", "/api/v1", "/apis", *groups, *_HEALTH, "/openapi/v2", "/openapi/v3", "/version"]
                )
            }
        parts = path.split("/")[1:]
        groups_known = self.catalogue.groups()
        known = groups_known.get("" if parts[0] == "api" else parts[1] if len(parts) > 1 else "-")
        if known and len(parts) == (2 if parts[0] == "api" else 3) and parts[-1] not in known:
            raise no_resource()
        if parts[0] == "api" and len(parts) == 2 and parts[1] in groups_known[""]:
            return discovery_documents.resource_list(self.catalogue, "", parts[1])
        if parts[0] == "apis" and len(parts) == 2 and parts[1] in groups_known:
            return discovery_documents.group(self.catalogue, parts[1])
        if parts[0] == "apis" and len(parts) == 3 and parts[2] in groups_known.get(parts[1], ()):
            return discovery_documents.resource_list(self.catalogue, parts[1], parts[2])
        return None

    async def _groups(self, exchange: Exchange, core: bool) -> None:
        request = exchange.request
        form = negotiate(request, ("APIGroupDiscoveryList",))
        if not form.convert:
            found = (
                discovery_documents.api_versions(request.host)
                if core
                else discovery_documents.group_list(self.catalogue)
            )
            await send(exchange, 200, found, form)
            return
        found, tag = discovery_documents.aggregated(self.catalogue, core)
        exchange.common_headers = [pair for pair in exchange.common_headers if pair[0] != "Cache-Control"]
        headers = Headers([("Cache-Control", "public"), ("Etag", tag), ("Vary", "Accept")])
        if request.headers.get("If-None-Match") == tag:
            await exchange.respond(304, headers)
            return
        headers.add("Content-Type", discovery_documents.AGGREGATED)
        _, body = encode(found, form)
        await exchange.respond(200, headers, compressed(request, headers, body))


async def send(exchange: Exchange, code: int, obj: Object, form: Representation) -> None:
    """Answer with an object in the form that was negotiated."""
    media, body = encode(obj, form)
    headers = Headers([("Content-Type", media)])
    await exchange.respond(code, headers, compressed(exchange.request, headers, body))


def converted(resource: Resource, obj: Object, form: Representation, request: IncomingRequest) -> Object:
    """One object as itself, as a table, or as its metadata."""
    if form.convert == "Table":
        metadata = {"resourceVersion": obj["metadata"].get("resourceVersion", "")}
        include = printers.include_object(request.parameters)
        return printers.table(resource, [obj], metadata, include, form.version)
    if form.convert == "PartialObjectMetadataList":
        raise printers.not_convertible(form.convert, f"not a list (*core.{resource.kind})")
    if form.convert:
        return printers.partial(obj, form.version)
    return obj


def _long_running(info: RequestInfo) -> bool:
    """Whether API Priority and Fairness lets the request pass uncounted (E11, T12)."""
    if info.verb == "watch":
        return False
    return info.verb == "proxy" or (info.is_resource and info.subresource in _LONG_RUNNING)


def _check_named(resource: Resource, info: RequestInfo, method: str) -> None:
    """Refuse a subresource of an object whose name is empty (N8).

    Raises
    ------
    ApiError
        400, or 405 where the subresource does not have this method at all.
    """
    subresource = resource.subresource(info.subresource)
    if subresource is None or info.name:
        return
    raise name_missing() if VERBS.get(method, "") in subresource.verbs else not_allowed()


def _names_namespace(path: str) -> bool:
    """Whether a path below a group's version names a namespace, be it an empty one."""
    return path.removeprefix("watch/").startswith("namespaces/")
