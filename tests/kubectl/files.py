"""Situations about which file and which entry count (G1 to G9)."""

# ruff: noqa: E501 - a table is read by its columns
from __future__ import annotations

import json
from collections.abc import Iterator

from .making import TLS, config, one
from .running import Situation

HOME = config(cluster="certificate-authority: ../../ca.crt", user="{token: home}")
A = config("{token: a}")
B = config("{token: b}", context="{cluster: c2, user: u2}", name="other", current="current-context: other")
B = B.replace("name: c,", "name: c2,").replace("name: u,", "name: u2,")
PLAIN_TEXTS = {
    "a list": "[]", "a word": "x", "a number": "1", "an open brace": "{", "two colons": "a: b: c", "a tab": "\t",
    "other JSON": '{"a":1}', "null": "null", "an alias of nothing": "a: *b", "an alias of itself": "&a [*a]",
    "a directive": "%foo", "a NUL": "\0", "a python tag": "a: !!python/object:os.system x", "clusters a mapping": "clusters: {}",
    "users a word": "users: x", "a cluster that is a number": "clusters: [1]", "a cluster that is null": "clusters: [null]",
    "a context that is a list": "contexts: [[]]", "a quote": "'",
}  # fmt: skip
NO_CURRENT = "G4: an error that names the contexts, instead of localhost:8080"


def situations() -> Iterator[Situation]:
    yield from which_file()
    yield from merging()
    yield from current()
    yield from texts()
    yield from types()
    yield from namespaces()


def which_file() -> Iterator[Situation]:
    home = {"home/.kube/config": HOME}

    def case(name, files, args=(), cwd=".", **env):
        return Situation(name if name.startswith("G2") else f"G1 {name}", files, env, args, cwd=cwd)

    yield case("nothing at all", {})
    yield case("the one of HOME", home)
    yield case("KUBECONFIG before HOME", {**home, "a": A}, KUBECONFIG="a")
    yield case("the argument before KUBECONFIG", {"b": B, "a": A}, ("--kubeconfig=b",), KUBECONFIG="a")
    yield case("an empty argument is none", {"a": A}, ("--kubeconfig=",), KUBECONFIG="a")
    yield case("the argument names nothing", home, ("--kubeconfig=nope",))
    yield case("KUBECONFIG empty", home, KUBECONFIG="")
    yield case("KUBECONFIG names nothing", home, KUBECONFIG="nope")
    yield case("KUBECONFIG is a colon", home, KUBECONFIG=":")
    yield case("KUBECONFIG with empty parts", {"a": A}, KUBECONFIG="::a:")
    yield case("KUBECONFIG missing and there", {"a": A}, KUBECONFIG="nope:a")
    yield case("KUBECONFIG twice the same", {"a": A}, KUBECONFIG="a:a")
    yield case("a blank in a name", {" a": A}, KUBECONFIG=" a")
    yield case("a blank that is in no name", {"a": A}, KUBECONFIG=" a")
    yield case("a tilde is a name", {"home/a": config(cluster="certificate-authority: ../ca.crt")}, KUBECONFIG="~/a")
    yield case("a dollar is a name", {"a": A}, KUBECONFIG="$HOME/../a")
    yield case(
        "a tilde that is a folder", {"~/a": config(cluster="certificate-authority: ../ca.crt")}, KUBECONFIG="~/a"
    )
    yield case("quotes are a name", {"a": A}, KUBECONFIG='"a"')
    yield case("a semicolon is a name", {"a;b": A}, KUBECONFIG="a;b")
    yield case("an absolute path", {"a": A}, KUBECONFIG="@folder@/a")
    yield case("another working folder", {"d/e/x": "", "a": A}, KUBECONFIG="../../a", cwd="d/e")
    yield case(
        "unicode in a path", {"d \u00fc/\u65e5 k": A.replace("ca.crt", "../ca.crt")}, KUBECONFIG="d \u00fc/\u65e5 k"
    )
    yield case("HOME empty", home, HOME="")
    yield case("HOME without a file", {}, HOME="@folder@/nowhere")
    yield case("a folder", {"a/x": ""}, KUBECONFIG="a")
    yield case("a folder and a file", {"a/x": "", "b": A}, KUBECONFIG="a:b")
    yield case("broken and good", {"a": A, "b": "{"}, KUBECONFIG="a:b")
    yield case("empty and good", {"a": "", "b": A}, KUBECONFIG="a:b")
    link = {"d/real": A.replace("ca.crt", "../ca.crt"), "e/link": "-> ../d/real", "e/x": ""}
    yield case("G2 a link counts from its own folder", link, KUBECONFIG="e/link")
    yield case("G2 a link elsewhere misses its files", {"d/real": A, "d/ca.crt": "x", "l": "-> d/real"}, KUBECONFIG="l")
    yield case("G2 a linked folder", {"d/real": A.replace("ca.crt", "../ca.crt"), "m": "-> d"}, KUBECONFIG="m/real")
    yield case("G2 a link to nothing", {**home, "l": "-> nope"}, KUBECONFIG="l")
    yield case("G2 dots in paths", {"d/x": "", "a": A.replace("ca.crt", "d/../ca.crt")}, KUBECONFIG="./d/../a")


