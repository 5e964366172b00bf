"""The auth-provider oidc (G27), against a real issuer that speaks TLS on loopback."""

from __future__ import annotations

import base64
import http.server
import json
import ssl
import threading
import time
import urllib.parse

import pytest
from kubectl.recorders import identity

from kubeaccess_magic import credentials, kubeconfig
from kubeaccess_magic.call import Call
from kubeaccess_magic.errors import CredentialError

CANARY = "canary-41c9-secret"


def token(seconds: float, name: str = "") -> str:
    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    return f"{part({'alg': 'none'})}.{part({'exp': time.time() + seconds, 'sub': name})}.{CANARY}"


class Issuer(http.server.ThreadingHTTPServer):
    """Gives `given` for the refresh-token that it gave last."""

    def __init__(self, authority, folder):
        self.given = [token(3600, "first")]
        self.refresh = f"{CANARY}-refresh-0"
        self.asked: list[str] = []
        self.authority = authority
        self.waits = threading.Event()
        self.waits.set()
        super().__init__(("127.0.0.1", 0), Handler)
        issued = identity("issuer", authority, names=("127.0.0.1",))
        (folder / "issuer.pem").write_bytes(issued.pem + issued.key_pem)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "issuer.pem")
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.url = f"https://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def handle_error(self, request, client_address):
        """A client that trusts somebody else hangs up."""


