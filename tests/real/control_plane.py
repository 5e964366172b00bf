"""A real etcd and kube-apiserver with the world filled in, and what a test gets to hold of them."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import urllib3

from . import backend, certificates, elasticsearch, world
from .backend import Asked, Backends

PROMETHEUS = world.PODS["monitoring", "prometheus-0"]
ETCD = "http://127.0.0.1:2379"
START_LIMIT_S = 45.0


@dataclass
class Real:
    """A running API server, its world and its users."""

    server: str
    ca_file: Path
    generation: str  # "1.36" resolves services by Endpoints, "1.37" by EndpointSlices
    version: str
    folder: Path
    kubectl: Path
    seen: list[Asked]  # what reached a pod since this test began
    silent_server: str = f"https://{world.SILENT_SERVER}"  # accepts a connection and never says anything
    refusing_server: str = f"https://{world.REFUSING_SERVER}"  # nothing listens
    _pool: urllib3.PoolManager = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._pool = urllib3.PoolManager(ca_certs=str(self.ca_file), retries=False)

    def token(self, user: str) -> str:
        return world.token_of(user)

    def client_certificate(self, user: str = "alice") -> tuple[Path, Path]:
        """Files of the certificate and its key."""
        return self.folder / f"{user}.crt", self.folder / f"{user}.key"

    def kubeconfig(self, user: str = "admin", *, namespace: str = "demo", server: str | None = None) -> Path:
        """A file with a context for each user, that user's current. A user not in USERS is unknown to the server."""
        users: dict[str, dict[str, str]] = {one: {"token": self.token(one)} for one in [*world.USERS, user]}
        for one in world.CERTIFICATE_USERS:
            certificate, key = self.client_certificate(one)
            users[one] = {"client-certificate": str(certificate), "client-key": str(key)}
        cluster = {"server": server or self.server, "certificate-authority": str(self.ca_file)}
        contexts = [{"name": one, "context": {"cluster": "real", "user": one, "namespace": namespace}} for one in users]
        told = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": user,
            "clusters": [{"name": "real", "cluster": cluster}],
            "contexts": contexts,
            "users": [{"name": name, "user": one} for name, one in users.items()],
        }
        path = self.folder / re.sub(r"\W+", "-", f"kubeconfig-{user}-{namespace}-{cluster['server']}")
        path.touch(mode=0o600)
        path.write_text(json.dumps(told, indent=1))
        return path

    def proxy(self, segment: str, path: str = "/", *, namespace: str = "demo", kind: str = "services") -> str:
        """The path of the proxy verb, as it is."""
        return f"/api/v1/namespaces/{namespace}/{kind}/{segment}/proxy{path}"

    def ask(
        self,
        method: str,
        path: str,
        value: Any = None,
        *,
        user: str = "admin",
        body: bytes | None = None,
        timeout_s: float = 20.0,
        **headers: str,
    ) -> urllib3.BaseHTTPResponse:
        """Ask the API server by a plain HTTP client; `value` goes as JSON. What came back is whole."""
        headers = {name.replace("_", "-"): text for name, text in headers.items()}
        if value is not None:
            body, headers = json.dumps(value).encode(), {"content-type": "application/json"} | headers
        headers["authorization"] = f"Bearer {self.token(user)}"
        url = self.server + path
        return self._pool.request(method, url, body=body, headers=headers, redirect=False, timeout=timeout_s)

    def run_kubectl(
        self, *arguments: str, user: str = "admin", timeout_s: float = 30.0
    ) -> subprocess.CompletedProcess[str]:
        """Run the real kubectl as that user."""
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "KUBECONFIG": str(self.kubeconfig(user))}
        return subprocess.run(
            [str(self.kubectl), *arguments], env=environment, capture_output=True, text=True, timeout=timeout_s
        )

    def close(self) -> None:
        self._pool.clear()


