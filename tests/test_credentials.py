"""How requests are signed (G6, G10, G20 to G29): real files and real plugins."""

import base64
import json
import os
import pickle
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from kubeaccess_magic import credentials, kubeconfig
from kubeaccess_magic.errors import ConfigError, CredentialError
from kubeaccess_magic.limits import Watch

CANARY = "canary-7f3a9e-secret"
V1 = "client.authentication.k8s.io/v1"
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
KEY = f"-----BEGIN PRIVATE KEY-----\n{CANARY}\n-----END PRIVATE KEY-----\n"


def b64(text):
    return base64.b64encode(text.encode()).decode()


PAIR = {"client-certificate-data": b64(CERTIFICATE), "client-key-data": b64(KEY)}


@pytest.fixture
def home(tmp_path, monkeypatch):
    """An empty home, which is also the working folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("KUBECONFIG", "KUBERC", "KUBECTL_KUBERC", "KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def write_config(home):
    """Writes ``config`` with one context; its path."""

    def write_config(user, server="https://api.example:6443", **cluster):
        path = home / "config"
        path.write_text(
            json.dumps(
                {
                    "clusters": [{"name": "c", "cluster": {"server": server, **cluster}}],
                    "users": [{"name": "u", "user": user}] if user is not None else [],
                    "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
                    "current-context": "x",
                }
            )
        )
        return str(path)

    return write_config


@pytest.fixture
def credential(write_config):
    def credential(user, server="https://api.example:6443", cluster=None, **acting):
        context = kubeconfig.choose(kubeconfig=write_config(user, server, **(cluster or {})))
        return credentials.for_context(context, **acting)

    return credential


def signed(one, watch=None):
    return one.headers(watch or Watch()).get("Authorization")


def refused(one, watch=None):
    with pytest.raises(CredentialError) as caught:
        one.headers(watch or Watch())
    assert CANARY not in f"{caught.value} {caught.value.hint}"
    return f"{caught.value} | {caught.value.hint}"


# --- tokens, basic, certificates -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("user", "wanted"),
    [
        ({"token": "abc"}, "Bearer abc"),
        ({"token": " a b "}, "Bearer  a b"),
        ({"token": "ü"}, "Bearer \xc3\xbc"),  # UTF-8 on the wire
        ({"username": "me", "password": "é:x"}, "Basic " + b64("me:é:x")),  # G21
        ({"username": "me"}, "Basic " + b64("me:")),
    ],
)
def test_token_and_basic(credential, user, wanted):
    assert signed(credential(user)) == wanted


def test_token_and_certificate_are_both_sent(credential):  # G21
    one = credential({"token": "abc", **PAIR})
    assert signed(one) == "Bearer abc"
    pair = one.client_certificate(Watch())
    assert (pair.certificate.decode(), pair.key.decode()) == (CERTIFICATE, KEY)
    only = credential(PAIR)
    assert only.headers(Watch()) == {}
    assert only.client_certificate(Watch()) == pair


def test_certificate_files_count_from_the_file_that_defines_the_user(home, monkeypatch):  # G2, P30
    (home / "users").mkdir()
    (home / "users/cert.pem").write_text(CERTIFICATE)
    (home / "users/key.pem").write_text(KEY)
    (home / "users/config").write_text(
        "users: [{name: u, user: {client-certificate: cert.pem, client-key: ./key.pem}}]\n"
    )
    (home / "config").write_text(
        "clusters: [{name: c, cluster: {server: 'https://h'}}]\n"
        "contexts: [{name: x, context: {cluster: c, user: u}}]\ncurrent-context: x\n"
    )
    monkeypatch.setenv("KUBECONFIG", f"config{os.pathsep}users/config")
    one = credentials.for_context(kubeconfig.choose())
    monkeypatch.chdir("/")
    assert one.client_certificate(Watch()).key.decode() == KEY


def test_a_rotated_certificate_has_another_version(credential, home):
    (home / "cert.pem").write_text(CERTIFICATE)
    (home / "key.pem").write_text(KEY)
    one = credential({"client-certificate": "cert.pem", "client-key": "key.pem"})
    one.headers(Watch())
    version = one.certificate_version
    one.headers(Watch())
    assert one.certificate_version == version
    (home / "cert.pem").write_text(CERTIFICATE * 2)
    one.headers(Watch())
    assert one.certificate_version != version
    assert one.client_certificate(Watch()).certificate.decode() == CERTIFICATE * 2


@pytest.mark.parametrize("user", [None, {}, {"password": CANARY}, {"client-key": "config"}, {"as": "bob"}])
def test_without_a_credential_nothing_is_sent(credential, user):  # G6
    one = credential(user)
    assert "nothing to sign in with" in refused(one)
    with pytest.raises(CredentialError):
        one.client_certificate(Watch())


@pytest.mark.parametrize("token", [f"{CANARY}\n", f"{CANARY}\r\nX-Remote-User: admin", "\0"])
def test_a_token_with_a_line_break_is_refused(credential, token):
    assert "control character" in refused(credential({"token": token}))


def test_a_login_in_the_server_replaces_the_token_but_is_no_credential_alone(credential):  # G12
    server = "https://b%40b:p%3ax@api.example"
    assert signed(credential({"token": "t"}, server)) == "Basic " + b64("b@b:p:x")
    refused(credential({}, server))


# --- token files (G20) and the pod's account -------------------------------------------------------------------------


def test_a_token_file_beats_the_token_and_is_trimmed(credential, home):
    (home / "token").write_text(" from-file \n\n")
    assert signed(credential({"token": "inline", "tokenFile": "token"})) == "Bearer from-file"


@pytest.mark.parametrize("content", [None, "", " \n"])
def test_a_token_file_that_cannot_be_used_leaves_the_token(credential, home, content):
    if content is not None:
        (home / "token").write_text(content)
    assert signed(credential({"token": "inline", "tokenFile": "token"})) == "Bearer inline"
    assert str(home / "token") in refused(credential({"tokenFile": "token"}))


@pytest.mark.parametrize("inline", [{}, {"token": "inline"}])
def test_a_token_file_is_read_again_and_the_old_token_kept_when_it_is_gone(credential, home, inline):
    (home / "token").write_text("one")
    one = credential({"tokenFile": "token", **inline})
    assert signed(one) == "Bearer one"
    (home / "token").write_text("second")
    assert signed(one) == "Bearer second"
    os.remove(home / "token")
    assert signed(one) == "Bearer second"
    (home / "token").write_text("")
    assert signed(one) == "Bearer second"
    (home / "token").write_text("third")
    assert signed(one) == "Bearer third"


def test_a_token_file_with_basic_is_refused(credential, home):  # G21
    (home / "token").write_text("one")
    assert "keep one" in refused(credential({"tokenFile": "token", "username": "me"}))


def test_the_pods_account(home, monkeypatch):  # P31
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    (home / "data1").mkdir()
    (home / "data1/token").write_text("one\n")
    os.symlink("data1", home / "account")
    one = credentials.for_context(kubeconfig.choose(account_folder=str(home / "account")))
    assert signed(one) == "Bearer one"
    assert one.client_certificate(Watch()) is None
    (home / "data2").mkdir()
    (home / "data2/token").write_text("two\n")
    os.symlink("data2", home / "new")
    os.replace(home / "new", home / "account")  # as the kubelet does it
    assert signed(one) == "Bearer two"


# --- files that change, 401 ------------------------------------------------------------------------------------------


def test_a_changed_kubeconfig_is_read_again_and_a_broken_one_is_not(credential, write_config, home):
    one = credential({"token": "one"})
    assert signed(one) == "Bearer one"
    write_config({"token": "another"})
    assert signed(one) == "Bearer another"
    (home / "config").write_text("{ half writ")
    assert signed(one) == "Bearer another"
    os.remove(home / "config")
    assert signed(one) == "Bearer another"
    write_config({"token": "whole-again"})
    assert signed(one) == "Bearer whole-again"


def test_renewing_after_a_401(credential, write_config):
    one = credential({"token": "one"})
    assert signed(one) == "Bearer one"
    assert one.renew(Watch()) is False  # nothing new
    write_config({"token": "another"})
    assert one.renew(Watch()) is True
    assert signed(one) == "Bearer another"


# --- G10: plain http -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "user",
    [{"token": CANARY}, {"username": "a", "password": CANARY}, PAIR,
     {"exec": {"command": "./must-not-run", "apiVersion": V1, "interactiveMode": "Never"}}, {}, None,
     {"auth-provider": {"name": "gcp"}}],
)  # fmt: skip
def test_over_plain_http_nothing_secret_is_given_out_and_nothing_runs(credential, user):
    one = credential({**user, "as": "bob"} if user is not None else None, f"http://me:{CANARY}@h:8001")
    assert one.headers(Watch()) == ({"Impersonate-User": "bob"} if user is not None else {})
    assert one.client_certificate(Watch()) is None
    assert one.renew(Watch()) is False


# --- impersonation (G28, G29) ----------------------------------------------------------------------------------------


def impersonated(one):
    pairs = [(name.lower(), value) for name, value in one.headers(Watch()).items() if name != "Authorization"]
    return sorted(pairs)


def test_impersonation_headers(credential):
    one = credential(
        {
            "token": "t",
            "as": "bób",
            "as-uid": "7",
            "as-groups": ["a", "b", "c"],
            "as-user-extra": {"Ab/c %": ["x", "ü"]},
        }
    )
    assert impersonated(one) == [
        ("impersonate-extra-ab%2fc%20%25", "x"),
        ("impersonate-extra-ab%2fc%20%25", "\xc3\xbc"),
        ("impersonate-group", "a"),
        ("impersonate-group", "b"),
        ("impersonate-group", "c"),
        ("impersonate-uid", "7"),
        ("impersonate-user", "b\xc3\xb3b"),
    ]
    assert signed(one) == "Bearer t"


def test_what_is_told_replaces_the_files(credential):  # G29
    user = {"token": "t", "as": "bob", "as-groups": ["a", "b"], "as-uid": "7"}
    assert impersonated(credential(user, impersonate="eve")) == [
        ("impersonate-group", "a"), ("impersonate-group", "b"), ("impersonate-uid", "7"), ("impersonate-user", "eve"),
    ]  # fmt: skip
    one = credential(user, impersonate_groups=["only"], impersonate_uid="8")
    assert impersonated(one) == [
        ("impersonate-group", "only"), ("impersonate-uid", "8"), ("impersonate-user", "bob"),
    ]  # fmt: skip
    assert impersonated(credential({"token": "t", "as-groups": ["a"]}, impersonate="eve"))[0][1] == "a"


def test_groups_or_uid_without_a_user_are_refused(credential):  # G28
    for user in ({"as-groups": ["a"]}, {"as-uid": "1"}, {"as-user-extra": {"a": ["b"]}}):
        with pytest.raises(ConfigError, match="only together"):
            credential({"token": "t", **user})
    with pytest.raises(ConfigError, match="only together"):
        credential({"token": "t"}, impersonate_groups=["a"])


def test_line_breaks_in_what_to_impersonate_are_refused(credential):  # G28
    for user in ({"as": "a\nb"}, {"as": "a", "as-groups": ["b\r\nX: y"]}):
        with pytest.raises(CredentialError, match="control character"):
            credential({"token": "t", **user})


# --- auth providers (G27) --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "words"),
    [("gcp", "gke-gcloud-auth-plugin"), ("azure", "kubelogin"), ("x", "nobody knows")],
)
def test_auth_providers_say_what_replaced_them(credential, name, words):
    one = credential({"auth-provider": {"name": name, "config": {"id-token": CANARY}}})
    assert words in refused(one)


def test_a_token_beside_an_oidc_provider_is_used(credential):
    issuer = {"idp-issuer-url": "https://nowhere.invalid", "client-id": "me"}
    assert signed(credential({"token": "t", "auth-provider": {"name": "oidc", "config": issuer}})) == "Bearer t"
    refused(credential({"token": "t", "auth-provider": {"name": "gcp"}}))


# --- exec plugins (G22 to G26) ---------------------------------------------------------------------------------------


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
    assert one.client_certificate(Watch()) is None
    assert runs(home) == 1


def test_a_plugins_certificate(credential, plugin, home):  # G24
    one = credential(plugin(answer(clientCertificateData=CERTIFICATE, clientKeyData=KEY, token="T")))
    assert one.client_certificate(Watch()).key.decode() == KEY
    assert signed(one) == "Bearer T"
    assert runs(home) == 1
    assert one.certificate_version


def test_a_plugin_answers_in_the_version_it_is_asked_in(credential, plugin):  # G23, G24
    beta = V1 + "beta1"
    spec = plugin(answer(beta, token="T"), apiVersion=beta)
    del spec["exec"]["interactiveMode"]  # only v1 requires it
    assert signed(credential(spec)) == "Bearer T"
    assert "another apiVersion" in refused(credential(plugin(answer(beta, token=CANARY))))
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
    credential(plugin(answer(token="T")), cluster=cluster).headers(Watch())
    assert json.loads((home / "info").read_text()) == {
        "kind": "ExecCredential",
        "apiVersion": V1,
        "spec": {"interactive": False},
    }
    credential(plugin(answer(token="T"), provideClusterInfo=True), cluster=cluster).headers(Watch())
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
    one.client_certificate(Watch())
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
        one.client_certificate(Watch())
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

    assert signed(credential(plugin(body)), Watch(say=say)) == "Bearer T"
    assert said == ["open https://x and enter ABCD"]


def test_a_plugin_that_needs_a_terminal_says_so_where_there_is_none(credential, plugin, home, monkeypatch):  # G23
    program = f"""
