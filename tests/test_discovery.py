"""Lists that are read to an end, and what a target leads to."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from dialects.answers import reply
from dialects.objects import endpoint, listed, meta, service, slice_of
from own_cluster import written_kubeconfig
from test_transport import Seen, Server, answered

from kubeaccess_magic import Cluster
from kubeaccess_magic.call import Call, Limits
from kubeaccess_magic.discovery import backends_of, pages_of, resolve
from kubeaccess_magic.errors import AccessDenied, LimitExceeded, LoadError, NotFound, TargetError, TimedOut
from kubeaccess_magic.kube import EndpointSlice, Pod, Service, decode
from kubeaccess_magic.reply import Reply
from kubeaccess_magic.targets import Target

MANY = 60  # requests; no list below takes so many


# --- lists


def gone(token: str) -> Reply:
    metadata = {"continue": token} if token else {}
    return reply({"kind": "Status", "status": "Failure", "code": 410, "metadata": metadata}, status=410)


def page(count: int, token: str | None = None) -> Reply:
    return reply({"items": ["x"] * count, "next": token})


class Log:
    """Answers requests one after the other, and keeps their queries."""

    def __init__(self, replies: Iterator[Reply]) -> None:
        self._replies = replies
        self.queries: list[dict[str, list[str]]] = []

    def send(self, path: str, call: Call) -> Reply:
        assert len(self.queries) < MANY
        self.queries.append(parse_qs(urlsplit(path).query))
        answer = next(self._replies)
        if len(answer.content) > call.limits.max_bytes:
            raise LimitExceeded("the answer is too large")
        return answer


def read(answer: Reply) -> tuple[list[Any], str | None]:
    if not answer.ok:
        raise NotFound("too old", reply=answer)
    document = answer.json()
    return document["items"], document["next"]


def pages(log: Log, call: Call | None = None, **options: Any) -> Iterator[list[Any]]:
    return pages_of(log.send, "/api/v1/pods", read, call or Call(), **options)


def test_a_list_is_read_in_pages_with_its_parameters():
    log = Log(iter([page(2, "a+/="), page(1, "b"), page(1)]))
    assert list(map(len, pages(log, params={"labelSelector": "app=web"}, next_rows=2000))) == [2, 1, 1]
    assert [query.get("continue") for query in log.queries] == [None, ["a+/="], ["b"]]
    assert [query["limit"] for query in log.queries] == [["500"], ["2000"], ["2000"]]
    assert all(query["labelSelector"] == ["app=web"] for query in log.queries)


@pytest.mark.parametrize("tokens", [["a", "a"], ["a", "b", "c", "a"]])
def test_a_token_that_repeats_ends_a_list(tokens):
    log = Log(page(1, token) for token in itertools.cycle(tokens))
    with pytest.raises(LoadError, match="repeats a page"):
        list(pages(log))
    assert len(log.queries) == len(dict.fromkeys(tokens)) + 1


def test_empty_pages_end_a_list():
    log = Log(page(0, str(number)) for number in itertools.count())
    with pytest.raises(LoadError, match="without end"):
        list(pages(log))


def test_an_empty_page_between_others_ends_nothing():
    replies = [page(0 if number % 2 else 1, str(number)) for number in range(30)]
    assert sum(map(len, pages(Log(iter([*replies, page(1)]))))) == 16


def test_an_expired_token_is_replaced_by_the_fresh_one():
    log = Log(iter([page(2, "old"), gone("fresh"), page(1)]))
    assert list(map(len, pages(log))) == [2, 1]
    assert log.queries[2]["continue"] == ["fresh"]


@pytest.mark.parametrize("answers", [[page(1, "old"), gone("")], [page(1, "old"), gone("old")]])
def test_a_token_that_expired_for_good_is_an_error(answers):
    with pytest.raises(NotFound):
        list(pages(Log(iter(answers))))


def test_fresh_tokens_that_never_end_are_an_error():
    log = Log(itertools.chain([page(1, "old")], (gone(f"fresh{number}") for number in itertools.count())))
    with pytest.raises(NotFound):
        list(pages(log))


def test_the_bytes_of_all_pages_are_limited_together():
    size = len(page(100, "00").content)
    log = Log(page(100, f"{number:02}") for number in itertools.count())
    with pytest.raises(LimitExceeded, match="the list is larger than"):
        list(pages(log, Call(Limits(max_bytes=5 * size + 10))))
    assert len(log.queries) == 6


def test_a_list_has_one_deadline():
    log = Log(page(1, str(number)) for number in itertools.count())
    with pytest.raises(TimedOut, match="the list took longer"):
        list(pages(log, Call(Limits(total_s=0))))
    assert log.queries == []


@pytest.fixture
def cluster_of(tmp_path) -> Iterator[Callable[[Server], Cluster]]:
    clusters: list[Cluster] = []

    def connect(server: Server) -> Cluster:
        clusters.append(Cluster(kubeconfig=written_kubeconfig(tmp_path, server.url)))
        return clusters[-1]

    yield connect
    for cluster in clusters:
        cluster.close()


def pods_page(token: str) -> bytes:
    return answered(listed("Pod", [{"metadata": meta("a")}], **{"continue": token}), "Content-Type: application/json")


def test_a_server_that_repeats_its_pages_is_not_asked_forever(cluster_of):
    with Server(lambda seen, _: pods_page("again")) as server:
        with pytest.raises(LoadError, match="repeats a page"):
            cluster_of(server).pods(all_namespaces=True)
        assert len(server.seen) == 2


def test_a_server_whose_tokens_always_expire_is_not_asked_forever(cluster_of):
    status = {"kind": "Status", "status": "Failure", "code": 410, "reason": "Expired", "message": "too old"}
    number = itertools.count()

    def answer(seen: Seen, _: Any) -> bytes:
        if "continue=" not in seen.path:
            return pods_page("old")
        body = json.dumps({**status, "metadata": {"continue": f"fresh{next(number)}"}}).encode()
        return answered(body, "Content-Type: application/json", status="410 Gone")

    with Server(answer) as server:
        with pytest.raises(NotFound, match="too old"):
            cluster_of(server).pods(all_namespaces=True)
        assert len(server.seen) < MANY


# --- what a target leads to


class Objects:
    """Services and pods by name, as they would be looked up; `fresh` ones may differ from remembered ones."""

    def __init__(self, *items: Service | Pod | None, fresh: Service | None = None) -> None:
        self._items = items
        self._fresh = fresh
        self.lookups = 0

    def service(self, namespace: str, name: str, call: Call, *, fresh: bool = False) -> Service | None:
        self.lookups += 1
        (found,) = self._items
        if found is None and not fresh:
            return None
        answer = self._fresh if fresh and self._fresh is not None else found
        assert answer is None or isinstance(answer, Service)
        return answer

    def pod(self, namespace: str, name: str, call: Call) -> Pod | None:
        self.lookups += 1
        (found,) = self._items
        assert found is None or isinstance(found, Pod)
        return found

    def missing_service(self, target: Target, call: Call) -> NotFound:
        return NotFound(f"{target} is missing")


class Denied(Objects):
    def service(self, namespace: str, name: str, call: Call, *, fresh: bool = False) -> Service | None:
        raise AccessDenied("no")


def a_service(*ports: dict[str, Any], **spec: Any) -> Service:
    return decode(json.dumps(service("web", *ports, **spec)).encode(), Service)


def a_pod(name: str = "web-0", *ports: dict[str, Any], ready: bool = True, **more: Any) -> Pod:
    status = {"phase": "Running", "containerStatuses": [{"ready": ready}], "podIP": "10.0.0.1", **more}
    item = {"metadata": meta(name), "spec": {"containers": [{"name": "a", "ports": list(ports)}]}, "status": status}
    return decode(json.dumps(item).encode(), Pod)


def resolved(text: str, objects: Objects, **options: Any) -> Any:
    return resolve(Target.parse(text).target, objects, Call(), namespace="shop", **options)


HTTP, HTTPS, METRICS = {"name": "http", "port": 80}, {"name": "https", "port": 443}, {"name": "metrics", "port": 9153}
DNS = {"name": "dns", "port": 53, "protocol": "UDP"}


@pytest.mark.parametrize(
    ("text", "ports", "expected", "is_told"),
    [
        ("web", [{"port": 80}], "shop/web", False),
        ("web", [HTTP], "shop/web:http", False),
        ("web", [HTTPS], "shop/https:web:https", False),
        ("web", [HTTP, METRICS], "shop/web:http", True),
        ("web", [DNS, METRICS], "shop/web:metrics", False),
        ("https:web:", [HTTP, {"name": "secure", "port": 443}], "shop/https:web:secure", True),
        ("web:443", [HTTP, HTTPS], "shop/https:web:443", False),
        ("web:metrics", [HTTP, METRICS], "shop/web:metrics", False),
        ("other/web", [HTTP], "other/web:http", False),
        ("web", [], "shop/web", False),
        ("node/n1", [], "node/n1", False),
    ],
)
def test_a_target_is_resolved(text, ports, expected, is_told):
    resolution = resolved(text, Objects(a_service(*ports)))
    assert str(resolution.target) == expected
    assert (resolution.note is not None) is is_told


def test_a_resolution_has_the_service_and_its_port():
    resolution = resolved("web", Objects(a_service(HTTP, METRICS)))
    assert resolution.service is not None and resolution.port is not None
    assert (resolution.service.metadata.name, resolution.port.port) == ("web", 80)


@pytest.mark.parametrize(
    ("text", "ports", "error", "hint"),
    [
        ("web:81", [{"port": 80}], NotFound, "shop/web"),
        ("web", [METRICS, {"name": "admin", "port": 81}], NotFound, "shop/web:metrics or shop/web:admin"),
        ("web:dns", [DNS, HTTP], TargetError, "shop/web:http"),
        ("web", [DNS], TargetError, "services"),
    ],
)
def test_a_port_that_cannot_be_meant_is_refused_with_what_to_type(text, ports, error, hint):
    with pytest.raises(error) as caught:
        resolved(text, Objects(a_service(*ports)))
    assert hint in (caught.value.hint or "")


def test_a_remembered_service_is_read_again_before_an_error():
    objects = Objects(a_service(HTTP), fresh=a_service(HTTP, METRICS))
    assert str(resolved("web:metrics", objects).target) == "shop/web:metrics"
    assert objects.lookups == 2


def test_a_service_that_does_not_exist_is_named():
    with pytest.raises(NotFound, match="shop/web is missing"):
        resolved("web", Objects(None))


def test_what_was_typed_is_kept_if_the_service_may_not_be_read():
    assert str(resolved("web", Denied()).target) == "shop/web"


def test_an_http_url_needs_no_scheme():
    assert str(resolved("http:web:", Objects(a_service({"port": 80})), is_http_url=True).target) == "shop/web"


@pytest.mark.parametrize(
    ("text", "expected"), [("pod/web-0:metrics", "pod/shop/web-0:9153"), ("pod/web-0:81", "pod/shop/web-0:81")]
)
def test_a_port_of_a_pod_is_looked_up_by_its_name(text, expected):
    pod = a_pod("web-0", {"name": "metrics", "containerPort": 9153})
    assert str(resolved(text, Objects(pod)).target) == expected


def test_a_port_that_a_pod_has_not_is_refused():
    with pytest.raises(NotFound, match="no port called admin"):
        resolved("pod/web-0:admin", Objects(a_pod("web-0", {"name": "metrics", "containerPort": 9153})))
    with pytest.raises(NotFound, match="no pod is called"):
        resolved("pod/web-0:admin", Objects(None))


# --- what stands behind a service


class Lists:
    """EndpointSlices and pods, as they would be listed; None may not be read."""

    def __init__(self, slices: list[dict[str, Any]] | None, pods: list[Pod] | None = None) -> None:
        self._slices = slices
        self._pods = pods

    def slices_of(self, service: Service, call: Call) -> list[EndpointSlice]:
        if self._slices is None:
            raise AccessDenied("slices may not be read")
        return [decode(json.dumps(piece).encode(), EndpointSlice) for piece in self._slices]

    def pods_of(self, service: Service, call: Call) -> list[Pod] | None:
        return self._pods


def backends(lists: Lists, port: dict[str, Any] = HTTP, **spec: Any) -> Any:
    target = a_service(port, **spec)
    return backends_of(target, (target.spec.ports or [])[0], lists, Call())


def with_uid(item: dict[str, Any], uid: str) -> dict[str, Any]:
    return item | {"targetRef": item["targetRef"] | {"uid": uid}}


def test_backends_are_those_of_all_slices_once_each():
    """Y10: named ports differ between pods; two families list a pod twice."""
    second = slice_of("web", [endpoint("web-1", "10.0.0.2")], "http")
    second["ports"][0]["port"] = 9090
    pieces = [
        slice_of("web", [with_uid(endpoint("web-0", "10.0.0.1"), "u0")], "http", "metrics"),
        slice_of("web", [with_uid(endpoint("web-0", "fd00::1"), "u0")], "http"),
        second,
        slice_of("web", [endpoint("web-2")], "admin"),
    ]
    found = backends(Lists(pieces))
    assert [(one.pod, one.port, one.addresses) for one in found.backends] == [
        ("web-0", 8080, ("10.0.0.1", "fd00::1")),
        ("web-1", 9090, ("10.0.0.2",)),
    ]
    assert found.note is None


@pytest.mark.parametrize(
    ("conditions", "serves"),
    [
        ({}, True),
        ({"ready": None}, True),
        ({"ready": False}, False),
        ({"ready": False, "serving": True, "terminating": False}, True),
        ({"ready": False, "serving": True, "terminating": True}, False),
        ({"ready": True, "serving": True}, True),
        ({"ready": False, "serving": False}, False),
    ],
)
def test_backends_serve_and_do_not_shut_down(conditions, serves):
    piece = slice_of("web", [endpoint("web-0") | {"conditions": conditions}], "http")
    assert len(backends(Lists([piece])).backends) == serves


def test_an_address_without_a_pod_is_a_backend_without_a_pod():
    (backend,) = backends(Lists([slice_of("web", [endpoint(None)], "http")])).backends
    assert (backend.pod, backend.addresses, backend.port) == (None, ("10.0.0.1",), 8080)


@pytest.mark.parametrize(
    ("port", "spec", "number"),
    [
        ({"port": 80, "targetPort": 8080}, {}, 8080),
        ({"port": 80}, {}, 80),
        ({"port": 80, "targetPort": "web"}, {}, 8081),
        ({"port": 80, "targetPort": "other"}, {}, None),
        ({"port": 80, "targetPort": 8080}, {"clusterIP": "None"}, 80),
    ],
)
def test_without_slices_the_pods_are_taken_by_kubectls_rule(port, spec, number):
    """Y10, Y11."""
    ready, other = a_pod("web-0", {"name": "web", "containerPort": 8081}), a_pod("web-1", ready=False)
    found = backends(Lists(None, [ready, other]), port, selector={"app": "web"}, **spec)
    assert [(one.pod, one.port) for one in found.backends] == ([] if number is None else [("web-0", number)])
    assert "may not be read" in (found.note or "")


def test_without_slices_and_selector_nothing_is_known():
    with pytest.raises(AccessDenied):
        backends(Lists(None))
