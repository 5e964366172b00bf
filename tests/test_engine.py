"""`Engine`: prepares and runs queries for one cluster, each within one deadline."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from own_cluster import written_kubeconfig
from test_transport import Seen, Server, answered

from kubeaccess_magic import Cluster
from kubeaccess_magic.errors import AccessDenied, KubeAccessError, NotFound, TargetError, TimedOut
from kubeaccess_magic.query import Query

SERVICE = {
    "kind": "Service",
    "metadata": {"name": "web", "namespace": "shop"},
    "spec": {"ports": [{"name": "http", "port": 80}], "selector": {"app": "web"}},
}
PROXY = "/api/v1/namespaces/shop/services/web:http/proxy"


class Api:
    """An API server with one service, whose app answers with what it was sent."""

    def __init__(self) -> None:
        self.pause_s = 0.0
        self.ended = threading.Event()
        self.server = Server(self._answer)

    def _answer(self, seen: Seen, connection: Any) -> bytes:
        self.ended.wait(self.pause_s)
        if seen.path.startswith(PROXY):
            said = {"path": seen.path.removeprefix(PROXY), "method": seen.method, "body": seen.body.decode()}
            return answered(json.dumps([said]).encode(), "Content-Type: application/json")
        if seen.path.endswith("/services/web"):
            return answered(json.dumps(SERVICE).encode(), "Content-Type: application/json")
        return answered(b'{"kind": "Status", "code": 404}', "Content-Type: application/json", status="404 Not Found")

    @property
    def paths(self) -> list[str]:
        return [seen.path for seen in self.server.seen]


@pytest.fixture
def api() -> Iterator[Api]:
    running = Api()
    with running.server:
        yield running
        running.ended.set()


@pytest.fixture
def cluster(api: Api, tmp_path: Path) -> Iterator[Cluster]:
    with Cluster(kubeconfig=written_kubeconfig(tmp_path, api.server.url)) as cluster:
        yield cluster


def test_look_up_and_request_share_one_deadline(api: Api, cluster: Cluster) -> None:
    """Each answer is within the limit, both together are not."""
    api.pause_s = 6.0
    with pytest.raises(TimedOut, match="8 s"):
        cluster.get("shop/web", "stats", timeout_s=8)
    assert api.paths == ["/api/v1/namespaces/shop/services/web", f"{PROXY}/stats"]


def test_preparing_sends_nothing_to_the_app_and_running_sends_one_request(api: Api, cluster: Cluster) -> None:
    query = Query.of("shop/web", "stats?a=1", output="json")
    prepared = cluster.engine.prepare(query, cluster.call(query))
    assert (str(prepared.request.target), prepared.way.name) == ("shop/web:http", "proxy")
    assert api.paths == ["/api/v1/namespaces/shop/services/web"]
    outcome = cluster.engine.run(prepared, cluster.call(query))
    assert (outcome.reply.json()[0]["path"], outcome.way, outcome.table) == ("/stats?a=1", "proxy", None)
    assert api.paths[1:] == [f"{PROXY}/stats?a=1"]


def test_a_target_is_looked_up_once_in_a_while(api: Api, cluster: Cluster) -> None:
    for number in range(5):
        cluster.get("shop/web", f"{number}")
    assert api.paths == ["/api/v1/namespaces/shop/services/web", *(f"{PROXY}/{number}" for number in range(5))]


def test_an_answer_can_be_read_as_it_arrives(api: Api, cluster: Cluster) -> None:
    query = Query.of("shop/web", "stats")
    call = cluster.call(query)
    stream = cluster.engine.open(cluster.engine.prepare(query, call), call)
    assert stream.status_code == 200
    assert json.loads(b"".join(stream.chunks(call)))[0]["path"] == "/stats"


def test_a_body_in_pieces_is_sent_once(api: Api, cluster: Cluster) -> None:
    pieces = iter([b"one ", b"two"])
    query = Query("shop/web", "x", method="POST", body=pieces, output="json")
    call = cluster.call(query)
    outcome = cluster.engine.run(cluster.engine.prepare(query, call), call)
    assert outcome.reply.json()[0]["body"] == "one two"
    assert next(pieces, None) is None and len(api.paths) == 2


def test_what_cannot_be_sent_is_refused_before_anything_is(api: Api, cluster: Cluster) -> None:
    for target, path in (("shop/web", "a/../../x"), ("/api/v1/pods\\x", "/"), ("node/n", "..")):
        query = Query.of(target, path, method="GET")
        with pytest.raises(TargetError):
            cluster.engine.prepare(query, cluster.call(query))
    assert not api.paths


def test_a_service_that_is_not_there_is_not_found(api: Api, cluster: Cluster) -> None:
    with pytest.raises(NotFound):
        cluster.get("shop/other")
    assert not [path for path in api.paths if "/proxy" in path]


def test_two_threads_each_have_their_own_answer(api: Api, cluster: Cluster) -> None:
    answers: dict[str, list[str]] = {"a": [], "b": []}

    def ask(name: str) -> None:
        for number in range(50):
            answers[name].append(cluster.frame("shop/web", f"{name}/{number}")["path"][0])

    threads = [threading.Thread(target=ask, args=(name,)) for name in answers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert answers == {name: [f"/{name}/{number}" for number in range(50)] for name in answers}


def test_a_call_that_was_stopped_sends_nothing(api: Api, cluster: Cluster) -> None:
    call = cluster.call(Query.of("shop/web"))
    call.stop()
    with pytest.raises(KubeAccessError, match="stopped"):
        cluster.get("shop/web", call=call)
    assert not api.paths


@pytest.mark.parametrize("target", ["shop/web:80", "/api/v1/namespaces/shop/pods"])
def test_a_refusal_of_nobody_is_about_the_credential_and_proposes_no_role(tmp_path: Path, target: str) -> None:
    """Something on the way took the credential away: a Role for system:anonymous would help the wrong user."""
    message = 'services "web:80" is forbidden: User "system:anonymous" cannot get resource "services/proxy"'
    details = {"name": "web:80", "kind": "services"}
    status = {"kind": "Status", "code": 403, "reason": "Forbidden", "message": message, "details": details}
    body = json.dumps({"apiVersion": "v1", "metadata": {}, "status": "Failure"} | status).encode()

    def refuse(seen: Seen, connection: Any) -> bytes:
        return answered(body, "Content-Type: application/json", status="403 Forbidden")

    with Server(refuse) as server, Cluster(kubeconfig=written_kubeconfig(tmp_path, server.url)) as cluster:
        with pytest.raises(AccessDenied, match="does not recognize the credential") as caught:
            cluster.frame(target)
    assert caught.value.role is None and "Role" not in f"{caught.value} {caught.value.hint}"