import sys
from kubeaccess_magic import credentials, kubeconfig
from kubeaccess_magic.limits import Watch
try:
    print(credentials.for_context(kubeconfig.choose(kubeconfig={str(home / "config")!r})).headers(Watch()))
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
    watch = Watch()

    def end():
        deadline = time.monotonic() + 20
        while not (home / "pids").exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        watch.stop() if how == "stop" else os.kill(os.getpid(), signal.SIGINT)

    helper = threading.Thread(target=end)
    if how != "time":
        helper.start()
    with pytest.raises(KeyboardInterrupt if how == "interrupt" else CredentialError) as caught:
        one.headers(watch)
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


def test_an_expired_stamp_runs_the_plugin_for_each_call(credential, plugin, home):  # G25
    one = credential(plugin(answer(token="T", expirationTimestamp="2020-01-01T00:00:00Z")))
    one.client_certificate(Watch())
    assert signed(one) == "Bearer T"
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
            one.headers(Watch())

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(ask, range(8)))
    assert runs(home) < 8


def test_many_threads_renew_once_after_a_401(credential, plugin, home):
    one = credential(plugin("sleep 0.1; " + answer(token="one")))
    start = threading.Barrier(8)

    def ask(_):
        assert signed(one) == "Bearer one"
        if start.wait() == 0:
            plugin("sleep 0.1; " + answer(token="two"))
        start.wait()
        renewed = one.renew(Watch())
        return renewed, signed(one)

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(ask, range(8))) == {(True, "Bearer two")}
    assert runs(home) == 2


