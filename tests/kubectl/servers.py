"""Situations about servers and TLS (G10 to G15)."""

# ruff: noqa: E501 - a table is read by its columns
from __future__ import annotations

from collections.abc import Iterator

from .making import CA, PLAIN, TLS, one
from .running import Situation

ZONE = "G15: libc knows a zone with addresses that need one alone"
MASTER = "G4: KUBERNETES_MASTER alone is no context, and a question without a credential is not asked"
WEAK = "G14: OpenSSL takes no RSA key of 1024 bits"
SCHEMELESS = "G11: an error with the two spellings, instead of plain http"
CERTIFICATE = "client-certificate: alice.crt, client-key: alice.key"


def situations() -> Iterator[Situation]:
    yield from plain()
    yield from urls()
    yield from trust()
    yield from names()


def plain() -> Iterator[Situation]:
    for user in ("{token: t}", "{username: a, password: b}", "{tokenFile: tf}", f"{{{CERTIFICATE}}}", "{}",
                 "{token: t, as: bob}", "{token: t, as: bob, as-groups: [g]}", "{as: bob}",
                 "{auth-provider: {name: gcp}}", "{token: t, client-certificate: nope, client-key: nope}"):  # fmt: skip
        yield one(f"G10 plain, {user}", user=user, server=PLAIN, more={"tf": "ft"})
        yield one(f"G10 plain without a CA, {user}", user=user, server=PLAIN, cluster="", more={"tf": "ft"})
    yield one("G10 plain and insecure", server=PLAIN, cluster="insecure-skip-tls-verify: true")
    yield one("G10 plain, a CA and insecure", server=PLAIN, cluster=f"{CA}, insecure-skip-tls-verify: true")
    yield one("G10 plain and a missing CA", server=PLAIN, cluster="certificate-authority: nope")
    login = "G10: no credential over plain http"
    yield one("G10 plain with a login", server=PLAIN.replace("//", "//u:p@"), difference=login)
    yield one("G10 TLS spoken as plain", server=TLS.replace("https", "http"))
    yield one("G10 plain spoken as TLS", server=PLAIN.replace("http", "https"))


def urls() -> Iterator[Situation]:
    for end in ("/", "/base", "/base/", "//a/../b", "/?q=1", "/x?q=1#f", "/%2e%2e/x%2Fy", "/a b", "/\u00fc", "/a%zz", " ",
                "/k8s/clusters/c-m-abc", "/a//b", "/~x", "/a+b", "/a%20b", "/a:b", "/.", "#", "/a;b", "/(a)", "/a%25", "/!a'*b"):  # fmt: skip
        yield one(f"G12 base {end!r}", server=TLS + end)
    for server in ("HTTPS://127.0.0.1:@tls@", "https://u:p@127.0.0.1:@tls@", "https://u@127.0.0.1:@tls@/b",
                   "https://u%40:p%3a@127.0.0.1:@tls@", " https://127.0.0.1:@tls@", "ftp://127.0.0.1:@plain@", "https://",
                   "https:///x", "https://127.0.0.1:99999", "https://127.0.0.1:", "", "https://[127.0.0.1]:@tls@",
                   "https:127.0.0.1:@tls@", "//127.0.0.1:@tls@", "https://@127.0.0.1:@tls@", "https://127.0.0.1:@tls@:1",
                   "https://127.0.0.1:x", "https://127.0.0.1\\:@tls@", "https://127.0.0.1:@closed@", "https://127.0.0.1:0",
                   "https://127.0.0.1 :@tls@", "https://127.0.0.1:+@tls@", "https://%3127.0.0.1:@tls@",
                   "https://nowhere.invalid", "https://:@tls@", "unix:///x", "https//127.0.0.1:@tls@"):  # fmt: skip
        yield one(f"G12 server {server!r}", server=server)
    yield one("G12 a login and no credential", user="{}", server=TLS.replace("//", "//u:p@"))
    yield one("G12 a login and a certificate", user=f"{{{CERTIFICATE}}}", server=TLS.replace("//", "//u:p@"))
    yield one("G12 an empty query", server=TLS + "?", difference="G12: a question mark alone is not sent")
    yield one("G11 a base path without a scheme", server="127.0.0.1:@plain@/base", cluster="")
    for server in ("127.0.0.1:@plain@", "localhost:@plain@"):
        yield one(f"G11 {server}", server=server, cluster="", difference=SCHEMELESS)
        yield one(f"G11 {server} with a CA", server=server, difference=SCHEMELESS)
        insecure = "insecure-skip-tls-verify: true"
        yield one(f"G11 {server} insecure", server=server, cluster=insecure, difference=SCHEMELESS)
    yield one("G12 Server with a capital", cluster=f"Server: {TLS}, {CA}", server="")


