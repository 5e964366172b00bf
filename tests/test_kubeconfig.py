"""Which file, which entry, which server: kubectl's rules (G1 to G16, G28, G29) on real files."""

import base64
import dataclasses
import json
import os
import pickle

import pytest

from kubeaccess_magic import credentials, kubeconfig
from kubeaccess_magic.call import Call
from kubeaccess_magic.errors import ConfigError, CredentialError
from kubeaccess_magic.kubeconfig import Impersonate, choose, contexts, parse_yaml, same_server

CANARY = "canary-7f3a9e-secret"
DATA = base64.b64encode(b"-----BEGIN CERTIFICATE-----\n").decode()


def text(
    server="https://api.example:6443",
    *,
    user=f"{{token: {CANARY}}}",
    cluster="",
    context="{cluster: c, user: u}",
    current="current-context: x",
    name="x",
    more="",
):
    return (
        f'clusters:\n- {{name: c, cluster: {{server: "{server}"{cluster and ", " + cluster}}}}}\n'
        f"users:\n- {{name: u, user: {user}}}\n"
        f"contexts:\n- {{name: {name}, context: {context}}}\n{current}\n{more}\n"
    )


@pytest.fixture
def home(tmp_path, monkeypatch):
    """An empty home, which is also the working folder; no cluster around it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("KUBECONFIG", "KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT", "POD_NAMESPACE"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def write(home):
    def write(content, name="config"):
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content) if isinstance(content, bytes) else path.write_text(content)
        return str(path)

    return write


@pytest.fixture
def pod(home, monkeypatch):
    """A pod's account, mounted where the test says."""
    folder = home / "account"
    folder.mkdir()
    (folder / "token").write_text(CANARY)
    (folder / "ca.crt").write_text("CA")
    (folder / "namespace").write_text("team\n")
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "fd00::1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    return str(folder)


def refused(path=None, context=None, **more):
    with pytest.raises(ConfigError) as caught:
        choose(context, kubeconfig=path, **more)
    shown = f"{caught.value} {caught.value.hint}"
    assert CANARY not in shown
    return shown


# --- G1 to G5: which file, which entry -------------------------------------------------------------------------------


def test_the_argument_then_kubeconfig_then_home(write, monkeypatch):  # G1
    argument, named = write(text("https://argument"), "a"), write(text("https://named"), "b")
    write(text("https://home"), ".kube/config")
    assert choose().server == "https://home"
    monkeypatch.setenv("KUBECONFIG", named)
    assert choose().server == "https://named"
    assert choose(kubeconfig=argument).server == "https://argument"
    monkeypatch.setenv("KUBECONFIG", "")
    assert choose().server == "https://home"


def test_kubeconfig_is_read_at_each_call(write, monkeypatch):
    monkeypatch.setenv("KUBECONFIG", write(text("https://one"), "one"))
    assert choose().server == "https://one"
    monkeypatch.setenv("KUBECONFIG", write(text("https://two"), "two"))
    assert choose().server == "https://two"


@pytest.mark.parametrize("value", ["nowhere", "nowhere:neither", ":", "~/.kube/config", " .kube/config"])
def test_kubeconfig_that_names_nothing_does_not_fall_back_to_home(write, monkeypatch, value):  # G1
    write(text(), ".kube/config")
    monkeypatch.setenv("KUBECONFIG", value)
    assert "no kubeconfig" in refused()


def test_tilde_is_expanded_in_the_argument_alone(write):  # wanted difference, no shell stands before us
    write(text("https://tilde"), "k")
    assert choose(kubeconfig="~/k").server == "https://tilde"


def test_no_kubeconfig_names_the_demo_and_kubeconfig(home):
    shown = refused()
    assert "`%kproxy demo`" in shown
    assert "KUBECONFIG" in shown
    assert str(home / ".kube/config") in shown
    with pytest.raises(ConfigError, match="no kubeconfig"):
        contexts()


