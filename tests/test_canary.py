"""A canary in every place where a secret can stand, and a look at every place where none may come out (X12).

One process does what people do: every way to sign in, questions that work and questions that fail, everything logged
at DEBUG and each traceback with the variables of its frames; a notebook does some of it again, and is saved. Whatever
was shown, kept, logged, written or started is searched afterwards for each canary, as it is, in base64 and
percent-encoded. What an app says in its body is data, and
is shown; so the apps here repeat nothing.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import nbclient
import nbformat
import pytest
from own_cluster import OwnCluster, own_cluster
from test_transport import Server, data_of, identity, tunnelling

OWN = identity("me")
CANARIES = {  # with characters that encodings change
    "token": "canary-token/Aq1+w7==",
    "token file": "canary-token-file/Bw2+e8==",
    "plugin token": "canary-plugin-token/Ce3+r9==",
    "plugin environment": "canary-plugin-environment/Dr4+t1",
    "plugin argument": "canary-plugin-argument/Et5+y2",
    "plugin stderr": "canary-plugin-stderr/Fy6+u3",
    "password": "canary-password/Gu7+i4",
    "server login": "canary-server-login-Hi8",
    "proxy login": "canary-proxy-login-Jo9",
    "extra": "canary-extra/Kp1+a5",
    "oidc secret": "canary-oidc-secret/La2+s6",
    "oidc token": "canary-oidc-refresh/Ms3+d7",
    "header": "canary-header/Nd4+f8",
    "cookie": "canary-cookie/Of5+g9",
    "query": "canary-query/Pg6+h1",
    "app cookie": "canary-set-cookie/Qh7+j2",
    "app header": "canary-app-header/Rj8+k3",
    "client key": OWN.key_pem.decode().splitlines()[1],
}


def forms(secret: str) -> set[str]:
    """What a secret may look like in a text: at any of the three alignments of base64, too."""
    found = {secret, quote(secret), quote(secret, safe=""), json.dumps(secret)[1:-1], repr(secret)[1:-1]}
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + secret.encode()).decode()
        found.add(encoded[(shift * 8 + 5) // 6 : -4].rstrip("="))
    return found


def leaks(text: str | bytes, canaries: dict[str, str]) -> set[str]:
    """Names of the canaries in a text."""
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    return {name for name, secret in canaries.items() if any(form in text for form in forms(secret))}


# --- what is planted --------------------------------------------------------------------------------------------------

PLUGIN = """#!{python}
import json, os, pathlib, sys
seen = b"".join(pathlib.Path("/proc", str(who), what).read_bytes()
                for who in (os.getpid(), os.getppid()) for what in ("cmdline", "environ"))
parent = b"".join(pathlib.Path("/proc", str(os.getppid()), what).read_bytes() for what in ("cmdline", "environ"))
pathlib.Path({folder!r}, "of the plugin").write_bytes(seen)
pathlib.Path({folder!r}, "of us").write_bytes(parent)
print("log in with token={stderr}", file=sys.stderr)
print("password: {stderr}", file=sys.stderr)
print(json.dumps({{"kind": "ExecCredential", "apiVersion": "client.authentication.k8s.io/v1",
                  "status": {{"token": {token!r}}}}}))
