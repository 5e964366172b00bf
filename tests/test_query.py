"""`Query`: what somebody wants to know, and what of it is never seen."""

from __future__ import annotations

import copy
import pickle

import pytest

from kubeaccess_magic.errors import TargetError
from kubeaccess_magic.query import ALL, Query, Secret
from kubeaccess_magic.targets import Target

TARGET = Target.parse("shop/web:80").target


def test_a_secret_is_never_seen() -> None:
    secret = Secret("s3cr3t", "PASSWORD")
    assert repr(secret) == str(secret) == f"{secret}" == "${PASSWORD}"
    assert secret.reveal() == "s3cr3t"
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match="cannot be pickled"):
            pickle.dumps(secret, protocol)
    with pytest.raises(TypeError):
        copy.deepcopy(secret)
    assert not hasattr(secret, "__dict__")


def test_a_query_shows_neither_login_nor_headers_nor_body_and_is_one_line() -> None:
    query = Query(
        "shop/web",
        "x?token=s3cr3t\nforged",
        headers=(("X-Api-Key", "s3cr3t"),),
        body=b"s3cr3t",
        login=("me", Secret("s3cr3t")),
    )
    assert "s3cr3t" not in repr(query) and len(repr(query).splitlines()) == 1
    with pytest.raises(TypeError):
        pickle.dumps(query)


def test_the_arguments_of_a_call_become_one_query() -> None:
    query = Query.of("shop/web", "x", json={"a": 1}, limit="all", params={"q": "a b"}, output="json")
    assert (query.method, query.body, query.limit, query.output) == ("POST", b'{"a": 1}', ALL, "json")
    assert query.headers == (("Content-Type", "application/json"),)
    request = query.request(TARGET, None)
    assert (request.method, request.path_and_query, request.body) == ("POST", "/x?q=a%20b", b'{"a": 1}')
    assert Query.of("shop/web").method == "GET" and Query.of("shop/web", method="put").method == "PUT"


@pytest.mark.parametrize(
    "words",
    [{"json": 1, "data": "a"}, {"limit": 0}, {"limit": "few"}, {"params": 3}, {"headers": {"a": 3}}, {"data": 3}],
)
def test_what_no_query_can_be_is_refused(words: dict[str, object]) -> None:
    with pytest.raises(TargetError):
        Query.of("shop/web", **words)  # type: ignore[arg-type]  # that is what is tested


def test_a_path_that_leads_elsewhere_is_refused_when_the_request_is_built() -> None:
    with pytest.raises(TargetError):
        Query.of("shop/web", "a/../../secrets").request(TARGET, None)