def merging() -> Iterator[Situation]:
    def case(name, first, second, *args, **more):
        return Situation(f"G3 {name}", {"a": first, "b": second}, {"KUBECONFIG": "a:b"}, args, **more)

    yield case("the first current-context", A, B)
    yield case("the other context", A, B, "--context=other")
    yield case("an empty current-context does not count", A.replace("current-context: x", ""), B)
    yield case("a current-context of null does not count", A.replace("current-context: x", "current-context: ~"), B)
    yield case("a current-context that is nowhere counts", A.replace("text: x\n", "text: nope\n"), B)
    yield case("the first user counts", A, A.replace("token: a", "token: b"))
    yield case("the first user counts whole", config("{username: me}"), config("{token: b}"))
    yield case("the first user counts though empty", config("{}"), config("{token: b}"))
    yield case("the first cluster counts whole", config(server="", cluster=""), config())
    yield case("the first context counts whole", config(context="{cluster: c}"), config())
    split = "users: [{name: u, user: {token: second}}]\n"
    yield case("parts in two files", A.replace("users: [{name: u, user: {token: a}}]", ""), split)
    yield case("each path from its own file", A.replace("users: [{name: u, user: {token: a}}]", ""), split)
    inner = "users: [{name: u, user: {client-certificate: alice.crt, client-key: alice.key}}]\n"
    yield Situation(
        "G2 a path counts from the file of its entry",
        {"a": A.replace("users: [{name: u, user: {token: a}}]", ""), "d/b": inner.replace("alice", "../alice")},
        {"KUBECONFIG": "a:d/b"},
    )
    yield case("bad base64 in the second file", A, B.replace("token: b", 'client-key-data: "!"'))
    yield case("names differ in case", A.replace("cluster: c,", "cluster: C,"), B)
    yield case("an unused broken reference", A, B.replace("cluster: c2", "cluster: c3"))
    twice = "[{name: u, user: {token: a}}, {name: u, user: {token: b}}]"
    yield one("G3 a name twice in a file", users=twice)
    unused = "[{name: u, user: {token: a}}, {name: v, user: {token: b}}, {name: v, user: {token: b}}]"
    yield one("G3 an unused name twice", users=unused)
    yield one(
        "G7 an unused entry with bad base64",
        users='[{name: u, user: {token: a}}, {name: v, user: {client-key-data: "!"}}]',
    )
    missing = "[{name: u, user: {token: a}}, {name: v, user: {client-certificate: nope}}]"
    yield one("G7 an unused entry with a missing file", users=missing)
    yield one("G7 a user without a name", users="[{name: u, user: {token: a}}, {user: {token: b}}]")


def current() -> Iterator[Situation]:
    for text in ("", 'current-context: ""', "current-context: null"):
        yield one(f"G4 none but {text!r}", current=text)
        yield one(f"G4 the argument names one, {text!r}", current=text, args=("--context=x",))
    for text in ("1", "y", "X", '" x"', "nope"):
        yield one(f"G4 current-context: {text}", current=f"current-context: {text}")
    yield one("G4 capitals in the key", current="Current-context: x")
    yield one("G4 the argument names none", args=("--context=z",))
    yield one("G4 an empty argument", args=("--context=",))
    yield one("G4 the argument beats a bad one", current="current-context: nope", args=("--context=x",))
    for name in ("a/b@c:d", "\u00fc \u65e5", "with blank", "-x", "null", "~"):
        yield one(f"G3 a context called {name}", name=f'"{name}"', current=f'current-context: "{name}"')
    for text in ("{cluster: c}", "{user: u}", "{cluster: nope, user: u}", "{cluster: c, user: nope}", "null", "[]",
                 "{cluster: 1, user: u}", "{Cluster: c, user: u}", '{cluster: "", user: u}', '{cluster: c, user: ""}',
                 "{cluster: c, user: u, unknown: [1]}", "{cluster: c, user: ~}"):  # fmt: skip
        yield one(f"G4 context {text}", context=text)


