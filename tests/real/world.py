"""The small world in which the real tests run: Kubernetes objects as data, in the order in which they are created.

No controller and no kubelet runs: the status of pods and nodes, Endpoints and EndpointSlices are written here, as those
would write them. What listens at the addresses: `backend.py`. Who may what: `USERS` and the roles at the end.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

Object = dict[str, Any]
Address = tuple[str, tuple[str, str] | None]  # an IP, and the (namespace, name) of the pod that it stands for

API_SERVER = "192.0.2.1"
SILENT_SERVER = "192.0.2.2"  # accepts a connection and says nothing
REFUSING_SERVER = "192.0.2.3"  # nothing listens there
NODE = "10.203.0.10"
PODS = {  # (namespace, name): address
    ("demo", "web-0"): "10.203.0.2",
    ("demo", "web-1"): "10.203.0.3",
    ("demo", "unready-0"): "10.203.0.4",
    ("demo", "rude-0"): "10.203.0.5",
    ("demo", "noports-0"): "10.203.0.6",
    ("kube-system", "elasticsearch-0"): "10.203.0.7",
    ("monitoring", "prometheus-0"): "10.203.0.8",
}
WEB = ("web-0", "web-1")  # the pods behind most services

USERS: dict[str, tuple[str, ...]] = {  # user: groups; the token is `token_of(user)`; `rights()` says who may what
    "admin": ("system:masters",),  # everything
    "editor": (),  # in demo: reads all and asks every service and pod, by every method
    "caller": (),  # in demo: lists services and asks them by GET, no other method
    "narrow": (),  # in demo: GET of web:80 and of http:multi:admin, nothing else; not even reading the Service
    "viewer": (),  # reads everything everywhere, asks nothing
    "roamer": (),  # lists namespaces; reads demo and monitoring, but nothing cluster-wide
    "local": (),  # reads demo, and may not list namespaces
    "imp": (),  # may impersonate the user editor and the group team
    "nobody": (),  # nothing
}
CERTIFICATE_USERS = {"alice": "team"}  # signs in by a client certificate; in demo, the group may what editor may


def token_of(user: str) -> str:
    """The bearer token of a user; one that is not in USERS is unknown to the server (401)."""
    return f"secret-token-of-{user}"


def objects() -> Iterator[Object]:
    """All of it; services that name no address get one, so that it is the same every time."""
    for number, one in enumerate(everything()):
        if one["kind"] == "Service" and not {"clusterIP", "externalName"} & set(one["spec"]):
            one["spec"]["clusterIP"] = f"10.96.1.{number}"
        yield one


def everything() -> Iterator[Object]:
    for name in ("demo", "monitoring", "empty"):
        yield {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    yield node("node-1")
    yield from pods()
    yield from forms()
    yield from troubles()
    yield from hostile()
    yield from built_in()
    yield from service("prometheus", [port(9090, "web")], "monitoring", pods=("prometheus-0",), app="prometheus")
    yield deployment("web", replicas=2)
    yield from rights()


def pods() -> Iterator[Object]:
    """Pods that run, and two that do not."""
    for name in WEB:
        yield pod(name, ports=[("http", 8080), ("admin", 8081), ("https", 8443)])
    yield pod("unready-0", ports=[("http", 8080)], ready=False)
    yield pod("rude-0", ports=[("garbage", 8082), ("hangup", 8083), ("mute", 8084), ("polite", 8085), ("go-tls", 8444)])
    yield pod("noports-0")  # what listens there, listens on 80
    yield pod("pending-0", ports=[("http", 8080)], phase="Pending", ready=False)  # has no address
    yield pod("elasticsearch-0", "kube-system", ports=[("db", 9200)])
    yield pod("prometheus-0", "monitoring", ports=[("web", 9090)])


def forms() -> Iterator[Object]:
    """Services that work, in every form that a name may take."""
    yield from service("web", [port(80, to=8080)])
    yield from service("named", [port(80, "http", "http", to=8080)])
    yield from service("tls", [port(443, to=8443)])
    yield from service("tlsnamed", [port(443, "https", to=8443)])
    yield from service("appproto", [port(8443, to=8443) | {"appProtocol": "https"}])
    yield from service("multi", [port(80, "http", to=8080), port(8081, "admin")])  # the first is the web port
    yield from service("both", [port(80, "http", to=8080), port(443, "https", to=8443)])  # two might be
    yield from service("several", [port(9000, "metrics", to=8080), port(8081, "admin")])  # none is
    yield from service("https", [port(80, "svc", to=8080)])  # is called like a scheme
    yield from service("services", [port(80, to=8080)])  # is called like a verb
    yield from service("headless", [port(80, to=8080)], clusterIP="None")
    yield from service("nodeport", [port(80, to=8080) | {"nodePort": 30080}], type="NodePort")
    outside = service("lb", [port(443, "https", to=8443) | {"nodePort": 30443}], type="LoadBalancer")
    for one in outside:
        if one["kind"] == "Service":
            one["status"] = {"loadBalancer": {"ingress": [{"ip": "198.51.100.7"}]}}
        yield one


def troubles() -> Iterator[Object]:
    """Services with nothing usable behind them."""
    none: tuple[str, ...] = ()
    yield from service("noready", [port(80, to=8080)], pods=("unready-0",), ready=False)
    yield service_only("noendpoints", [port(80, to=8080)])  # no controller has been here
    yield from service("nomatch", [port(80, to=8080)], pods=none)  # the selector matches no pod
    yield service_only("external", [port(80)], type="ExternalName", externalName="example.invalid")
    yield service_only("manual", [port(80, to=8080)], selector=None)  # endpoints written by hand, for no pod
    yield from endpoints("manual", [port(80, to=8080)], [(PODS["demo", "web-0"], None)])
    yield service_only("endpointsonly", [port(80, to=8080)], selector={"app": "web"})  # works up to 1.36
    yield old_endpoints("endpointsonly", [port(80, to=8080)], addresses(WEB))
    yield service_only("sliceonly", [port(80, to=8080)], selector={"app": "web"})  # works from 1.37 on
    yield new_endpoints("sliceonly", [port(80, to=8080)], addresses(WEB))
    yield service_only("wrongtarget", [port(80, target="nope")], selector={"app": "web"})  # no pod has such a port
    yield old_endpoints("wrongtarget", [], [])
    yield {**new_endpoints("wrongtarget", [port(80)], addresses(WEB)), "ports": []}
    yield from service("dead", [port(80, to=9)])  # targetPort is wrong: the connection is refused
    yield from service("dns", [port(53, "dns", protocol="UDP", to=9), port(53, "dns-tcp", to=8080)])
    yield from service("udp", [port(514, protocol="UDP", to=9)])


def hostile() -> Iterator[Object]:
    """Services whose app misbehaves; more does the app behind `web`, by path."""
    yield from service("garbage", [port(80, to=8082)], pods=("rude-0",))  # does not speak HTTP
    yield from service("hangup", [port(80, to=8083)], pods=("rude-0",))  # closes without an answer
    yield from service("mute", [port(80, to=8084)], pods=("rude-0",))  # accepts and says nothing
    yield from service("plainastls", [port(443, "https", to=8080)])  # says https, is not: it hangs up
    yield from service("politeastls", [port(443, "https", to=8085)], pods=("rude-0",))  # the same: 400, as most servers
    yield from service("tlsasplain", [port(80, "http", to=8443)])  # says http, and the app wants TLS: it hangs up
    yield from service("gotlsasplain", [port(80, "http", to=8444)], pods=("rude-0",))  # the same: 400, as Go's servers


def built_in() -> Iterator[Object]:
    """What `kubectl cluster-info` shows on the documentation page."""
    for name, title, ports, ready in [
        ("elasticsearch-logging", "Elasticsearch", [port(9200)], True),  # http, and TLS on the same port
        ("kibana-logging", "Kibana", [port(5601)], False),
        ("kube-dns", "KubeDNS", [port(53, "dns", protocol="UDP"), port(53, "dns-tcp"), port(9153, "metrics")], False),
        ("monitoring-grafana", "Grafana", [port(80, to=3000)], False),
        ("monitoring-heapster", "Heapster", [port(80, to=8082)], False),
    ]:
        labels = {"kubernetes.io/cluster-service": "true", "kubernetes.io/name": title}
        behind = ("elasticsearch-0",) if ready else ()
        yield from service(name, ports, "kube-system", pods=behind, labels=labels)


def rights() -> Iterator[Object]:
    """Roles and bindings of USERS."""
    reads = ["get", "list", "watch"]
    names = ["services", "pods", "endpoints"]
    reading = [
        {"apiGroups": [""], "resources": names, "verbs": reads},
        {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": reads},
        {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": reads},
    ]
    proxies = ["services/proxy", "pods/proxy"]
    asking = {"apiGroups": [""], "resources": proxies, "verbs": ["get", "create", "update", "patch", "delete"]}
    namespaces = {"apiGroups": [""], "resources": ["namespaces"], "verbs": reads}
    everywhere = [*reading, namespaces, {"apiGroups": [""], "resources": ["nodes"], "verbs": reads}]
    yield from role("editor", [*reading, asking], subjects=[("User", "editor"), ("Group", "team")])
    services = {"apiGroups": [""], "resources": ["services"], "verbs": reads}
    yield from role("caller", [services, {"apiGroups": [""], "resources": ["services/proxy"], "verbs": ["get"]}])
    named = {"resourceNames": ["web:80", "http:multi:admin"], "verbs": ["get"]}
    yield from role("narrow", [{"apiGroups": [""], "resources": ["services/proxy"], **named}])
    yield from role("viewer", everywhere, namespace=None)
    yield from role("roamer", [namespaces], namespace=None)
    for namespace in ("demo", "monitoring"):
        yield from role("roamer", reading, namespace=namespace)
    yield from role("local", reading)
    impersonate = {"apiGroups": [""], "verbs": ["impersonate"]}
    whom = [{"resources": ["users"], "resourceNames": ["editor"]}, {"resources": ["groups"], "resourceNames": ["team"]}]
    yield from role("imp", [impersonate | one for one in whom], namespace=None)


# --- how one object is written ---------------------------------------------------------------------------------------


def port(number: int, name: str = "", target: str = "", *, to: int | None = None, protocol: str = "TCP") -> Object:
    """A Service's port. `to` is the number in the pod (default: the same), `target` its name if that is written."""
    to = number if to is None else to
    one = {"port": number, "protocol": protocol, "targetPort": target or to, "_to": to}
    return one | ({"name": name} if name else {})


