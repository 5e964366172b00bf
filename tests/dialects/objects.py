"""Objects of the API server, with what matters to the tests, and how they are asked for."""

from __future__ import annotations

import json
from typing import Any

from kubeaccess_magic import dialects
from kubeaccess_magic.dialects import kubernetes
from kubeaccess_magic.request import Request

from .answers import request

CREATED = "2026-11-01T00:00:00Z"


def listed(kind: str, items: list[Any] | None, version: str = "v1", **meta: Any) -> bytes:
    return json.dumps({"kind": f"{kind}List", "apiVersion": version, "metadata": meta, "items": items}).encode()


def meta(name: str, namespace: str | None = "shop", **more: Any) -> dict[str, Any]:
    return {"name": name, "creationTimestamp": CREATED, **({"namespace": namespace} if namespace else {}), **more}


def service(
    name: str = "web", *ports: dict[str, Any], labels: dict[str, str] | None = None, **spec: Any
) -> dict[str, Any]:
    status = spec.pop("status", {"loadBalancer": {}})
    return {
        "metadata": meta(name, labels=labels),
        "spec": {"type": "ClusterIP", "ports": list(ports), **spec},
        "status": status,
    }


def slice_of(name: str, endpoints: list[dict[str, Any]], *ports: str, namespace: str = "shop") -> dict[str, Any]:
    return {
        "metadata": meta(f"{name}-x", namespace, labels={"kubernetes.io/service-name": name}),
        "addressType": "IPv4",
        "ports": [{"name": port, "port": 8080} for port in ports],
        "endpoints": endpoints,
    }


def endpoint(
    pod: str | None, ip: str = "10.0.0.1", ready: bool | None = True, namespace: str = "shop"
) -> dict[str, Any]:
    ref = {"targetRef": {"kind": "Pod", "name": pod, "namespace": namespace}} if pod else {}
    return {"addresses": [ip], "conditions": {"ready": ready}, **ref}


def prepared(where: str, limit: int | None = None) -> Request:
    """What is sent first for a path, as the dialect that knows it prepares it; unchanged if none does."""
    typed = request(where)
    operation = kubernetes.dialect.match(typed)
    return typed if operation is None else operation.prepare(limit)


def conversation(where: str, limit: int | None = None) -> tuple[Request, dialects.Pages, dialects.Reader]:
    """A list of the API server that is about to be read: its first request, its pages, its reader."""
    operation = kubernetes.dialect.match(request(where))
    assert operation is not None
    sent, reader = operation.prepare(limit), operation.reader(limit)
    return sent, reader.pages(sent), reader
