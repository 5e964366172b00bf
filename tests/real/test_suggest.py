"""Names and query words of a real API server and a real Prometheus, and of users who may read little."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from kubeaccess_magic import Cluster
from kubeaccess_magic.suggest import Suggestion, Suggestions
from kubeaccess_magic.suggest.known_apps import APPS
from kubeaccess_magic.targets import Target

from .control_plane import Real

LONG_S = 20.0
PROMETHEUS = Target.parse("monitoring/prometheus").target


@pytest.fixture
def known(as_user: Callable[..., Cluster]) -> Iterator[Callable[[str], Suggestions]]:
    made = []

    def give(user: str) -> Suggestions:
        made.append(Suggestions(as_user(user)))
        return made[-1]

    yield give
    for one in made:
        one.close()


def _texts(found: list[Suggestion]) -> list[str]:
    return [one.text for one in found]


def test_names_are_read_from_tables_and_lists(known: Callable[[str], Suggestions], real: Real) -> None:
    names = known("admin")
    services = {one.text: one for one in names.services("demo", wait_s=LONG_S)}
    assert (services["web"].ready, services["web"].of) == (2, 2)
    assert (services["noready"].ready, services["noready"].of) == (0, 1)
    assert services["udp"].note.endswith("does not speak HTTP")
    assert {"demo", "monitoring"} <= set(_texts(names.namespaces(wait_s=LONG_S)))
    assert ("web-0", "1/1 · Running") in [(one.text, one.note) for one in names.pods("demo", wait_s=LONG_S)]
    assert _texts(names.nodes(wait_s=LONG_S)) == ["node-1"]
    assert _texts(names.ports("service", "demo", "both", wait_s=LONG_S)) == ["http", "80", "https", "443"]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("/ver", "/version"),
        ("/api/v1/po", "/api/v1/pods"),
        ("/apis/apps/v1/dep", "/apis/apps/v1/deployments"),
        ("/apis/discovery", "/apis/discovery.k8s.io/v1/"),
        ("/api/v1/namespaces/demo/serv", "/api/v1/namespaces/demo/services"),
    ],
)
def test_paths_of_the_api_server(
    known: Callable[[str], Suggestions], real: Real, cluster: Cluster, typed: str, expected: str
) -> None:
    assert expected in _texts(known("admin").paths(Target(kind="api"), typed, wait_s=LONG_S))
    assert cluster.get(expected).ok


def test_every_path_of_the_api_server_is_there(cluster: Cluster) -> None:
    for known_path in APPS["Kubernetes"].paths:
        assert cluster.get(f"/{known_path.path}").ok, known_path


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("prometheus_build_i", ("prometheus_build_info", "metric")),
        ("up{jo", ("job", "label")),
        ('up{job="pro', ("prometheus", "value")),
        ("sum by (inst", ("instance", "label")),
    ],
)
def test_words_of_a_real_prometheus(
    known: Callable[[str], Suggestions], prometheus: str, text: str, expected: tuple[str, str]
) -> None:
    _, found = known("admin").query(PROMETHEUS, "api/v1/query", "query", text, len(text), wait_s=LONG_S)
    assert expected in [(one.text, one.kind) for one in found]
    if expected[1] == "metric":
        assert found[0].note.startswith("gauge · ")


def test_every_path_and_question_of_a_real_prometheus_is_answered(cluster: Cluster, prometheus: str) -> None:
    params = {"query": "up", "match[]": "up", "start": "0", "end": "1", "step": "30"}
    for known_path in APPS["Prometheus"].paths:
        needed = {name: value for name, value in params.items() if name in known_path.parameters}
        reply = cluster.get("monitoring/prometheus", "/" + known_path.path.replace("{label}", "job"), params=needed)
        assert reply.ok, (known_path, reply.text)
    for question in APPS["Prometheus"].questions:
        cluster.frame("monitoring/prometheus", question.path, params=question.params)


@pytest.mark.parametrize(
    ("user", "namespaces", "services"),
    [
        ("roamer", True, True),
        ("local", False, True),  # the context's namespace is offered though none may be listed
        ("nobody", False, False),
    ],
)
def test_who_may_read_little_is_offered_that(
    known: Callable[[str], Suggestions], real: Real, user: str, namespaces: bool, services: bool
) -> None:
    names = known(user)
    found = _texts(names.namespaces(wait_s=LONG_S))
    assert ("monitoring" in found) == namespaces and "demo" in found
    assert bool(names.services(wait_s=LONG_S)) == services
    assert names.services("kube-system", wait_s=LONG_S) == []