def test_a_missing_file_is_skipped_and_a_bad_one_is_not(write, home, monkeypatch):  # G2
    good = write(text("https://good"), "good")
    monkeypatch.setenv("KUBECONFIG", f"missing{os.pathsep}{good}")
    assert choose().server == "https://good"
    for bad in (str(home), write("{", "broken"), write(b"\xff\xfe\xfd", "bytes")):
        monkeypatch.setenv("KUBECONFIG", f"{good}{os.pathsep}{bad}")
        assert bad in refused()
    assert "does not exist" in refused(str(home / "missing"))


def test_relative_paths_count_from_the_folder_of_the_file_as_given(write, home):  # G2
    write("ca", "real/ca.crt")
    write("other", "linked/ca.crt")
    os.symlink(write(text(cluster="certificate-authority: ca.crt"), "real/config"), home / "linked/config")
    assert choose(kubeconfig="real/config").ca_file == str(home / "real/ca.crt")
    assert choose(kubeconfig="linked/config").ca_file == str(home / "linked/ca.crt")


def test_the_first_entry_of_a_name_counts_whole_and_the_first_current_context(write, monkeypatch):  # G3
    first = write("contexts: [{name: z, context: {cluster: c, user: u, namespace: ns}}]\nusers: [{name: u}]\n", "1")
    second = write(text("https://second", name="z", current="current-context: z"), "2")
    third = write(text("https://third", current="current-context: x"), "3")
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join((first, second, third)))
    chosen = choose()
    assert (chosen.name, chosen.namespace, chosen.server) == ("z", "ns", "https://second")
    assert chosen.signs_in == ()  # the user of the first file, though it is empty
    assert (chosen.user_file, chosen.cluster_file) == (first, second)
    assert chosen.files == (first, second, third)


@pytest.mark.parametrize("section", ["clusters", "users", "contexts"])
def test_a_duplicate_name_in_one_file_is_refused_without_the_tokens(write, section):  # G3
    entry = {"clusters": "cluster", "users": "user", "contexts": "context"}[section]
    twice = f"[{{name: d, {entry}: {{token: {CANARY}}}}}, {{name: d, {entry}: {{}}}}]"
    path = write(f"{section}: {twice}\ncurrent-context: d\n")
    assert f"{entry} 'd': the name appears twice" in refused(path)


def test_without_a_current_context_the_contexts_are_named(write):  # G4
    for current in ("", 'current-context: ""', "Current-Context: x"):
        shown = refused(write(text(current=current)))
        assert "no current-context" in shown
        assert "available contexts: x" in shown
    assert choose("x", kubeconfig=write(text(current=""))).name == "x"


def test_a_context_that_is_not_there_names_those_that_are(write):  # G3, G4
    assert "available contexts: x" in refused(write(text()), "prod")
    assert "'gone'" in refused(write(text(current="current-context: gone")))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"context": "{cluster: gone, user: u}"}, "'gone', which does not exist"),
        ({"context": "{user: u}"}, "names no cluster"),
        ({"context": "{Cluster: c, user: u}"}, "names no cluster"),
        ({"server": ""}, "no server"),
    ],
)
def test_a_context_that_leads_nowhere_is_refused(write, changes, words):  # G4
    assert words in refused(write(text(**changes)))


EMPTY = [
    "",
    "# nothing\n",
    "{}",
    "apiVersion: v1\nkind: Config\nclusters: []\ncontexts: null\ncurrent-context: ''\nusers: []",
]


@pytest.mark.parametrize("empty", EMPTY)
def test_empty_files_lead_nowhere(write, empty):  # G4
    assert "no current-context" in refused(write(empty))


@pytest.mark.parametrize("empty", EMPTY)
def test_in_a_pod_empty_files_count_as_none(write, pod, monkeypatch, empty):  # G5
    path = write(empty)
    assert choose(kubeconfig=path, account_folder=pod).in_cluster
    assert [(row.name, row.current) for row in contexts(path, account_folder=pod)] == [("in-cluster", True)]
    monkeypatch.setenv("KUBECONFIG", path)
    assert choose(account_folder=pod).in_cluster
    assert "no context 'x'" in refused(context="x", account_folder=pod)


