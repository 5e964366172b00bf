"""Situations about credentials (G20 to G29)."""

# ruff: noqa: E501 - a table is read by its columns
from __future__ import annotations

import json
from collections.abc import Iterator

from .making import PLAIN, TLS, config, one
from .running import Situation

V1 = "client.authentication.k8s.io/v1"
REPLY = json.dumps({"kind": "ExecCredential", "apiVersion": V1, "status": {"token": "PT"}})
EXEC = f"apiVersion: {V1}, interactiveMode: Never"
OWN = f"command: ./p.sh, {EXEC}"
SAYS = '#!/bin/sh\ncat "$(dirname "$0")/reply"\n'
TELLS = (
    "#!/bin/sh\nt=$(printf %s \"$KUBERNETES_EXEC_INFO\" | base64 -w0 | tr '+/' '-_')\n"
    f'printf \'{{"kind":"ExecCredential","apiVersion":"{V1}","status":{{"token":"info.%s"}}}}\' "$t"\n'
)
CERTIFICATE = "client-certificate: alice.crt, client-key: alice.key"


def situations() -> Iterator[Situation]:
    yield from tokens_and_certificates()
    yield from impersonation()
    yield from plugins()
    yield from plugin_replies()
    yield from plugin_policies()
    yield from providers()
    yield from changes()


def tokens_and_certificates() -> Iterator[Situation]:
    for user in ("{}", "", "null", "{username: a}", "{username: a, password: b}", "{password: b}", '{username: "\u00fc", password: "\u00e9:x"}',
                 "{token: t, username: a}", "{token: t, password: a}", "{tokenFile: tf}", "{tokenFile: tf, token: t}", "{tokenFile: nope, token: t}",
                 "{tokenFile: nope}", "{tokenFile: empty}", "{tokenFile: empty, token: t}", "{tokenFile: tf, username: a}", "{tokenFile: dir, token: t}",
                 "{tokenFile: tf, password: a}", "{tokenFile: crlf}", "{tokenFile: two}", "{tokenFile: odd}", "{tokenFile: bom}", "{tokenFile: nul}",
                 '{tokenFile: "", token: t}', "{tokenFile: '@folder@/tf'}", "{token-file: tf}", "{tokenfile: tf}", "{tokenFile: latin}",
                 '{token: ""}', '{token: "", username: a}', '{username: "", password: b}', '{username: "a:b", password: c}',
                 "{token: expired}", "{token: t, unknown: {a: b}}"):  # fmt: skip
        yield one(
            f"G20 {user}",
            user=user,
            more={"tf": " ft \n", "empty": "\n", "dir/x": "", "crlf": "ft\r\n", "two": "a\nb\n", "odd": "\u00fc\n",
                  "bom": "\ufeffft", "nul": "a\0b", "latin": "a\udcffb"},
        )  # fmt: skip
    pair = "client-certificate-data: @alice.crt@, client-key-data: @alice.key@"
    for user in (f"{{{CERTIFICATE}}}", f"{{{pair}}}", f"{{{CERTIFICATE}, client-certificate-data: @alice.crt@}}", "{client-certificate: alice.crt}",
                 "{client-key: alice.key}", "{client-certificate: alice.crt, client-key: nope}", f"{{{CERTIFICATE}, token: t}}",
                 f"{{{CERTIFICATE}, username: a, password: b}}", "{client-certificate: alice.crt, client-key-data: @alice.key@}",
                 '{client-certificate-data: "!!!", client-key: alice.key}', '{token: t, client-key-data: "!!!"}', "{token: t, client-key: nope}",
                 "{token: t, client-certificate: nope, client-key: alice.key}", "{client-certificate: alice.crt, client-key: bob.key}",
                 "{client-certificate: alice.key, client-key: alice.crt}", "{client-certificate: both, client-key: both}",
                 "{client-certificate: empty, client-key: empty}", f"{{{CERTIFICATE}, client-key-data: @alice.key@}}",
                 '{client-certificate: "", client-key: "", token: t}', "{client-certificate-data: @alice.crt@}", "{client-key-data: @alice.key@}",
                 f"{{{pair}, tokenFile: tf}}", "{client-certificate-data: YQ==, client-key-data: YQ==}", "{client-certificate-data: 1}",
                 "{client-certificate: '@folder@/alice.crt', client-key: '@folder@/alice.key'}",
                 "{client-certificate: sub/../alice.crt, client-key: ./alice.key}", "{client-certificate: dir, client-key: dir}"):  # fmt: skip
        yield one(
            f"G21 {user}",
            user=user,
            more={"both": "@@alice.crt\n@@alice.key", "empty": "", "tf": "ft", "dir/x": "", "sub/x": ""},
        )

    for crt, key in (("old.crt", "old.key"), ("rsa.crt", "rsa.key"), ("rsa.crt", "rsa.old"), ("alice.crt", "alice.old"),
                     ("alice.crt", "alice.locked"), ("stray.crt", "stray.key"), ("alice.der", "alice.key"),
                     ("chain", "chained.key"), ("chained.crt", "chained.key"), ("wrong", "chained.key"), ("crlf", "alice.key"),
                     ("text", "alice.key"), ("alice.crt", "params"), ("cut", "alice.key"), ("broken", "alice.key"),
                     ("l", "alice.key")):  # fmt: skip
        yield one(
            f"G21 the pair {crt} {key}",
            user=f"{{client-certificate: {crt}, client-key: {key}}}",
            more={"chain": "@@chained.crt\n@@intermediate.crt", "wrong": "@@intermediate.crt\n@@chained.crt",
                  "text": "Bag Attributes\n  x: ü\n@@alice.crt\nmore", "cut": "@@alice.crt-----BEGIN", "l": "-> alice.crt",
                  "crlf": "@@alice.crt\r\n", "broken": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n@@alice.crt",
                  "params": "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n@@alice.old"},
        )  # fmt: skip
    for text in (
        '" t "',
        '"t\\t"',
        "'t '",
        '"t\\u00a0"',
        '"a b"',
        '"\\x7f"',
        '"t\\r\\n"',
        '"\\0"',
        "'" + "x" * 9000 + "'",
    ):
        yield one(f"G20 a token of {text[:20]}", user=f"{{token: {text}}}")
    links = {"l": "-> d/tf", "d/tf": "ft", "d/x": ""}
    yield one("G20 a token file that is a link", user="{tokenFile: l}", more=links)
    yield one("G20 a token file in a parent folder", user="{tokenFile: d/../tf}", more={"tf": "ft", "d/x": ""})
    yield one("G20 a token file with a tilde", user="{tokenFile: ~/tf}", more={"home/tf": "ft"})
    yield one("G20 a long token file", user="{tokenFile: tf}", more={"tf": "x" * 3000})


