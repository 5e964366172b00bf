"""Canaries: secrets planted where people have them, and looked for wherever they must not come out.

Each is looked for as it is, in base64 at any of its three alignments, percent-encoded, and backwards-escaped as JSON.
The one place where they do belong is the request that reached its server; the test looks there too, so that it is
known that they were used.
"""

from __future__ import annotations

import base64
import contextlib
import io
import json
import logging
import pickle
import subprocess
import sys
import threading
from pathlib import Path
from urllib.parse import quote

import IPython
import pytest
from IPython.core.interactiveshell import InteractiveShell
from own_cluster import own_cluster, written_kubeconfig
from traitlets.config import Config

import kubeaccess_magic
from kubeaccess_magic import Cluster
from kubeaccess_magic.errors import KubeAccessError

CANARIES = {  # with characters that encodings change
    "kubeconfig token": "canary-kubeconfig-token/Zq3+w7==",
    "header": "canary-header-value/Yp8+k2",
    "query": "canary-query-value/Xr5+j9",
    "login": "canary-login-password-Wm4",
    "exec token": "canary-exec-plugin-token-Vn6",
}


def _forms(secret: str) -> list[str]:
    """What a secret may look like in a text."""
    forms = [secret, quote(secret), quote(secret, safe=""), secret[::-1], json.dumps(secret)[1:-1]]
    for shift in range(3):  # base64 of a text that has it somewhere in its middle
        encoded = base64.b64encode(b"\0" * shift + secret.encode()).decode()
        forms.append(encoded[(shift * 8 + 5) // 6 : -4].rstrip("="))
    return forms


def _leaks(text: str | bytes, *but: str) -> list[str]:
    """Names of the canaries in a text."""
    if isinstance(text, bytes):
        text = text.decode(errors="replace")
    return [
        name for name, secret in CANARIES.items() if name not in but and any(form in text for form in _forms(secret))
    ]


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    with own_cluster(tmp_path_factory.mktemp("own"), {"me": CANARIES["kubeconfig token"]}) as running:
        yield running


@pytest.fixture
def log():
    """Everything that anything logs at DEBUG, as text."""
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    handler.setFormatter(logging.Formatter("%(name)s %(levelname)s %(message)s %(exc_text)s %(args)s"))
    names = ("", "urllib3", "kubernetes", "kubeaccess_magic")
    before = {name: logging.getLogger(name).level for name in names}
    for name in names:
        logging.getLogger(name).setLevel(logging.DEBUG)
    logging.getLogger().addHandler(handler)
    yield text
    logging.getLogger().removeHandler(handler)
    for name, level in before.items():
        logging.getLogger(name).setLevel(level)


@pytest.fixture(scope="module")
def shell(own):
    """An IPython that shows the variables of every frame of a traceback, with the canaries in variables."""
    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "nocolor" if IPython.version_info >= (9,) else "NoColor"
    config.InteractiveShell.xmode = "Verbose"
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance(config=config)
    with contextlib.redirect_stdout(io.StringIO()):
        assert shell.run_cell(f"%load_ext kubeaccess_magic\n%kproxy use --kubeconfig {own.kubeconfig};").success
    yield shell
    shell.run_cell("%unload_ext kubeaccess_magic")
    InteractiveShell.clear_instance()


def test_the_canaries_are_found_where_they_are():
    for name, secret in CANARIES.items():
        for text in (
            secret,
            f"x{secret}y",
            quote(secret, safe=""),
            base64.b64encode(f"me:{secret}:x".encode()).decode(),
            base64.b64encode(f"you:{secret}:x".encode()).decode(),
            base64.b64encode(f"them:{secret}:x".encode()).decode(),
        ):
            assert _leaks(text) == [name], (name, text)
    assert _leaks("nothing of that kind") == []


HEADERS = "-H 'X-Api-Key: ${key}' -H 'X-Auth-Token:${key}' -H 'Cookie: session=${key}'"
QUERY = "-q token=${word} -q api_key=${word}"
LINES = [
    f"%kproxy own/echo rows {HEADERS} {QUERY}",
    f"df = %kproxy own/echo rows {HEADERS} {QUERY}",
    f"%kproxy own/echo rows?access_token=${{word}}&password=${{word}} {HEADERS}",
    f"%kproxy own/echo many {HEADERS} {QUERY} -o reply",
    f"%kproxy own/echo fails {HEADERS} {QUERY}",
    f"%kproxy own/echo html {HEADERS} {QUERY}",
    f"%kproxy own/nothing rows {HEADERS} {QUERY}",
    f"%kproxy own/echo:nope rows {HEADERS} {QUERY}",
    f"%kproxy own/echo rows --code {HEADERS} {QUERY}",
    f"%kproxy own/echo rows --kubectl {HEADERS} {QUERY}",
    f'%kproxy own/echo rows?token=${{word}} --code {HEADERS} -d \'{{"password":"${{word}}"}}\'',
    "%kproxy own/echo rows -H X-Api-Key: canary-header-value/Yp8+k2 -q token=x",
    f"%kproxy own/echo rows --kubectl -d token=${{word}} {HEADERS}",
    f"%kproxy own/echo hangs --timeout 0.2 {HEADERS} {QUERY}",
    "%kproxy url own/echo rows?token=${word}",
    "%kproxy url own/echo rows -q token=${word}",
    "%kproxy http://me:${login}@echo.own.svc/rows",
    "%kproxy https://me:${login}@127.0.0.1:6443/api/v1/namespaces/own/services/echo/proxy/rows",
    "%kproxy own/echo rows -H 'Authorization: Bearer ${key}'",
    "%kproxy own/echo rows -H 'Proxy-Authorization: Basic ${key}'",
    "%kproxy own/echo rows -H 'X-Api-Key ${key}'",
    "%kproxy own/echo rows -H 'X-Api-Key: ${key}\\n' -H 'X Y: ${key}'",
    "%kproxy",
    "%kproxy contexts",
    "%kproxy services -A",
    "%kproxy can own/echo",
    "%kproxy last",
    "%kproxy history",
    "import kubeaccess_magic; kubeaccess_magic.current()",
    "kubeaccess_magic.current().context",
    "kubeaccess_magic.current().recipe",
    "vars(kubeaccess_magic.current().context) if hasattr(kubeaccess_magic.current().context, '__dict__') else 0",
    "kubeaccess_magic.current()._pool",
    "kubeaccess_magic.current()._discovery",
    "from kubeaccess_magic.query import Query; one = kubeaccess_magic.current();"
    " one.engine.prepare(Query.of('own/echo', 'x?token=' + word, headers={'X-Api-Key': key}), one.call())",
    "kubeaccess_magic.current().get('own/echo', 'x', headers={'X-Api-Key': key}).request",
    "kubeaccess_magic.current().frame('own/echo', 'rows', params={'token': word}).attrs",
]


@pytest.mark.parametrize("line", LINES)
def test_nothing_that_is_shown_has_one(shell, own, log, capfd, line):
    shell.user_ns.update(key=CANARIES["header"], word=CANARIES["query"], login=CANARIES["login"])
    shell.user_ns["kubeaccess_magic"] = kubeaccess_magic  # a traceback of one's own mistake shows one's own values
    before = len(own.seen)
    result = shell.run_cell(line, store_history=True)
    said = capfd.readouterr()
    if line.startswith("%kproxy url"):  # the URL is what was asked for: a secret in it is shown, and no other
        assert _leaks(said.out, "query") == _leaks(said.err) == []
        return
    assert _leaks(said.out) == _leaks(said.err) == []
    assert _leaks(log.getvalue()) == []
    value = result.result
    assert _leaks(repr(value)) == _leaks(str(getattr(value, "attrs", ""))) == []
    for part in ("_repr_html_", "_repr_mimebundle_"):
        if hasattr(value, part):
            assert _leaks(str(getattr(value, part)())) == []
    error = result.error_in_exec
    while error is not None:
        texts = [str(error), repr(error), str(getattr(error, "hint", ""))]
        assert _leaks("\n".join(texts)) == []
        error = error.__cause__ or error.__context__
    if len(own.seen) > before and "${key}" in line:
        assert CANARIES["header"] in str(own.seen[-1]), "it was not used"
    assert CANARIES["kubeconfig token"] not in str(own.seen), "the app was told the token"


def test_what_is_kept_has_none(shell):
    """The history, the last reply, the settings, and the frames that lines left behind."""
    magics = shell.magics_manager.registry["KProxyMagics"]
    assert _leaks(magics.history.frame().to_csv()) == []
    assert _leaks(repr(magics.history.last)) == []
    assert _leaks(str(shell.user_ns["df"].attrs)) == []
    assert _leaks(pickle.dumps(shell.user_ns["df"])) == []


@pytest.mark.parametrize(
    "cell",
    [
        "cluster.get('own/nothing')",
        "cluster.frame('own/echo', 'fails')",
        "cluster.get('own/echo', 'hangs', timeout_s=0.2)",
        "cluster.get('own/echo', 'many', max_bytes=10)",
        "cluster.get('own/echo', 'a/../b')",
        "cluster.get('own/echo', headers={'Authorization': 'x'})",
        "Cluster(kubeconfig=file, context='none')",
    ],
)
def test_a_traceback_with_every_variable_has_no_credential(shell, own, capfd, cell):
    """``%xmode Verbose`` shows the variables of each frame; what the user put into a variable is the user's."""
    shell.user_ns.update(Cluster=Cluster, file=own.kubeconfig)
    with Cluster(kubeconfig=own.kubeconfig) as shell.user_ns["cluster"]:
        assert not shell.run_cell(cell).success
    said = capfd.readouterr()
    assert "Traceback" in said.out
    assert _leaks(said.out + said.err) == []


def test_a_server_that_is_not_there_is_told_without_the_token(shell, tmp_path, capfd):
    file = written_kubeconfig(tmp_path, "https://127.0.0.1:9", {"token": CANARIES["kubeconfig token"]})
    shell.user_ns["file"] = str(file)
    for cell in (
        "from kubeaccess_magic import Cluster\nCluster(kubeconfig=file).get('a:80')",
        "%kproxy a:80 --kubeconfig ${file}",
    ):
        assert not shell.run_cell(cell).success
        said = capfd.readouterr()
        assert "Unreachable" in said.out and _leaks(said.out + said.err) == []


@pytest.mark.parametrize(
    "user",
    [
        {"token": CANARIES["kubeconfig token"] + "\n\x00"},
        {"username": "me", "password": CANARIES["login"]},
        {"token": [CANARIES["kubeconfig token"]]},
        {"client-key-data": CANARIES["kubeconfig token"]},
        {"client-certificate-data": "x", "client-key-data": base64.b64encode(CANARIES["login"].encode()).decode()},
        {"exec": {"command": "false", "args": [CANARIES["login"]], "env": [{"name": "A", "value": CANARIES["login"]}]}},
    ],
)
def test_a_kubeconfig_that_is_wrong_is_told_without_its_secrets(shell, tmp_path, capfd, log, user):
    shell.user_ns["file"] = str(written_kubeconfig(tmp_path, "https://127.0.0.1:9", user))
    for cell in (
        "%kproxy a:80 --kubeconfig ${file}",
        "%kproxy contexts --kubeconfig ${file}",
        "Cluster(kubeconfig=file).get('a:80')",
    ):
        shell.run_cell(cell)
        said = capfd.readouterr()
        assert _leaks(said.out + said.err + log.getvalue()) == [], cell


def test_a_login_in_the_servers_url_is_not_shown(shell, tmp_path, capfd):
    shell.user_ns["file"] = str(
        written_kubeconfig(tmp_path, f"https://me:{CANARIES['login']}@127.0.0.1:9", {"token": "x"})
    )
    for cell in (
        "%kproxy --kubeconfig ${file}",
        "%kproxy contexts --kubeconfig ${file}",
        "%kproxy url a:80 --kubeconfig ${file}",
    ):
        shell.run_cell(cell)
        said = capfd.readouterr()
        assert _leaks(said.out + said.err) == [], cell


def test_objects_say_and_pickle_nothing(own, log):
    with Cluster(kubeconfig=own.kubeconfig) as cluster:
        reply = cluster.get(
            "own/echo",
            "repeats?token=" + quote(CANARIES["query"], safe=""),
            headers={"X-Api-Key": CANARIES["header"]},
        )
        frame = cluster.frame("own/echo", "rows", params={"token": CANARIES["query"]})
        things = [cluster, cluster.context, cluster.recipe, reply, reply.request, reply.url, frame.attrs, reply.headers]
        things += [cluster._pool, cluster.engine.discovery, cluster.api_client.configuration.host]
        assert _leaks("\n".join(map(repr, things))) == []
        assert _leaks(pickle.dumps(cluster)) == _leaks(pickle.dumps(cluster.context)) == []
        assert _leaks(pickle.dumps(frame)) == _leaks(json.dumps(frame.attrs)) == []
        with pytest.raises(KubeAccessError) as failed:
            reply.raise_for_status()
        assert "repeats" in reply.url
        # What the app says of its own is data, and is shown; its message here repeats what it was sent.
        assert _leaks(str(failed.value), "header", "query") == []
    assert _leaks(log.getvalue()) == []


def test_children_are_given_none(own, tmp_path):
    """Neither the demo cluster nor a credential plugin is started with a secret that anybody can read in /proc."""
    reached = tmp_path / "seen"
    plugin = tmp_path / "plugin"
    credential = {
        "kind": "ExecCredential",
        "apiVersion": "client.authentication.k8s.io/v1",
        "status": {"token": CANARIES["exec token"]},
    }
    plugin.write_text(
        f"#!{sys.executable}\nimport pathlib, os\n"
        f"pathlib.Path({str(reached)!r}).write_bytes(b''.join(pathlib.Path('/proc', who, what).read_bytes()"
        " for who in ('self', str(os.getppid())) for what in ('cmdline', 'environ')))\n"
        f"print({json.dumps(credential)!r})\n"
    )
    plugin.chmod(0o700)
    user = {
        "exec": {"command": str(plugin), "apiVersion": "client.authentication.k8s.io/v1", "interactiveMode": "Never"}
    }
    told = json.loads(Path(own.kubeconfig).read_text())
    told["users"].append({"name": "plugin", "user": user})
    told["contexts"].append({"name": "plugin", "context": {"cluster": told["clusters"][0]["name"], "user": "plugin"}})
    (tmp_path / "kubeconfig").write_text(json.dumps(told))
    with Cluster("plugin", kubeconfig=tmp_path / "kubeconfig") as cluster:
        with pytest.raises(KubeAccessError) as refused:  # the demo knows no such token
            cluster.get("own/echo")
        assert _leaks(str(refused.value) + str(refused.value.hint) + repr(cluster) + repr(cluster._pool)) == []
        assert _leaks(pickle.dumps(cluster)) == []
    assert reached.exists() and _leaks(reached.read_bytes()) == []
    for what in ("cmdline", "environ"):
        assert _leaks(Path("/proc", str(own.pid), what).read_bytes()) == []


def test_a_notebook_that_is_saved_has_them_only_as_they_were_typed(own, tmp_path, monkeypatch):
    import nbclient  # here, since it takes seconds where JupyterLab is installed, too
    import nbformat

    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    (tmp_path / "secret").write_text(json.dumps(CANARIES))
    begin = f"import json, pathlib\nhidden = json.loads(pathlib.Path({str(tmp_path / 'secret')!r}).read_text())\n"
    names = "key, word, login = hidden['header'], hidden['query'], hidden['login']\n"
    cells = [begin + names + f"%load_ext kubeaccess_magic\n%kproxy use --kubeconfig {own.kubeconfig}", "%xmode Verbose"]
    cells += [
        line for line in LINES if line.startswith(("%kproxy", "df =")) and "hangs" not in line and " url " not in line
    ]
    cells += [f'%%kproxy own/echo repeats {HEADERS}\n{{"token": "${{word}}"}}', "%kproxy last"]
    typed = f"%kproxy own/echo rows -H 'X-Api-Key: {CANARIES['header']}'"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in [*cells, typed]])
    nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3", allow_errors=True).execute()
    assert len([cell for cell in notebook.cells if cell["outputs"]]) > 15
    for cell in notebook.cells[:-3]:
        assert _leaks(json.dumps(cell["outputs"])) == [], cell["source"]
    assert _leaks(json.dumps(notebook.cells[-1]["outputs"])) == []
    # An app that repeats what it was sent: its words are shown, what we know as secret in them is not.
    repeated = "".join(json.dumps(cell["outputs"]) for cell in notebook.cells[-3:-1])
    assert _leaks(repeated, "header", "query") == []


def test_a_fresh_process_says_nothing_at_debug(own, tmp_path):
    """Everything that is imported, asked and logged, from the first line on."""
    program = (
        "import logging, sys; logging.basicConfig(level=logging.DEBUG, stream=sys.stdout)\n"
        "import http.client; http.client.HTTPConnection.debuglevel = 0\n"
        "from kubeaccess_magic import Cluster\n"
        f"with Cluster(kubeconfig={own.kubeconfig!r}) as cluster:\n"
        "    print(cluster.get('own/echo', 'rows'), cluster.user(), cluster.services(all_namespaces=True))\n"
        "    from kubernetes.client import CoreV1Api\n"
        "    CoreV1Api(cluster.api_client).list_namespace()\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=120, check=True)
    assert b"<Reply 200" in done.stdout and _leaks(done.stdout + done.stderr) == []


def test_no_thread_is_named_after_one():
    assert _leaks(" ".join(thread.name for thread in threading.enumerate())) == []