def test_a_renewal_that_brings_the_same_is_told_so(credential, plugin, home):
    one = credential(plugin(answer(token="T")))
    signed(one)
    assert one.renew(Watch()) is False
    assert runs(home) == 2


def test_another_thread_does_not_wait_for_a_plugin_once_it_is_stopped(credential, plugin, home):
    one = credential(plugin(f"while [ ! -e {home}/go ]; do sleep 0.02; done; " + answer(token="T")))
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(signed, one)
        deadline = time.monotonic() + 20
        while not runs(home) and time.monotonic() < deadline:
            time.sleep(0.01)
        watch = Watch()
        watch.stop()
        assert "stopped" in refused(one, watch)
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


# --- the end of a certificate


@pytest.mark.parametrize("year", [1999, 2030, 2049, 2050, 2109])
@pytest.mark.parametrize("bits", [None, 2048])  # elliptic curve, RSA
def test_when_a_client_certificate_ends(year, bits):
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    key = ec.generate_private_key(ec.SECP256R1()) if bits is None else rsa.generate_private_key(65537, bits)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "me" * 30)])
    ends = datetime(year, 3, 4, 5, 6, 7, tzinfo=UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(2**150).not_valid_before(datetime(1990, 1, 1, tzinfo=UTC)).not_valid_after(ends)
    pem = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    assert credentials.ClientCertificate(b"before\n" + pem + pem, b"").ends == ends.timestamp()
    for broken in (pem[:90], pem[:200] + pem[220:], b"", CERTIFICATE.encode(), pem.replace(b"A", b"!")):
        assert credentials.ClientCertificate(broken, b"").ends in (None, ends.timestamp())


# --- nothing secret is shown -----------------------------------------------------------------------------------------


def test_nothing_secret_is_in_reprs_and_nothing_is_pickled(credential):
    one = credential({"token": CANARY, **PAIR}, impersonate="eve")
    one.headers(Watch())
    pair = one.client_certificate(Watch())
    assert repr(one) == "<Credential of 'x', signs in with client certificate and token as another user>"
    for value in (one, pair, vars(one)):
        assert CANARY not in repr(value)
    for value in (one, pair):
        with pytest.raises(TypeError, match="not pickled"):
            pickle.dumps(value)


@pytest.mark.parametrize("body", [f"echo {CANARY}; exit 1", answer(token=CANARY, clientKeyData=KEY)])
def test_a_traceback_has_no_frame_that_holds_a_secret(credential, plugin, body):
    one = credential(plugin(body, env=[{"name": "PASSWORD", "value": CANARY}]))
    with pytest.raises(CredentialError) as caught:
        one.headers(Watch())
    assert caught.value.__suppress_context__
    frame = caught.value.__traceback__
    while frame is not None:
        if frame.tb_frame.f_globals["__name__"].startswith(credentials.__name__):
            assert CANARY not in repr(frame.tb_frame.f_locals)
        frame = frame.tb_next
