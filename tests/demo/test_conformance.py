"""The demo cluster answers as the real kube-apiserver did, case by case, in both generations.

The cases, objects and tokens are in `tests/conformance` (`further-…` has more cases, sent to the same servers in the
same world); cases marked `kubelet` need what the demo does not have yet. `allowed_differences.json` lists what may
differ, with the reason.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from kubeaccess_magic.demo.certificates import Authority, KeyPair

from .demo_process import demo
from .recorded_backend import listen
from .recorded_cases import Answer, Case, Server, ask, differences, seen_differences

DATA = Path(__file__).parent.parent / "conformance"
FILES = {
    "1.36": ("v1.36.3.jsonl", "further-v1.36.3.jsonl"),
    "1.37": ("v1.37.2.jsonl", "further-v1.37.2.jsonl"),
}
PODS = ("10.203.0.2", "10.203.0.3", "10.203.0.4", "10.203.0.6", "10.203.0.10")


def _cases() -> Iterator[Any]:
    for generation, names in FILES.items():
        for case in (json.loads(line) for name in names for line in (DATA / name).read_text().splitlines()):
            if not case.get("kubelet"):
                yield pytest.param(generation, case, id=f"{generation} {case['id']}")


class Servers:
    """Both servers, and their answers; requests that mostly wait are sent together, before the others."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stack = contextlib.ExitStack()
        self._servers: dict[str, Server] = {}
        self._answers: dict[tuple[str, str], Answer] = {}
        self._seen: list[Answer] = []
        self._authority = Authority()

    def close(self) -> None:
        self._stack.close()

    def problems(self, generation: str, case: Case) -> list[str]:
        server = self._server(generation)
        if (answer := self._answers.get((generation, case["id"]))) is not None:
            return differences(case, answer)
        self._seen.clear()
        answer = ask(case, server)
        return differences(case, answer) + seen_differences(case, list(self._seen), server)

    def _server(self, generation: str) -> Server:
        if generation not in self._servers:
            folder = self._folder / generation
            folder.mkdir()
            server = self._started(folder, generation)
            waiting = [
                case
                for version, case in (parameters.values for parameters in _cases())
                if version == generation and _only_waits(case)
            ]
            with ThreadPoolExecutor(16) as pool:
                for case, answer in zip(waiting, pool.map(lambda case: ask(case, server), waiting), strict=True):
                    self._answers[generation, case["id"]] = answer
            self._servers[generation] = server
        return self._servers[generation]

    def _started(self, folder: Path, generation: str) -> Server:
        def write_pair(name: str, pair: KeyPair) -> tuple[str, str]:
            (folder / f"{name}.crt").write_bytes(pair.certificate)
            (folder / f"{name}.key").write_bytes(pair.key)
            return str(folder / f"{name}.crt"), str(folder / f"{name}.key")

        api = write_pair("api", self._authority.server("api"))
        alice = write_pair("alice", self._authority.client("alice", ("team",)))
        app = write_pair("app", self._authority.server("app"))
        ca = folder / "ca.crt"
        ca.write_bytes(self._authority.certificate)
        dial = {f"{pod}:{port}": f"127.0.0.1:{real}" for pod in PODS for port, real in listen(*app, self._seen).items()}
        (folder / "dial.json").write_text(json.dumps(dial))
        arguments = ["--objects", str(DATA / "objects.jsonl"), "--users", str(DATA / "users.json")]
        arguments += ["--dial", str(folder / "dial.json"), "--generation", generation, "--tls", *api, str(ca)]
        running = self._stack.enter_context(demo(folder, *arguments))
        return Server.at(running.port, str(ca), alice)


def _only_waits(case: Case) -> bool:
    return "timeoutSeconds=1" in case["target"] or case["id"].startswith("exec v5")


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    with contextlib.closing(Servers(tmp_path_factory.mktemp("conformance"))) as both:
        yield both


ALLOWED = json.loads((DATA / "allowed_differences.json").read_text())


@pytest.mark.parametrize(("generation", "case"), list(_cases()))
def test_answers_as_recorded(servers: Servers, generation: str, case: Case) -> None:
    problems = servers.problems(generation, case)
    if case["id"] in ALLOWED or f"{generation} {case['id']}" in ALLOWED:
        assert problems, "it no longer differs: remove it from the list"
        return
    assert not problems, "\n".join([f"{case['method']} {case['target']} ({case['rules']})", *problems])


def test_each_allowed_difference_has_a_reason_and_a_case() -> None:
    cases = {(parameters.values[0], parameters.values[1]["id"]) for parameters in _cases()}
    names = {name for generation, case in cases for name in (case, f"{generation} {case}")}
    assert all(reason.strip() for reason in ALLOWED.values())
    assert set(ALLOWED) <= names


def test_objects_as_created_are_completed_to_the_stored_ones() -> None:
    from kubeaccess_magic.demo.api.defaults import add_defaults

    def plain(obj: dict[str, Any]) -> Any:
        metadata = {
            k: v for k, v in obj["metadata"].items() if k not in ("uid", "resourceVersion", "creationTimestamp")
        }
        return json.loads(json.dumps(obj | {"metadata": metadata}))

    stored = {}
    for line in (DATA / "objects.jsonl").read_text().splitlines():
        obj = json.loads(line)
        stored[obj["kind"], obj["metadata"].get("namespace"), obj["metadata"]["name"]] = plain(obj)
    for line in (DATA / "as_created.jsonl").read_text().splitlines():
        obj = plain(add_defaults(json.loads(line)))
        if obj["kind"] != "ConfigMap":
            assert obj == stored[obj["kind"], obj["metadata"].get("namespace"), obj["metadata"]["name"]]
