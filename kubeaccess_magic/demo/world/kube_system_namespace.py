"""The namespace ``kube-system``: the built-in services that the Kubernetes documentation shows."""

from __future__ import annotations

from ..apps.elasticsearch.app import Elasticsearch
from ..apps.grafana import Grafana
from ..apps.heapster import Heapster
from ..apps.kibana import kibana
from ..apps.kubedns import Dns, silent
from .builder import World
from .manifests import ServicePort, container
from .usage import created_at

_CLUSTER_SERVICE = {"kubernetes.io/cluster-service": "true"}


def build(world: World) -> None:
    """Add the built-in services with their pods and apps to a world."""
    _logging(world)
    _monitoring(world)
    _dns(world)


def _logging(world: World) -> None:
    labels = {**_CLUSTER_SERVICE, "kubernetes.io/name": "Elasticsearch"}
    image = "docker.elastic.co/elasticsearch/elasticsearch:7.17.28"
    pod_container = container("elasticsearch", ("db", 9200), image=image, cpu="250m", memory="1536Mi")
    addresses = world.stateful("kube-system", "elasticsearch-logging", [pod_container], days=42)
    world.listen(addresses, 9200, Elasticsearch(world.now), tls="either")
    world.service("kube-system", "elasticsearch-logging", [ServicePort(9200, target="db")], labels=labels, days=42)
    labels = {**_CLUSTER_SERVICE, "kubernetes.io/name": "Kibana"}
    pod_container = container("kibana", ("ui", 5601), image="docker.elastic.co/kibana/kibana:7.17.28", memory="384Mi")
    addresses = world.deployment("kube-system", "kibana-logging", [pod_container], days=42)
    world.listen(addresses, 5601, kibana)
    world.service("kube-system", "kibana-logging", [ServicePort(5601, target="ui")], labels=labels, days=42)


def _monitoring(world: World) -> None:
    labels = {**_CLUSTER_SERVICE, "kubernetes.io/name": "Grafana"}
    pod_container = container("grafana", ("web", 3000), image="grafana/grafana:11.6.0", memory="128Mi")
    addresses = world.deployment("kube-system", "monitoring-grafana", [pod_container], days=42)
    world.listen(addresses, 3000, Grafana())
    world.service("kube-system", "monitoring-grafana", [ServicePort(80, target="web")], labels=labels, days=42)
    labels = {**_CLUSTER_SERVICE, "kubernetes.io/name": "Heapster"}
    pod_container = container("heapster", ("http", 8082), image="registry.k8s.io/heapster-amd64:v1.5.4")
    addresses = world.deployment("kube-system", "monitoring-heapster", [pod_container], days=42)
    world.listen(addresses, 8082, Heapster(world))
    world.service("kube-system", "monitoring-heapster", [ServicePort(80, target="http")], labels=labels, days=42)


def _dns(world: World) -> None:
    labels = {**_CLUSTER_SERVICE, "kubernetes.io/name": "CoreDNS", "k8s-app": "kube-dns"}
    image = "registry.k8s.io/coredns/coredns:v1.13.0"
    pod_container = container("coredns", ("dns-tcp", 53), ("metrics", 9153), image=image, cpu="100m", memory="70Mi")
    addresses = world.deployment("kube-system", "kube-dns", [pod_container], replicas=2, days=42)
    for pod in [obj for obj in world.objects if obj["kind"] == "Pod" and obj["status"]["podIP"] in addresses]:
        app = Dns(pod["metadata"]["name"], created_at(pod))
        world.listen([pod["status"]["podIP"]], 9153, app)
    world.listen(addresses, 53, silent)
    ports = [ServicePort(53, "dns", 53, "UDP"), ServicePort(53, "dns-tcp", 53), ServicePort(9153, "metrics", 9153)]
    world.service("kube-system", "kube-dns", ports, labels=labels, days=42, clusterIP="10.96.0.10")