def impersonation() -> Iterator[Situation]:
    for user in ("{token: t, as: bob}", "{token: t, as: bob, as-groups: [a, b, c]}", "{token: t, as-groups: [a]}", '{token: t, as-uid: "1"}',
                 "{token: t, as-uid: 1}", '{token: t, as: bob, as-uid: "1", as-user-extra: {a: [b, c], "D e/%": ["\u00fc"]}}',
                 "{token: t, as-user-extra: {a: [b]}}", "{token: t, as-user-extra: {a: b}}", '{token: t, as: "a\\nb"}', '{token: t, as: "\u00fc"}',
                 '{token: t, as: ""}', "{token: t, as-groups: []}", "{token: t, as: b, as-groups: [null]}", "{token: t, as: b, as-groups: x}",
                 '{token: t, as: " b "}', "{as: b}", "{token: t, as: b, as-user-extra: {1: [x]}}", "{token: t, as: b, as-user-extra: {y: [x]}}",
                 "{token: t, as: b, as-user-extra: {UPPER: [x]}}", '{token: t, as: b, as-user-extra: {"\u00fc": [x]}}',
                 '{token: t, as: b, as-user-extra: {"": [x]}}', "{token: t, as: b, as-user-extra: {a: []}}", "{token: t, as: b, as-user-extra: {a: null}}",
                 "{token: t, as: b, as-groups: [a, a]}", '{token: t, as: b, as-groups: [""]}', "{token: t, as: system:admin, as-groups: ['system:masters']}",
                 f"{{{CERTIFICATE}, as: bob}}", "{username: a, password: b, as: bob}", '{token: t, as: "a:b/c@d"}', '{token: t, as: "a\\tb"}',
                 "{token: t, as: 1}", "{token: t, as: y}", '{token: t, as: b, as-uid: ""}', "{token: t, As: bob}", "{token: t, act-as: bob}",
                 '{token: t, as: b, as-user-extra: {"a.b/c": [x], "a%2Fb": [y]}}'):  # fmt: skip
        yield one(f"G28 {user}", user=user)
        yield one(f"G28 plain {user}", user=user, server=PLAIN, cluster="")
    for args in (
        ("--as=me",),
        ("--as=me", "--as-group=g", "--as-group=h"),
        ("--as-group=g",),
        ("--as=",),
        ("--as=\u00fc",),
    ):
        for user in (
            "{token: t}",
            '{token: t, as: x, as-groups: [a], as-uid: "4", as-user-extra: {k: [v]}}',
            "{token: t, as-groups: [a]}",
        ):
            yield one(f"G29 {' '.join(args)} with {user}", user=user, args=args)