@pytest.mark.parametrize(
    "section",
    ["clusters: [{name: c, cluster: {server: 'https://h'}}]", f"users: [{{name: u, user: {{token: {CANARY}}}}}]",
     "contexts: [{name: x, context: {cluster: c}}]"],
)  # fmt: skip
def test_files_that_define_anything_are_not_replaced_by_the_pods_account(write, pod, section):  # G5
    assert "no current-context" in refused(write(section), account_folder=pod)
    assert "does not exist" in refused(write(f"{section}\ncurrent-context: z"), account_folder=pod)


def test_a_current_context_alone_leads_nowhere(write, pod):  # G5, as with kubectl
    assert "'x', which does not exist" in refused(write("current-context: x"), account_folder=pod)


def test_a_missing_user_is_no_matter_of_choosing(write):  # G6: signing in refuses it
    chosen = choose(kubeconfig=write(text(context="{cluster: c, user: gone}")))
    assert (chosen.user, chosen.user_file, chosen.signs_in) == ("gone", None, ())


# --- the pod's account ----------------------------------------------------------------------------------------------


def test_the_pods_account_where_there_is_no_kubeconfig(pod):
    chosen = choose(account_folder=pod)
    assert chosen.server == "https://[fd00::1]:443"
    assert (chosen.in_cluster, chosen.namespace, chosen.signs_in) == (True, "team", ("pod account",))
    assert (chosen.token_file, chosen.ca_file) == (f"{pod}/token", f"{pod}/ca.crt")
    assert [row.name for row in contexts(account_folder=pod)] == ["in-cluster"]
    assert CANARY not in repr(chosen)


def test_the_pods_account_by_name_beside_a_kubeconfig(write, pod):
    path = write(text())
    assert choose(kubeconfig=path, account_folder=pod).name == "x"
    assert choose("in-cluster", kubeconfig=path, account_folder=pod).in_cluster
    assert [(row.name, row.current) for row in contexts(path, account_folder=pod)] == [
        ("x", True),
        ("in-cluster", False),
    ]


def test_a_pod_without_an_account_names_the_charts_setting(pod):
    os.remove(f"{pod}/token")
    assert "singleuser.serviceAccountName" in refused(account_folder=pod)


def test_the_namespace(write, pod, monkeypatch):  # G9
    plain, own = write(text(), "1"), write(text(context="{cluster: c, user: u, namespace: own}"), "2")
    assert choose(kubeconfig=plain).namespace == "default"
    assert choose(kubeconfig=own).namespace == "own"
    assert choose(kubeconfig=own, namespace="told").namespace == "told"
    assert choose(kubeconfig=plain, account_folder=pod).namespace == "team"
    monkeypatch.setenv("POD_NAMESPACE", "downward")
    assert choose(kubeconfig=plain, account_folder=pod).namespace == "downward"
    assert choose(kubeconfig=own, account_folder=pod).namespace == "own"


# --- G7, G8: what is in a file --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "user",
    ["{token: 123}", "{token: y}", "{token: 1e3}", "{token: 0o7}", "{token: [a]}", "{as: 1}", "{client-key-data: '!'}",
     "{as-groups: a}", "{exec: {args: [1]}}", "{exec: {env: [{name: a, value: on}]}}",
     "{auth-provider: {config: {a: 1}}}"],
)  # fmt: skip
def test_a_wrong_type_anywhere_fails_the_file(write, user):  # G7
    unused = f"{text().replace('users:', f'users:{chr(10)}- {{name: unused, user: {user}}}')}"
    assert "user 'unused': user." in refused(write(unused))


@pytest.mark.parametrize("token", ["2020-01-01", "1.2.3", "12345678e901234", "'123'", "!!str 123", "1:30", "0x", "1e"])
def test_what_only_looks_like_a_number_is_text(write, token):  # G7
    assert choose(kubeconfig=write(text(user=f"{{token: {token}}}"))).signs_in == ("token",)


def test_a_missing_file_of_an_unused_user_is_no_fault(write):  # G7
    unused = "- {name: v, user: {client-certificate: nowhere, client-key: nowhere}}"
    assert choose(kubeconfig=write(text().replace("contexts:", f"{unused}\ncontexts:"))).name == "x"


