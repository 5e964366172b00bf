"""What names a secret, and what looks like one."""

import time

import pytest

from kubeaccess_magic.errors import KubeAccessError
from kubeaccess_magic.text import HIDDEN, excerpt, one_line, printable, redact, redact_headers, redact_mapping

JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJtZSJ9.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer CANARY",
        "authorization=Basic CANARY==",
        "{'Authorization': 'Bearer CANARY'}",
        "Cookie: a=1; session=CANARY",
        "Set-Cookie: session=CANARY; Path=/",
        "https://user:CANARY@host/x",
        "/x?token=CANARY&q=up",
        "/x?q=up&access_token=CANARY",
        "/x?api_key=CANARY",
        "/x?X-Amz-Signature=CANARY",
        "password: CANARY",
        '{"client_secret": "CANARY"}',
        "token=CANARY",
        "id-token: 'CANARY'",
        '{"token":"CANARY"}',
        "/redirect?to=http://x.example/?token=CANARY",
        "/x?token=http://CANARY",
        "-----BEGIN RSA PRIVATE KEY-----\nCANARY\n-----END RSA PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\nCANARY",
        "the ApiKey CANARY was refused",
        "why: because:token: CANARY",
        f"{'x' * 100}-token=CANARY",
    ],
)
def test_the_value_of_what_names_a_secret_is_hidden(text):
    assert "CANARY" in text
    hidden = redact(text)
    assert "CANARY" not in hidden
    assert HIDDEN in hidden


def test_what_looks_like_a_token_is_hidden_wherever_it_stands():
    for text in (
        f"the app said {JWT}, alas",
        f"eyJ-{JWT}",
        f"a-{JWT}",
        f"www.{JWT}",
        f"eyJaaaaaa.x.{JWT}",
        f"{JWT}.{JWT}",
    ):
        assert JWT not in redact(text)
    assert redact("eyJaaaaaaaaa eyJaaaaaaaa.b") == "eyJaaaaaaaaa eyJaaaaaaaa.b"


@pytest.mark.parametrize(
    "text",
    [
        "no service is called web in the namespace shop",
        '/api/v1/query?query=up{job="a"}&time=5',
        "https://10.0.0.1:6443/k8s/clusters/c1",
        "_search?q=user:kimchy",
        "the token is expired",
        "type shop/auth:9090 or shop/https:token:80",
        'services "web:80" is forbidden: User "nobody" cannot get resource "services/proxy"',
    ],
)
def test_what_is_no_secret_stays(text):
    assert redact(text) == text


def test_headers_and_mappings():
    pairs = [("X-Api-Key", "CANARY"), ("Cookie", "CANARY"), ("Accept", "text/plain"), ("X-Note", "token=CANARY")]
    assert "CANARY" not in str(redact_headers(pairs))
    assert redact_headers(pairs)[2] == ("Accept", "text/plain")
    values = {"users": [{"user": {"token": "CANARY", "name": "me"}}], "password": ["CANARY"], "n": 3}
    assert "CANARY" not in str(redact_mapping(values))
    assert redact_mapping(values)["n"] == 3


def test_a_message_is_bounded_harmless_and_without_secrets():
    error = KubeAccessError(f"\x1b[31m token=CANARY \u202e{'x' * 100_000} token=CANARY", hint="\x00" * 10_000)
    for text in (str(error), error.hint):
        assert len(text) <= 4000 and text.endswith("…")
        assert "CANARY" not in text and not {"\x1b", "\x00", "\u202e"} & set(text)
    assert str(KubeAccessError("as it is\n\tgrün")) == "as it is\\n\\tgrün"
    # A secret that the bound would cut in two is hidden before it is cut.
    assert "CANARY" not in excerpt("y" * 90 + " token=" + "CANARY" * 50, 100)


def test_control_characters_are_escaped():
    assert printable("a\tb\nc é 漢 👍") == "a\tb\nc é 漢 👍"
    assert printable("\x1b[31m\x00\u202e\ud800") == "\\x1b[31m\\x00\\u202e\\ud800"
    assert one_line("a\tb\x07\nc\u2028d\x85") == "a\\tb\\x07\\nc\\u2028d\\x85"


@pytest.mark.parametrize("piece", ["a", "a.", "a-", "eyJ", "-eyJaaaaaa", "token", "http://", "'", "Bearer "])
def test_long_texts_take_linear_time(piece):
    # Quadratic time would be minutes here: the bound only tells a hang. Of this thread, whatever else the machine does.
    begin = time.thread_time()
    redact(piece * 50_000)
    assert time.thread_time() - begin < 20
