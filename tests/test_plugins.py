"""Plugins that bring credentials (G22 to G26): real programs."""

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
import signing
from signing import CANARY, CERTIFICATE, KEY, PAIR, V1, b64, refused, signed

from kubeaccess_magic import credentials
from kubeaccess_magic.call import Call
from kubeaccess_magic.credentials.program import HelperProgram
from kubeaccess_magic.errors import CredentialError


@pytest.fixture
def home(tmp_path, monkeypatch):
    return signing.empty_home(tmp_path, monkeypatch)


@pytest.fixture
def write_config(home):
    return partial(signing.write_config, home)


@pytest.fixture
def credential(home):
    return partial(signing.credential, home)


@pytest.fixture
def plugin(home):
    """Writes a plugin that counts its runs, keeps what it was told, and then does as `body` says."""

    def plugin(body, name="plugin.sh", **spec):
        path = home / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(
            f'#!/bin/sh\necho run >> {home}/runs\nprintf %s "$KUBERNETES_EXEC_INFO" > {home}/info\n{body}\n'
        )
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return {"exec": {"command": f"./{name}", "apiVersion": V1, "interactiveMode": "Never", **spec}}

    return plugin


def answer(version=V1, **status):
    reply = json.dumps({"kind": "ExecCredential", "apiVersion": version, "status": status})
    return f"cat <<'END'\n{reply}\nEND"


def runs(home):
    return len((home / "runs").read_text().split()) if (home / "runs").exists() else 0


def in_s(seconds):
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_plugins_token_is_kept(credential, plugin, home):  # G25
    one = credential(plugin(answer(token="T")))
    assert signed(one) == signed(one) == "Bearer T"
    assert one.sign(Call()).certificate is None
    assert runs(home) == 1


def test_a_plugins_certificate(credential, plugin, home):  # G24
    one = credential(plugin(answer(clientCertificateData=CERTIFICATE, clientKeyData=KEY, token="T")))
    assert one.sign(Call()).certificate.key.decode() == KEY
    assert signed(one) == "Bearer T"
    assert runs(home) == 1


def test_a_plugin_answers_in_the_version_it_is_asked_in(credential, plugin):  # G23, G24
    beta = V1 + "beta1"
    spec = plugin(answer(beta, token="T"), apiVersion=beta)
    del spec["exec"]["interactiveMode"]  # only v1 requires it
    assert signed(credential(spec)) == "Bearer T"
    shown = refused(credential(plugin(answer(beta, token=CANARY))))
    assert f"answered with {beta}, but the kubeconfig asks for {V1}" in shown
    assert "v1alpha1" in refused(
        credential(plugin(answer(token="T"), apiVersion="client.authentication.k8s.io/v1alpha1"))
    )


def test_a_plugin_is_told_of_the_cluster_only_where_wanted(credential, plugin, home):  # G23
    (home / "ca.pem").write_text("CA of a file")
    cluster = {
        "certificate-authority": "ca.pem",
        "tls-server-name": "inner",
        "extensions": [{"name": "client.authentication.k8s.io/exec", "extension": {"audience": [1, True]}}],
    }
    credential(plugin(answer(token="T")), cluster=cluster).sign(Call())
    assert json.loads((home / "info").read_text()) == {
        "kind": "ExecCredential",
        "apiVersion": V1,
        "spec": {"interactive": False},
    }
    credential(plugin(answer(token="T"), provideClusterInfo=True), cluster=cluster).sign(Call())
    assert json.loads((home / "info").read_text())["spec"]["cluster"] == {
        "server": "https://api.example:6443",
        "certificate-authority-data": b64("CA of a file"),
        "tls-server-name": "inner",
        "config": {"audience": [1, True]},
    }


def test_a_plugins_arguments_and_environment(credential, plugin, monkeypatch):  # G23
    monkeypatch.setenv("OURS", "ours")
    monkeypatch.setenv("BOTH", "ours")
    body = 'printf \'{"kind": "ExecCredential", "apiVersion": "%s", "status": {"token": "%s"}}\' ' + (
        f'{V1} "$1-$2-$OURS-$BOTH-$THEIRS"'
    )
    spec = plugin(body, args=["a b", "c"], env=[{"name": "BOTH", "value": "theirs"}, {"name": "THEIRS", "value": "t"}])
    assert signed(credential(spec)) == "Bearer a b-c-ours-theirs-t"