@contextlib.contextmanager
def running(assets: Path, prometheus: Path | None, folder: Path) -> Iterator[Real]:
    """All of it, ended whatever happens."""
    addresses = [world.API_SERVER, world.SILENT_SERVER, world.NODE, *world.PODS.values()]
    users = world.CERTIFICATE_USERS | {"api-server-as-client": "system:masters"}
    certificates.write_all(folder, addresses, users)
    with contextlib.ExitStack() as ends:
        backends = ends.enter_context(Backends(folder / "server.crt", folder / "server.key"))
        listen(backends)
        if prometheus is not None:  # first, as it takes five seconds to begin watching
            ends.enter_context(program(prometheus_command(prometheus, folder), (PROMETHEUS, 9090), folder))
        ends.enter_context(program(etcd_command(assets, folder), ("127.0.0.1", 2379), folder))
        ends.enter_context(program(api_server_command(assets, folder), (world.API_SERVER, 443), folder))
        version = subprocess.run([assets / "kube-apiserver", "--version"], capture_output=True, text=True, check=True)
        number = version.stdout.split()[-1].removeprefix("v")
        server = f"https://{world.API_SERVER}"
        generation = ".".join(number.split(".")[:2])
        real = Real(server, folder / "ca.crt", generation, number, folder, assets / "kubectl", backends.seen)
        ends.callback(real.close)
        fill(real)
        yield real


@contextlib.contextmanager
def program(command: Sequence[str | Path], address: tuple[str, int], folder: Path) -> Iterator[None]:
    """A child process that listens at the address; it ends with the block, and with this process however that ends."""
    name = Path(command[0]).name
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder)}  # none of this machine's proxies
    with (folder / f"{name}.log").open("wb") as log:
        wrapped = ["setpriv", "--pdeathsig", "KILL", "--", *command]
        process = subprocess.Popen(wrapped, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment)
    try:
        until(lambda: listens(address, process), name, folder)
        yield
    finally:
        process.kill()
        process.wait(10)
        shutil.rmtree(folder / name, ignore_errors=True)  # its data; etcd's is large


def listens(address: tuple[str, int], process: subprocess.Popen[bytes]) -> bool:
    if process.poll() is not None:
        raise RuntimeError(f"ended with {process.returncode}")
    with contextlib.suppress(OSError), socket.create_connection(address, 1):
        return True
    return False


def until(holds: Callable[[], bool], what: str, folder: Path) -> None:
    """Wait; an error tells the end of each program's log."""
    end, last = time.monotonic() + START_LIMIT_S, "not yet"
    while time.monotonic() < end:
        try:
            if holds():
                return
        except (urllib3.exceptions.HTTPError, OSError) as error:
            last = str(error)
        except RuntimeError as error:
            last = str(error)
            break
        time.sleep(0.05)
    logs = "".join(f"\n--- {log.name}\n{log.read_text(errors='replace')[-2000:]}" for log in folder.glob("*.log"))
    raise RuntimeError(f"{what}: {last}{logs}")


def etcd_command(assets: Path, folder: Path) -> list[str | Path]:
    clients = [f"--listen-client-urls={ETCD}", f"--advertise-client-urls={ETCD}"]
    peers = ["--listen-peer-urls=http://127.0.0.1:2380"]
    return [assets / "etcd", f"--data-dir={folder}/etcd", *clients, *peers, "--unsafe-no-fsync"]


def api_server_command(assets: Path, folder: Path) -> list[str | Path]:
    tokens = folder / "tokens.csv"
    tokens.touch(mode=0o600)
    with tokens.open("w") as file:
        for user, groups in world.USERS.items():
            file.write(f"{world.token_of(user)},{user},{user}" + (f',"{",".join(groups)}"' if groups else "") + "\n")
    own = folder / "api-server-as-client"
    return [
        assets / "kube-apiserver",
        f"--etcd-servers={ETCD}",
        f"--bind-address={world.API_SERVER}",
        f"--advertise-address={world.API_SERVER}",
        "--secure-port=443",
        f"--tls-cert-file={folder}/server.crt",
        f"--tls-private-key-file={folder}/server.key",
        f"--client-ca-file={folder}/ca.crt",
        f"--token-auth-file={tokens}",
        f"--service-account-key-file={folder}/accounts.key",
        f"--service-account-signing-key-file={folder}/accounts.key",
        "--service-account-issuer=https://kubernetes.default.svc",
        "--authorization-mode=RBAC",
        "--service-cluster-ip-range=10.96.0.0/16",
        "--disable-admission-plugins=ServiceAccount",  # no controller makes accounts
        f"--kubelet-client-certificate={own}.crt",
        f"--kubelet-client-key={own}.key",
        "--kubelet-preferred-address-types=InternalIP",
        "--endpoint-reconciler-type=none",
    ]


