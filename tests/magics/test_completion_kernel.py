"""Completion as a front end asks for it: by `complete_request` of a real kernel, with no stdin and no comm.

That is all that VS Code, Notebook 7 and JupyterLab have to do with it.
"""

from __future__ import annotations

import subprocess
import sys
import time

import pytest
from jupyter_client.manager import start_new_kernel
from names_server import names_server, table
from own_cluster import written_kubeconfig

LIMIT_S = 60.0


@pytest.fixture(scope="module")
def client(demo, tmp_path_factory):
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("IPYTHONDIR", str(tmp_path_factory.mktemp("ipython")))
        environment.setenv("KUBECONFIG", demo.kubeconfig)
        manager, client = start_new_kernel(kernel_name="python3", startup_timeout=60)
    client.allow_stdin = False
    reply = client.execute_interactive("%load_ext kubeaccess_magic", timeout=LIMIT_S)
    assert reply["content"]["status"] == "ok"
    yield client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


@pytest.fixture
def ask(client):
    """`ask("text|rest")` asks at the bar: the reply's content."""

    def complete(text):
        cursor = text.index("|")
        asked = client.complete(text.replace("|", "", 1), cursor)
        while (reply := client.get_shell_msg(timeout=LIMIT_S))["parent_header"].get("msg_id") != asked:
            pass
        return reply["content"]

    return complete


@pytest.fixture
def ask_until(ask):
    """The same, again and again as somebody presses Tab, until that is offered."""

    def complete(text, wanted):
        end = time.monotonic() + LIMIT_S
        while wanted not in (reply := ask(text))["matches"]:
            assert time.monotonic() < end, reply
            time.sleep(0.02)
        return reply

    return complete


def test_the_first_thing_that_is_asked_needs_nothing_loaded(ask):
    """Before any line ran: verbs are there at once."""
    reply = ask("%kproxy serv|")
    assert "services" in reply["matches"]
    assert (reply["status"], reply["cursor_start"], reply["cursor_end"]) == ("ok", 8, 12)


@pytest.mark.parametrize(
    ("typed", "wanted", "kind", "start"),
    [
        ("%kproxy kube-system/ela|", "elasticsearch-logging", "service", 20),
        ("df = %kproxy kube-system/ela|", "elasticsearch-logging", "service", 25),
        ("a = '\N{GRINNING FACE}'\n%kproxy kube-s|", "kube-system/", "namespace", 16),  # positions are characters
        ("%%kproxy monitoring/prometheus api/v1/query -q query=@-\nsum(rate(shop_|", "shop_orders_total", "metric", 65),
    ],
)
def test_a_reply_has_matches_their_place_and_their_kinds(ask_until, typed, wanted, kind, start):
    reply = ask_until(typed, wanted)
    assert (reply["cursor_start"], reply["cursor_end"]) == (start, typed.index("|"))
    (typed_as,) = [
        one for one in reply["metadata"]["_jupyter_types_experimental"] if one["text"] == wanted and one["type"] == kind
    ]
    assert (typed_as["start"], typed_as["end"]) == (start, typed.index("|"))


def test_nothing_else_is_sent(client, ask_until):
    """No comm is opened, nothing is printed and nobody is asked for input."""
    ask_until("%kproxy node/|", "node-1")
    ask_until("%kproxy kube-system/elasticsearch-logging _cat/ind|", "indices")
    last = client.complete("%kproxy ")
    seen = set()
    while True:
        message = client.get_iopub_msg(timeout=LIMIT_S)
        if message["parent_header"].get("msg_type") == "complete_request":
            seen.add(message["msg_type"])
            if message["parent_header"]["msg_id"] == last and message["content"]["execution_state"] == "idle":
                break
    assert seen == {"status"}
    assert not client.stdin_channel.msg_ready()


def test_an_interpreter_exits_while_a_fetch_hangs(tmp_path):
    with names_server(lambda url: table("a")) as server:
        server.open.clear()
        file = written_kubeconfig(tmp_path, server.url)
        program = (
            "from IPython.core.completer import provisionalcompleter\n"
            "from IPython.core.interactiveshell import InteractiveShell\n"
            "shell = InteractiveShell.instance()\n"
            "shell.run_line_magic('load_ext', 'kubeaccess_magic')\n"
            f"line = '%kproxy --kubeconfig {file} shop/w'\n"
            "import kubeaccess_magic.cluster, kubeaccess_magic.suggest\n"
            "with provisionalcompleter():\n"
            "    print([one.text for one in shell.Completer.completions(line, len(line))], input())"
        )
        environment = {"HOME": str(tmp_path), "IPYTHONDIR": str(tmp_path)}
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        with subprocess.Popen([sys.executable, "-c", program], env=environment, text=True, **pipes) as child:
            assert server.arrived.acquire(timeout=LIMIT_S)
            out, err = child.communicate("the end\n", timeout=LIMIT_S)  # while the server says nothing
        assert (out, child.returncode) == ("['w'] the end\n", 0), err