def service_only(
    name: str, ports: Sequence[Object], namespace: str = "demo", labels: dict[str, str] | None = None, **spec: Any
) -> Object:
    """A Service without any endpoints object."""
    written = [{key: value for key, value in one.items() if key != "_to"} for one in ports]
    if "externalName" not in spec:
        spec.setdefault("selector", {"app": name})
    metadata = {"name": name, "namespace": namespace, "labels": labels or {}}
    spec = {key: value for key, value in spec.items() if value is not None}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"ports": written, **spec}}


def service(
    name: str,
    ports: Sequence[Object],
    namespace: str = "demo",
    *,
    pods: Sequence[str] = WEB,
    ready: bool = True,
    app: str | None = None,
    labels: dict[str, str] | None = None,
    **spec: Any,
) -> Iterator[Object]:
    """A Service with both kinds of endpoints object, as the controllers write them."""
    labels = (labels or {}) | ({"app.kubernetes.io/name": app} if app else {})
    spec.setdefault("selector", {"app": pods[0].rsplit("-", 1)[0] if pods else name})
    yield service_only(name, ports, namespace, labels, **spec)
    yield from endpoints(name, ports, addresses(pods, namespace), namespace, ready)


def addresses(names: Sequence[str], namespace: str = "demo") -> list[Address]:
    return [(PODS[namespace, name], (namespace, name)) for name in names]