class Handler(http.server.BaseHTTPRequestHandler):
    server: Issuer

    def do_GET(self):
        self.server.asked.append(self.path)
        self.server.waits.wait(20)
        self.answer(200, {"issuer": self.server.url, "token_endpoint": f"{self.server.url}/token"})

    def do_POST(self):
        issuer = self.server
        form = urllib.parse.parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        issuer.asked.append(f"{self.path} {base64.b64decode(self.headers['Authorization'].split()[1]).decode()}")
        if form["refresh_token"] != [issuer.refresh] or not issuer.given:
            self.answer(400, {"error": "invalid_grant", "error_description": "the session has ended"})
            return
        issuer.refresh += "+"
        given = {"id_token": issuer.given.pop(0), "refresh_token": issuer.refresh}
        self.answer(200, {"access_token": "a", "token_type": "bearer", **given})

    def answer(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


@pytest.fixture
def issuer(tmp_path):
    one = Issuer(identity("the issuer's CA", ca=True), tmp_path)
    yield one
    one.waits.set()
    one.shutdown()
    one.server_close()


@pytest.fixture
def credential(tmp_path, issuer, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)

    def make(id_token: str = "", **fields: str | None):
        authority = base64.b64encode(issuer.authority.pem).decode()
        config = {"idp-issuer-url": issuer.url, "client-id": "me", "client-secret": f"{CANARY}-client",
                  "refresh-token": issuer.refresh, "id-token": id_token,
                  "idp-certificate-authority-data": authority, **fields}  # fmt: skip
        provider = {"name": "oidc", "config": {key: value for key, value in config.items() if value}}
        document = {"clusters": [{"name": "c", "cluster": {"server": "https://api.example:6443"}}],
                    "users": [{"name": "u", "user": {"auth-provider": provider}}],
                    "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
                    "current-context": "x"}  # fmt: skip
        (tmp_path / "config").write_text(json.dumps(document))
        return credentials.for_context(kubeconfig.choose(kubeconfig=tmp_path / "config"))

    return make


def signed(one):
    return dict(one.sign(Call()).headers)["Authorization"].removeprefix("Bearer ")


def test_a_valid_token_is_used_and_nobody_asked(credential, issuer):
    fresh = token(3600)
    assert signed(credential(fresh)) == fresh
    assert issuer.asked == []


def test_an_old_token_is_renewed_in_memory_alone(credential, issuer, tmp_path):
    renewed, later = issuer.given[0], token(3600, "later")
    one = credential(token(-1))
    written = (tmp_path / "config").read_bytes()
    refused = one.sign(Call())
    assert signed(one) == signed(one) == renewed
    assert issuer.asked == ["/.well-known/openid-configuration", f"/token me:{CANARY}-client"]
    issuer.given.append(later)  # the refresh-token that came with the first one counts now
    assert one.renew(Call(), refused)
    assert signed(one) == later
    assert (tmp_path / "config").read_bytes() == written


def test_many_threads_renew_once(credential, issuer):
    one = credential(token(-1))
    renewed = issuer.given[0]
    got: list[str] = []
    threads = [threading.Thread(target=lambda: got.append(signed(one))) for _ in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert got == [renewed] * 32
    assert len(issuer.asked) == 2


def test_clusters_of_one_kernel_spend_a_refresh_token_once(credential, issuer):
    """Issuers take a refresh token only once, and end the session of who shows it again."""
    entry = token(-1)
    refresh, renewed, later = issuer.refresh, issuer.given[0], token(3600, "later")
    ones = [credential(entry, **{"refresh-token": refresh}) for _ in range(3)]
    refused = [one.sign(Call()) for one in ones]
    assert [signed(one) for one in ones] == [renewed] * 3
    assert signed(credential(entry, **{"refresh-token": refresh})) == renewed
    issuer.given.append(later)
    assert [one.renew(Call(), with_it) for one, with_it in zip(ones, refused, strict=True)] == [
        True
    ] * 3  # all were refused with the same token
    assert [signed(one) for one in ones] == [later] * 3
    assert len(issuer.asked) == 4


def test_the_ca_may_be_a_file_that_counts_from_here(credential, issuer, tmp_path):
    (tmp_path / "ca.pem").write_bytes(issuer.authority.pem)
    fields = {"idp-certificate-authority-data": None, "idp-certificate-authority": "ca.pem"}
    renewed = issuer.given[0]
    assert signed(credential(token(-1), **fields)) == renewed


@pytest.mark.parametrize("authority", ["none", "another"])
def test_an_issuer_that_is_not_trusted_gets_no_secret(credential, issuer, authority, monkeypatch, tmp_path):
    other = None if authority == "none" else base64.b64encode(identity("another", ca=True).pem).decode()
    (tmp_path / "bundle").write_bytes(issuer.authority.pem)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "bundle"))  # has no say
    (tmp_path / ".netrc").write_text("default login netrc password netrc\n")
    with pytest.raises(CredentialError, match="CERTIFICATE_VERIFY_FAILED") as caught:
        signed(credential(token(-1), **{"idp-certificate-authority-data": other}))
    assert "`idp-certificate-authority` of the auth-provider" in str(caught.value)
    assert issuer.asked == []


def test_a_refusal_is_told_in_the_issuers_words_and_without_secrets(credential, issuer):
    issuer.given.clear()
    with pytest.raises(CredentialError, match="the session has ended") as caught:
        signed(credential(token(-1)))
    assert CANARY not in str(caught.value) + str(caught.value.hint)


@pytest.mark.parametrize(
    ("id_token", "fields", "words"),
    [
        ("", {"refresh-token": None}, "no refresh-token"),
        ("abc", {}, "not a JSON Web Token"),
        (token(3600), {"idp-issuer-url": None}, "without idp-issuer-url"),
        (token(3600), {"client-id": None}, "without client-id"),
        (token(3600), {"idp-certificate-authority-data": "!"}, "not base64"),
    ],
    ids=["nothing", "no token", "no issuer", "no client", "no authority"],
)
def test_what_kubectl_refuses_is_refused(credential, issuer, id_token, fields, words):
    with pytest.raises(CredentialError, match=words):
        signed(credential(id_token, **fields))
    assert issuer.asked == []


def test_a_silent_issuer_can_be_given_up(credential, issuer):
    issuer.waits.clear()
    call = Call()
    threading.Timer(1.0, call.stop).start()
    with pytest.raises(CredentialError, match="was stopped"):
        credential(token(-1)).sign(call)