def test_a_command_without_a_folder_comes_from_path_and_never_from_here(credential, plugin, home, monkeypatch):  # G23
    spec = plugin(answer(token="T"), "bin/found.sh")
    spec["exec"]["command"] = "found.sh"
    monkeypatch.setenv("PATH", f"{home}/bin:/usr/bin:/bin")
    assert signed(credential(spec)) == "Bearer T"
    for path in ("bin:/usr/bin:/bin", "/usr/bin:/bin"):
        monkeypatch.setenv("PATH", path)
        refused(credential(spec))
    shutil.copy(home / "bin/found.sh", home / "found.sh")
    for path in (".:/usr/bin:/bin", ":/usr/bin:/bin"):
        monkeypatch.setenv("PATH", path)
        assert "relative folder" in refused(credential(spec))


@pytest.mark.parametrize("other", [{"token": "t"}, {"username": "u"}, PAIR])
def test_any_other_credential_beats_a_plugin(credential, plugin, home, other):  # G22
    one = credential({**plugin(answer(token="T")), **other})
    assert signed(one) != "Bearer T"
    one.sign(Call())
    assert runs(home) == 0


@pytest.mark.parametrize(
    "body",
    [
        "true", "echo hello", f"echo x; {answer(token=CANARY)}", f"{answer(token=CANARY)}; echo x", answer(token=1),
        answer(), answer(token=""), answer(token=f"{CANARY}\n"), answer(token=CANARY, clientKeyData=KEY),
        answer(token=CANARY, clientKeyData="x", clientCertificateData="x"), answer("v1", token=CANARY),
        answer(token=CANARY, expirationTimestamp="tomorrow"),
        answer(token=CANARY, expirationTimestamp="2030-13-01T00:00:00Z"),
        "echo []", "echo '{\"kind\": \"Pod\"}'", "head -c 2000000 /dev/zero", "exit 3",
    ],
)  # fmt: skip
def test_a_bad_answer_is_an_error_and_never_an_anonymous_request(credential, plugin, home, body):  # G24
    one = credential(plugin(body))
    refused(one)
    with pytest.raises(CredentialError):
        one.sign(Call())
    assert runs(home) == 2


def test_an_answer_in_yaml_is_taken(credential, plugin):  # as kubectl takes it
    assert signed(credential(plugin(f"echo 'apiVersion: {V1}'; echo 'status: {{token: T}}'"))) == "Bearer T"


def test_a_failing_plugin_is_told_in_its_own_words(credential, plugin):  # G24
    body = f"printf '\\033[31mno session\\033[0m token={CANARY}\\n' >&2; echo 'run: tool login' >&2; exit 7"
    shown = refused(credential(plugin(body, installHint="get it there")))
    for words in ("exit code 7", "no session token=[hidden] / run: tool login", "in a terminal", "'u'", "plugin.sh"):
        assert words in shown
    assert "\x1b" not in shown and "get it there" not in shown  # it is there


def test_a_missing_plugin_names_its_install_hint(credential, plugin):
    spec = plugin("true", installHint="install\x1b[1m the tool")
    for command in ("./gone", "no-such-program-anywhere"):
        spec["exec"]["command"] = command
        shown = refused(credential(spec))
        assert "is not installed" in shown
        assert "install the tool" in shown


def test_what_it_says_is_passed_on_as_it_comes(credential, plugin, home):
    """The device code is read while the plugin waits for the browser: it ends only after the line was told."""
    body = f"printf 'open https://x and enter ABCD' >&2; while [ ! -e {home}/read ]; do sleep 0.02; done; " + answer(
        token="T"
    )
    said = []

    def say(line):
        said.append(line)
        (home / "read").touch()

    assert signed(credential(plugin(body)), Call(say=say)) == "Bearer T"
    assert said == ["open https://x and enter ABCD"]