@pytest.mark.parametrize(
    "content",
    [
        "﻿" + text(),
        text().replace("\n", "\r\n"),
        text() + "unknown: {field: [1]}\npreferences: {}\napiVersion: v1\nkind: Config\n",
        text(user="&a {token: t}", more="zz: *a"),
        text() + "\n---\nsecond: document\n",
        json.dumps(
            {
                "clusters": [{"name": "c", "cluster": {"server": "https://api.example:6443"}}],
                "users": [{"name": "u", "user": {"token": "t"}}],
                "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
                "current-context": "x",
            }
        ),
    ],
    ids=["bom", "crlf", "unknown fields", "anchor", "two documents", "json"],
)
def test_spellings_that_are_accepted(write, content):  # G8
    chosen = choose(kubeconfig=write(content.encode()))
    assert (chosen.server, chosen.signs_in) == ("https://api.example:6443", ("token",))


@pytest.mark.parametrize(
    "content",
    ["[]", "a text", "1", "{", "a: b: c", "\t", "a: *b", "'", "\0", "%x", "apiVersion: v2", "kind: Secret", "Kind: Pod",
     "clusters: {}", "users: x", "contexts: [[]]\ncurrent-context: x", "current-context: 1", "&a [*a]",
     f"users: *{CANARY}", f"a: !{CANARY} &{CANARY} {{", "[" * 20_000, "preferences: []"],
)  # fmt: skip
def test_what_is_no_kubeconfig_is_refused_without_showing_it(write, content):  # G8
    path = write(content)
    assert path in refused(path)


def test_a_broken_file_says_where_and_not_what(write):
    shown = refused(write(f"users:\n- token: {CANARY}\n  oops: [\n"))
    assert "is not valid YAML (line 4, column 1)" in shown


def test_bombs_and_huge_files_are_refused(write, home):  # G8
    levels = "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 9))
    assert "too many entries" in refused(write(f"a0: &a0 [x]\n{levels}{text()}"))
    merges = "".join(f"m{i}: &m{i} {{<<: [{', '.join([f'*m{i - 1}'] * 9)}]}}\n" for i in range(1, 9))
    assert "too many entries" in refused(write(f"m0: &m0 {{k: v}}\n{merges}{text()}"))
    assert "too many entries" in refused(write("[" + "a," * 500_000 + "]"))
    with open(home / "huge", "wb") as file:
        file.truncate(kubeconfig.files.MAX_FILE_BYTES + 1)
    assert "8 MiB" in refused(str(home / "huge"))
    os.mkfifo(home / "pipe")
    assert "pipe" in refused(str(home / "pipe"))


def test_merge_keys_apply_in_their_order(write):  # as kubectl's parser
    assert parse_yaml(b"z: &z {t: Z}\na: {t: a, <<: *z}\nb: {<<: *z, t: b}\nc: {<<: [{t: 1}, {t: 2}]}", "it") == {
        "z": {"t": "Z"}, "a": {"t": "Z"}, "b": {"t": "b"}, "c": {"t": 1},
    }  # fmt: skip


# --- G11 to G16: the cluster ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("server", "wanted"),
    [
        ("https://h:6443/", "https://h:6443"),
        ("HTTPS://h", "https://h"),
        ("https://h/k8s/clusters/c1/", "https://h/k8s/clusters/c1"),
        ("https://h/x?q=1#f", "https://h/x"),
        ("https://h//a/../b/", "https://h/b"),
        ("https://h/a b/ü", "https://h/a%20b/%C3%BC"),
        ("https://[::1]:6443/", "https://[::1]:6443"),
        ("https://h:", "https://h"),
        ("http://h:8001", "http://h:8001"),
    ],
)
def test_the_server_is_normalised(write, server, wanted):  # G12
    assert choose(kubeconfig=write(text(server))).server == wanted


@pytest.mark.parametrize(
    "server",
    ["https://", "https:///x", "ftp://h", "https://h:99999", " https://h", "https://h ", "https://a b/", "https://h/%zz",
     f"https://u:{CANARY}@", f"u:{CANARY}@h:6443", f"https://u:{CANARY}@h:x"],
)  # fmt: skip
def test_servers_that_are_no_url_are_refused_without_showing_them(write, server):  # G12
    refused(write(text(server)))