def counted(*tokens: str) -> str:
    """A plugin that gives another token each time."""
    cases = "".join(f"{number}) t={token};; " for number, token in enumerate(tokens, 1))
    return (
        '#!/bin/sh\ncd "$(dirname "$0")"; echo >> runs\ncase $(wc -l < runs) in ' + cases + "*) t=more;; esac\n"
        f'printf \'{{"kind":"ExecCredential","apiVersion":"{V1}","status":{{"token":"%s"}}}}\' "$t"\n'
    )


def plugin(name: str, body: str, *, reply: str = REPLY, more: str = "", script: str = SAYS, **parts) -> Situation:
    extra = {"p.sh": script, "reply": reply, "bin/q.sh": f"#!/bin/sh\necho '{REPLY}'\n", **parts.pop("files", {})}
    return one(name, user=f"{{exec: {{{body}}}{more}}}", more=extra, **parts)


def plugins() -> Iterator[Situation]:
    yield plugin("G22 a plugin", OWN)
    yield plugin("G10 a plugin over plain http", OWN, server=PLAIN)
    for other in ("token: t", "username: u", CERTIFICATE, "tokenFile: reply", 'token: ""', "tokenFile: nope", "client-certificate: alice.crt",
                  "auth-provider: {name: oidc}", "as: bob", "auth-provider: null", "password: p"):  # fmt: skip
        yield plugin(f"G22 a plugin and {other}", OWN, more=f", {other}")
    old = V1.replace("v1", "v1alpha1")
    for version in (old, "foo", "", "1", V1.upper(), V1 + "beta1"):
        body = f'command: ./p.sh, interactiveMode: Never, apiVersion: "{version}"'
        reply = REPLY.replace(V1, version)
        yield plugin(f"G23 apiVersion {version!r}", body, reply=reply)
        yield plugin(f"G23 apiVersion {version!r} and a token", body, reply=reply, more=", token: t")
        yield plugin(f"G23 apiVersion {version!r} over plain http", body, reply=reply, server=PLAIN)
    for mode in (
        "",
        "interactiveMode: foo",
        "interactiveMode: Always",
        "interactiveMode: IfAvailable",
        "interactiveMode: never",
        'interactiveMode: ""',
    ):
        for version in ("v1", "v1beta1"):
            name = V1.replace("/v1", f"/{version}")
            yield plugin(
                f"G23 {version} {mode!r}", f"command: ./p.sh, apiVersion: {name}, {mode}", reply=REPLY.replace(V1, name)
            )
    yield plugin("G23 no mode and a token", f"command: ./p.sh, apiVersion: {V1}", more=", token: t")
    yield plugin("G23 no command", EXEC)
    yield plugin("G23 an empty command", f'command: "", {EXEC}')
    yield plugin("G23 no apiVersion", "command: ./p.sh, interactiveMode: Never")
    yield one("G23 exec null", user="{exec: null}")
    yield one("G23 exec empty", user="{exec: {}}")
    for more in ("env: [{value: x}]", "env: [{name: x, value: null}]", "env: [{name: x, value: 1}]", "args: [1]", "args: [null]", "args: x",
                 "args: ['a b', '', '$HOME']", "env: [{name: PATH, value: /nowhere}]", "env: null", "installHint: x", "installHint: 1",
                 "provideClusterInfo: x", "unknown: x"):  # fmt: skip
        yield plugin(f"G23 {more}", f"{OWN}, {more}")
    for name, command, path in (
        ("not in PATH", "q.sh", None), ("in PATH", "q.sh", "@folder@/bin:/bin:/usr/bin"), ("by a relative PATH", "q.sh", "bin:/bin:/usr/bin"),
        ("by a dot", "p.sh", ".:/bin:/usr/bin"), ("by an empty part", "p.sh", ":/bin:/usr/bin"), ("relative then absolute", "q.sh", "bin:@folder@/bin:/bin"),
        ("a subfolder", "bin/q.sh", None), ("absolute", "@folder@/p.sh", None), ("missing", "./nope", None), ("not executable", "./reply", None),
        ("a folder", "./bin", None), ("a parent folder", "bin/../p.sh", None), ("a tilde", "~/p.sh", None), ("a blank", "'p.sh x'", None),
    ):  # fmt: skip
        yield plugin(f"G23 command {name}", f"command: {command}, {EXEC}", env={"PATH": path} if path else {})
    env = '#!/bin/sh\nprintf \'{"kind":"ExecCredential","apiVersion":"%s","status":{"token":"%s"}}\' ' + f"{V1} "
    yield plugin(
        "G23 its environment",
        f"{OWN}, env: [{{name: A, value: mine}}]",
        script=env + '"$A-$B"\n',
        env={"A": "outer", "B": "kept"},
    )
    yield plugin(
        "G23 the last of two", f"{OWN}, env: [{{name: A, value: one}}, {{name: A, value: two}}]", script=env + '"$A"\n'
    )
    yield plugin("G23 its arguments", f"{OWN}, args: [a, 'b c', '']", script=env + '"$#-$1-$2"\n')
    yield plugin("G23 its working folder", OWN, script=env + '"$(basename "$PWD")"\n', files={"d/k": config()})
    yield plugin("G23 its own name", OWN, script=env + '"$(basename "$0")"\n')
    yield plugin("G23 what it is told", OWN, script=TELLS)
    yield plugin("G23 what it is told of a missing terminal", OWN.replace("Never", "IfAvailable"), script=TELLS)
    for name, cluster in {
        "a CA file": "certificate-authority: ca.crt", "CA data": "certificate-authority-data: @ca.crt@",
        "all": "certificate-authority: ca.crt, tls-server-name: localhost, disable-compression: true, proxy-url: 'http://127.0.0.1:@proxy@'",
        "insecure": "insecure-skip-tls-verify: true",
        "an extension": "certificate-authority: ca.crt, extensions: [{name: client.authentication.k8s.io/exec, extension: {a: [1, b, {c: null}], y: 1.5}}]",
        "another extension": "certificate-authority: ca.crt, extensions: [{name: x, extension: {a: 1}}]",
    }.items():  # fmt: skip
        yield plugin(
            f"G23 told of the cluster, {name}", f"{OWN}, provideClusterInfo: true", script=TELLS, cluster=cluster
        )
    yield plugin(
        "G23 told of a base path", f"{OWN}, provideClusterInfo: true", script=TELLS, server=TLS + "/base/?q=1#f"
    )
    for name, script in {
        "fails": "#!/bin/sh\necho bad >&2; exit 1\n", "fails and answers": f"#!/bin/sh\necho '{REPLY}'; exit 1\n", "no first line": "cat reply\n",
        "a missing interpreter": "#!/nowhere/sh\n", "says nothing": "#!/bin/sh\n", "kills itself": "#!/bin/sh\nkill -9 $$\n",
        "says on stderr": f"#!/bin/sh\necho '{REPLY}' >&2\n", "leaves something behind": f"#!/bin/sh\n(sleep 1 >/dev/null 2>&1) &\necho '{REPLY}'\n",
        "reads its input": f"#!/bin/sh\nread x\necho '{REPLY}'\n",
    }.items():  # fmt: skip
        yield plugin(f"G24 it {name}", OWN, script=script)


