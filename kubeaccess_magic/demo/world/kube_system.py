"""kube-system: the built-in services of the documentation page, and the nodes."""

from __future__ import annotations

from ..apps.elasticsearch.app import Elasticsearch
from ..apps.grafana import Grafana
from ..apps.heapster import Heapster
from ..apps.kibana import kibana
from ..apps.kubedns import metrics as dns_metrics
from ..apps.kubedns import silent
from ..apps.kubelet import Kubelet
from .builder import Port, World, container

_ADDON = {"kubernetes.io/cluster-service": "true"}


def build(world: World) -> None:
    """Add it all."""
    _nodes(world)
    _logging(world)
    _monitoring(world)
    _dns(world)


def _nodes(world: World) -> None:
    for number in (1, 2, 3):
        labels = {
            "kubernetes.io/hostname": f"node-{number}",
            "kubernetes.io/os": "linux",
            "kubernetes.io/arch": "amd64",
        }
        if number == 1:
            labels["node-role.kubernetes.io/control-plane"] = ""
        address = f"10.42.100.{number}"
        world.listen([address], 10250, Kubelet(world, f"node-{number}"), tls="always")
        world.add(
            {
                "apiVersion": "v1",
                "kind": "Node",
                "metadata": world.meta(f"node-{number}", labels=labels),
                "spec": {"podCIDR": f"10.42.{number}.0/24", "taints": []},
                "status": {
                    "addresses": [
                        {"type": "InternalIP", "address": address},
                        {"type": "Hostname", "address": f"node-{number}"},
                    ],
                    "capacity": {"cpu": "4", "memory": "16384Mi", "pods": "110"},
                    "allocatable": {"cpu": "3800m", "memory": "15872Mi", "pods": "110"},
                    "conditions": [
                        {
                            "type": "Ready",
                            "status": "True",
                            "reason": "KubeletReady",
                            "lastHeartbeatTime": world.ago(0),
                            "lastTransitionTime": world.ago(42),
                        }
                    ],
                    "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
                    "nodeInfo": {
                        "machineID": f"demo{number:028d}",
                        "systemUUID": f"00000000-0000-4000-8000-00000000000{number}",
                        "bootID": f"00000000-0000-4000-9000-00000000000{number}",
                        "kernelVersion": "6.8.0-demo",
                        "osImage": "Demo Linux 1",
                        "containerRuntimeVersion": "containerd://2.1.0",
                        "kubeletVersion": "v1.37.2",
                        "kubeProxyVersion": "v1.37.2",
                        "operatingSystem": "linux",
                        "architecture": "amd64",
                    },
                },
            }
        )


def _logging(world: World) -> None:
    labels = {**_ADDON, "kubernetes.io/name": "Elasticsearch"}
    addresses = world.stateful("kube-system", "elasticsearch-logging", [container("elasticsearch", ("db", 9200))])
    world.listen(addresses, 9200, Elasticsearch(world.now), tls="either")
    world.service("kube-system", "elasticsearch-logging", [Port(9200, target="db")], labels=labels, days=42)
    labels = {**_ADDON, "kubernetes.io/name": "Kibana"}
    addresses = world.deployment("kube-system", "kibana-logging", [container("kibana", ("ui", 5601))], days=42)
    world.listen(addresses, 5601, kibana)
    world.service("kube-system", "kibana-logging", [Port(5601, target="ui")], labels=labels, days=42)


def _monitoring(world: World) -> None:
    labels = {**_ADDON, "kubernetes.io/name": "Grafana"}
    addresses = world.deployment("kube-system", "monitoring-grafana", [container("grafana", ("web", 3000))], days=42)
    world.listen(addresses, 3000, Grafana())
    world.service("kube-system", "monitoring-grafana", [Port(80, target="web")], labels=labels, days=42)
    labels = {**_ADDON, "kubernetes.io/name": "Heapster"}
    addresses = world.deployment("kube-system", "monitoring-heapster", [container("heapster", ("http", 8082))], days=42)
    world.listen(addresses, 8082, Heapster(world))
    world.service("kube-system", "monitoring-heapster", [Port(80, target="http")], labels=labels, days=42)


def _dns(world: World) -> None:
    labels = {**_ADDON, "kubernetes.io/name": "CoreDNS", "k8s-app": "kube-dns"}
    containers = [container("coredns", ("dns-tcp", 53), ("metrics", 9153))]
    addresses = world.deployment("kube-system", "kube-dns", containers, replicas=2, days=42)
    world.listen(addresses, 9153, dns_metrics)
    world.listen(addresses, 53, silent)
    ports = [Port(53, "dns", 53, "UDP"), Port(53, "dns-tcp", 53), Port(9153, "metrics", 9153)]
    world.service("kube-system", "kube-dns", ports, labels=labels, days=42, clusterIP="10.96.0.10")
