"""What precedes the connection to a kubelet: finding pod and container, checking rights and the upgrade."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NoReturn

from ..api.authentication import User
from ..api.encoding import to_json
from ..api.rbac import Attributes, Authorizer
from ..api.requestinfo import RequestInfo
from ..api.status import ApiError, Object, bad_request, internal, invalid, not_found, plain_500
from ..api.store import Store
from ..http.exchange import Exchange
from ..http.headers import Headers
from ..http.message import IncomingRequest
from ..http.websocket import accept_websocket
from ..proxy.locations import Location, Resolver
from ..proxy.pod_network import DialError, PodNetwork

V5: Final = "v5.channel.k8s.io"
_INTEGERS: Final = ("limitBytes", "sinceSeconds", "tailLines")


class Streams:
    """Answers `pods/exec`, `pods/attach`, `pods/portforward` and `pods/log`.

    Parameters
    ----------
    store
        The objects.
    resolver, network
        Find kubelets and connect to them.
    authorizer
        Decides about the right to create that a WebSocket needs.
    """

    def __init__(self, store: Store, resolver: Resolver, network: PodNetwork, authorizer: Authorizer) -> None:
        self._store = store
        self._resolver = resolver
        self._network = network
        self._authorizer = authorizer

    async def __call__(self, exchange: Exchange, info: RequestInfo, user: User) -> None:
        """Answer one request.

        Parameters
        ----------
        exchange
            The request to answer.
        info
            What the request is about.
        user
            The user who sent it.

        Raises
        ------
        ApiError
            In all cases but two: the log of a pod without a node is answered by 204, and exec with the v5 protocol
            opens the WebSocket before it connects to the kubelet.
        """
        request = exchange.request
        if info.subresource == "log":
            await self._log(exchange, info)
            return
        if request.method == "GET" and request.headers.get("Upgrade").lower() == "websocket":
            self._check_create(info, user)
        if info.subresource == "portforward":
            _check_ports(request)
        pod = self._pod(info)
        container = (
            "" if info.subresource == "portforward" else _container(pod, request.parameters.get("container", ""))
        )
        location = self._node(pod)
        if location is None:
            raise bad_request(f"pod {info.name} does not have a host assigned")
        if not request.upgrades:
            raise bad_request("Upgrade request required")
        try:
            (await self._network.connect(location)).close()
        except DialError as error:
            if info.subresource != "portforward" and V5 in request.headers.items_of("Sec-Websocket-Protocol"):
                await _report_by_v5(exchange, f"{_kubelet_url(location, info, request, container)}: {error}")
                return
            raise plain_500(f"error dialing backend: {error}") from error
        _not_implemented(info)

    async def _log(self, exchange: Exchange, info: RequestInfo) -> None:
        parameters = exchange.request.parameters
        _check_log_options(parameters, info.name)
        pod = self._pod(info)
        container = _container(pod, parameters.get("container", ""))
        location = self._node(pod)
        if location is None:
            await exchange.respond(204, Headers())
            return
        try:
            (await self._network.connect(location)).close()
        except DialError as error:
            url = f"https://{location.host}/containerLogs/{info.namespace}/{info.name}/{container}"
            raise plain_500(f'Get "{url}": {error}') from error
        _not_implemented(info)

    def _check_create(self, info: RequestInfo, user: User) -> None:
        """Check the right to create: a WebSocket handshake is a GET, and needs that right as well (W7)."""
        attributes = Attributes("create", info.resource, info.subresource, "", info.namespace, info.name)
        if not self._authorizer.decide(user, attributes).allowed:
            details = {"name": info.name, "kind": "pods"}
            raise ApiError(403, "Forbidden", f'pods "{info.name}" is forbidden: ', details)

    def _pod(self, info: RequestInfo) -> Object:
        pod = self._store.get("", "pods", info.namespace, info.name)
        if pod is None:
            raise not_found("pods", info.name)
        return pod

    def _node(self, pod: Object) -> Location | None:
        name = pod["spec"].get("nodeName")
        return self._resolver.node(str(name)) if name else None


def _container(pod: Object, requested: str) -> str:
    spec, name = pod["spec"], pod["metadata"]["name"]
    names = [str(container["name"]) for container in spec["containers"]]
    init_names = [str(container["name"]) for container in spec.get("initContainers") or ()]
    if requested:
        if requested not in names + init_names:
            raise bad_request(f"container {requested} is not valid for pod {name}")
        return requested
    if len(names) == 1:
        return names[0]
    message = f"a container name must be specified for pod {name}, choose one of: [{' '.join(names)}]"
    if init_names:
        message += f" or one of the init containers: [{' '.join(init_names)}]"
    raise bad_request(message)


def _check_ports(request: IncomingRequest) -> None:
    for text in request.parameters.get("ports", "").split(","):
        problem = ""
        if text and not re.fullmatch(r"[0-9]+", text):
            problem = "invalid syntax"
        elif text and int(text) > 65535:
            problem = "value out of range"
        if problem:
            raise bad_request(f'cannot convert to []int32: strconv.ParseUint: parsing "{text}": {problem}')


def _check_log_options(parameters: Mapping[str, str], name: str) -> None:
    def problem(field: str, detail: str, cause: str = "FieldValueInvalid") -> ApiError:
        return invalid("PodLogOptions", "", name, field, detail, cause)

    numbers: dict[str, int] = {}
    for key in _INTEGERS:
        text = parameters.get(key, "")
        if text and not re.fullmatch(r"[-+]?[0-9]+", text):
            raise bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax')
        if text:
            numbers[key] = int(text)
    if parameters.get("stream"):
        raise problem("stream", "Forbidden: may not be specified", "FieldValueForbidden")
    if numbers.get("tailLines", 0) < 0:
        raise problem("tailLines", f"Invalid value: {numbers['tailLines']}: must be greater than or equal to 0")
    if numbers.get("limitBytes", 1) < 1:
        raise problem("limitBytes", f"Invalid value: {numbers['limitBytes']}: must be greater than 0")
    if "sinceSeconds" in numbers and parameters.get("sinceTime"):
        detail = "Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified"
        raise problem("[]", detail, "FieldValueForbidden")
    if numbers.get("sinceSeconds", 1) < 1:
        raise problem("sinceSeconds", f"Invalid value: {numbers['sinceSeconds']}: must be greater than 0")


def _kubelet_url(location: Location, info: RequestInfo, request: IncomingRequest, container: str) -> str:
    parameters = request.parameters
    query = [f"command={parameters['command']}"] if "command" in parameters else []
    streams = (("stderr", "error"), ("stdin", "input"), ("stdout", "output"), ("tty", "tty"))
    query += [f"{name}=1" for parameter, name in streams if parameters.get(parameter) in ("true", "1")]
    path = f"{info.subresource}/{info.namespace}/{info.name}/{container}"
    return f'Post "https://{location.host}/{path}?{"&".join(query)}"'


async def _report_by_v5(exchange: Exchange, problem: str) -> None:
    """Report an error by the v5 protocol: over an open WebSocket, on channel 3 (W11)."""
    websocket = await accept_websocket(exchange, V5)
    if websocket is None:
        raise bad_request("Upgrade request required")
    if exchange.request.parameters.get("stdout") in ("true", "1"):
        await websocket.send_bytes(b"\x01")
    status = internal(f"error sending request: {problem}").status
    for field in ("kind", "apiVersion"):
        del status[field]
    await websocket.send_bytes(b"\x03" + to_json(status).rstrip(b"\n"))
    await websocket.end()


def _not_implemented(info: RequestInfo) -> NoReturn:
    message = f"{info.resource}/{info.subresource} is not available in this demo cluster: its kubelets serve no streams"
    raise ApiError(501, "NotImplemented", message, {"name": info.name, "kind": info.resource})
