"""What differs in a real kernel: what is displayed and saved, where a line goes, and an interrupt."""

from __future__ import annotations

import json
import queue
import socket
import threading

import pytest
from jupyter_client.manager import start_new_kernel
from own_cluster import own_cluster, promptly, written_kubeconfig

ELASTIC = "kube-system/elasticsearch-logging"
CELLS = {
    "load": "%load_ext kubeaccess_magic",
    "use": "%kproxy use --kubeconfig {demo};",
    "overview": "%kproxy",
    "frame": f"%kproxy {ELASTIC} _search?q=user:kimchy",
    "assigned": f"df = %kproxy {ELASTIC} _search?q=user:kimchy",
    "silenced": f"%kproxy {ELASTIC} _count;",
    "reply": f"%kproxy {ELASTIC} _count -o reply",
    "json": f"%kproxy {ELASTIC} _count -o json",
    "text": f"%kproxy {ELASTIC} _cat/indices -o text",
    "url": f"%kproxy url {ELASTIC}",
    "cluster": "import kubeaccess_magic\nkubeaccess_magic.current()",
    "can": f"%kproxy can {ELASTIC} --as viewer",
    "services": "%kproxy services -A",
    "history": "%kproxy history",
    "error": f"%kproxy {ELASTIC}x",
    "python error": f"kubeaccess_magic.current().get('{ELASTIC}x')",
    "usage": "%kproxy --nothing",
    "cell": f"%%kproxy {ELASTIC} _search --into hits\n" + '{{"query": {{"term": {{"user": "kimchy"}}}}}}',
    "question": f"%kproxy {ELASTIC} _search?",
    "help": "%kproxy?",
    "hostile": "%kproxy own/echo rows --kubeconfig {own}",
    "hostile reply": "%kproxy own/echo html -o reply --kubeconfig {own}",
    "demo": "%kproxy demo",
    "after": "print('still here')",
}


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    with own_cluster(tmp_path_factory.mktemp("own"), {"me": "a-token-of-mine"}) as running:
        yield running


@pytest.fixture(scope="module")
def ipython_folder(tmp_path_factory):
    """Nothing of the developer's own IPython is read or written by the kernels of this module."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("IPYTHONDIR", str(tmp_path_factory.mktemp("ipython")))
        environment.delenv("KUBECONFIG", raising=False)
        yield


@pytest.fixture(scope="module")
def ran(demo, own, ipython_folder):
    """Every cell's outputs by its name, from one notebook run by nbclient as papermill and nbconvert do."""
    import nbclient  # here, since it takes seconds where JupyterLab is installed, too
    import nbformat

    cells = [
        nbformat.v4.new_code_cell(source.format(demo=demo.kubeconfig, own=own.kubeconfig)) for source in CELLS.values()
    ]
    notebook = nbformat.v4.new_notebook(cells=cells)
    nbclient.NotebookClient(notebook, timeout=60, kernel_name="python3", allow_errors=True).execute()
    return {name: cell["outputs"] for name, cell in zip(CELLS, cells, strict=True)}


def _shown(outputs):
    """The data of the one result."""
    (result,) = [output for output in outputs if output["output_type"] == "execute_result"]
    return result["data"]


def _said(outputs, stream):
    return promptly("".join(output["text"] for output in outputs if output.get("name") == stream))


@pytest.mark.parametrize("name", [name for name in CELLS if "error" not in name and name != "usage"])
def test_a_cell_works(ran, name):
    assert not [output for output in ran[name] if output["output_type"] == "error"]


@pytest.mark.parametrize(
    "name", ["overview", "frame", "reply", "services", "history", "question", "hostile", "hostile reply"]
)
def test_it_is_shown_as_text_and_html(ran, name):
    data = _shown(ran[name])
    assert set(data) == {"text/plain", "text/html"}
    assert "<script" not in data["text/html"] and "<img" not in data["text/html"]


@pytest.mark.parametrize("name", ["json", "text", "url", "cluster", "can"])
def test_it_is_shown_as_text(ran, name):
    assert set(_shown(ran[name])) == {"text/plain"}


@pytest.mark.parametrize("name", CELLS)
def test_nothing_is_shown_that_front_ends_prefer_and_save_whole(ran, name):
    assert all("application/json" not in output.get("data", {}) for output in ran[name])


@pytest.mark.parametrize("name", ["load", "use", "assigned", "silenced", "cell"])
def test_nothing_is_shown(ran, name):
    assert [output["output_type"] for output in ran[name] if output["output_type"] != "stream"] == []
    assert _said(ran[name], "stdout") == ""


@pytest.mark.parametrize("name", ["frame", "assigned", "cell"])
def test_what_there_is_to_tell_is_one_line_on_stderr(ran, name):
    assert _said(ran[name], "stderr") == "10 of 492 hits; --limit all for the rest\n"


@pytest.mark.parametrize("name", ["reply", "services", "url", "json", "demo"])
def test_there_is_nothing_to_tell(ran, name):
    assert _said(ran[name], "stderr") == ""