def test_a_server_without_a_scheme_names_both_spellings(write):  # G11, a wanted difference
    shown = refused(write(text("api.example:6443")))
    assert "https://api.example:6443" in shown
    assert "http://api.example:6443" in shown


def test_a_login_in_the_server_never_sits_in_the_context(write):  # G12
    chosen = choose(kubeconfig=write(text(f"https://bob:{CANARY}@h/base/", user="{token: t}")))
    assert (chosen.server, chosen.login_in_server) == ("https://h/base", True)
    assert chosen.signs_in == ("login in the server URL",)
    assert CANARY not in repr(chosen)
    assert CANARY.encode() not in pickle.dumps(chosen)


@pytest.mark.parametrize(
    ("cluster", "words"),
    [
        (f"certificate-authority: config, certificate-authority-data: {DATA}", "keep one"),  # G13
        ("certificate-authority: config, insecure-skip-tls-verify: true", "keep one"),
        (f"certificate-authority-data: {DATA}, insecure-skip-tls-verify: true", "keep one"),
        ("certificate-authority: nowhere", "cannot be read"),
        ("insecure-skip-tls-verify: 'true'", "must be true or false"),
        ("proxy-url: proxy", "proxy-url"),
        ("proxy-url: 'socks5h://proxy'", "proxy-url"),  # G16
        (f"proxy-url: 'http://me:{CANARY}/x@proxy'", "proxy-url"),
    ],
)
def test_clusters_that_kubectl_refuses(write, cluster, words):
    assert words in refused(write(text(cluster=cluster)))


def test_the_values_of_a_cluster(write):  # G13, G15, G16
    chosen = choose(
        kubeconfig=write(
            text(
                cluster=f"certificate-authority-data: {DATA}, tls-server-name: inner, disable-compression: yes, "
                f"proxy-url: 'SOCKS5://me:{CANARY}@proxy:1080'"
            )
        )
    )
    assert chosen.ca_data == b"-----BEGIN CERTIFICATE-----\n"
    assert (chosen.ca_file, chosen.tls_server_name, chosen.disable_compression) == (None, "inner", True)
    assert chosen.proxy == "socks5://proxy:1080"
    assert CANARY not in repr(chosen)
    assert choose(kubeconfig=write(text(cluster="insecure-skip-tls-verify: on"))).insecure_skip_tls_verify


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://H:443/", "HTTPS://h", True),
        ("https://h/base", "https://h/base/?x=1", True),
        ("https://h/base", "https://h", False),
        ("https://h", "http://h", False),
        ("https://h:6443", "https://h", False),
        ("https://u:p@h", "https://h", True),
        ("https://[::1]:6443", "https://[::1]:6443/", True),
        ("nonsense", "nonsense", False),
    ],
)
def test_same_server(one, other, same):
    assert same_server(one, other) is same


# --- users: what is refused, how they sign in, as whom (G13, G21 to G23, G28) -----------------------------------------

EXEC = "command: c, apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never"


@pytest.mark.parametrize(
    ("user", "words"),
    [
        ("{token: t, username: a}", "keep one"),
        ("{token: t, password: a}", "keep one"),
        (f"{{client-certificate: config, client-certificate-data: {DATA}, client-key: config}}", "keep one"),
        (f"{{client-certificate: config, client-key: config, client-key-data: {DATA}}}", "keep one"),
        ("{client-certificate: config}", "without client-key"),
        ("{client-certificate: config, client-key: nowhere}", "cannot be read"),
        (f"{{exec: {{{EXEC}}}, auth-provider: {{name: oidc}}}}", "keep one"),
        ("{exec: {}}", "without command"),
        ("{token: t, exec: {command: c}}", "without apiVersion"),  # G22: refused though it would not be used
        ("{exec: {command: c, apiVersion: client.authentication.k8s.io/v1}}", "interactiveMode"),
        (f"{{exec: {{{EXEC}x}}}}", "interactiveMode"),
        (f"{{exec: {{{EXEC}, env: [{{value: x}}]}}}}", "without a name"),
    ],
)
def test_users_that_kubectl_refuses(write, user, words):
    assert words in refused(write(text(user=user)))