def plugin_replies() -> Iterator[Situation]:
    def status(**fields: object) -> str:
        return json.dumps({"kind": "ExecCredential", "apiVersion": V1, "status": fields})

    replies = {
        "text before": "x" + REPLY, "text behind": REPLY + "x", "twice": REPLY + REPLY, "blanks around": f"\n {REPLY}\n\n",
        "YAML": f"kind: ExecCredential\napiVersion: {V1}\nstatus: {{token: PT}}\n", "a number in YAML": f"kind: ExecCredential\napiVersion: {V1}\nstatus: {{token: 1}}\n",
        "a number": status(token=1), "an empty token": status(token=""), "null": status(token=None), "a blank in it": status(token="P T"),
        "a line end in it": status(token="PT\n"), "another version": REPLY.replace("/v1", "/v1beta1"), "another kind": REPLY.replace("ExecCredential", "Foo"),
        "no kind": REPLY.replace('"kind": "ExecCredential", ', ""), "no version": REPLY.replace(f'"apiVersion": "{V1}", ', ""), "Status with a capital": REPLY.replace("status", "Status"),
        "an old stamp": status(token="PT", expirationTimestamp="2020-01-01T00:00:00Z"), "a stamp that never was": status(token="PT", expirationTimestamp="2020-13-01T00:00:00Z"),
        "a fine stamp": status(token="PT", expirationTimestamp="2090-01-01T00:00:00.123456789+01:00"), "a date": status(token="PT", expirationTimestamp="2090-01-01"),
        "a stamp without a zone": status(token="PT", expirationTimestamp="2090-01-01T00:00:00"), "a stamp in lower case": status(token="PT", expirationTimestamp="2090-01-01t00:00:00z"),
        "a stamp with a blank": status(token="PT", expirationTimestamp="2090-01-01 00:00:00Z"), "a stamp of null": status(token="PT", expirationTimestamp=None),
        "an empty stamp": status(token="PT", expirationTimestamp=""), "a number as stamp": status(token="PT", expirationTimestamp=1),
        "a key alone": status(token="PT", clientKeyData="x"), "no pair": status(token="PT", clientKeyData="x", clientCertificateData="y"),
        "a list": "[]", "null alone": "null", "nothing in it": "{}", "status null": REPLY.replace('{"token": "PT"}', "null"), "status a list": REPLY.replace('{"token": "PT"}', "[]"),
        "a mark of byte order": "\ufeff" + REPLY, "a character": status(token="\u00fc"), "more fields": REPLY.replace('"status"', '"extra": 1, "status"'),
        "a spec": REPLY.replace('"status"', '"spec": {"interactive": false}, "status"'), "the token twice": REPLY.replace('"token"', '"token": "x", "token"'),
        "unknown in status": status(token="PT", foo=[1]), "a comment": REPLY + "# x",
    }  # fmt: skip
    for name, reply in replies.items():
        yield plugin(f"G24 reply with {name}", OWN, reply=reply)
    pem = '#!/bin/sh\ncd "$(dirname "$0")"\nj() { awk \'{printf "%s\\\\n", $0}\' "$1"; }\n'
    body = '{"kind":"ExecCredential","apiVersion":"' + V1 + '","status":{%s}}'
    pair = '"clientCertificateData":"%s","clientKeyData":"%s"'
    yield plugin("G24 a certificate", OWN, script=pem + f'printf \'{body % pair}\' "$(j alice.crt)" "$(j alice.key)"\n')
    both = '"token":"PT",' + pair
    yield plugin(
        "G24 a certificate and a token",
        OWN,
        script=pem + f'printf \'{body % both}\' "$(j alice.crt)" "$(j alice.key)"\n',
    )
    yield plugin(
        "G24 a certificate with another's key",
        OWN,
        script=pem + f'printf \'{body % pair}\' "$(j alice.crt)" "$(j bob.key)"\n',
    )
    yield plugin("G24 no certificate in PEM", OWN, script=pem + f"printf '{body % pair}' x y\n")