def test_the_header_is_there_before_anything_is_asked(ran, demo):
    assert ran["overview"][0]["output_type"] == "stream"
    assert ran["overview"][0]["text"] == f"demo · {demo.server} · namespace default\n"


def test_a_text_shows_its_lines(ran):
    shown = _shown(ran["text"])["text/plain"]
    assert len(shown.splitlines()) > 3 and not shown.startswith("'")
    assert _shown(ran["url"])["text/plain"].startswith("https://")


def test_an_error_is_a_line_and_a_hint(ran):
    (error,) = ran["error"]
    assert (error["output_type"], error["ename"]) == ("error", "NotFound")
    assert len(error["traceback"]) == 2
    assert error["traceback"][0].startswith("NotFound: no service is called")


def test_a_python_call_has_its_usual_traceback(ran):
    (error,) = ran["python error"]
    assert "Traceback (most recent call last)" in "".join(error["traceback"])


def test_a_usage_mistake_is_one_line(ran):
    lines = _said(ran["usage"], "stderr").splitlines()
    assert len(lines) == 1 and "no option --nothing" in lines[0]


def test_a_notebook_file_is_no_larger_than_what_is_shown(ran):
    assert len(json.dumps(ran["reply"])) < 10_000


# --- an interrupt


class Silent:
    """A server that accepts and never says anything; `opened` gets each connection, `closed` each that has ended."""

    def __init__(self):
        self.opened, self.closed = queue.Queue(), queue.Queue()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.opened.put(connection)
            threading.Thread(target=self._wait, args=(connection,), daemon=True).start()

    def _wait(self, connection):
        with connection:
            try:
                while connection.recv(4096):
                    pass
            except OSError:
                pass
        self.closed.put(connection)

    def stop(self):
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


@pytest.fixture(scope="module")
def kernel(ipython_folder):
    manager, client = start_new_kernel(kernel_name="python3", startup_timeout=60)
    _run(client, "%load_ext kubeaccess_magic\nimport kubeaccess_magic, time, threading")
    yield manager, client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def _run(client, source, meanwhile=lambda: None):
    """Run a cell to its end, doing something meanwhile: the reply's content, and what it said on any stream."""
    asked = client.execute(source)
    meanwhile()
    said = []
    while True:
        message = client.get_iopub_msg(timeout=60)
        if message["parent_header"].get("msg_id") != asked:
            continue
        if message["msg_type"] == "stream":
            said.append(message["content"]["text"])
        elif message["msg_type"] == "error":
            said.append("\n".join(message["content"]["traceback"]))
        elif message["content"].get("execution_state") == "idle":
            break
    while (reply := client.get_shell_msg(timeout=60))["parent_header"].get("msg_id") != asked:
        pass
    return reply["content"], "".join(said)


def _interrupted(manager, client, source, wait):
    """Run a cell that hangs, and interrupt the kernel when `wait` returns."""

    def interrupt():
        wait()
        manager.interrupt_kernel()

    return _run(client, source, interrupt)


def test_an_interrupt_while_the_api_server_says_nothing(kernel, tmp_path):
    manager, client = kernel
    silent = Silent()
    file = written_kubeconfig(tmp_path, f"https://127.0.0.1:{silent.port}")
    asked = f"%kproxy web:80 x --kubeconfig {file}"
    for cell in (asked, f"df = {asked}", f"{asked}\nafter = 1", f"%kproxy --kubeconfig {file}"):
        ended, said = _interrupted(manager, client, cell, lambda: silent.opened.get(timeout=20))
        assert (ended["status"], ended["ename"]) == ("error", "KeyboardInterrupt"), said
        assert said.splitlines()[-1] == "KeyboardInterrupt: the request was ended"
        silent.closed.get(timeout=20)  # while the kernel lives on
        assert _run(client, "print(1 + 1)") == (_any_ok(), "2\n")
    assert _run(client, "'after' in globals() and 1 / 0")[0]["status"] == "ok"
    silent.stop()


def test_an_interrupt_while_an_app_says_nothing(kernel, own):
    manager, client = kernel
    _run(client, f"%kproxy use --kubeconfig {own.kubeconfig};")
    before = len(own.seen)

    def wait():
        for _ in range(2000):
            if len(own.seen) > before:
                return
            threading.Event().wait(0.01)

    ended, said = _interrupted(manager, client, "%kproxy own/echo hangs", wait)
    assert (ended["status"], ended["ename"]) == ("error", "KeyboardInterrupt"), said
    ended, said = _run(client, "df = %kproxy own/echo many\nprint(len(df))")
    assert (ended["status"], said) == ("ok", "1000\n")
    ended, said = _run(client, "h = %kproxy history\nprint(list(h['problem']))")
    assert "'interrupted', ''" in said
    ours = "[t.name for t in threading.enumerate() if 'kproxy' in t.name]"
    waits = f"until = time.monotonic() + 20\nwhile {ours} and time.monotonic() < until: time.sleep(0.02)"
    ended, said = _run(client, f"{waits}\nprint({ours})")
    assert said == "[]\n", "a thread is left"


class _any_ok:  # noqa: N801 - reads as a value
    """Equal to the content of a reply that says ok."""

    def __eq__(self, other):
        return other["status"] == "ok"