@pytest.mark.parametrize(
    ("user", "how"),
    [
        ("{token: t}", ("token",)),
        ("{token: t, tokenFile: f}", ("tokenFile",)),
        ("{username: a, password: b}", ("basic",)),
        ("{password: b}", ()),
        (f"{{client-certificate-data: {DATA}, client-key-data: {DATA}, token: t}}", ("client certificate", "token")),
        ("{client-key: nowhere}", ()),
        (f"{{exec: {{{EXEC}}}}}", ("exec",)),
        (f"{{exec: {{{EXEC}}}, token: t}}", ("token",)),
        ("{exec: {command: c, apiVersion: client.authentication.k8s.io/v1beta1}}", ("exec",)),
        ("{auth-provider: {name: oidc}}", ("auth provider oidc",)),
        ("{}", ()),
    ],
)
def test_how_a_user_signs_in(write, user, how):
    assert choose(kubeconfig=write(text(user=user))).signs_in == how


def test_impersonation_is_part_of_the_context(write):  # G28
    user = "{token: t, as: bob, as-uid: '7', as-groups: [a, b], as-user-extra: {Key: [v, w], flag: [true]}}"
    assert "user.as-user-extra.flag[0] must be text (in quotes), not true or false" in refused(write(text(user=user)))
    chosen = choose(kubeconfig=write(text(user=user.replace(", flag: [true]", ""))))
    assert chosen.impersonate == Impersonate("bob", "7", ("a", "b"), (("Key", ("v", "w")),))
    assert choose(kubeconfig=write(text(user="{token: t, as: ''}"))).impersonate is None


# --- placeholders, old versions ---------------------------------------------------------------------------------------

TWICE = base64.b64encode(DATA.encode()).decode()


@pytest.mark.parametrize("value", ["DATA+OMITTED", "REDACTED", "LS0tIFJFREFDVEVEIC0tLQ==", "[redacted]", "***"])
@pytest.mark.parametrize(
    ("field", "user", "cluster"),
    [
        ("token", "{token: '%s'}", ""),
        ("password", "{username: u, password: '%s'}", ""),
        ("client-certificate-data", f"{{client-certificate-data: '%s', client-key-data: {DATA}}}", ""),
        ("client-key-data", f"{{client-certificate-data: {DATA}, client-key-data: '%s'}}", ""),
        ("certificate-authority-data", "{token: t}", "certificate-authority-data: '%s'"),
        ("id-token", "{auth-provider: {name: oidc, config: {id-token: '%s'}}}", ""),
    ],
)
def test_what_kubectl_config_view_left_out_names_raw(write, value, field, user, cluster):
    path = write(text(user=user.replace("%s", value), cluster=cluster.replace("%s", value)))
    shown = refused(path)
    assert field in shown and path in shown
    assert "`kubectl config view --raw`" in shown


@pytest.mark.parametrize("value", [f"<{CANARY}>", f"${{{CANARY}}}", f"{{{{ {CANARY} }}}}"])
def test_what_was_never_filled_in_is_a_placeholder_and_not_shown(write, value):
    for content in (text(user=f"{{token: '{value}'}}"), text(f"https://{value}:6443"), text(value),
                    text(cluster=f"certificate-authority-data: '{value}'")):  # fmt: skip
        assert "placeholder that was never filled in" in refused(write(content))


def test_secrets_that_are_not_sent_may_be_placeholders(write):
    for content in (
        text(user="{tokenFile: f, token: REDACTED}"),
        text("http://h", user="{token: REDACTED}"),  # G10
        text().replace("users:", "users:\n- {name: v, user: {token: REDACTED}}"),
    ):
        assert choose(kubeconfig=write(content)).name == "x"


@pytest.mark.parametrize("token", ["omitted-by-nobody", "a<b>", "x-REDACTED-y", "**", "$TOKEN", "{}"])
def test_a_token_that_only_looks_odd_is_taken(write, token):
    assert choose(kubeconfig=write(text(user=f"{{token: '{token}'}}"))).signs_in == ("token",)


