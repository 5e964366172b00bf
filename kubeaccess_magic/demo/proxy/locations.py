"""Finds the address behind a segment (S1-S13, D1-D8), as either generation of the real server does."""

from __future__ import annotations

import ipaddress
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ..api.status import ApiError, Object, bad_request, not_found, plain_500, unavailable
from ..api.store import Store, slices_of_service
from ..api.writes import check_name
from ..http.exchange import AbortConnection
from .segment import Segment

KUBELET_PORT: Final = 10250


@dataclass(frozen=True, slots=True)
class Location:
    """Where a proxied request goes.

    Attributes
    ----------
    scheme
        ``http`` or ``https``.
    host
        The host, with the port if one is named.
    kubelet
        Whether it is a kubelet, to which the API server shows its client certificate (D5).
    """

    scheme: str
    host: str
    kubelet: bool = False

    @property
    def address(self) -> str:
        """The host and port to connect to; without a port, the default of the scheme."""
        if (self.host.startswith("[") and self.host.endswith("]")) or ":" not in self.host:
            return f"{self.host}:{443 if self.scheme == 'https' else 80}"
        host, _, port = self.host.rpartition(":")
        return f"{host}:{int(port)}"


class Resolver:
    """Finds the addresses of services, pods and nodes in the store.

    Parameters
    ----------
    store
        The objects.
    by_slices
        Whether to resolve services by EndpointSlices (from 1.37 on) or by Endpoints (up to 1.36).
    """

    def __init__(self, store: Store, by_slices: bool) -> None:
        self._store = store
        self._by_slices = by_slices

    def service(self, namespace: str, text: str) -> Location:
        """Choose a ready endpoint of a service.

        Parameters
        ----------
        namespace
            The service's namespace.
        text
            The segment: ``[scheme:]name[:port]``.

        Raises
        ------
        ApiError
            400: the segment is invalid; 404 or 503: there is no such service, port or endpoint (S1-S13).
        """
        segment = Segment.parse(text, "service")
        if not namespace:
            raise bad_request("missing required namespace" if self._by_slices else "Namespace parameter required.")
        port = segment.port
        if not self._by_slices or segment.number is not None:
            check_name(segment.name)
        if segment.number is not None:
            port = self._port_name(namespace, segment.name, segment.number)
        choices = (
            self._from_slices(namespace, segment, port)
            if self._by_slices
            else self._from_endpoints(namespace, segment, port)
        )
        return Location(segment.scheme or "http", random.choice(choices))

    def pod(self, namespace: str, text: str) -> Location:
        """Find a pod's address.

        Parameters
        ----------
        namespace
            The pod's namespace.
        text
            The segment: ``[scheme:]name[:port]``.

        Raises
        ------
        ApiError
            400 or 404: the segment or the address is invalid, or there is no such pod (D1, D3).
        AbortConnection
            The port is not an unsigned number, at which the real server panics (D2).
        """
        segment = Segment.parse(text, "pod")
        check_name(segment.name)
        pod = self._store.get("", "pods", namespace, segment.name)
        if pod is None:
            raise not_found("pods", segment.name)
        port = segment.port
        if not port:
            containers = pod["spec"].get("containers") or ()
            with_ports: list[Object] = next(
                (container["ports"] for container in containers if container.get("ports")), []
            )
            port = str(with_ports[0]["containerPort"]) if with_ports else ""
        addresses = pod.get("status", {}).get("podIPs") or []
        host = _allowed(str(addresses[0]["ip"]) if addresses else "")
        if port and not port.isdecimal():
            raise AbortConnection
        return Location(segment.scheme or "http", f"{host}:{port}" if port else host)

    def node(self, text: str) -> Location:
        """Find the address of a node's kubelet, or of another port of the node.

        Raises
        ------
        ApiError
            400, 404 or 500: the segment is invalid, or there is no such node, or it has no usable address (D8).
        AbortConnection
            The port is not an unsigned number, at which the real server panics (D2).
        """
        segment = Segment.parse(text, "node")
        check_name(segment.name)
        node = self._store.get("", "nodes", "", segment.name)
        if node is None:
            raise not_found("nodes", segment.name)
        status = node.get("status", {})
        addresses = [(str(entry["type"]), str(entry["address"])) for entry in status.get("addresses") or ()]
        preferred = ("Hostname", "InternalDNS", "InternalIP", "ExternalDNS", "ExternalIP")
        usable = [
            address
            for preferred_kind in preferred
            for kind, address in addresses
            if kind == preferred_kind and _is_ip(address)
        ]
        if not usable:
            if addresses:
                raise bad_request(f"lookup {addresses[0][1]}: no such host")
            raise plain_500("no preferred addresses found; known addresses: []")
        host = _allowed(usable[0])
        kubelet = int(status.get("daemonEndpoints", {}).get("kubeletEndpoint", {}).get("Port") or KUBELET_PORT)
        if not segment.port or segment.port == str(kubelet):
            return Location("https", f"{host}:{kubelet}", kubelet=True)
        if not segment.port.isdecimal():
            raise AbortConnection
        return Location(segment.scheme or "http", f"{host}:{segment.port}")

    # --- services

    def _port_name(self, namespace: str, name: str, number: int) -> str:
        service = self._store.get("", "services", namespace, name)
        if service is None:
            raise not_found("services", name)
        for port in service["spec"].get("ports") or ():
            if port["port"] == number:
                return str(port.get("name", ""))
        raise unavailable(f'no service port {number} found for service "{name}"')

    def _from_endpoints(self, namespace: str, segment: Segment, port: str) -> list[str]:
        endpoints = self._store.get("", "endpoints", namespace, segment.name)
        if endpoints is None:
            raise not_found("services", segment.name)  # even if the service exists (S12)
        subsets = endpoints.get("subsets") or []
        if not subsets:
            raise _no_endpoints(segment.name)
        for subset in random.sample(subsets, len(subsets)):
            for endpoint_port in subset.get("ports") or ():
                if endpoint_port.get("name", "") == port:
                    addresses = [
                        _host_port(address["ip"], endpoint_port["port"])
                        for address in subset.get("addresses") or ()
                        if self._is_own_pod(address.get("targetRef"), namespace, address["ip"])
                    ]
                    if addresses:
                        return addresses
        raise _no_endpoints(segment.text)  # the whole segment (S13)

    def _from_slices(self, namespace: str, segment: Segment, port: str) -> list[str]:
        slices = list(
            slices_of_service(self._store.objects("discovery.k8s.io", "endpointslices", namespace), segment.name)
        )
        families = self._families(namespace, segment.name)
        slices.sort(
            key=lambda obj: families.index(obj["addressType"]) if obj["addressType"] in families else len(families)
        )
        for family in dict.fromkeys(obj["addressType"] for obj in slices):
            addresses = [
                address
                for obj in slices
                if obj["addressType"] == family
                for address in self._slice_addresses(obj, namespace, port)
            ]
            if addresses:
                return addresses
        raise _no_endpoints(segment.name)

    def _slice_addresses(self, obj: Object, namespace: str, port: str) -> Iterator[str]:
        numbers = [
            slice_port["port"]
            for slice_port in obj.get("ports") or ()
            if slice_port.get("name", "") == port and slice_port.get("port")
        ]
        for endpoint in obj.get("endpoints") or () if numbers else ():
            ready = (endpoint.get("conditions") or {}).get("ready")
            address = endpoint["addresses"][0]
            if ready is not False and self._is_own_pod(endpoint.get("targetRef"), namespace, address):
                yield _host_port(address, numbers[0])

    def _families(self, namespace: str, name: str) -> list[str]:
        service = self._store.get("", "services", namespace, name)
        return list(service["spec"].get("ipFamilies") or ()) if service else []

    def _is_own_pod(self, reference: Object | None, namespace: str, address: str) -> bool:
        """Whether an endpoint refers to a pod of this namespace that has this address (S7)."""
        if not reference or reference.get("kind") != "Pod" or reference.get("namespace") != namespace:
            return False
        pod = self._store.get("", "pods", namespace, str(reference.get("name", "")))
        return pod is not None and address in [entry["ip"] for entry in pod.get("status", {}).get("podIPs") or ()]


def _no_endpoints(name: str) -> ApiError:
    return unavailable(f'no endpoints available for service "{name}"')


def _allowed(address: str) -> str:
    """The address as a host, unless the API server must not connect to it (D3, D8, X6)."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        raise bad_request("address not allowed") from None
    if parsed.is_loopback or parsed.is_link_local or parsed.is_multicast or parsed.is_unspecified:
        raise bad_request("address not allowed")
    return f"[{address}]" if parsed.version == 6 else address


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _host_port(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
