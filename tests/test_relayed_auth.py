"""Signatures that another process hands over: told from another thread, waited for, renewed."""

import pickle
import threading

import pytest
from signing import CANARY
from test_transport import UNAUTHORIZED, Server, World, answered, identity

from kubeaccess_magic.call import Call, Limits
from kubeaccess_magic.credentials import ClientCertificate, RelayedAuth, Signature
from kubeaccess_magic.errors import CredentialError
from kubeaccess_magic.transport import Pool, TlsSettings, Upstream


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    ca = identity("a cluster's CA", ca=True)
    return World(ca, identity("an intermediate", ca, ca=True), tmp_path_factory.mktemp("certificates"))


def token(name):
    return Signature((("Authorization", f"Bearer {name}"),))


def test_it_signs_with_what_it_was_told_last():
    auth = RelayedAuth()
    first, second = token("one"), token("two")
    auth.tell(first)
    assert auth.sign(Call()) is auth.sign(Call()) is first
    auth.tell(second)
    assert auth.sign(Call()) is second
    assert auth.renew(Call(), first)  # another one has come since


def test_the_first_signature_is_requested_once_and_waited_for():
    requests = []
    start = threading.Barrier(9)
    auth = RelayedAuth(lambda: requests.append(1))
    signed = []

    def sign():
        start.wait()
        signed.append(auth.sign(Call()))

    threads = [threading.Thread(target=sign) for _ in range(8)]
    for thread in threads:
        thread.start()
    start.wait()
    auth.tell(token("one"))
    for thread in threads:
        thread.join(20)
    assert len(signed) == 8 and len(set(map(id, signed))) == 1 and len(requests) <= 1


def test_without_a_signature_nothing_is_sent():
    auth = RelayedAuth()
    with pytest.raises(CredentialError, match="no signature"):
        auth.sign(Call(Limits(total_s=0.3)))
    stopped = Call()
    stopped.stop()
    with pytest.raises(CredentialError):
        auth.sign(stopped)


def test_a_refused_signature_is_renewed_by_whoever_hands_them_over():
    asked = []

    def hand_over():
        asked.append(1)
        threading.Timer(0.1, auth.tell, [token("two")]).start()

    auth = RelayedAuth(hand_over)
    refused = token("one")
    auth.tell(refused)
    assert auth.renew(Call(), refused) and asked == [1]
    assert auth.renew(Call(), refused) and asked == [1]


def test_a_renewal_in_vain_ends_and_the_next_one_is_requested_again():
    asked = []
    auth = RelayedAuth(lambda: asked.append(1))
    refused = token("one")
    auth.tell(refused)
    for number in (1, 2):
        assert auth.renew(Call(Limits(total_s=0.2)), refused) is False
        assert len(asked) == number


def test_a_pool_signs_with_it(world):
    def answer(seen, _):
        return answered(b"in") if seen.header("Authorization") == ["Bearer two"] else UNAUTHORIZED

    auth = RelayedAuth(lambda: auth.tell(token("two")))
    auth.tell(token("one"))
    with Server(answer, world.tls()) as server:
        pool = Pool(Upstream.parse(server.url, tls=TlsSettings(ca_data=world.ca.pem)), auth)
        response = pool.open("GET", "/api", call=Call())
        assert response.read(100) == b"in"
        response.close()
        pool.close()
        assert [seen.header("Authorization") for seen in server.seen] == [["Bearer one"], ["Bearer two"]]


def test_a_client_certificate_can_be_handed_over(world):
    jane = identity("jane", world.ca)
    auth = RelayedAuth()
    auth.tell(Signature(certificate=ClientCertificate(jane.pem, jane.key_pem)))
    with Server(lambda seen, _: answered(), world.tls(clients=True)) as server:
        pool = Pool(Upstream.parse(server.url, tls=TlsSettings(ca_data=world.ca.pem)), auth)
        pool.open("GET", "/api", call=Call()).close()
        pool.close()
        assert "jane" in str(server.seen[0].certificate["subject"])


def test_over_plain_http_no_secret_is_sent():  # G10
    auth = RelayedAuth()
    auth.tell(Signature((("Authorization", f"Bearer {CANARY}"), ("Impersonate-User", "jane"))))
    with Server(lambda seen, _: answered()) as server:
        pool = Pool(Upstream.parse(server.url), auth)
        pool.open("GET", "/api", call=Call()).close()
        pool.close()
        assert CANARY not in str(server.seen) and server.seen[0].header("Impersonate-User") == ["jane"]


def test_nothing_secret_is_shown():
    auth = RelayedAuth()
    auth.tell(token(CANARY))
    assert CANARY not in repr(auth) + repr(auth.sign(Call())) + repr(vars(auth))
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(auth.sign(Call()))