def endpoints(
    name: str, ports: Sequence[Object], behind: Sequence[Address], namespace: str = "demo", ready: bool = True
) -> Iterator[Object]:
    yield old_endpoints(name, ports, behind, namespace, ready)
    yield new_endpoints(name, ports, behind, namespace, ready)


def old_endpoints(
    name: str, ports: Sequence[Object], behind: Sequence[Address], namespace: str = "demo", ready: bool = True
) -> Object:
    """Endpoints, by which servers up to 1.36 find a service's pods."""
    subset = {
        "addresses" if ready else "notReadyAddresses": [{"ip": ip, **reference(pod)} for ip, pod in behind],
        "ports": [endpoint_port(one) for one in ports],
    }
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "Endpoints", "metadata": metadata, "subsets": [subset] if behind else []}


def new_endpoints(
    name: str, ports: Sequence[Object], behind: Sequence[Address], namespace: str = "demo", ready: bool = True
) -> Object:
    """An EndpointSlice, by which servers from 1.37 on find a service's pods."""
    metadata = {"name": f"{name}-1", "namespace": namespace, "labels": {"kubernetes.io/service-name": name}}
    listed = [
        {"addresses": [ip], "conditions": {"ready": ready}, **reference(pod), **({"hostname": pod[1]} if pod else {})}
        for ip, pod in behind
    ]
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": metadata,
        "addressType": "IPv4",
        "ports": [endpoint_port(one) for one in ports] if behind else [],
        "endpoints": listed,
    }