def test_a_plugin_that_needs_a_terminal_says_so_where_there_is_none(credential, plugin, home, monkeypatch):  # G23
    program = f"""
import sys
from kubeaccess_magic import credentials, kubeconfig
from kubeaccess_magic.call import Call
try:
    print(credentials.for_context(kubeconfig.choose(kubeconfig={str(home / "config")!r})).sign(Call()).headers)
except Exception as error:
    print(type(error).__name__, error)
"""
    for mode, wanted in (("Always", "CredentialError"), ("IfAvailable", "Bearer T"), ("Never", "Bearer T")):
        credential(plugin(answer(token="T"), interactiveMode=mode))
        done = subprocess.run(
            [sys.executable, "-c", program], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120
        )
        assert wanted in done.stdout


@pytest.mark.parametrize("how", ["time", "stop", "interrupt"])
def test_a_hanging_plugin_is_ended_with_what_it_started(credential, plugin, home, how):
    # It says that it waits a little later, so that whoever started it has come to wait for it.
    write = f"echo $! $$ > {home}/new; sleep 0.5; mv {home}/new {home}/pids"
    one = credential(plugin(f"sleep 300 & {write}; wait"), plugin_limit_s=1.5 if how == "time" else 60)
    call = Call()

    def end():
        deadline = time.monotonic() + 20
        while not (home / "pids").exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        call.stop() if how == "stop" else os.kill(os.getpid(), signal.SIGINT)

    helper = threading.Thread(target=end)
    if how != "time":
        helper.start()
    with pytest.raises(KeyboardInterrupt if how == "interrupt" else CredentialError) as caught:
        one.sign(call)
    if how != "time":
        helper.join()
    else:
        assert "took longer than 1.5 s" in str(caught.value)
    deadline = time.monotonic() + 20
    pids = (home / "pids").read_text().split() if (home / "pids").exists() else []
    while any(map(alive, pids)) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not any(map(alive, pids))
    plugin(answer(token="T"))
    assert signed(one) == "Bearer T"  # and nothing is stuck


def test_an_interrupt_while_it_is_being_started_leaves_nothing_running(home):
    def run(script):
        HelperProgram("it", 60, "").answer(["sh", "-c", script], Call(), executable="/bin/sh", environ=os.environ)

    for number in range(60):
        helper = threading.Timer(number * 5e-5, os.kill, (os.getpid(), signal.SIGINT))
        with pytest.raises(KeyboardInterrupt):
            helper.start()
            run(f"echo $$ >> {home}/pids; exec sleep 300")
        helper.join()
    run(f"sleep 0.2; echo $$ >> {home}/pids")  # who is left running has said so by then
    assert not any(map(alive, (home / "pids").read_text().split()))


def test_an_expired_stamp_runs_the_plugin_for_each_call(credential, plugin, home):  # G25
    one = credential(plugin(answer(token="T", expirationTimestamp="2020-01-01T00:00:00Z")))
    signature = one.sign(Call())
    assert signature.headers == (("Authorization", "Bearer T"),) and signature.certificate is None
    assert runs(home) == 1  # a certificate and headers of one request
    signed(one)
    assert runs(home) == 2


def test_it_is_renewed_a_little_before_it_expires(credential, plugin, home):  # G25
    one = credential(plugin(answer(token="long", expirationTimestamp=in_s(3600))))
    assert signed(one) == signed(one) == "Bearer long"
    assert runs(home) == 1
    soon = credential(plugin(answer(token="short", expirationTimestamp=in_s(1.5))))
    assert signed(soon) == "Bearer short"
    plugin(answer(token="new", expirationTimestamp=in_s(3600)))
    deadline = time.monotonic() + 10
    while signed(soon) != "Bearer new" and time.monotonic() < deadline:
        time.sleep(0.05)
    assert signed(soon) == "Bearer new"


def test_a_touched_kubeconfig_does_not_run_the_plugin_again_but_a_changed_entry_does(
    credential, write_config, plugin, home
):
    spec = plugin(answer(token="T"))
    one = credential(spec)
    signed(one)
    write_config(spec, "https://another")  # as `kubectl config use-context` rewrites it
    os.utime(home / "config", ns=(1, 1))
    assert signed(one) == "Bearer T"
    assert runs(home) == 1
    write_config(plugin(answer(token="other"), args=["changed"]))
    assert signed(one) == "Bearer other"


