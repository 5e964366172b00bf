"""The ports of services: which scheme a port speaks, and which target reaches it."""

from __future__ import annotations

import functools
import re
from typing import Literal

from ..targets import Target
from .objects import Service, ServicePort

__all__ = ["matching_ports", "scheme_of", "speaks_http", "target_of"]

# appProtocol is free text; these values name a protocol that is not HTTP/1.1.
_NO_HTTP = frozenset(
    {"amqp", "amqps", "dns", "ftp", "grpc", "imap", "kafka", "kerberos", "ldap", "ldaps", "mongo", "mongodb", "mqtt"}
    | {"mysql", "nats", "pop3", "postgres", "postgresql", "redis", "sip", "smtp", "ssh", "udp", "zookeeper"}
)
_HTTPS = frozenset({"https", "wss", "kubernetes.io/wss"})
_HTTP = frozenset({"http", "http1", "ws", "kubernetes.io/ws", "http2", "h2c", "kubernetes.io/h2c"})
# The API server reads such a port name as a number (N13), so the port cannot be reached by this name.
_NUMBER = re.compile(r"[+-]?[0-9]+")


def scheme_of(port: ServicePort) -> Literal["http", "https"] | None:
    """The scheme that a port speaks, or None if it does not speak HTTP.

    A known ``appProtocol`` decides. Otherwise a port named ``https`` or ``https-…``, or with the number 443, speaks
    https (as in ``kubectl cluster-info``, C6), and any other port http. UDP, SCTP and DNS ports do not speak HTTP (C8).
    """
    return _scheme(port.protocol, port.app_protocol, port.name, port.port)


@functools.lru_cache(maxsize=4096)  # thousands of services have the same few ports
def _scheme(
    protocol: str | None, app_protocol: str | None, port_name: str | None, number: int
) -> Literal["http", "https"] | None:
    if (protocol or "TCP") != "TCP":
        return None
    stated = (app_protocol or "").lower()
    if stated in _HTTPS:
        return "https"
    if stated in _HTTP:
        return "http"
    if stated in _NO_HTTP:
        return None
    name = port_name or ""
    if name == "https" or name.startswith("https-"):
        return "https"
    if name == "dns" or name.startswith("dns-") or (number == 53 and not name.startswith("http")):
        return None
    return "https" if number == 443 else "http"


def speaks_http(port: ServicePort) -> bool:
    """Whether a port can answer an HTTP request."""
    return scheme_of(port) is not None


def matching_ports(service: Service, port: str) -> list[ServicePort]:
    """The ports of a service that the API server takes for a typed one; it connects to the first (S1, S2, S4).

    Parameters
    ----------
    service
        The service.
    port
        A name, a number, or "" for the port without a name.
    """
    ports = service.spec.ports or ()
    if _NUMBER.fullmatch(port):
        return [other for other in ports if other.port == int(port)]
    return [other for other in ports if (other.name or "") == port]


def target_of(service: Service, port: ServicePort) -> Target:
    """The target that reaches a port of a service.

    The port is written by its name, and left out if it has none (S2). The scheme is written only if it is https.

    Parameters
    ----------
    service
        The service.
    port
        One of its ports.

    Raises
    ------
    TargetError
        No target can have the name of this service.
    """
    name = port.name or ""
    return Target(
        kind="service",
        name=service.metadata.name,
        namespace=service.metadata.namespace,
        port=str(port.port) if _NUMBER.fullmatch(name) else name,
        scheme="https" if scheme_of(port) == "https" else "",
    )
