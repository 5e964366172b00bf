"""From a segment to the address behind it (S1-S13, D1-D8), for either generation of the real server."""

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
    """Where a request goes: scheme, and host with port as Go would write them.

    Attributes
    ----------
    kubelet
        Whether the API server shows its own client certificate there (D5).
    """

    scheme: str
    host: str
    kubelet: bool = False

    @property
    def address(self) -> str:
        """Host and port to dial; the scheme has a default port."""
        if (self.host.startswith("[") and self.host.endswith("]")) or ":" not in self.host:
            return f"{self.host}:{443 if self.scheme == 'https' else 80}"
        host, _, port = self.host.rpartition(":")
        return f"{host}:{int(port)}"


class Resolver:
    """Finds addresses by what the store holds at that moment.

    Parameters
    ----------
    by_slices
        Whether services resolve by EndpointSlices (1.37 on) or by Endpoints (up to 1.36).
    """

    def __init__(self, store: Store, by_slices: bool) -> None:
        self._store = store
        self._by_slices = by_slices

    def service(self, namespace: str, text: str) -> Location:
        """The address of one ready endpoint of a service.

        Raises
        ------
        ApiError
            400, 404 or 503 (section 2 of the reference).
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
        """The address of a pod.

        Raises
        ------
        ApiError
            400 or 404 (D1, D3).
        AbortConnection
            The port is no unsigned number: the real server panics (D2).
        """
        segment = Segment.parse(text, "pod")
        check_name(segment.name)
        pod = self._store.get("", "pods", namespace, segment.name)
        if pod is None:
            raise not_found("pods", segment.name)
        port = segment.port
        if not port:
            containers = pod["spec"].get("containers") or ()
            with_ports: list[Object] = next((one["ports"] for one in containers if one.get("ports")), [])
            port = str(with_ports[0]["containerPort"]) if with_ports else ""
        addresses = pod.get("status", {}).get("podIPs") or []
        host = _allowed(str(addresses[0]["ip"]) if addresses else "")
        if port and not port.isdecimal():
            raise AbortConnection
        return Location(segment.scheme or "http", f"{host}:{port}" if port else host)

    def node(self, text: str) -> Location:
        """The address of a node: its kubelet, or another port of it.

        Raises
        ------
        ApiError
            400, 404 or 500 (D8).
        """
        segment = Segment.parse(text, "node")
        check_name(segment.name)
        node = self._store.get("", "nodes", "", segment.name)
        if node is None:
            raise not_found("nodes", segment.name)
        status = node.get("status", {})
        known = [(str(one["type"]), str(one["address"])) for one in status.get("addresses") or ()]
        preferred = ("Hostname", "InternalDNS", "InternalIP", "ExternalDNS", "ExternalIP")
        by_type = [address for kind in preferred for given, address in known if given == kind and _is_ip(address)]
        if not by_type:
            if known:
                raise bad_request(f"lookup {known[0][1]}: no such host")
            raise plain_500("no preferred addresses found; known addresses: []")
        host = _allowed(by_type[0])
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
            raise not_found("services", segment.name)  # also when the service exists (S12)
        subsets = endpoints.get("subsets") or []
        if not subsets:
            raise _nothing(segment.name)
        starts = random.sample(range(len(subsets)), len(subsets))
        for at in starts:
            for one in subsets[at].get("ports") or ():
                if one.get("name", "") == port:
                    found = [
                        _joined(address["ip"], one["port"])
                        for address in subsets[at].get("addresses") or ()
                        if self._is_own_pod(address.get("targetRef"), namespace, address["ip"])
                    ]
                    if found:
                        return found
        raise _nothing(segment.text)  # the whole segment (S13)

    def _from_slices(self, namespace: str, segment: Segment, port: str) -> list[str]:
        slices = list(
            slices_of_service(self._store.objects("discovery.k8s.io", "endpointslices", namespace), segment.name)
        )
        families = self._families(namespace, segment.name)
        slices.sort(
            key=lambda one: families.index(one["addressType"]) if one["addressType"] in families else len(families)
        )
        for family in dict.fromkeys(one["addressType"] for one in slices):
            found = [
                address
                for one in slices
                if one["addressType"] == family
                for address in self._slice_addresses(one, namespace, port)
            ]
            if found:
                return found
        raise _nothing(segment.name)

    def _slice_addresses(self, one: Object, namespace: str, port: str) -> Iterator[str]:
        numbers = [
            known["port"] for known in one.get("ports") or () if known.get("name", "") == port and known.get("port")
        ]
        for point in one.get("endpoints") or () if numbers else ():
            ready = (point.get("conditions") or {}).get("ready")
            address = point["addresses"][0]
            if ready is not False and self._is_own_pod(point.get("targetRef"), namespace, address):
                yield _joined(address, numbers[0])

    def _families(self, namespace: str, name: str) -> list[str]:
        service = self._store.get("", "services", namespace, name)
        return list(service["spec"].get("ipFamilies") or ()) if service else []

    def _is_own_pod(self, reference: Object | None, namespace: str, address: str) -> bool:
        """Whether an endpoint stands for a pod of that namespace that has this address (S7)."""
        if not reference or reference.get("kind") != "Pod" or reference.get("namespace") != namespace:
            return False
        pod = self._store.get("", "pods", namespace, str(reference.get("name", "")))
        return pod is not None and address in [one["ip"] for one in pod.get("status", {}).get("podIPs") or ()]


def _nothing(name: str) -> ApiError:
    return unavailable(f'no endpoints available for service "{name}"')


def _allowed(address: str) -> str:
    """The address as a host, unless it is one of those that lead the API server astray (D3, D8, X6)."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        raise bad_request("address not allowed") from None
    if known.is_loopback or known.is_link_local or known.is_multicast or known.is_unspecified:
        raise bad_request("address not allowed")
    return f"[{address}]" if known.version == 6 else address


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _joined(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
