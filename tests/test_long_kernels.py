"""Kernels that live for days, fork, and are pickled: the next request works without a restart."""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import pathlib
import pickle
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

import kubernetes.config
import pytest
from kubectl.recorders import World
from preparing import prepared

from kubeaccess_magic import Cluster
from kubeaccess_magic.call import Call
from kubeaccess_magic.credentials.answer_cache import MOST_ANSWERS, AnswerCache
from kubeaccess_magic.errors import KubeAccessError

V1 = "client.authentication.k8s.io/v1"
NAMESPACES = "/api/v1/namespaces"
PLUGIN = f"""#!/bin/sh
cd "$(dirname "$0")"
echo run >> runs
if [ -e slow ]; then echo 'go to https://login.example and type ABCD-1234' >&2; sleep 1; fi
cat reply 2>/dev/null ||
  printf '{{"kind":"ExecCredential","apiVersion":"{V1}","status":{{"token":"%s"}}}}' "t$(wc -l < runs)"
"""


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    made = World()
    with contextlib.closing(made):
        yield made


@pytest.fixture
def cluster(world, tmp_path, monkeypatch) -> Iterator[Callable[..., Cluster]]:
    """A Cluster of that user; its kubeconfig is `config` in the working folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name, data in world.files().items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / "plugin.sh").write_text(PLUGIN)
    (tmp_path / "plugin.sh").chmod(0o755)
    with contextlib.ExitStack() as ends:

        def make(user: dict[str, object], server: str = "tls") -> Cluster:
            config(world, user, server)
            return ends.enter_context(Cluster(kubeconfig="config", timeout_s=20))

        yield make


def config(world: World, user: dict[str, object], server: str = "tls") -> None:
    """Write the kubeconfig."""
    named = {"server": f"https://127.0.0.1:{world.ports[server]}", "certificate-authority": "ca.crt"}
    context = {"name": "x", "context": {"cluster": "c", "user": "u"}}
    text = {
        "clusters": [{"name": "c", "cluster": named}],
        "users": [{"name": "u", "user": user}],
        "contexts": [context],
    }
    pathlib.Path("config").write_text(json.dumps({**text, "current-context": "x"}))


PLUGIN_USER = {"exec": {"command": "./plugin.sh", "apiVersion": V1, "interactiveMode": "Never"}}


def runs() -> int:
    return len(pathlib.Path("runs").read_text().split())


def asked(world: World, one: Cluster) -> list[str]:
    since = len(world.log)
    one.get(NAMESPACES)
    return world.noted(since)


def test_32_threads_run_the_plugin_once_and_hear_its_code(world, cluster):  # G25
    one = cluster(PLUGIN_USER)
    pathlib.Path("slow").touch()
    said: list[str] = []
    since = len(world.log)
    threads = [threading.Thread(target=lambda: one.get(NAMESPACES, call=Call(say=said.append))) for _ in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert runs() == 1
    assert said == ["go to https://login.example and type ABCD-1234"]
    assert len(world.log) - since == 32 and all("Bearer t1" in line for line in world.log[since:])


@pytest.mark.parametrize(
    "ask",
    [lambda one: one.namespaces(), lambda one: one.nodes(), lambda one: one.services(), lambda one: one.pods(),
     lambda one: one.info(), lambda one: one.user(), lambda one: one.can("GET", "web:80"), lambda one: one.get("web"),
     lambda one: one.url("web"), lambda one: one.resolve("web"), lambda one: prepared(one, "GET", "web"),
     lambda one: kubernetes.client.CoreV1Api(one.api_client).list_namespace()],
)  # fmt: skip
def test_whatever_is_asked_first_the_prompt_is_seen(world, cluster, caplog, ask):
    """A login that nobody is told of is waited for in vain."""
    one = cluster(PLUGIN_USER)
    pathlib.Path("slow").touch()
    pathlib.Path("plugin.sh").write_text(PLUGIN.replace("sleep 1", "sleep 0"))
    with contextlib.suppress(Exception):  # this server has nothing of what is asked for
        ask(one)
    assert runs() == 1
    assert "go to https://login.example and type ABCD-1234" in caplog.text


def test_threads_that_are_refused_together_renew_once(world, cluster):
    one = cluster(PLUGIN_USER)
    pathlib.Path("reply").write_text(reply(token="expired"))
    with pytest.raises(KubeAccessError):
        one.get(NAMESPACES)
    before = runs()
    pathlib.Path("reply").unlink()
    pathlib.Path("slow").touch()
    good: list[int] = []
    threads = [threading.Thread(target=lambda: good.append(one.get(NAMESPACES).status_code)) for _ in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert good == [200] * 32
    assert runs() == before + 1


def reply(**status: object) -> str:
    return json.dumps({"kind": "ExecCredential", "apiVersion": V1, "status": status})


def test_a_plugins_certificate_that_ends_is_renewed_with_new_connections(world, cluster):
    one = cluster(PLUGIN_USER)

    def give(name: str, seconds: float) -> None:
        person = world.people[name]
        ends = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))
        pair = {"clientCertificateData": person.pem.decode(), "clientKeyData": person.key_pem.decode()}
        pathlib.Path("reply").write_text(reply(**pair, expirationTimestamp=ends))

    give("alice", 1)
    assert "as alice" in asked(world, one)[-1]
    give("bob", 3600)
    time.sleep(1.1)
    assert "as bob" in asked(world, one)[-1]


def test_a_rotated_ca_and_a_moved_server_are_followed(world, cluster):
    one = cluster({"token": "a"})
    assert asked(world, one)
    pathlib.Path("ca.crt").write_bytes(world.stranger.pem)
    with pytest.raises(KubeAccessError, match="not trusted"):
        one.get(NAMESPACES)
    config(world, {"token": "b"}, "other")
    assert "other GET" in asked(world, one)[-1] and "Bearer b" in world.log[-1]
    assert one.server == f"https://127.0.0.1:{world.ports['other']}"


def test_a_kubeconfig_that_is_gone_or_half_written_changes_nothing(world, cluster):
    one = cluster({"token": "a"})
    asked(world, one)
    pathlib.Path("config").unlink()
    assert "Bearer a" in asked(world, one)[-1]
    pathlib.Path("config").write_text("clusters: [{name: c, clus")
    assert "Bearer a" in asked(world, one)[-1]
    config(world, {"token": "b"})
    assert "Bearer b" in asked(world, one)[-1]
    pathlib.Path("config").write_text("{}")
    with pytest.raises(KubeAccessError, match="no context 'x'"):
        one.get(NAMESPACES)


def test_another_user_of_the_context_is_never_the_old_one(world, cluster, monkeypatch):
    """The context, its cluster and its users stand in files of their own: only the first of them changes."""
    cluster({"token": "a"})
    told = json.loads(pathlib.Path("config").read_text())
    users = [{"name": "u", "user": {"token": "a"}}, {"name": "v", "user": {"tokenFile": "later"}}]
    pathlib.Path("users").write_text(json.dumps({"users": users}))
    pathlib.Path("config").write_text(json.dumps({**told, "users": []}))
    monkeypatch.setenv("KUBECONFIG", "config:users")
    with Cluster(timeout_s=20) as one:
        assert "Bearer a" in asked(world, one)[-1]
        told["contexts"][0]["context"]["user"] = "v"
        pathlib.Path("config").write_text(json.dumps({**told, "users": []}))
        with pytest.raises(KubeAccessError, match="later"):
            one.get(NAMESPACES)
        pathlib.Path("later").write_text("v")
        assert "Bearer v" in asked(world, one)[-1]


def test_a_proxy_of_the_environment_that_is_set_later_is_used(world, cluster, monkeypatch):
    one = cluster({"token": "a"})
    text = pathlib.Path("config").read_text()
    pathlib.Path("config").write_text(text.replace("127.0.0.1", "LOCALHOST"))
    assert asked(world, one) == ["tls GET /api/v1/namespaces at LOCALHOST:@tls@ | Authorization: Bearer a"]
    monkeypatch.setenv("HTTPS_PROXY", f"http://user:canary@127.0.0.1:{world.ports['proxy']}")
    assert asked(world, one)[0] == "proxy CONNECT localhost:@tls@ | Basic user:canary"
    monkeypatch.setenv("HTTPS_PROXY", f"http://user:canary@127.0.0.1:{world.ports['closed']}")
    with pytest.raises(KubeAccessError) as caught:
        one.get(NAMESPACES)
    assert "canary" not in f"{caught.value} {caught.value.hint} {caught.value.__cause__!r} {one!r}"
    monkeypatch.setenv("NO_PROXY", "localhost")
    assert len(asked(world, one)) == 1


# --- several Clusters of one kernel (G25)


@pytest.fixture
def both_servers(world, cluster) -> Callable[..., Cluster]:
    """As `cluster`, whose CA file is good for the other server, too."""
    pathlib.Path("ca.crt").write_bytes(pathlib.Path("ca.crt").read_bytes() + world.stranger.pem)
    return cluster


def signed(one: Cluster, world: World) -> str:
    return asked(world, one)[-1].rpartition("Bearer ")[2]


def test_each_cluster_of_the_kernel_uses_the_one_login(world, both_servers):
    cluster = both_servers
    first, second = cluster(PLUGIN_USER), cluster(PLUGIN_USER)
    assert [signed(one, world) for one in (first, second, Cluster(kubeconfig="config"))] == ["t1"] * 3
    second.close()
    assert signed(cluster(PLUGIN_USER), world) == "t1"
    assert signed(cluster({**PLUGIN_USER, "as": "eve"}), world) == "t1 | Impersonate-User: eve"
    assert signed(cluster(PLUGIN_USER, "other"), world) == "t1"  # it is told nothing of the server
    assert runs() == 1


@pytest.mark.parametrize(
    "changed",
    [{"args": ["--profile", "b"]}, {"env": [{"name": "PROFILE", "value": "b"}]}, {"provideClusterInfo": True},
     {"apiVersion": f"{V1}beta1"}, {"command": "./folder/plugin.sh"}, {}],
    ids=["arguments", "environment", "cluster", "version", "folder", "kernel"],
)  # fmt: skip
def test_what_the_plugin_depends_on_tells_logins_apart(world, cluster, monkeypatch, changed):
    assert signed(cluster(PLUGIN_USER), world) == "t1"
    pathlib.Path("folder").mkdir()
    pathlib.Path("folder/plugin.sh").write_text('#!/bin/sh\nexec "$(dirname "$0")"/../plugin.sh\n')
    pathlib.Path("folder/plugin.sh").chmod(0o755)
    if not changed:
        monkeypatch.setenv("AWS_PROFILE", "another")  # in a terminal it would be another kubectl
    if "apiVersion" in changed:
        pathlib.Path("reply").write_text(reply(token="t2").replace(V1, changed["apiVersion"]))
    one = cluster({"exec": {**PLUGIN_USER["exec"], **changed}})
    assert signed(one, world) == signed(one, world) == "t2"
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    assert signed(cluster(PLUGIN_USER), world) == "t1"
    assert runs() == 2


def test_with_cluster_info_each_server_has_its_own_login(world, both_servers):
    cluster = both_servers
    told = {"exec": {**PLUGIN_USER["exec"], "provideClusterInfo": True}}
    assert [signed(cluster(told, server), world) for server in ("tls", "other", "tls")] == ["t1", "t2", "t1"]


def test_a_plugin_that_was_mended_is_run_again(world, cluster):
    assert signed(cluster(PLUGIN_USER), world) == "t1"
    pathlib.Path("plugin.sh").write_text(PLUGIN + "# another\n")
    assert signed(cluster(PLUGIN_USER), world) == "t2"


def together(clusters: list[Cluster]) -> list[object]:
    """Each asks in a thread of its own; status codes and errors."""
    start, found = threading.Barrier(len(clusters)), []

    def ask(one: Cluster) -> None:
        start.wait()
        try:
            found.append(one.get(NAMESPACES).status_code)
        except KubeAccessError as error:
            found.append(str(error))

    threads = [threading.Thread(target=ask, args=(one,)) for one in clusters]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return found


def test_clusters_that_sign_in_together_run_the_plugin_once(world, cluster):
    pathlib.Path("slow").touch()
    assert together([cluster(PLUGIN_USER) for _ in range(8)]) == [200] * 8
    assert runs() == 1


def test_clusters_that_wait_for_the_same_login_share_its_failure(world, cluster):
    pathlib.Path("slow").touch()
    pathlib.Path("reply").write_text("{}")
    found = together([cluster(PLUGIN_USER) for _ in range(8)])
    assert len(found) == 8 and all("answered" in str(one) for one in found)
    assert runs() < 8
    pathlib.Path("reply").unlink()
    assert cluster(PLUGIN_USER).get(NAMESPACES).status_code == 200  # and is not remembered


def test_a_refusal_of_one_renews_for_all(world, cluster):
    clusters = [cluster(PLUGIN_USER) for _ in range(8)]
    pathlib.Path("reply").write_text(reply(token="expired"))
    with pytest.raises(KubeAccessError):
        clusters[0].get(NAMESPACES)
    before = runs()
    pathlib.Path("reply").unlink()
    pathlib.Path("slow").touch()
    assert together(clusters) == [200] * 8
    assert runs() == before + 1
    assert {signed(one, world) for one in clusters} == {f"t{before + 1}"}


def test_what_one_has_renewed_the_others_send_at_once(world, cluster):
    """They need not be refused first: a POST that was refused is not sent again."""
    first, second = cluster(PLUGIN_USER), cluster(PLUGIN_USER)
    pathlib.Path("reply").write_text(reply(token="expired"))
    for one in (first, second):
        with pytest.raises(KubeAccessError):
            one.get(NAMESPACES)
    pathlib.Path("reply").unlink()
    assert first.get(NAMESPACES).status_code == 200
    before = runs()
    (sent,) = asked(world, second)
    assert sent.endswith(f"Bearer t{before}")
    assert runs() == before


def test_a_forked_process_signs_in_while_a_thread_of_its_parent_does(world, cluster):
    """It inherits the answers, and no lock that somebody holds."""
    pathlib.Path("slow").touch()
    first, second = cluster(PLUGIN_USER), cluster(PLUGIN_USER)
    signing = threading.Thread(target=lambda: first.get(NAMESPACES))
    signing.start()
    while not pathlib.Path("runs").exists():
        time.sleep(0.01)
    context = multiprocessing.get_context("fork")
    answer = context.Queue()
    child = context.Process(target=in_the_child, args=(second, answer))
    child.start()
    assert answer.get(timeout=30) == 200
    child.join(20)
    signing.join(20)
    assert child.exitcode == 0 and not signing.is_alive()
    assert runs() == 2
    later = context.Process(target=in_the_child, args=(second, answer))
    later.start()
    assert answer.get(timeout=30) == 200
    later.join(20)
    assert runs() == 2


def test_answers_are_bounded_and_never_shown():
    answers = AnswerCache()
    first = answers.get("canary-first")
    for number in range(MOST_ANSWERS - 1):
        answers.get(number)
    assert answers.get("canary-first") is first  # asked for last: the next one to go is another
    answers.get("one more")
    assert answers.get("canary-first") is first
    for number in range(MOST_ANSWERS):
        answers.get(number, "more")
    assert answers.get("canary-first") is not first
    for one in (answers, first):
        assert "canary" not in repr(one) + repr(vars(one))
        with pytest.raises(TypeError, match="not pickled"):
            pickle.dumps(one)


# --- fork and pickle


def in_the_child(one: Cluster, answer) -> None:
    answer.put(one.get(NAMESPACES).status_code)


@pytest.mark.parametrize("way", ["fork", "spawn"])
def test_another_process_asks_while_a_thread_renews(world, cluster, way):
    """By fork it inherits a lock that a thread of ours holds, and connections that are ours; by spawn a pickle."""
    one = cluster(PLUGIN_USER)
    asked(world, one)
    pathlib.Path("slow").touch()
    time.sleep(0.01)
    config(world, {"exec": {**PLUGIN_USER["exec"], "args": ["again"]}})  # the plugin is to be run again
    renewing = threading.Thread(target=lambda: one.get(NAMESPACES))
    before = runs()
    renewing.start()
    while runs() == before:
        time.sleep(0.01)
    context = multiprocessing.get_context(way)
    answer = context.Queue()
    child = context.Process(target=in_the_child, args=(one, answer))
    child.start()
    assert answer.get(timeout=30) == 200
    child.join(20)
    renewing.join(20)
    assert child.exitcode == 0 and not renewing.is_alive()
    assert one.get(NAMESPACES).status_code == 200  # our own connections were not closed by the child


@pytest.mark.parametrize("client", ["ours", "theirs"])
def test_a_forked_process_has_connections_of_its_own(world, cluster, client):
    one = cluster({"token": "a"})
    if client == "theirs":
        one = Cluster(api_client=kubernetes.config.new_client_from_config("config"))
    asked(world, one)
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        told = "failed"
        with contextlib.suppress(BaseException):
            told = " ".join(str(one.get(NAMESPACES).status_code) for _ in range(20))
        os.write(write, told.encode())
        os._exit(0)
    ours = [one.get(NAMESPACES).status_code for _ in range(20)]  # at the same time
    os.close(write)
    with os.fdopen(read) as pipe:
        theirs = pipe.read()
    os.waitpid(child, 0)
    assert ours == [200] * 20
    assert theirs.split() == ["200"] * 20


def test_a_pickle_is_a_recipe_without_secrets(world, cluster, tmp_path):
    one = cluster({"token": "canary-secret", "as": "eve"})
    asked(world, one)
    pickled = pickle.dumps(one)
    assert b"canary" not in pickled
    program = f"import pickle; print(pickle.loads({pickled!r}).get({NAMESPACES!r}).status_code)"
    since = len(world.log)
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=True)
    assert ran.stdout == "200\n"
    assert "Bearer canary-secret | Impersonate-User: eve" in world.noted(since)[-1]