"""


def users(folder: Path) -> dict[str, dict[str, Any]]:
    """One kubeconfig user for each way to sign in."""
    c = CANARIES
    (folder / "token").write_text(c["token file"] + "\n")
    program = folder / "plugin"
    program.write_text(
        PLUGIN.format(python=sys.executable, folder=str(folder), stderr=c["plugin stderr"], token=c["plugin token"])
    )
    program.chmod(0o700)
    api = "client.authentication.k8s.io/v1"
    plugin = {"apiVersion": api, "command": str(program), "interactiveMode": "Never"}
    oidc = {
        "client-id": "me",
        "client-secret": c["oidc secret"],
        "refresh-token": c["oidc token"],
        "idp-issuer-url": "https://127.0.0.1:9",
    }
    return {
        "token": {"token": c["token"]},
        "file": {"tokenFile": str(folder / "token")},
        "plugin": {
            "exec": {
                **plugin,
                "args": ["--password", c["plugin argument"]],
                "env": [{"name": "MY_SECRET", "value": c["plugin environment"]}],
            }
        },
        "basic": {"username": "me", "password": c["password"]},
        "certificate": {"client-certificate-data": data_of(OWN.pem), "client-key-data": data_of(OWN.key_pem)},
        "oidc": {"auth-provider": {"name": "oidc", "config": oidc}},
        "acting": {"token": c["token"], "as": "somebody", "as-user-extra": {"scopes": [c["extra"]]}},
    }


def planted(own: OwnCluster, folder: Path, proxy_port: int) -> Path:
    """A kubeconfig with all of them."""
    told = json.loads(Path(own.kubeconfig).read_text())
    cluster = told["clusters"][0]["cluster"]
    host = own.server.partition("://")[2]
    login, proxy_login = CANARIES["server login"], CANARIES["proxy login"]
    clusters = {
        "plain": cluster,
        "login": {**cluster, "server": f"https://me:{login}@{host}"},
        "proxied": {**cluster, "proxy-url": f"http://me:{proxy_login}@127.0.0.1:{proxy_port}"},
        "gone": {**cluster, "server": "https://127.0.0.1:9"},
    }
    signing = users(folder)
    pairs = [("plain", user) for user in signing]
    pairs += [("login", "token"), ("proxied", "plugin"), ("gone", "plugin")]
    file = folder / "kubeconfig"
    file.write_text(
        json.dumps(
            {
                "clusters": [{"name": name, "cluster": entry} for name, entry in clusters.items()],
                "users": [{"name": name, "user": user} for name, user in signing.items()],
                "contexts": [
                    {"name": f"{where}-{user}", "context": {"cluster": where, "user": user}} for where, user in pairs
                ],
                "current-context": "plain-token",
            }
        )
    )
    return file


# --- what is done -----------------------------------------------------------------------------------------------------

# Each line says its secrets by ${name}, as the documentation does: what is typed is the user's.
SECRETS = "-H 'X-Api-Key: ${header}' -H 'Cookie: session=${cookie}' -q access_token=${query}"
ANSWERED = "-H 'X-Answer-1: Set-Cookie: session=${set_cookie}; Path=/' -H 'X-Answer-2: X-Auth-Token: ${app_header}'"
LINES = [
    f"own/echo rows {SECRETS}",
    f"own/echo rows -o reply {SECRETS} {ANSWERED}",
    f"own/echo fails {SECRETS} {ANSWERED}",
    f"own/echo html {SECRETS} {ANSWERED}",
    f"own/echo:nope rows {SECRETS}",
    f"own/nothing rows {SECRETS}",
    f"own/echo hangs --timeout 0.1 {SECRETS}",
    f"own/echo a/../b {SECRETS}",
    f"own/echo rows --code {SECRETS}",
    f"own/echo rows --kubectl {SECRETS}",
    "own/echo rows?access_token=${query}&password=${query}",
    "own/echo rows -X POST -d password=${query}",
    "own/echo rows --code -X POST -d password=${query}",
    "own/echo x -H 'Authorization: Bearer ${header}'",
    "http://me:${header}@echo.own.svc/rows",
    "last",
    "last --why",
    "history",
    "doctor",
    "",
    "services -A",
    "can own/echo",
    "contexts",
]
CALLS = [
    "cluster",
    "cluster.context",
    "cluster.recipe",
    "cluster._pool",
    "cluster._pool.upstream",
    "cluster._pool._leases",
    "vars(cluster._pool._leases)",
    "cluster._discovery",
    "cluster.get('own/echo', 'rows')",
    "cluster.get('own/echo', 'fails').raise_for_status()",
    "cluster.get('own/nothing')",
    "cluster.get('own/echo', 'hangs', timeout_s=0.1)",
    "cluster.frame('own/echo', 'html')",
    "cluster.get('own/echo', 'many', max_bytes=10)",
    "cluster.services(all_namespaces=True)",
    "cluster.user()",
    "cluster.api_client.configuration.host",
    "CoreV1Api(cluster.api_client).list_namespaced_service('own')",
    "cluster.api_client.rest_client.pool_manager.request('GET', cluster.server + '/api/v1/namespaces', retries=0).data",
]
PANELS = [f"own/echo rows {SECRETS}", f"own/echo fails {SECRETS}", "own/echo rows?access_token=${query} -d password=x"]

PROGRAM = """
import http.client, io, json, logging, os, pathlib, pickle, sys, threading, traceback, warnings
http.client.HTTPConnection.debuglevel = 1  # prints the headers of all that do not forbid it
log = io.StringIO()
logging.basicConfig(level=logging.DEBUG, stream=log, format="%(name)s %(levelname)s %(message)s %(args)s %(exc_text)s")
from ipywidgets.widgets.widget import _instances
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config
settings = Config()
settings.InteractiveShell.colors = "nocolor"
settings.InteractiveShell.xmode = "Verbose"
shell = InteractiveShell.instance(config=settings)
lines, calls, panels, hidden = json.loads(sys.stdin.read())
surfaces = {}
ended = threading.Event()