def trust() -> Iterator[Situation]:
    for cluster in ("", CA, "certificate-authority-data: @ca.crt@", f"{CA}, certificate-authority-data: @ca.crt@",
                    f"{CA}, insecure-skip-tls-verify: true", "insecure-skip-tls-verify: true",
                    'insecure-skip-tls-verify: "true"', "insecure-skip-tls-verify: yes", "insecure-skip-tls-verify: 1",
                    f"{CA}, insecure-skip-tls-verify: no", "certificate-authority: other.crt", "certificate-authority: nope",
                    "certificate-authority: leaf.crt", "certificate-authority: alice.key", "certificate-authority: empty",
                    "certificate-authority-data: @leaf.crt@", "certificate-authority-data: @other.crt@",
                    'certificate-authority-data: "!"', "certificate-authority-data: YQ==", 'certificate-authority-data: ""',
                    'certificate-authority: ""', "certificate-authority: both.crt", "certificate-authority: text.crt",
                    f"{CA}, unknown: 1", "certificate-authority: d", "certificate-authority-data: 1",
                    "certificate-authority: '@folder@'", f"{CA}, disable-compression: true",
                    f"{CA}, disable-compression: y", f"{CA}, disable-compression: 'true'", f"{CA}, extensions: {{}}"):  # fmt: skip
        yield one(
            f"G13 {cluster}",
            cluster=cluster,
            more={"empty": "", "both.crt": "@@other.crt\n@@ca.crt", "text.crt": "# a\n@@ca.crt\n# b", "d/x": ""},
        )
    for authority in ("ca", "intermediate", "leaf", "other"):
        below = "https://127.0.0.1:@below@"
        yield one(
            f"G14 a server below an intermediate, {authority}",
            server=below,
            cluster=f"certificate-authority: {authority}.crt",
        )
    for name, difference in (
        ("a.k8s.test", ""),
        ("a.test", "G15: OpenSSL takes no wildcard right below a top-level name"),
    ):
        cluster = f"{CA}, tls-server-name: {name}"
        yield one(
            f"G15 a wildcard for {name}", server="https://127.0.0.1:@wild@", cluster=cluster, difference=difference
        )
    for variable in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        for file, cluster in (("ca.crt", ""), ("other.crt", CA)):
            yield one(f"G13 {variable}={file} beside {cluster!r}", cluster=cluster, env={variable: f"@folder@/{file}"})
    netrc = {"home/.netrc": "machine 127.0.0.1 login u password p\ndefault login u password p\n"}
    yield one("G6 a .netrc beside a token", more=netrc)
    yield one("G6 a .netrc alone", user="{}", more=netrc)
    yield one("G14 a stranger's server", server="https://127.0.0.1:@other@")
    yield one(
        "G14 a stranger's server insecure", server="https://127.0.0.1:@other@", cluster="insecure-skip-tls-verify: true"
    )

    broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    indented = "".join(f"      {line}\n" for line in "@@ca.crt".splitlines())
    for name, text in {
        "a broken one first": broken + "@@ca.crt", "a broken one behind": "@@ca.crt\n" + broken, "a broken one alone": broken,
        "a key first": "@@alice.key\n@@ca.crt", "a key behind": "@@ca.crt\n@@alice.key", "twice": "@@ca.crt\n@@ca.crt",
        "no line end": "@@ca.crt-", "text around": "ü\n@@ca.crt\nü", "cut short": "-----BEGIN CERTIFICATE-----\nMIIB",
    }.items():  # fmt: skip
        yield one(f"G13 a CA file with {name}", cluster="certificate-authority: a.crt", more={"a.crt": text})
    yield one("G13 a CA in DER", cluster="certificate-authority: alice.der")
    yield one("G13 a CA that is a link", cluster="certificate-authority: l", more={"l": "-> ca.crt"})
    yield one("G13 CA data in quotes with line ends", cluster="certificate-authority-data: '@ca.crt@\n\n  '")
    yield one("G13 CA data that is PEM", cluster=f"certificate-authority-data: |\n{indented}\n")
    yield one("G13 CA data without padding", cluster='certificate-authority-data: "YQ"')
    for name in ("nameless", "old", "small"):
        server = f"https://localhost:@{name}@"
        difference = WEAK if name == "small" else ""
        yield one(f"G15 a server's certificate, {name}", server=server, difference=difference)
        yield one(
            f"G15 a server's certificate, {name}, insecure",
            server=server,
            cluster="insecure-skip-tls-verify: true",
        )
    for url in (PLAIN, TLS):
        master = {"KUBERNETES_MASTER": url}
        difference = MASTER if url is PLAIN else ""
        yield Situation(f"G4 KUBERNETES_MASTER={url} alone", {}, master, difference=difference)
        yield one(f"G4 KUBERNETES_MASTER={url} and a cluster without a server", cluster=CA, server="", env=master)
        yield one(f"G4 KUBERNETES_MASTER={url} and a server", env=master)
        yield one(f"G4 KUBERNETES_MASTER={url} and no current context", current="", env=master, difference=difference)


def names() -> Iterator[Situation]:
    named = "https://127.0.0.1:@named@"
    yield one("G15 another name", server=named)
    for name in ("kube.test", "KUBE.test", "kube.test.", "other.test", '""', "1", "127.0.0.1", "*.test"):
        yield one(f"G15 tls-server-name {name}", server=named, cluster=f"{CA}, tls-server-name: {name}")
    yield one("G15 tls-server-name over plain", server=PLAIN, cluster="tls-server-name: kube.test")
    yield one(
        "G15 insecure with tls-server-name", server=named, cluster="tls-server-name: x, insecure-skip-tls-verify: true"
    )
    for host in ("[::1]", "localhost", "LOCALHOST", "localhost.", "0.0.0.0", "[::]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]",
                 "127.1", "2130706433", "0x7f.1", "127.0.0.1.", "[::1%25lo]", "::1", "%6cocalhost"):  # fmt: skip
        yield one(f"G15 host {host}", server=f"https://{host}:@tls@")
        difference = ZONE if "%25" in host else ""
        yield one(f"G15 plain host {host}", server=f"http://{host}:@plain@", cluster="", difference=difference)