def test_many_threads_run_it_once(credential, plugin, home):
    one = credential(plugin("sleep 0.2; " + answer(token="T")))
    with ThreadPoolExecutor(16) as pool:
        assert set(pool.map(lambda _: signed(one), range(64))) == {"Bearer T"}
    assert runs(home) == 1


def test_many_threads_share_one_failure(credential, plugin, home):
    one = credential(plugin("sleep 0.3; exit 1"))
    start = threading.Barrier(8)

    def ask(_):
        start.wait()
        with pytest.raises(CredentialError, match="exit code 1"):
            one.sign(Call())

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(ask, range(8)))
    assert runs(home) < 8


def test_many_threads_renew_once_after_a_401(credential, plugin, home):
    one = credential(plugin("sleep 0.1; " + answer(token="one")))
    start = threading.Barrier(8)

    def ask(_):
        refused = one.sign(Call())
        assert refused.headers == (("Authorization", "Bearer one"),)
        if start.wait() == 0:
            plugin("sleep 0.1; " + answer(token="two"))
        start.wait()
        renewed = one.renew(Call(), refused)
        return renewed, signed(one)

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(ask, range(8))) == {(True, "Bearer two")}
    assert runs(home) == 2


def test_a_renewal_that_brings_the_same_is_told_so(credential, plugin, home):
    one = credential(plugin(answer(token="T")))
    assert one.renew(Call(), one.sign(Call())) is False
    assert runs(home) == 2


def test_another_thread_does_not_wait_for_a_plugin_once_it_is_stopped(credential, plugin, home):
    one = credential(plugin(f"while [ ! -e {home}/go ]; do sleep 0.02; done; " + answer(token="T")))
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(signed, one)
        deadline = time.monotonic() + 20
        while not runs(home) and time.monotonic() < deadline:
            time.sleep(0.01)
        call = Call()
        call.stop()
        assert "stopped" in refused(one, call)
        (home / "go").touch()
        assert first.result(20) == "Bearer T"


@pytest.mark.parametrize(
    ("policy", "runs_it"),
    [
        ("credentialPluginPolicy: AllowAll", True),
        ("credentialPluginPolicy: DenyAll", False),
        ("credentialPluginPolicy: Unheard", False),
        ("credentialPluginPolicy: Allowlist", False),
        ("credentialPluginPolicy: Allowlist\ncredentialPluginAllowlist: [{{command: plugin.sh}}]", False),
        ("credentialPluginPolicy: Allowlist\ncredentialPluginAllowlist: [{{command: {home}/plugin.sh}}]", True),
        ("defaults: []", True),
        ("x: [", True),  # kubectl only warns
    ],
)
def test_kuberc_is_obeyed(credential, plugin, home, monkeypatch, policy, runs_it):  # G26
    (home / ".kube").mkdir()
    document = "apiVersion: kubectl.config.k8s.io/v1beta1\nkind: Preference\n" + policy.format(home=home)
    (home / ".kube/kuberc").write_text(f"kind: Other\n---\n{document}\n")
    one = credential(plugin(answer(token="T")))
    if runs_it:
        assert signed(one) == "Bearer T"
    else:
        assert "forbids" in refused(one)
        assert runs(home) == 0
        monkeypatch.setenv("KUBERC", "off")
        assert signed(one) == "Bearer T"
    monkeypatch.setenv("KUBERC", "nowhere")
    assert "KUBERC" in refused(credential(plugin(answer(token="T"))))


# --- nothing secret is shown -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("body", [f"echo {CANARY}; exit 1", answer(token=CANARY, clientKeyData=KEY)])
def test_a_traceback_has_no_frame_that_holds_a_secret(credential, plugin, body):
    one = credential(plugin(body, env=[{"name": "PASSWORD", "value": CANARY}]))
    with pytest.raises(CredentialError) as caught:
        one.sign(Call())
    assert caught.value.__suppress_context__
    frame = caught.value.__traceback__
    while frame is not None:
        if frame.tb_frame.f_globals["__name__"].startswith(credentials.__name__):
            assert CANARY not in repr(frame.tb_frame.f_locals)
        frame = frame.tb_next