def endpoint_port(one: Object) -> Object:
    return {"name": one.get("name", ""), "port": one["_to"], "protocol": one["protocol"]}


def reference(pod: tuple[str, str] | None) -> Object:
    return {"targetRef": {"kind": "Pod", "namespace": pod[0], "name": pod[1]}} if pod else {}


def pod(
    name: str,
    namespace: str = "demo",
    *,
    ports: Sequence[tuple[str, int]] = (),
    ready: bool = True,
    phase: str = "Running",
) -> Object:
    """A pod of one container on node-1, with the status that a kubelet would write."""
    container = {"name": "app", "image": "example/app:1", "ports": [{"name": n, "containerPort": p} for n, p in ports]}
    began = "2026-01-01T00:00:00Z"
    state = {"running": {"startedAt": began}} if phase == "Running" else {"waiting": {"reason": "ContainerCreating"}}
    shared = {"name": "app", "ready": ready, "restartCount": 0, "image": "example/app:1", "imageID": "", "state": state}
    status: Object = {
        "phase": phase,
        "conditions": [{"type": "Ready", "status": str(ready)}],
        "containerStatuses": [shared],
        "startTime": began,
    }
    if phase == "Running":
        ip = PODS[namespace, name]
        status |= {"podIP": ip, "podIPs": [{"ip": ip}], "hostIP": NODE, "hostIPs": [{"ip": NODE}]}
    metadata = {"name": name, "namespace": namespace, "labels": {"app": name.rsplit("-", 1)[0]}}
    spec = {"nodeName": "node-1", "containers": [container]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec, "status": status}


def node(name: str) -> Object:
    words = "machineID systemUUID bootID kernelVersion osImage containerRuntimeVersion kubeProxyVersion operatingSystem"
    info = dict.fromkeys([*words.split(), "architecture"], "x") | {"kubeletVersion": "v1.36.3"}
    status = {
        "addresses": [{"type": "InternalIP", "address": NODE}, {"type": "Hostname", "address": name}],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
        "conditions": [{"type": "Ready", "status": "True"}],
        "nodeInfo": info,
    }
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}, "status": status}


def deployment(name: str, replicas: int) -> Object:
    labels = {"app": name}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "app", "image": "example/app:1"}]}}
    spec = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template}
    metadata = {"name": name, "namespace": "demo"}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}


def role(
    name: str,
    rules: Sequence[Object],
    *,
    namespace: str | None = "demo",
    subjects: Sequence[tuple[str, str]] | None = None,
) -> Iterator[Object]:
    """A role and its binding, to the user of that name if nobody else is said; cluster-wide without a namespace."""
    group, prefix = "rbac.authorization.k8s.io", "" if namespace else "Cluster"
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
    version = {"apiVersion": f"{group}/v1", "metadata": metadata}
    yield version | {"kind": f"{prefix}Role", "rules": list(rules)}
    yield version | {
        "kind": f"{prefix}RoleBinding",
        "roleRef": {"apiGroup": group, "kind": f"{prefix}Role", "name": name},
        "subjects": [{"apiGroup": group, "kind": kind, "name": who} for kind, who in subjects or [("User", name)]],
    }
