"""What every cluster has: nodes with their leases, the API server's own endpoints, what each namespace begins with."""

from __future__ import annotations

from typing import Final

from ..api.status import Object
from ..apps.kubelet import Kubelet
from .builder import World
from .usage import CORES, MEMORY

VERSION: Final = "v1.37.2"
NODES: Final = 3
_MIB: Final = 2**20
_HEALTHY: Final = (
    ("MemoryPressure", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    ("DiskPressure", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    ("PIDPressure", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
)


def nodes(world: World) -> None:
    """The nodes, their kubelets and leases."""
    for number in range(1, NODES + 1):
        name = f"node-{number}"
        address = f"10.42.100.{number}"
        world.listen([address], 10250, Kubelet(world, name), tls="always")
        world.add(_node(world, number, name, address))
        owner = {"apiVersion": "v1", "kind": "Node", "name": name, "uid": world.objects[-1]["metadata"]["uid"]}
        spec = {"holderIdentity": name, "leaseDurationSeconds": 40, "renewTime": f"{world.ago(0)[:-1]}.000000Z"}
        world.add(
            {
                "apiVersion": "coordination.k8s.io/v1",
                "kind": "Lease",
                "metadata": world.meta(name, "kube-node-lease", ownerReferences=[owner]),
                "spec": spec,
            }
        )


def api_server(world: World) -> None:
    """The endpoints of default/kubernetes: no pods, and so the proxy verb passes them by (S7)."""
    port = {"name": "https", "port": 6443, "protocol": "TCP"}
    labels = {"endpointslice.kubernetes.io/skip-mirror": "true"}
    world.add(
        {
            "apiVersion": "v1",
            "kind": "Endpoints",
            "metadata": world.meta("kubernetes", "default", labels=labels),
            "subsets": [{"addresses": [{"ip": "10.42.100.1"}], "ports": [port]}],
        }
    )
    world.add(
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": world.meta("kubernetes", "default", labels={"kubernetes.io/service-name": "kubernetes"}),
            "addressType": "IPv4",
            "endpoints": [{"addresses": ["10.42.100.1"], "conditions": {"ready": True}}],
            "ports": [port],
        }
    )


def namespaces(world: World, authority: str) -> None:
    """What the controllers put into each namespace: the default ServiceAccount, and the certificate of the CA."""
    about = "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints."
    for obj in [one for one in world.objects if one["kind"] == "Namespace"]:
        name, since = obj["metadata"]["name"], {"creationTimestamp": obj["metadata"]["creationTimestamp"]}
        metadata = world.meta("default", name) | since
        world.add({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata})
        metadata = world.meta("kube-root-ca.crt", name, annotations={"kubernetes.io/description": about}) | since
        world.add({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"ca.crt": authority}})


def _node(world: World, number: int, name: str, address: str) -> Object:
    labels = {
        "beta.kubernetes.io/arch": "amd64",
        "beta.kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
    }
    if number == 1:
        labels["node-role.kubernetes.io/control-plane"] = ""
    since, now = world.ago(42), world.ago(0)
    stamps = {"lastHeartbeatTime": now, "lastTransitionTime": since}
    conditions = [
        {"type": kind, "status": "False", **stamps, "reason": reason, "message": message}
        for kind, reason, message in _HEALTHY
    ]
    ready = {"reason": "KubeletReady", "message": "kubelet is posting ready status"}
    conditions.append({"type": "Ready", "status": "True", **stamps, **ready})
    space = {"ephemeral-storage": f"{100 * 2**20}Ki", "hugepages-1Gi": "0", "hugepages-2Mi": "0", "pods": "110"}
    memory = MEMORY // _MIB
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": world.meta(name, labels=labels),
        "spec": {"podCIDR": f"10.42.{number}.0/24", "podCIDRs": [f"10.42.{number}.0/24"], "taints": []},
        "status": {
            "addresses": [{"type": "InternalIP", "address": address}, {"type": "Hostname", "address": name}],
            "capacity": {"cpu": str(CORES), "memory": f"{memory}Mi", **space},
            "allocatable": {"cpu": f"{CORES * 950}m", "memory": f"{memory - 512}Mi", **space},
            "conditions": conditions,
            "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
            "nodeInfo": {
                "machineID": f"demo{number:028d}",
                "systemUUID": f"00000000-0000-4000-8000-00000000000{number}",
                "bootID": f"00000000-0000-4000-9000-00000000000{number}",
                "kernelVersion": "6.8.0-demo",
                "osImage": "Demo Linux 1",
                "containerRuntimeVersion": "containerd://2.1.0",
                "kubeletVersion": VERSION,
                "kubeProxyVersion": VERSION,
                "operatingSystem": "linux",
                "architecture": "amd64",
            },
        },
    }
