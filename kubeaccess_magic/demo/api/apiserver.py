"""The API server: authenticates and authorizes a request, and hands it to the code that answers."""

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
from .authentication import Authenticator, User, impersonated_user, impersonation_rights
from .encoding import LIST_REPRESENTATIONS, Representation, compress, encode, encode_error, negotiate
from .list_requests import list_options, make_list
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

_BODY_LIMIT_BYTES: Final = 3 * 2**20
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
    """No API is served at the path: answered by 404 in plain text."""


class ApiServer:
    """Answers the requests at the API server's port.

    Parameters
    ----------
    store, catalogue
        The objects, and the resources that they belong to.
    authenticator
        Finds out which user sends a request.
    network
        Connects to pods and nodes.
    hosts
        The values of the Host header that are this server's names. Only authenticated users may use others; else a
        web page could send requests through a host name of its own (X8).
    version
        The Kubernetes version, such as ``1.37.2``.
    """

    def __init__(
        self,
        store: Store,
        catalogue: Catalogue,
        authenticator: Authenticator,
        network: PodNetwork,
        hosts: frozenset[str],
        version: str,
    ) -> None:
        self.store = store
        self.catalogue = catalogue
        self.authorizer = Authorizer(store)
        self._authenticator = authenticator
        is_1_36 = version.startswith("1.36.")
        self._review_field = "spec.resourceAttributes" if is_1_36 else "spec"
        resolver = Resolver(store, by_slices=not is_1_36)
        self._proxy = ReverseProxy(resolver, network)
        self._streams = Streams(store, resolver, network, self.authorizer)
        self._hosts = hosts
        self._version = version

    async def __call__(self, exchange: Exchange) -> None:
        """Answer one request."""
        request = exchange.request
        audit_id = request.headers.get("Audit-Id")[:64] or str(uuid.uuid4())
        exchange.common_headers = [("Audit-Id", audit_id), ("Cache-Control", "no-cache, private")]
        try:
            user = self._authenticator.user(exchange)
            self._check_host(request, user)
            user = self._impersonate(request, user)
            info = request_info(request)
            if not _long_running(info):
                flow_headers = [
                    ("X-Kubernetes-Pf-Flowschema-Uid", _FLOW),
                    ("X-Kubernetes-Pf-Prioritylevel-Uid", _LEVEL),
                ]
                exchange.common_headers += flow_headers
            self.authorizer.check(user, info)
            if info.is_resource:
                await self._resource(exchange, info, user)
            else:
                await self._non_resource(exchange, info)
        except PageNotFoundError:
            await exchange.respond(404, Headers(_TEXT), b"404 page not found\n")
        except ApiError as error:
            if exchange.started:
                raise
            media_type, body = encode_error(error, request)
            await exchange.respond(error.code, Headers([("Content-Type", media_type), *error.headers]), body)

    # --- authentication and authorization

    def _check_host(self, request: IncomingRequest, user: User) -> None:
        if user.name == "system:anonymous" and request.host.lower() not in self._hosts:
            raise ApiError(403, "Forbidden", f'the host "{request.host}" is not this server', {})

    def _impersonate(self, request: IncomingRequest, user: User) -> User:
        for right in impersonation_rights(request.headers):
            attributes = Attributes(
                "impersonate", right.resource, right.subresource, right.group, right.namespace, right.name
            )
            decision = self.authorizer.decide(user, attributes)
            if not decision.allowed:
                scope = f'in the namespace "{right.namespace}"' if right.namespace else "at the cluster scope"
                raise refusal(user, attributes, decision, scope)
        return impersonated_user(request.headers) if request.headers.get("Impersonate-User") else user

    # --- resources

    def _route(self, info: RequestInfo) -> tuple[Resource, RequestInfo]:
        """Find the resource that a path names; the request info comes back with the namespace that applies.

        Raises
        ------
        PageNotFoundError
            The path is in no API group.
        ApiError
            404: the group does not serve this resource, or not at such a path.
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
            info = replace(info, namespace="")  # /api/v1/namespaces/shop is in the namespace shop for RBAC only
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
        has_name = len(info.parts) > 1
        if resource.namespaced and not info.namespace and (has_name or "list" not in resource.verbs):
            raise no_resource()
        if not resource.stored:
            await self._review(exchange, resource, info, user)
        elif info.verb == "watch":
            await watch(exchange, self.store, resource, info)
        elif info.verb == "list":
            await self._list(exchange, resource, info)
        elif info.verb == "get" and exchange.request.method == "GET" and has_name:
            await self._get(exchange, resource, info)
        else:
            await self._write(exchange, resource, info)

    async def _list(self, exchange: Exchange, resource: Resource, info: RequestInfo) -> None:
        request = exchange.request
        if request.method != "GET":
            raise not_allowed()
        representation = negotiate(request, _CONVERSIONS, LIST_REPRESENTATIONS)
        parameters = request.parameters
        options = list_options(parameters, resource)
        content = make_list(self.store, resource, info, options)
        if representation.convert == "Table":
            include = printers.include_object(parameters)
            content = printers.table(resource, content["items"], content["metadata"], include, representation.version)
        elif representation.convert == "PartialObjectMetadata":
            raise printers.not_convertible(representation.convert, f"a list (*core.{resource.list_kind})")
        elif representation.convert:
            content = printers.partial_list(content["items"], content["metadata"], representation.version)
        await send(exchange, 200, content, representation)

    async def _get(self, exchange: Exchange, resource: Resource, info: RequestInfo) -> None:
        request = exchange.request
        representation = negotiate(request, _CONVERSIONS)
        writes.check_name(info.parts[1])
        obj = self.store.get(resource.group, resource.name, info.namespace, info.parts[1])
        if obj is None:
            raise not_found(resource.name, info.parts[1], resource.group)
        if info.subresource == "scale":
            await send(exchange, 200, scale_of(obj), representation)
            return
        await send(exchange, 200, convert(resource, obj, representation, request), representation)

    async def _write(self, exchange: Exchange, resource: Resource, info: RequestInfo) -> None:
        request = exchange.request
        has_name = len(info.parts) > 1
        verb = info.verb if request.method != "HEAD" else ""
        subresource = resource.subresource(info.subresource)
        allowed = subresource.verbs if subresource else resource.verbs
        name_fits = has_name if verb in ("update", "patch", "delete") else not has_name
        if verb not in allowed or not (name_fits or subresource) or (resource.namespaced and not info.namespace):
            raise not_allowed()
        representation = negotiate(request, ("Table", "PartialObjectMetadata"))
        body = await self._body(exchange)
        code, obj = writes.write(self.store, resource, info, request, body)
        if obj.get("kind") not in ("Status", "Scale"):
            obj = convert(resource, obj, representation, request)
        await send(exchange, code, obj, representation)

    async def _review(self, exchange: Exchange, resource: Resource, info: RequestInfo, user: User) -> None:
        if exchange.request.method != "POST" or len(info.parts) > 1:
            raise not_allowed()
        representation = negotiate(exchange.request)
        writes.check_media_type(exchange.request)
        body = await self._body(exchange)
        if resource.kind == "TokenReview":
            answer = token_review(body, self._authenticator)
        else:
            answer = review(resource.kind, body, user, self.authorizer, info.namespace, self._review_field)
        await send(exchange, 201, answer, representation)

    async def _body(self, exchange: Exchange) -> bytes:
        body = await exchange.whole_body(_BODY_LIMIT_BYTES)
        if body is None:
            message = f"Request entity too large: limit is {_BODY_LIMIT_BYTES}"
            raise ApiError(413, "RequestEntityTooLarge", message, {})
        return body

    # --- everything else

    async def _non_resource(self, exchange: Exchange, info: RequestInfo) -> None:
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
            status, headers, body = openapi(path, self.catalogue, self._version)
            if status == 404:
                raise PageNotFoundError
            await exchange.respond(status, headers, body)
            return
        if path in ("/api", "/apis"):
            await self._groups(exchange, core=path == "/api")
            return
        content = self._document(path)
        if content is None:
            raise PageNotFoundError
        if request.method != "GET":
            raise not_allowed()
        representation = negotiate(request)
        if path in ("/version", "/"):
            representation = Representation(pretty=True)
        await send(exchange, 200, content, representation)

    def _document(self, path: str) -> Object | None:
        """The document at a path outside of the resources; None if there is none."""
        if path == "/version":
            return discovery_documents.version(self._version)
        if path == "/":
            groups = [f"/apis/{name}" for name in self.catalogue.groups() if name]
            fixed = ["/api", "/api/v1", "/apis", *_HEALTH, "/openapi/v2", "/openapi/v3", "/version"]
            return {"paths": sorted([*fixed, *groups])}
        parts = path.split("/")[1:]
        if parts[0] == "api":
            group, version = "", parts[1:]
        elif parts[0] == "apis":
            group, version = parts[1], parts[2:]
        else:
            return None
        versions = self.catalogue.groups().get(group)
        if versions is None or len(version) > 1:
            return None
        if not version:
            return discovery_documents.group(self.catalogue, group)
        if version[0] not in versions:
            raise no_resource()
        return discovery_documents.resource_list(self.catalogue, group, version[0])

    async def _groups(self, exchange: Exchange, core: bool) -> None:
        request = exchange.request
        representation = negotiate(request, ("APIGroupDiscoveryList",))
        if not representation.convert:
            content = (
                discovery_documents.api_versions(request.host)
                if core
                else discovery_documents.group_list(self.catalogue)
            )
            await send(exchange, 200, content, representation)
            return
        content, etag = discovery_documents.aggregated(self.catalogue, core)
        exchange.common_headers = [pair for pair in exchange.common_headers if pair[0] != "Cache-Control"]
        headers = Headers([("Cache-Control", "public"), ("Etag", etag), ("Vary", "Accept")])
        if request.headers.get("If-None-Match") == etag:
            await exchange.respond(304, headers)
            return
        headers.add("Content-Type", discovery_documents.AGGREGATED)
        _, body = encode(content, representation)
        await exchange.respond(200, headers, compress(request, headers, body))


async def send(exchange: Exchange, code: int, obj: Object, representation: Representation) -> None:
    """Send an object in the negotiated representation.

    Parameters
    ----------
    exchange
        The request to answer.
    code
        The status code.
    obj
        The object to send.
    representation
        How to write it.
    """
    media_type, body = encode(obj, representation)
    headers = Headers([("Content-Type", media_type)])
    await exchange.respond(code, headers, compress(exchange.request, headers, body))


def convert(resource: Resource, obj: Object, representation: Representation, request: IncomingRequest) -> Object:
    """Convert an object as the client asks: unchanged, to a Table, or to its metadata only.

    Parameters
    ----------
    resource
        The resource of the object.
    obj
        The object.
    representation
        The negotiated representation.
    request
        The request, whose query may say what a Table includes.

    Raises
    ------
    ApiError
        406: a single object cannot be converted so.
    """
    if representation.convert == "Table":
        metadata = {"resourceVersion": obj["metadata"].get("resourceVersion", "")}
        include = printers.include_object(request.parameters)
        return printers.table(resource, [obj], metadata, include, representation.version)
    if representation.convert == "PartialObjectMetadataList":
        raise printers.not_convertible(representation.convert, f"not a list (*core.{resource.kind})")
    if representation.convert:
        return printers.partial(obj, representation.version)
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