def listen(backends: Backends) -> None:
    """Who listens where. `unready-0` does too: whoever asks the pod itself gets an answer."""
    for name in world.WEB:
        host = world.PODS["demo", name]
        for port in (8080, 8081):
            backends.listen(host, port)
        backends.listen(host, 8443, tls="only")
    backends.listen(world.PODS["demo", "unready-0"], 8080)
    backends.listen(world.PODS["demo", "noports-0"], 80)
    rude = world.PODS["demo", "rude-0"]
    backends.listen(rude, 8082, talk=backend.greet)
    backends.listen(rude, 8083, talk=backend.hang_up)
    backends.listen(rude, 8084, talk=backends.wait_for_end_of)
    backends.listen(rude, 8085, talk=backend.complain)
    backends.listen(rude, 8444, tls="go")
    backends.listen(world.PODS["kube-system", "elasticsearch-0"], 9200, elasticsearch.answer, tls="either")
    backends.listen(world.NODE, 10250, tls="only")  # where a kubelet would be
    backends.listen(world.SILENT_SERVER, 443, talk=backends.wait_for_end_of)


def fill(real: Real) -> None:
    """Create the objects, once the server's own are there, and wait until the last right counts."""
    for path in ("/readyz", "/api/v1/namespaces/kube-system"):
        until(lambda path=path: real.ask("GET", path).status == 200, path, real.folder)  # type: ignore[misc]  # lambda
    for one in world.objects():
        made = real.ask("POST", collection(one), one)
        if made.status == 201 and "status" in one:
            path = f"{collection(one)}/{one['metadata']['name']}/status"
            made = real.ask("PATCH", path, {"status": one["status"]}, content_type="application/merge-patch+json")
        if made.status not in (200, 201):
            raise RuntimeError(f"{one['kind']} {one['metadata']['name']}: {made.status} {made.data.decode()}")
    attributes = {"verb": "impersonate", "resource": "groups", "name": "team"}
    review = {"kind": "SubjectAccessReview", "spec": {"user": "imp", "resourceAttributes": attributes}}
    path = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
    until(lambda: real.ask("POST", path, review).json()["status"]["allowed"], "rights", real.folder)


def collection(one: world.Object) -> str:
    """The path to which an object of that kind is posted."""
    version, namespace = one["apiVersion"], one["metadata"].get("namespace")
    root = ("/apis/" if "/" in version else "/api/") + version + (f"/namespaces/{namespace}" if namespace else "")
    kind = one["kind"].lower()
    return f"{root}/{kind if kind.endswith('s') else kind + 's'}"


def prometheus_command(executable: Path, folder: Path) -> list[str | Path]:
    """The real Prometheus at the address of pod prometheus-0; it watches itself, and one target that is down."""
    targets = {"prometheus": f"{PROMETHEUS}:9090", "down": f"{world.PODS['demo', 'web-0']}:9"}
    jobs = [{"job_name": name, "static_configs": [{"targets": [target]}]} for name, target in targets.items()]
    file = folder / "prometheus.yml"
    file.write_text(json.dumps({"global": {"scrape_interval": "1s"}, "scrape_configs": jobs}))
    storage = [f"--storage.tsdb.path={folder}/prometheus", "--storage.tsdb.retention.time=1h"]
    return [executable, f"--config.file={file}", f"--web.listen-address={PROMETHEUS}:9090", *storage]


def wait_for_prometheus(real: Real) -> None:
    """Until it has asked both of its targets once."""
    path = real.proxy("prometheus:9090", "/api/v1/query?query=up", namespace="monitoring")

    def watched() -> bool:
        told = real.ask("GET", path)
        return told.status == 200 and len(told.json()["data"]["result"]) == 2

    until(watched, "prometheus", real.folder)