def plugin_policies() -> Iterator[Situation]:
    head = "apiVersion: kubectl.config.k8s.io/v1beta1\nkind: Preference\n"
    deny = head + "credentialPluginPolicy: DenyAll\n"
    allow = head + "credentialPluginPolicy: Allowlist\ncredentialPluginAllowlist: "
    for name, text in {
        "denies": deny, "allows": head + "credentialPluginPolicy: AllowAll\n", "says nothing": head, "allows and lists": head + "credentialPluginPolicy: AllowAll\ncredentialPluginAllowlist: [{command: a}]\n",
        "lists a bare name": allow + "[{command: p.sh}]\n", "lists the path": allow + "[{command: '@folder@/p.sh'}]\n", "lists nobody": head + "credentialPluginPolicy: Allowlist\n",
        "lists an empty list": allow + "[]\n", "lists by name": allow + "[{name: '@folder@/p.sh'}]\n", "lists another": allow + "[{command: /bin/true}]\n", "is broken": "x: [",
        "second document": "kind: Foo\n---\n" + deny, "alpha": deny.replace("beta1", "alpha1"), "a policy nobody knows": head + "credentialPluginPolicy: Foo\n",
        "a number": head + "credentialPluginPolicy: 1\n", "lower case": head + "credentialPluginPolicy: denyAll\n", "is empty": "", "a field nobody knows": deny + "foo: bar\n",
        "another kind": deny.replace("Preference", "Foo"), "no kind": deny.replace("kind: Preference\n", ""),
    }.items():  # fmt: skip
        yield plugin(f"G26 kuberc {name}", OWN, files={"home/.kube/kuberc": text})
    yield plugin("G26 kuberc denies and there is a token", OWN, more=", token: t", files={"home/.kube/kuberc": deny})
    yield plugin("G26 KUBERC off", OWN, files={"home/.kube/kuberc": deny}, env={"KUBERC": "off"})
    yield plugin("G26 KUBERC names another", OWN, files={"rc": deny}, env={"KUBERC": "rc"})
    yield plugin("G26 KUBERC names nothing", OWN, env={"KUBERC": "rc"})
    yield plugin("G26 switched off", OWN, files={"home/.kube/kuberc": deny}, env={"KUBECTL_KUBERC": "false"})
    path = {"PATH": "@folder@/bin:/bin:/usr/bin"}
    for name in ("q.sh", "@folder@/bin/q.sh", "bin/q.sh", "./q.sh"):
        yield plugin(
            f"G26 kuberc lists {name}, from PATH",
            f"command: q.sh, {EXEC}",
            files={"home/.kube/kuberc": allow + f"[{{command: '{name}'}}]\n"},
            env=path,
        )


