"""Pods and services are read from typed objects: `fast` gives the rows that `exact` gives, or none at all."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeaccess_magic import dialects
from kubeaccess_magic.dialects.kubernetes import exact, fast, namespaces_frame, nodes_frame, pods_frame, services_frame
from kubeaccess_magic.dialects.kubernetes.frames import pod_target
from kubeaccess_magic.dialects.kubernetes.heads import head_of
from kubeaccess_magic.dialects.kubernetes.kinds import COLUMNS
from kubeaccess_magic.errors import TargetError
from kubeaccess_magic.kube import Namespace, Node, Pod, Service, decode_list, target_of
from kubeaccess_magic.query import ALL
from kubeaccess_magic.targets import Target

from .answers import reply, request
from .objects import CREATED, listed, meta, service


def exact_rows(kind: str, items: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return exact.rows_of(items, kind, COLUMNS[kind])


def some(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """An object of which every field may be missing, among others that nobody reads."""
    other = st.fixed_dictionaries({}, optional={"fieldOfTomorrow": st.none() | st.lists(st.integers(), max_size=2)})
    return st.builds(lambda a, b: a | b, st.fixed_dictionaries({}, optional=fields), other)


words = st.text(alphabet="ab-.0é\u2028\U0001f600", max_size=6)
names = st.from_regex(r"[a-z]([-a-z0-9.]{0,8}[a-z0-9])?", fullmatch=True) | words
numbers = st.integers(0, 70000) | st.sampled_from([2**53 + 1, 2**63, 2**64, 10**30])
labels = st.dictionaries(
    st.sampled_from(["app", "k8s-app", "app.kubernetes.io/name", "name", "tier"]), names, max_size=4
)
metadata = some(
    name=names,
    namespace=st.none() | names,
    labels=st.none() | labels,
    creationTimestamp=st.none() | st.sampled_from([CREATED, "2026-11-01T00:00:00.123456Z", "yesterday"]),
    managedFields=st.just([{"fieldsV1": {"f:metadata": {"f:name": {}}}}]),
)
ports = st.lists(numbers.map(lambda number: {"containerPort": number}), max_size=2)
pods = st.builds(
    lambda metadata, rest: {"metadata": metadata} | rest,
    metadata,
    some(
        spec=some(
            containers=st.none()
            | st.lists(
                st.builds(lambda name, more: {"name": name} | more, words, some(ports=st.none() | ports)), max_size=3
            ),
            nodeName=st.none() | names,
        ),
        status=some(
            phase=st.none() | words,
            podIP=st.none() | words,
            podIPs=st.none() | st.lists(some(ip=st.none() | words), max_size=2),
            containerStatuses=st.none() | st.lists(some(ready=st.booleans(), restartCount=numbers), max_size=3),
        ),
    ),
)
services = st.builds(
    lambda metadata, rest: {"metadata": metadata} | rest,
    metadata,
    some(
        spec=some(
            type=st.none() | st.sampled_from(["ClusterIP", "ExternalName", "LoadBalancer"]),
            clusterIP=st.none() | words,
            externalName=st.none() | words,
            externalIPs=st.none() | st.lists(words, max_size=2),
            ports=st.none()
            | st.lists(
                st.builds(
                    lambda port, more: {"port": port} | more,
                    numbers,
                    some(name=st.none() | words, protocol=st.none() | st.sampled_from(["TCP", "UDP", ""])),
                ),
                max_size=3,
            ),
        ),
        status=st.none()
        | some(loadBalancer=st.none() | some(ingress=st.none() | st.lists(some(ip=words, hostname=st.none() | words)))),
    ),
)


@given(st.lists(pods, max_size=4))
def test_rows_of_pods_are_those_of_plain_json(items: list[dict[str, Any]]) -> None:
    body = listed("Pod", items)
    assert fast.rows_of(body, "/Pod") == exact_rows("/Pod", items)
    pd.testing.assert_frame_equal(dialects.load([reply(body)]).frame, pods_frame(decode_list(body, Pod).items))


@given(st.lists(services, max_size=4))
def test_rows_of_services_are_those_of_plain_json(items: list[dict[str, Any]]) -> None:
    assert fast.rows_of(listed("Service", items), "/Service") == exact_rows("/Service", items)


anything = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 2**65) | st.floats(allow_nan=False, allow_infinity=False) | words,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(words, inner, max_size=2),
    max_leaves=4,
)


def paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for key, one in inner for found in paths(one, (*path, key)))]


@given(pods, anything, st.data())
def test_a_field_of_another_type_lies_to_nobody(item: dict[str, Any], odd: Any, data: st.DataObject) -> None:
    item = json.loads(json.dumps(item))
    *where, last = data.draw(st.sampled_from([path for path in paths(item) if path]))
    place: Any = item
    for key in where:
        place = place[key]
    place[last] = odd
    body = listed("Pod", [item, {"metadata": meta("well")}])
    loaded = dialects.load([reply(body)])
    assert len(loaded.frame) == 2 and loaded.frame["name"].iloc[1] == "well"
    rows = fast.rows_of(body, "/Pod")
    assert rows is None or rows[0] == exact_rows("/Pod", [item])[0]


POD = {
    "metadata": meta("web-0", labels={"app": "web"}),
    "spec": {"containers": [{"name": "a", "ports": [{"containerPort": 80}]}], "nodeName": "n"},
    "status": {"phase": "Running", "podIP": "10.0.0.1", "containerStatuses": [{"ready": True, "restartCount": 3}]},
}


@pytest.mark.parametrize(
    ("before", "after", "column", "value"),
    [
        ('"restartCount": 3', '"restartCount": "3"', "restarts", 0),
        ('"restartCount": 3', '"restartCount": 3.0', "restarts", 0),
        ('"restartCount": 3', '"restartCount": null', "restarts", 0),
        ('"restartCount": 3', '"restartCount": true', "restarts", 0),
        ('"restartCount": 3', '"restartCount": 9007199254740993', "restarts", 2**53 + 1),
        ('"restartCount": 3', '"restartCount": 36893488147419103232', "restarts", 2**65),
        ('"restartCount": 3', '"restartCount": 3, "restartCount": 4', "restarts", 4),
        ('"ready": true', '"ready": "true"', "ready", 0),
        ('"ready": true', '"ready": 1', "ready", 0),
        ('"phase": "Running"', '"phase": {"is": "odd"}', "phase", {"is": "odd"}),
        ('"phase": "Running"', '"phase": 7', "phase", 7),
        ('"phase": "Running"', '"phase": "\\ud800"', "phase", "\ud800"),
        ('"phase": "Running"', '"phase": "Running", "x": 1e400', "phase", "Running"),
        ('"phase": "Running"', '"phase": "Running", "x": NaN', "phase", "Running"),
        ('"phase": "Running"', '"phase": "Running", "phase": "Failed"', "phase", "Failed"),
        ('"labels": {"app": "web"}', '"labels": {"app": null}', "app", ""),
        ('"labels": {"app": "web"}', '"labels": {"app": "web", "other": null}', "app", "web"),
        ('"labels": {"app": "web"}', '"labels": [1]', "app", ""),
        ('"containerPort": 80', '"containerPort": "http"', "ports", ["http"]),
        ('"containerPort": 80', '"name": "http"', "ports", [None]),
        ('"name": "web-0"', '"name": null', "name", ""),
        ('"podIP": "10.0.0.1"', '"podIP": ["10.0.0.1"]', "ip", ["10.0.0.1"]),
        ('"podIP": "10.0.0.1"', '"podIPs": 5', "ip", None),
        (f'"creationTimestamp": "{CREATED}"', '"creationTimestamp": 5', "created", 5),
    ],
)
def test_where_the_fast_path_would_lie_it_is_not_taken(before: str, after: str, column: str, value: Any) -> None:
    text = listed("Pod", [POD]).decode()
    assert text.count(before) == 1
    frame = dialects.load([reply(text.replace(before, after).encode("utf-8", "surrogatepass"))]).frame
    found = frame[column].iloc[0]
    assert found == value or (value is None and pd.isna(found))
    assert frame["namespace"].tolist() == ["shop"]


def test_one_page_that_is_odd_changes_no_other() -> None:
    odd = json.loads(json.dumps(POD))
    odd["status"]["containerStatuses"][0]["restartCount"] = None
    asked = [request("/api/v1/pods?limit=1"), request("/api/v1/pods?limit=1&continue=a")]
    pages = [listed("Pod", [POD], **{"continue": "a"}), listed("Pod", [odd])]
    loaded = dialects.load([reply(body, asked=one) for body, one in zip(pages, asked, strict=True)], limit=ALL)
    assert loaded.frame["restarts"].tolist() == [3, 0] and loaded.frame["restarts"].dtype == "Int64"


def test_a_pod_of_another_group_is_another_kind() -> None:
    frame = dialects.load(
        [reply(listed("Pod", [{"metadata": meta("a"), "spec": {"size": 3}}], "example.org/v1"))]
    ).frame
    assert frame["spec.size"].tolist() == [3]


def test_labels_make_no_difference_to_the_other_columns() -> None:
    body = listed("Pod", [POD, {"metadata": meta("bare")}])
    frame = dialects.load([reply(body)], labels="app,no").frame
    pd.testing.assert_frame_equal(frame.drop(columns=["labels.app", "labels.no"]), dialects.load([reply(body)]).frame)
    assert frame["labels.app"].tolist()[0] == "web" and frame["labels.no"].isna().all()


# ---- heads


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("items", [[], [POD], None])
def test_the_head_is_read_without_the_items_where_that_is_certain(items: Any, indent: int | None) -> None:
    whole = json.loads(listed("Pod", items, resourceVersion="7", remainingItemCount=4, **{"continue": "a+/="}))
    head = head_of(json.dumps(whole, indent=indent).encode())
    assert head is not None and head.is_list and head.group_kind == "/Pod" and head.token == "a+/="
    assert head.metadata is not None and head.metadata.remaining_item_count == 4


@pytest.mark.parametrize(
    "text",
    [
        '{"kind":"PodList","apiVersion":"v1","metadata":{"continue":"a"},"items":[],"metadata":{}}',
        '{"kind":"PodList","apiVersion":"v1","metadata":{"continue":"a"},"items":[],"metadata":{"continue":"b"}}',
        '{"apiVersion":"v1","items":[{"metadata":{"continue":"a"}}],"kind":"PodList","metadata":{}}',
        '{"kind":"PodList","apiVersion":"v1","metadata":{"continue":"a","x":{}},"items":[]}',
        '{"kind":"Pod\\u004cist","apiVersion":"v1","metadata":{"continue":"a"},"items":[]}',
        '{"kind":"PodList","apiVersion":"v1","metadata":{"continue":5},"items":[]}',
    ],
)
def test_other_heads_are_those_of_plain_json(text: str) -> None:
    whole, head = json.loads(text), head_of(text.encode())
    token = whole["metadata"].get("continue")
    assert (head is None) == isinstance(token, int)
    assert head is None or (head.kind, head.token) == (whole["kind"], token)


@pytest.mark.parametrize("cut", [1, 2, 20])
def test_what_is_cut_off_has_no_head(cut: int) -> None:
    assert head_of(listed("Pod", [POD])[:-cut]) is None


def test_the_rows_of_a_service_of_the_demo_kind() -> None:
    lb = {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}
    items = [service("web", {"port": 80, "name": "http"}, clusterIP="10.96.0.1", externalIPs=["1.2.3.4"], status=lb)]
    assert fast.rows_of(listed("Service", items), "/Service") == exact_rows("/Service", items)


def test_nodes_and_namespaces_are_those_of_the_verbs() -> None:
    conditions = [{"type": "Ready", "status": "True"}]
    status = {"conditions": conditions, "allocatable": {"cpu": "3920m", "memory": "1.5Gi", "pods": "110"}}
    labels = {"node-role.kubernetes.io/worker": "", "kubernetes.io/role": "edge"}
    body = listed(
        "Node", [{"metadata": meta("n1", None, labels=labels), "status": status}, {"metadata": meta("n2", None)}]
    )
    frame = dialects.load([reply(body)]).frame
    pd.testing.assert_frame_equal(frame, nodes_frame(decode_list(body, Node).items))
    body = listed("Namespace", [{"metadata": meta("shop", None), "status": {"phase": "Active"}}])
    pd.testing.assert_frame_equal(
        dialects.load([reply(body)]).frame, namespaces_frame(decode_list(body, Namespace).items)
    )


names_of_all_kinds = st.sampled_from(
    ["web", "http", "https", "svc", "services", "a.b", "Odd_Name", "", "-a", "a" * 70, "0"]
)
namespaces = st.sampled_from([None, "shop", "svc", "pod", "services", "Odd", "", "https"])


@given(
    names_of_all_kinds,
    namespaces,
    st.sampled_from(["", "http", "https", "80", "web", "+1"]),
    st.sampled_from([80, 443]),
)
def test_the_text_to_type_is_what_a_target_prints(name: str, namespace: str | None, port: str, number: int) -> None:
    item = {"metadata": {"name": name, "namespace": namespace}, "spec": {"ports": [{"name": port, "port": number}]}}
    (one,) = decode_list(listed("Service", [item]), Service).items
    try:
        text = str(target_of(one, (one.spec.ports or [])[0]))
    except TargetError:
        text = None
    (found,) = services_frame([one], None)["target"]
    assert found == text or (text is None and pd.isna(found))
    try:
        text = str(Target("pod", name, namespace))
    except TargetError:
        text = None
    assert pod_target(name, namespace) == text
