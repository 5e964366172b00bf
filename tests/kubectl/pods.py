"""Situations in a pod (G1, G5, G9).

`python -m kubectl.pods KUBECTL` runs kubectl and this package in a mount namespace that has a pod's account.

It prints, by name, what kubectl did, what we did, and why we do otherwise. Needs what `tests/real/namespace.py` needs.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from .making import config
from .recorders import World
from .running import ACCOUNT, Situation, Stage

INSIDE = {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": "@tls@"}
MOUNTED = {"token": "pod-token", "ca.crt": "@@ca.crt", "namespace": "pod-namespace"}
HIDDEN = "G5: a kubeconfig that leads nowhere is an error; the pod's account does not silently replace it"


def situations() -> Iterator[Situation]:
    def case(
        title: str,
        /,
        files: Mapping[str, str | None] | None = None,
        *args: str,
        pod: Mapping[str, str] | None = None,
        difference: str = "",
        **env: str,
    ) -> Situation:
        lists = not title.startswith("G5")
        return Situation(
            title, files or {}, {**INSIDE, **env}, args, difference, lists=lists, pod=MOUNTED if pod is None else pod
        )

    home = config(cluster="certificate-authority: ../../ca.crt")
    yield case("G1 the account")
    yield case("G1 a kubeconfig comes first", {"home/.kube/config": home})
    yield case("G1 KUBECONFIG comes first", {"k": config()}, KUBECONFIG="k")
    yield case("G1 KUBECONFIG names nothing", KUBECONFIG="nope")
    yield case("G1 the argument names nothing", {}, "--kubeconfig=nope")
    acting = "G29: the pod's account acts as another too, kubectl takes no account then"
    yield case("G29 the account as another", {}, "--as=bob", "--as-group=g", difference=acting)
    yield case("G9 POD_NAMESPACE", POD_NAMESPACE="mine")
    yield case("G9 POD_NAMESPACE empty", POD_NAMESPACE="")
    yield case("G9 the argument", {}, "--namespace=said", POD_NAMESPACE="mine")
    yield case("G9 a kubeconfig without a namespace", {"home/.kube/config": home})
    yield case(
        "G9 a kubeconfig without a namespace, and POD_NAMESPACE", {"home/.kube/config": home}, POD_NAMESPACE="mine"
    )
    own = config(cluster="certificate-authority: ../../ca.crt", context="{cluster: c, user: u, namespace: team}")
    yield case("G9 a kubeconfig with a namespace", {"home/.kube/config": own}, POD_NAMESPACE="mine")
    for name, text in (("blanks around", " a \n"), ("nothing in it", "")):
        yield case(f"G9 a namespace with {name}", pod={**MOUNTED, "namespace": text})
    without = {name: {key: text for key, text in MOUNTED.items() if key != name} for name in MOUNTED}
    for name, pod in without.items():
        yield case(f"G1 no {name}", pod=pod)
        yield case(f"G1 no {name}, but a kubeconfig", {"home/.kube/config": home}, pod=pod)
    yield case("G1 a token with a line end", pod={**MOUNTED, "token": "pod-token\n"})
    yield case("G1 an empty token", pod={**MOUNTED, "token": ""})
    yield case("G1 a CA that is none", pod={**MOUNTED, "ca.crt": "x"})
    yield case("G1 another CA", pod={**MOUNTED, "ca.crt": "@@other.crt"})
    yield case("G1 IPv6", KUBERNETES_SERVICE_HOST="::1")
    yield case("G1 a name", KUBERNETES_SERVICE_HOST="localhost")
    yield case("G1 no host", KUBERNETES_SERVICE_HOST="")
    yield case("G1 no port", KUBERNETES_SERVICE_PORT="")
    yield case("G17 a proxy for others", HTTPS_PROXY="http://127.0.0.1:@proxy@")
    yield case("G17 a proxy", KUBERNETES_SERVICE_HOST="0.0.0.0", HTTPS_PROXY="http://127.0.0.1:@proxy@")
    proxied = {"KUBERNETES_SERVICE_HOST": "0.0.0.0", "HTTPS_PROXY": "http://127.0.0.1:@proxy@", "NO_PROXY": "0.0.0.0/8"}
    yield case("G19 a proxy and NO_PROXY", **proxied)
    for name, text in {
        "empty": "", "no current-context": config(current=""),
        "a missing context": config(current="current-context: nope"),
        "a missing cluster": config(context="{cluster: nope, user: u}"), "no server": config(server=""),
        "a missing user": config(context="{cluster: c, user: nope}"), "no user": config("{}"), "a broken one": "{",
    }.items():  # fmt: skip
        difference = HIDDEN if name in ("no current-context", "a missing cluster", "no server") else ""
        yield case(f"G5 a kubeconfig, {name}", {"k": text}, difference=difference, KUBECONFIG="k")
        yield case(f"G5 a kubeconfig by argument, {name}", {"k": text}, "--kubeconfig=k", difference=difference)


SITUATIONS = {situation.name: situation for situation in situations()}


def main() -> None:
    if sys.argv[1] != "inside":
        for flags in ("-m", "-rm"):  # as root, else by a user namespace
            setup = 'mount -t tmpfs none /run && mkdir -p /run/secrets/kubernetes.io && exec "$@"'
            command = ["unshare", flags, "sh", "-c", setup, "sh"]
            if subprocess.run([*command, "true"], capture_output=True, timeout=20, check=False).returncode == 0:
                command += [sys.executable, "-m", "kubectl.pods", "inside", sys.argv[1]]
                sys.exit(subprocess.run(command, check=False, timeout=300).returncode)
        sys.exit("no mount namespace can be made")
    assert not ACCOUNT.exists()
    with tempfile.TemporaryDirectory() as folder, contextlib.closing(World()) as world:
        stage = Stage(world, Path(folder, "k"))
        rows = {}
        for name, situation in SITUATIONS.items():
            told, _ = stage.ask_kubectl(sys.argv[2], situation)
            did, said = stage.ask_ours(situation)
            rows[name] = {"kubectl": told, "we": did, "difference": situation.difference, "said": said}
        stage.close()
    json.dump(rows, sys.stdout)


if __name__ == "__main__":
    main()