def keep(surface, text):
    surfaces[surface] = surfaces.get(surface, "") + str(text) + "\\n"

def run(cell):
    logging.getLogger("urllib3").setLevel(logging.DEBUG)  # version 31 of the official client sets it to WARNING
    done = shell.run_cell(cell, store_history=True)
    value, error = done.result, done.error_before_exec or done.error_in_exec
    keep("repr", repr(value))
    if value is not None:
        bundle, _ = shell.display_formatter.format(value)
        keep("display", json.dumps(bundle, default=str))
    keep("attrs", getattr(value, "attrs", ""))
    if type(value).__name__ in ("DataFrame", "Cluster"):
        keep("pickle", pickle.dumps(value))
    if error is not None:
        keep("traceback", "".join(traceback.format_exception(error)))
        while error is not None:
            keep("error", [str(error), repr(error), getattr(error, "hint", ""), vars(error).get("role"),
                           getattr(error, "__notes__", [])])
            error = error.__cause__ or error.__context__
    # What else a front end is sent is another `keep` here.

def watch_children():
    "Those of ours that live for a moment only, such as what renews an oidc token; a plugin looks at itself."
    seen = set()
    while not ended.wait(0.05):
        for pid in {path.name for path in pathlib.Path("/proc").glob("[1-9]*")} - seen:
            try:
                if pathlib.Path("/proc", pid, "stat").read_text().rpartition(")")[2].split()[1] != str(os.getpid()):
                    continue
                told = [pathlib.Path("/proc", pid, what).read_bytes() for what in ("cmdline", "environ")]
            except (OSError, IndexError):
                continue
            if b"kubeaccess_magic" in told[0]:  # else it has not yet become what it will be
                seen.add(pid)
                keep("children", told)

def fetched(line):
    "A panel that has asked, and what all of its widgets are."
    run(f"panel = %kproxy panel {line}")
    panel = shell.user_ns["panel"]
    panel.submit()
    while panel.running:
        ended.wait(0.02)
    keep("widgets", [panel, panel._repr_mimebundle_(), panel.fallback()])
    keep("widgets", [widget.get_state() for widget in list(_instances.values())])
    panel.close()

watching = threading.Thread(target=watch_children)
watching.start()
run("%load_ext kubeaccess_magic")
run("import kubeaccess_magic")
run("from kubernetes.client import CoreV1Api")
from kubeaccess_magic import contexts, current
shell.user_ns.update(hidden)  # as if read from a file: what is typed holds none
for name in contexts()["name"]:
    run(f"%kproxy use {name}")
    shell.user_ns["cluster"] = current()
    for line in lines if name == "plain-token" else lines[:2]:
        run(f"%kproxy {line}")
    for call in calls if name == "plain-token" else calls[:7] + calls[-1:] * (name == "gone-plugin"):
        run(call)
    for line in panels if name == "plain-token" else panels[: name in ("proxied-plugin", "login-token", "gone-plugin")]:
        fetched(line)
