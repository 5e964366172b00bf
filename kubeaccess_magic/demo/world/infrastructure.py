"""What every cluster has: nodes with leases, the endpoints of the API server, and the defaults of each namespace."""

from __future__ import annotations

from typing import Final

from ..api.status import Object
from ..apps.kubelet import Kubelet
from .builder import World
from .usage import NODE_CORES, NODE_MEMORY

VERSION: Final = "v1.37.2"
NODES: Final = 3
_MIB: Final = 2**20
_HEALTHY_CONDITIONS: Final = (
    ("MemoryPressure", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    ("DiskPressure", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    ("PIDPressure", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
)


def nodes(world: World) -> None:
    """Add the nodes with their kubelets and leases."""
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
    """Add the endpoints of the service default/kubernetes; they are not pods, so the proxy verb skips them (S7)."""
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
    """Add what controllers create in each namespace: the default ServiceAccount and the CA certificate.

    Parameters
    ----------
    world
        The world with its namespaces.
    authority
        The CA certificate, in PEM.
    """
    description = "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints."
    for namespace in [obj for obj in world.objects if obj["kind"] == "Namespace"]:
        name = namespace["metadata"]["name"]
        created = {"creationTimestamp": namespace["metadata"]["creationTimestamp"]}
        metadata = world.meta("default", name) | created
        world.add({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata})
        metadata = (
            world.meta("kube-root-ca.crt", name, annotations={"kubernetes.io/description": description}) | created
        )
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
    timestamps = {"lastHeartbeatTime": world.ago(0), "lastTransitionTime": world.ago(42)}
    conditions = [
        {"type": kind, "status": "False", **timestamps, "reason": reason, "message": message}
        for kind, reason, message in _HEALTHY_CONDITIONS
    ]
    ready = {"reason": "KubeletReady", "message": "kubelet is posting ready status"}
    conditions.append({"type": "Ready", "status": "True", **timestamps, **ready})
    resources = {"ephemeral-storage": f"{100 * 2**20}Ki", "hugepages-1Gi": "0", "hugepages-2Mi": "0", "pods": "110"}
    memory = NODE_MEMORY // _MIB
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": world.meta(name, labels=labels),
        "spec": {"podCIDR": f"10.42.{number}.0/24", "podCIDRs": [f"10.42.{number}.0/24"], "taints": []},
        "status": {
            "addresses": [{"type": "InternalIP", "address": address}, {"type": "Hostname", "address": name}],
            "capacity": {"cpu": str(NODE_CORES), "memory": f"{memory}Mi", **resources},
            "allocatable": {"cpu": f"{NODE_CORES * 950}m", "memory": f"{memory - 512}Mi", **resources},
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