def texts() -> Iterator[Situation]:
    for name, text in PLAIN_TEXTS.items():
        yield Situation(f"G8 {name}", {"k": text}, args=("--kubeconfig=k",))
    for top in ("apiVersion: v1\nkind: Config", "apiVersion: v2", "kind: Foo", "kind: config", "apiVersion: 1",
                "unknown: 3", "preferences: {colors: true}", "\ufeffapiVersion: v1", 'apiVersion: ""', "preferences: []",
                "extensions: [{name: a, extension: {b: c}}]", "Kind: Foo", "kind: null", "# comment", "---",
                "apiVersion: v1beta1\nkind: Config", "kind: List"):  # fmt: skip
        yield one(f"G8 top {top!r}", top=top)
    for name, text in {
        "users twice": config() + "users: [{name: u, user: {token: second}}]\n",
        "a number as a key": config("{1: a, token: t}"),
        "a key of null": config("{~: a, token: t}"),
        "a key that is a list": config("{[a]: b, token: t}"),
        "an unknown field of any kind": "zz: {a: [1, {b: ~}], 2: !!set {x}}\n" + config(),
        "extensions of a context": config(context="{cluster: c, user: u, extensions: [{name: e, extension: {a: 1}}]}"),
        "extensions that are none": config(context="{cluster: c, user: u, extensions: 1}"),
        "an extension without a name": config(context="{cluster: c, user: u, extensions: [{extension: 1}]}"),
        "quoted keys": config().replace("token:", '"token":').replace("cluster: c", "'cluster': c"),
        "escapes": config('{token: "\\u0074\\x6b"}'),
        "a complex key": "? a\n: b\n" + config(),
        "a folded token": config("{token: >-\n  a}"),
        "document end": config() + "...\n",
        "document end and more": config() + "...\nfoo\n",
        "a version directive": "%YAML 1.2\n---\n" + config(),
        "Latin-1": config("{token: a\udcffb}"),
        "a NUL in a token": config('{token: "a\\0b"}'),
        "a tagged mapping": config("!!map {token: t}"),
        "a user of null": config("~"),
        "users null": config(users="~"),
        "a list in a list": config(users="[[{name: u}]]"),
        "CRLF": config().replace("\n", "\r\n"),
        "two documents": config() + "---\nfoo: [\n",
        "an empty document first": "---\n---\n" + config(),
        "an alias of itself behind": config() + "zz: &a [*a]\n",
        "an anchor": "zz: &z {token: Z}\n" + config("*z"),
        "a merge key": "zz: &z {token: Z}\n" + config("{token: t, <<: *z}"),
        "a merge key alone": "zz: &z {token: Z}\n" + config("{<<: *z}"),
        "a merge key with a list": "zz: [&z {token: Z}, &y {token: Y}]\n" + config("{<<: [*z, *y]}"),
        "a merge key with a word": config("{<<: x, token: a}"),
        "a key twice": config("{token: a, token: b}"),
        "tabs to indent": config() + "\tx: 1\n",
        "JSON": json.dumps(
            {
                "clusters": [{"name": "c", "cluster": {"server": TLS, "certificate-authority": "ca.crt"}}],
                "users": [{"name": "u", "user": {"token": "J"}}],
                "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
                "current-context": "x",
            },
            indent="\t",
        ),
    }.items():
        yield Situation(f"G8 {name}", {"k": text}, args=("--kubeconfig=k",))


def types() -> Iterator[Situation]:
    for text in ("123", "y", "2020-01-01", "1e3", '"123"', "0o7", "012", "08", "1_0", "~", ".5", "12345678e901234", "0x1f",
                 "1.2.3", "on", '"a b"', '" a "', '"a\\n"', '"\u00fc"', "!!str 123", "!!binary YWJj", ".inf", "+1", "-",
                 "[a]", "{a: b}", "!foo bar", "0b11", "1:30", "190:20:30", "=", '"\\t a"', "'it''s'", "1.",
                 "18446744073709551616", "|-\n      a\n", ">\n      a\n      b\n", "True", "no", "NULL", "1__0",
                 "'a#b'", "a#b", "a #b", '"\\x41"', '"\\u0041"', "@a", "`a", "*a", "a:b", "a: b"):  # fmt: skip
        yield Situation(
            f"G7 token {text!r}",
            {
                "k": config("USER")
                .replace("USER}]", f"\n    token: {text}")
                .replace("users: [{name: u, user: ", "users:\n- name: u\n  user:")
            },
            args=("--kubeconfig=k",),
        )


def namespaces() -> Iterator[Situation]:
    for text in ("team", '"0"', "1", "y", '""', "null", '"A/b"', '"\u00fc"'):
        yield one(
            f"G9 namespace {text}",
            context=f"{{cluster: c, user: u, namespace: {text}}}",
            lists=text[1:3] != "A/" and "\u00fc" not in text,
        )
    yield one(
        "G9 the argument", context="{cluster: c, user: u, namespace: team}", args=("--namespace=mine",), lists=True
    )
    yield one("G9 POD_NAMESPACE outside of a pod", env={"POD_NAMESPACE": "p"}, lists=True)