def test_what_was_encoded_twice_is_named(write):
    assert "encoded twice" in refused(write(text(cluster=f"certificate-authority-data: {TWICE}")))
    user = f"{{client-certificate-data: {TWICE}, client-key-data: {DATA}}}"
    assert "encoded twice" in refused(write(text(user=user)))


@pytest.mark.parametrize("version", ["v1alpha1", "v2", "v1alpha1beta"])
@pytest.mark.parametrize("mode", ["", ", interactiveMode: IfAvailable"])
def test_an_exec_version_that_is_gone_is_named_with_what_helps(write, version, mode):  # G23
    path = write(text(user=f"{{exec: {{command: c, apiVersion: client.authentication.k8s.io/{version}{mode}}}}}"))
    if not mode:
        shown = refused(path)
    else:  # kubectl looks at the version alone when it signs in
        with pytest.raises(CredentialError) as caught:
            credentials.for_context(choose(kubeconfig=path)).sign(Call())
        shown = f"{caught.value} {caught.value.hint}"
    assert f"apiVersion client.authentication.k8s.io/{version}," in shown
    assert "client.authentication.k8s.io/v1beta1" in shown and "aws eks update-kubeconfig" in shown


# --- listing --------------------------------------------------------------------------------------------------------


def test_listing_shows_every_context_the_broken_ones_with_their_problem(write):
    content = f"""
clusters:
- {{name: good, cluster: {{server: "https://good/"}}}}
- {{name: bad, cluster: {{server: "u:{CANARY}@bad"}}}}
users:
- {{name: u, user: {{exec: {{command: ./must-not-run, {EXEC.partition(", ")[2]}}}, as: bob}}}}
- {{name: broken, user: {{token: {CANARY}, username: me}}}}
contexts:
- {{name: a, context: {{cluster: good, user: u, namespace: ns}}}}
- {{name: b, context: {{cluster: bad, user: u}}}}
- {{name: c, context: {{cluster: gone, user: u}}}}
- {{name: d, context: {{cluster: good, user: broken}}}}
- {{name: e, context: {{cluster: good, user: gone}}}}
"""
    rows = {row.name: row for row in contexts(write(content))}
    assert {name for name, row in rows.items() if row.problem} == {"b", "c", "d"}
    assert rows["a"][1:9] == (False, "good", "https://good", "u", "ns", ("exec",), "bob", rows["a"].file)
    assert CANARY not in repr(rows)


def test_listing_survives_a_wrong_type_that_fails_the_file(write):  # G7
    rows = contexts(write(text(more="").replace("users:", "users:\n- {name: v, user: {token: 1}}")))
    assert [row.name for row in rows] == ["x"]
    assert "user 'v'" in (rows[0].problem or "")


# --- secrets --------------------------------------------------------------------------------------------------------


def test_a_context_holds_no_secret(write):
    pem = base64.b64encode(CANARY.encode()).decode()
    users = [
        f"{{token: {CANARY}}}",
        f"{{username: u, password: {CANARY}}}",
        f"{{client-certificate-data: {DATA}, client-key-data: {pem}}}",
        f"{{exec: {{{EXEC}, args: [{CANARY}], env: [{{name: a, value: {CANARY}}}]}}}}",
        f"{{auth-provider: {{name: oidc, config: {{client-secret: {CANARY}}}}}}}",
    ]
    for user in users:
        chosen = choose(kubeconfig=write(text(user=user)))
        for shown in (repr(chosen), repr(dataclasses.asdict(chosen)), repr(pickle.dumps(chosen))):
            assert CANARY not in shown
            assert pem not in shown
        assert pickle.loads(pickle.dumps(chosen)) == chosen
        assert hash(chosen)


def test_a_traceback_has_no_frame_that_holds_a_secret(write):
    with pytest.raises(ConfigError) as caught:
        choose(kubeconfig=write(text(user=f"{{token: {CANARY}, username: me}}")))
    frame = caught.value.__traceback__
    assert caught.value.__suppress_context__
    while frame is not None:
        if frame.tb_frame.f_globals["__name__"].startswith(kubeconfig.__name__):
            assert CANARY not in repr(frame.tb_frame.f_locals)
        frame = frame.tb_next
