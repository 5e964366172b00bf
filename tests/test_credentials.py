"""How requests are signed (G6, G10, G12, G20, G21, G27 to G29), with real files; plugins are in test_plugins.py."""

import os
import pickle
from datetime import UTC, datetime
from functools import partial

import pytest
import signing
from signing import CANARY, CERTIFICATE, KEY, PAIR, V1, b64, refused, signed

from kubeaccess_magic import credentials, kubeconfig
from kubeaccess_magic.call import Call
from kubeaccess_magic.errors import ConfigError, CredentialError


@pytest.fixture
def home(tmp_path, monkeypatch):
    return signing.empty_home(tmp_path, monkeypatch)


@pytest.fixture
def write_config(home):
    return partial(signing.write_config, home)


@pytest.fixture
def credential(home):
    return partial(signing.credential, home)


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
    pair = one.sign(Call()).certificate
    assert (pair.certificate.decode(), pair.key.decode()) == (CERTIFICATE, KEY)
    only = credential(PAIR)
    assert only.sign(Call()).headers == ()
    assert only.sign(Call()).certificate == pair


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
    assert one.sign(Call()).certificate.key.decode() == KEY


def test_a_rotated_certificate_is_another_one(credential, home):
    (home / "cert.pem").write_text(CERTIFICATE)
    (home / "key.pem").write_text(KEY)
    one = credential({"client-certificate": "cert.pem", "client-key": "key.pem"})
    before = one.sign(Call()).certificate
    assert one.sign(Call()).certificate is before
    (home / "cert.pem").write_text(CERTIFICATE * 2)
    after = one.sign(Call()).certificate
    assert after != before
    assert after.certificate.decode() == CERTIFICATE * 2


@pytest.mark.parametrize("user", [None, {}, {"password": CANARY}, {"client-key": "config"}, {"as": "bob"}])
def test_without_a_credential_nothing_is_sent(credential, user):  # G6
    one = credential(user)
    assert "nothing to sign in with" in refused(one)
    with pytest.raises(CredentialError):
        one.sign(Call())


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
    assert one.sign(Call()).certificate is None
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
    refused = one.sign(Call())
    assert signed(one) == "Bearer one"
    assert one.renew(Call(), refused) is False  # nothing new
    write_config({"token": "another"})
    assert one.renew(Call(), one.sign(Call())) is False  # it was read already, when it signed
    assert one.renew(Call(), refused) is True
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
    assert one.sign(Call()).headers == ((("Impersonate-User", "bob"),) if user is not None else ())
    assert one.sign(Call()).certificate is None
    assert one.renew(Call(), one.sign(Call())) is False


# --- impersonation (G28, G29) ----------------------------------------------------------------------------------------


def impersonated(one):
    pairs = [(name.lower(), value) for name, value in one.sign(Call()).headers if name != "Authorization"]
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
    [("gcp", "gke-gcloud-auth-plugin"), ("azure", "kubelogin"), ("x", "does not exist")],
)
def test_auth_providers_say_what_replaced_them(credential, name, words):
    one = credential({"auth-provider": {"name": name, "config": {"id-token": CANARY}}})
    assert words in refused(one)


def test_a_token_beside_an_oidc_provider_is_used(credential):
    issuer = {"idp-issuer-url": "https://nowhere.invalid", "client-id": "me"}
    assert signed(credential({"token": "t", "auth-provider": {"name": "oidc", "config": issuer}})) == "Bearer t"
    refused(credential({"token": "t", "auth-provider": {"name": "gcp"}}))


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
    assert credentials.ClientCertificate(b"before\n" + pem + pem, b"").expires == ends.timestamp()
    for broken in (pem[:90], pem[:200] + pem[220:], b"", CERTIFICATE.encode(), pem.replace(b"A", b"!")):
        assert credentials.ClientCertificate(broken, b"").expires in (None, ends.timestamp())


# --- nothing secret is shown -----------------------------------------------------------------------------------------


def test_nothing_secret_is_in_reprs_and_nothing_is_pickled(credential):
    one = credential({"token": CANARY, **PAIR}, impersonate="eve")
    signature = one.sign(Call())
    pair = signature.certificate
    assert repr(one) == "<Credential of 'x', signs in with client certificate and token as another user>"
    for value in (one, signature, pair, vars(one)):
        assert CANARY not in repr(value)
    for value in (one, signature, pair):
        with pytest.raises(TypeError, match="not pickled"):
            pickle.dumps(value)