def providers() -> Iterator[Situation]:
    for provider in ("{name: gcp}", "{name: azure}", "{name: foo}", "{}", "{name: oidc}", "{name: oidc, config: {a: 1}}", "null",
                     "{name: openstack}", "{name: gcp, config: {access-token: a, expiry: '2090-01-01T00:00:00Z'}}"):  # fmt: skip
        yield one(f"G27 {provider}", user=f"{{auth-provider: {provider}}}")
        yield one(f"G27 {provider} over plain http", user=f"{{auth-provider: {provider}}}", server=PLAIN, cluster="")
        yield one(f"G27 {provider} and a token", user=f"{{token: t, auth-provider: {provider}}}")
        yield one(f"G27 {provider} and a certificate", user=f"{{{CERTIFICATE}, auth-provider: {provider}}}")
    fresh = "e30.eyJleHAiOjQwOTI1OTkzNDl9.x"  # valid until 2099
    stale = "e30.eyJleHAiOjF9.x"
    for name, fields in {
        "a fresh token": f"id-token: {fresh}", "an old token": f"id-token: {stale}", "no token": "client-secret: s", "a broken token": "id-token: abc",
        "a broken body": "id-token: a.!.c", "no exp": "id-token: e30.e30.x", "an issuer that is not there": f"id-token: {stale}, refresh-token: r",
        "scopes": f"id-token: {fresh}, extra-scopes: a", "an empty token": 'id-token: ""', "a padded token": "id-token: e30.eyJleHAiOjQwOTI1OTkzNDl9==.x",
        "bad CA data": f"id-token: {fresh}, idp-certificate-authority-data: '!'", "a missing CA": f"id-token: {fresh}, idp-certificate-authority: nope",
        "exp as text": "id-token: e30.eyJleHAiOiI0MDkyNTk5MzQ5In0.x", "a float": "id-token: e30.eyJleHAiOjQwOTI1OTkzNDkuNX0.x",
    }.items():  # fmt: skip
        fields = f"idp-issuer-url: 'https://127.0.0.1:@closed@', client-id: me, {fields}"
        yield one(f"G27 oidc with {name}", user=f"{{auth-provider: {{name: oidc, config: {{{fields}}}}}}}")
    yield one(
        "G27 oidc without an issuer",
        user=f"{{auth-provider: {{name: oidc, config: {{client-id: me, id-token: {fresh}}}}}}}",
    )
    yield one(
        "G27 oidc without a client",
        user=f"{{auth-provider: {{name: oidc, config: {{idp-issuer-url: 'https://x', id-token: {fresh}}}}}}}",
    )