run("df = %kproxy own/echo rows -q access_token=${query} --context plain-token")
keep("attrs", shell.user_ns["df"].attrs if "df" in shell.user_ns else "no frame")
keep("pickle", pickle.dumps(shell.user_ns.get("df")))
run("%kproxy history")
magics = shell.magics_manager.registry["KProxyMagics"]
kept = [magics.history.frame().to_csv(), magics.history.last]
keep("kept", [*kept, {name: value for name, value in vars(magics).items() if name != "shell"}])
run("%kproxy demo")
run("%kproxy demo stop")
ended.set()
watching.join()
keep("threads", [thread.name for thread in threading.enumerate()])
keep("log", log.getvalue())
shell.history_manager.end_session()
print("SURFACES", json.dumps(surfaces), flush=True)
"""


class Ran:
    """What the processes showed, and what they left."""

    def __init__(self, surfaces: dict[str, str], folder: Path, seen: str) -> None:
        self.surfaces = surfaces
        self.folder = folder
        self.seen = seen  # by the apps


def saved(hidden: dict[str, str], environment: dict[str, str]) -> str:
    """A notebook that was run by nbclient and saved, with its outputs and the state of its widgets."""
    file = Path(environment["TMPDIR"]).parent / "hidden"  # as who has secrets reads them
    file.write_text(json.dumps(hidden))
    cells = [
        f"import json\nglobals().update(json.load(open({str(file)!r})))",
        "%load_ext kubeaccess_magic",
        "%xmode Verbose",
        "%kproxy use proxied-plugin",
        *(f"%kproxy {line}" for line in (*LINES[:5], "history", "last", "last --why", "")),
        *(f"panel = %kproxy panel {line}\npanel" for line in PANELS),
        "import time\npanel.submit()\nwhile panel.running: time.sleep(0.02)",
        "%kproxy use gone-plugin",
        f"%kproxy {LINES[0]}",
        "from kubeaccess_magic import current\ncurrent().get('own/echo', 1 / 0)",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    client = nbclient.NotebookClient(notebook, timeout=40, kernel_name="python3", allow_errors=True)
    client.execute(env=environment)
    return nbformat.writes(notebook)


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ran]:
    folder = tmp_path_factory.mktemp("canaries")
    for name in ("cluster", "temporary", "ipython", "home"):
        (folder / name).mkdir()
    known = {"me": CANARIES["token"], "file": CANARIES["token file"], "plugin": CANARIES["plugin token"]}
    with own_cluster(folder / "cluster", known) as own, Server(tunnelling) as proxy:
        file = planted(own, folder, proxy.port)
        names = {"header": "header", "cookie": "cookie", "query": "query"}
        names |= {"set_cookie": "app cookie", "app_header": "app header"}
        hidden = {name: CANARIES[of] for name, of in names.items()}
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder / "home"),
            "IPYTHONDIR": str(folder / "ipython"),
            "TMPDIR": str(folder / "temporary"),
            "KUBECONFIG": str(file),
        }
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", PROGRAM],
            input=json.dumps([LINES, CALLS, PANELS, hidden]),
            capture_output=True,
            text=True,
            env=environment,
            timeout=240,
        )
        shown, _, told = done.stdout.partition("SURFACES ")
        assert told, done.stdout[-2000:] + done.stderr[-2000:]
        surfaces = json.loads(told) | {"stdout": shown, "stderr": done.stderr, "notebook": saved(hidden, environment)}
        assert CANARIES["proxy login"] not in str(proxy.seen)  # base64, in its own header
        yield Ran(surfaces, folder, str(own.seen))


SURFACES = "stdout stderr repr display error traceback attrs pickle kept children threads log widgets notebook".split()


@pytest.mark.parametrize("surface", SURFACES)
def test_no_canary_comes_out(ran: Ran, surface: str) -> None:
    assert len(ran.surfaces[surface]) > (20 if surface != "threads" else 5), "nothing was looked at"
    assert leaks(ran.surfaces[surface], CANARIES) == set()


def test_every_surface_is_looked_at(ran: Ran) -> None:
    assert set(SURFACES) == set(ran.surfaces)
    assert "urllib3.connectionpool DEBUG" in ran.surfaces["log"]
    assert "/api/v1/namespaces/own/services HTTP" in ran.surfaces["log"]  # by the official client
    assert "Traceback" in ran.surfaces["stdout"] and "ZeroDivisionError" in ran.surfaces["notebook"]
    assert "kubeaccess_magic.demo" in ran.surfaces["children"]
    assert "kubeaccess_magic.credentials.oidc_renewal" in ran.surfaces["children"]
    assert "rows" in ran.surfaces["widgets"] and "application/vnd.jupyter.widget-state+json" in ran.surfaces["notebook"]


def test_what_is_written_to_disk_has_none(ran: Ran) -> None:
    left = {path.name for path in (ran.folder / "temporary").rglob("*")}
    assert left == set()
    written = [
        path for name in ("ipython", "home", "temporary") for path in (ran.folder / name).rglob("*") if path.is_file()
    ]
    assert any("history" in path.name for path in written)
    for path in written:
        assert leaks(path.read_bytes(), CANARIES) == set(), path


def test_a_plugin_is_given_only_what_its_kubeconfig_gives_it(ran: Ran) -> None:
    own = {"plugin environment", "plugin argument"}
    assert leaks((ran.folder / "of the plugin").read_bytes(), CANARIES) == own
    assert leaks((ran.folder / "of us").read_bytes(), CANARIES) == set()


def test_they_were_used(ran: Ran) -> None:
    """Else there was nothing to come out; and no app was told a credential."""
    assert leaks(ran.seen, CANARIES) == {"header", "cookie", "query", "app cookie", "app header"}
    assert "[hidden]" in ran.surfaces["log"] + ran.surfaces["stdout"]


def test_the_canaries_are_found_where_they_are() -> None:
    for name, secret in CANARIES.items():
        for shift in range(3):
            for text in (
                f"x{secret}y",
                quote(secret, safe=""),
                base64.b64encode(b"a" * shift + secret.encode() + b":x"),
            ):
                assert leaks(text, CANARIES) == {name}, (name, text)
    assert leaks("nothing of that kind", CANARIES) == set()
