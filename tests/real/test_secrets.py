"""Canaries in every place where a secret stands: looked for in everything that is shown, kept or raised (X12)."""

from __future__ import annotations

import json
import logging
import pickle
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from preparing import prepared

from kubeaccess_magic import Cluster, contexts
from kubeaccess_magic.errors import KubeAccessError

from . import notebook
from .control_plane import Real
from .notebook import Notebook

HEADER = "canary-of-a-header"
QUERY = "canary-of-a-query"
BODY = "canary-of-a-body"


@pytest.fixture(scope="module")
def files(real: Real, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Kubeconfigs of one user each, who signs in by a token, a token file, or a login; the last is not accepted."""
    folder = tmp_path_factory.mktemp("secrets")
    token = real.token("editor")
    (folder / "token").write_text(f"{token}\n")
    users: dict[str, dict[str, Any]] = {
        "token": {"token": token},
        "token-file": {"tokenFile": str(folder / "token")},
        "login": {"username": "somebody", "password": "canary-of-a-password"},
        "wrong": {"token": "canary-of-a-wrong-token"},
    }
    made = {}
    for name, user in users.items():
        told = json.loads(real.kubeconfig("editor").read_text())
        told["users"] = [{"name": "me", "user": user}]
        told["contexts"] = [{"name": name, "context": {"cluster": "real", "user": "me", "namespace": "demo"}}]
        told["current-context"] = name
        made[name] = folder / f"{name}.kubeconfig"
        made[name].write_text(json.dumps(told))
    return made


def canaries(real: Real) -> list[str]:
    return [real.token("editor"), real.token("admin"), HEADER, QUERY, "canary-of-a-password", "canary-of-a-wrong-token"]


def held(text: str, real: Real) -> list[str]:
    return [canary for canary in canaries(real) if canary in text]


def asks(cluster: Cluster) -> Iterator[Callable[[], Any]]:
    """Questions that work, and questions that fail in every way."""
    secret: dict[str, Any] = {"headers": {"X-Api-Key": HEADER, "Cookie": HEADER}, "params": {"token": QUERY}}
    yield lambda: cluster.get("web", "/stats", **secret)
    yield lambda: cluster.frame("web", "/stats", **secret)
    yield lambda: cluster.post("web", "/stats", data=BODY, **secret)
    yield lambda: prepared(cluster, "POST", "web", "/stats", data=BODY, **secret)
    yield lambda: cluster.get("web", f"/status/500?access_token={QUERY}")
    yield lambda: cluster.frame("web", f"/status/500?access_token={QUERY}")
    yield lambda: cluster.frame("web", f"/page?password={QUERY}")
    yield lambda: cluster.get("web", f"/redirect?to=http://x.example/&token={QUERY}")
    yield lambda: cluster.frame("web", f"/redirect?to=http://x.example/&token={QUERY}")
    yield lambda: cluster.get("nosuch", "/x", **secret)
    yield lambda: cluster.get("hangup", "/x", **secret)
    yield lambda: cluster.get("web", "/die", **secret)
    yield lambda: cluster.get("mute", "/x", timeout_s=0.2, **secret)
    yield lambda: cluster.get("web", "/size?n=1000", max_bytes=10, **secret)
    yield lambda: cluster.get("web", f"/a/../b?token={QUERY}", **secret)
    yield lambda: cluster.get("web", headers={"Authorization": f"Bearer {HEADER}"})
    yield lambda: cluster.get("web", headers={"X-Api-Key": f"{HEADER}\n"})
    yield lambda: cluster.get(f"http://user:{HEADER}@web.demo/")
    yield lambda: cluster.get(f"https://user:{HEADER}@192.0.2.1/api/v1/nodes")
    yield lambda: cluster.get("/api/v1/nodes")
    yield lambda: cluster.services(all_namespaces=True)
    yield lambda: cluster.can("GET", "web")
    yield lambda: cluster.url("web", "/x")
    yield cluster.user
    yield cluster.info
    yield lambda: cluster


@pytest.mark.parametrize("name", ["token", "token-file", "login", "wrong"])
def test_no_secret_in_what_python_shows(
    real: Real, files: dict[str, Path], name: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)  # of everybody, urllib3 too
    with Cluster(kubeconfig=files[name]) as cluster:
        assert held(repr(cluster.context) + str(cluster.context), real) == []
        for ask in asks(cluster):
            try:
                answer = ask()
            except KubeAccessError as error:
                texts = [str(error), repr(error), repr(error.args), str(error.hint), repr(vars(error))]
                texts += traceback.format_exception(error)
                if (reply := getattr(error, "reply", None)) is not None:
                    texts += [repr(reply), reply.url, *reply._repr_mimebundle_().values(), repr(reply.request)]
            else:
                texts = [repr(answer), str(answer)]
                for part in ("request", "url", "headers", "elapsed"):
                    texts.append(repr(getattr(answer, part, "")))
                if hasattr(answer, "attrs"):
                    texts.append(json.dumps(answer.attrs))
            assert held("\n".join(texts), real) == []
        assert held(repr(contexts(files[name]).to_dict()), real) == []
        pickled = pickle.dumps(cluster)
        assert held(pickled.decode("latin-1"), real) == []
        again = pickle.loads(pickled)
        assert (again.name, again.namespace, again.server) == (name, "demo", real.server)
        again.close()
        assert held(repr(vars(cluster.api_client)), real) == []
    assert held(caplog.text, real) == []


def test_a_cluster_that_was_pickled_still_signs_in(files: dict[str, Path]) -> None:
    with Cluster(kubeconfig=files["token"]) as cluster, pickle.loads(pickle.dumps(cluster)) as again:
        assert again.get("web", "/status/200").ok and again.user() == "editor"


@pytest.fixture(scope="module")
def book(files: dict[str, Path]) -> Iterator[Notebook]:
    with notebook.opened(files["token"]) as opened:
        opened.value("%xmode Verbose")
        opened.value(f"key, query = {HEADER!r}, {QUERY!r}")
        yield opened


LINES = [
    "web stats",
    "web stats -H X-Api-Key:${key} -q token=${query}",
    "web status/500?token=${query} -H 'Cookie: a=${key}'",
    "web page -H Cookie:${key}",
    "web stats?password=${query} -o reply",
    "web redirect?to=http://x.example/&token=${query}",
    "nosuch -H X-Api-Key:${key}",
    "hangup x?token=${query} -H X-Api-Key:${key}",
    "mute --timeout 0.2 -H X-Api-Key:${key}",
    "web x -H Authorization:${key}",
    "web x -H 'Authorization: Bearer ${key}'",
    "http://user:${key}@web.demo/",
    "url web x?token=a",
    "can web",
    "contexts",
    "use",
    "",
    "-h",
    "web stats --code -H X-Api-Key:${key}",
    "web stats --code -H 'Cookie: ${key}'",
    "web stats --kubectl -H X-Api-Key:${key}",
    "last",
    "history",
]


@pytest.mark.parametrize("line", LINES)
def test_no_secret_in_what_a_notebook_shows(real: Real, book: Notebook, line: str) -> None:
    ran = book.run(f"%kproxy {line}")
    shown = [ran.shown, ran.told, repr(ran.result), repr(ran.error)]
    if ran.result is not None:
        bundle, _ = book.shell.display_formatter.format(ran.result)
        shown += [str(text) for text in bundle.values()]
    if ran.error is not None:
        assert type(ran.error).__module__.startswith(("kubeaccess_magic", "IPython"))
    assert held("\n".join(shown), real) == []
    assert held(book.value("%kproxy history").to_csv(), real) == []
    last = book.run("%kproxy last")
    if last.result is not None:
        assert held(last.shown + repr(last.result) + "".join(last.result._repr_mimebundle_().values()), real) == []


def test_no_secret_in_a_verbose_traceback(real: Real, book: Notebook) -> None:
    # Our errors are folded; whoever wraps one gets the whole traceback, with the values of its variables.
    cell = (
        "def ask():\n    try:\n        %kproxy hangup x -q a=1\n"
        "    except Exception as error:\n        raise RuntimeError('mine') from error\nask()"
    )
    ran = book.run(cell)
    assert isinstance(ran.error, RuntimeError) and "RuntimeError: mine" in ran.shown
    assert held(ran.shown, real) == []
    book.value("from kubeaccess_magic import Cluster, current; cluster = current()")
    for call in (
        "cluster.get('hangup')",
        "cluster.get('nosuch')",
        "cluster.frame('web', '/status/500')",
        "cluster.get('web', timeout_s=-1)",
        "cluster.api_client.call_api()",
        "cluster.get('web', via=3)",
        "cluster.services(selector='!!')",
        "Cluster('nope')",
    ):
        ran = book.run(call)
        assert ran.error is not None
        assert held(ran.shown, real) == [], call


@pytest.mark.parametrize("call", ["get('web', '/die')", "get('mute', timeout_s=0.2)"])
def test_no_secret_in_a_verbose_traceback_of_a_broken_connection(real: Real, book: Notebook, call: str) -> None:
    book.value("from kubeaccess_magic import current")
    assert held(book.run(f"current().{call}").shown, real) == []


def test_a_secret_of_a_url_within_a_query(real: Real, files: dict[str, Path]) -> None:
    with Cluster(kubeconfig=files["token"]) as cluster:
        reply = cluster.get("web", f"/redirect?to=http://x.example/?token={QUERY}")
    assert held(repr(reply.request) + reply.url + repr(reply.headers), real) == []


def test_the_app_never_sees_the_credential(real: Real, files: dict[str, Path]) -> None:
    for name in ("token", "token-file"):
        with Cluster(kubeconfig=files[name]) as cluster:
            cluster.get("web", "/a")
            cluster.post("https:tls:443", "/a", data="x")
            cluster.get("web", "/redirect?to=/b")
    assert len(real.seen) == 8
    assert held(repr([(asked.target, asked.headers, asked.body) for asked in real.seen]), real) == []


def test_nothing_is_signed_over_plain_http(real: Real, tmp_path: Path) -> None:
    # G10: a server that listens in plain gets no credential, whatever the kubeconfig says.
    told = json.loads(real.kubeconfig("editor").read_text())
    told["clusters"][0]["cluster"] = {"server": "http://10.203.0.2:8080"}
    file = tmp_path / "plain.kubeconfig"
    file.write_text(json.dumps(told))
    with Cluster(kubeconfig=file) as cluster:
        cluster.get("/version")
    assert [asked.target for asked in real.seen] == ["/version"]
    assert real.seen[0].header("authorization") is None
    assert held(repr(real.seen), real) == []