def changes() -> Iterator[Situation]:
    """Files that change while a kernel runs; kubectl starts anew each time."""
    other = "https://127.0.0.1:@below@/moved"
    reply = '{"kind": "ExecCredential", "apiVersion": "%s", "status": {"token": "%s"}}'
    for name, user, step in (
        ("another token", "{token: a}", {"k": config("{token: b}")}),
        ("a token becomes a certificate", "{token: a}", {"k": config(f"{{{CERTIFICATE}}}")}),
        ("another token in the file", "{tokenFile: tf}", {"tf": "two"}),
        ("another certificate in the file", "{client-certificate: c, client-key: d}", {"c": "@@bob.crt", "d": "@@bob.key"}),
        ("another server", "{token: a}", {"k": config("{token: b}", server=other)}),
        ("a proxy", "{token: a}", {"k": config("{token: b}", server="https://127.0.0.1:@tls@/p")}),
        ("another CA and its server", "{token: a}", {"k": config(server="https://127.0.0.1:@other@", cluster="certificate-authority: other.crt")}),
        ("the CA's file", "{token: a}", {"ca.crt": "@@other.crt"}),
        ("impersonation", "{token: a}", {"k": config("{token: a, as: bob}")}),
        ("no impersonation any more", "{token: a, as: bob}", {"k": config("{token: a}")}),
        ("plain http", "{token: a}", {"k": config("{token: a}", server=PLAIN, cluster="")}),
        ("the user is gone", "{token: a}", {"k": config("{token: a}", users="[]")}),
        ("another plugin", f"{{exec: {{{OWN}}}}}", {"k": config(f"{{exec: {{command: ./q.sh, {EXEC}}}}}")}),
        ("a token instead of a plugin", f"{{exec: {{{OWN}}}}}", {"k": config("{token: b}")}),
        ("groups without a user", "{token: a}", {"k": config("{token: a, as-groups: [g]}")}),
        ("another user of the context", "{token: a}", {"k": config(users="[{name: u, user: {token: a}}, {name: v, user: {token: b}}]", context="{cluster: c, user: v}")}),
        ("insecure", "{token: a}", {"k": config("{token: a}", server="https://127.0.0.1:@other@", cluster="insecure-skip-tls-verify: true")}),
    ):  # fmt: skip
        more = {
            "tf": "one",
            "c": "@@alice.crt",
            "d": "@@alice.key",
            "p.sh": SAYS,
            "reply": reply % (V1, "one"),
            "q.sh": f"#!/bin/sh\necho '{reply % (V1, 'two')}'\n",
        }
        yield one(f"G25 then {name}", user=user, more=more, steps=({}, step))
    expired = reply % (V1, "PT")
    expired = expired.replace('"}', '", "expirationTimestamp": "2020-01-01T00:00:00Z"}')
    yield plugin(
        "G25 an expired answer is asked for anew",
        OWN,
        reply=expired,
        steps=({}, {"reply": expired.replace("PT", "QT")}),
    )
    again = "G25: after a 401 the plugin is run and the GET sent again at once"
    yield plugin("G25 a refused token and a new one", OWN, script=counted("expired1", "good"), difference=again)
    yield plugin("G25 a refused token that stays", OWN, script=counted(*["expired"] * 9))
    process = "G25: a kernel is one process, two kubectl are two"
    yield plugin(
        "G25 a plugin is run once a process", OWN, script=counted("a", "b"), difference=process, steps=({}, {})
    )
    info = "env: [{name: KUBERNETES_EXEC_INFO, value: x}]"
    told = {"KUBERNETES_EXEC_INFO": "y"}
    yield plugin("G23 its own word for what it is told", f"{OWN}, {info}", script=TELLS, env=told)
    linked = {"d/real": config(f"{{exec: {{{OWN}}}}}").replace("ca.crt", "../ca.crt"), "k2": "-> d/real"}
    beside = {**linked, "p.sh": SAYS, "reply": REPLY, "d/p.sh": SAYS, "d/reply": REPLY}
    yield Situation("G23 a command beside a link", beside, args=("--kubeconfig=k2",))
    yield Situation("G23 a command beside a file in a folder", beside, args=("--kubeconfig=d/real",))
    yield one(
        "G25 from plain http to TLS",
        user="{token: a}",
        server=PLAIN,
        cluster="",
        steps=({}, {"k": config("{token: b}")}),
    )
