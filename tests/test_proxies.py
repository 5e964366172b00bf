"""Proxies (G16 to G19) and CAs (G14); what is sent through which is in tests/kubectl."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import socket
import ssl
import subprocess
import sys
import threading

import pytest
from extras import needs_socks
from hypothesis import given
from hypothesis import strategies as st
from kubectl.recorders import identity

from kubeaccess_magic import Cluster
from kubeaccess_magic.call import Call
from kubeaccess_magic.errors import ConfigError, Unreachable
from kubeaccess_magic.transport import failures, proxies, tls
from kubeaccess_magic.transport.deadlines import Guard

CANARY = "canary77"


@pytest.mark.parametrize(
    ("variables", "wanted"),
    [
        ({"HTTPS_PROXY": "proxy.example:3128"}, "http proxy.example:3128"),
        ({"HTTPS_PROXY": "https://proxy.example"}, "https proxy.example:443"),
        ({"HTTPS_PROXY": "socks5h://[2001:db8::1]"}, "socks5 [2001:db8::1]:1080"),
        ({"https_proxy": "proxy.example", "HTTPS_PROXY": ""}, "http proxy.example:80"),
        ({"ALL_PROXY": "http://proxy.example", "HTTP_PROXY": "http://proxy.example"}, None),
        ({"HTTPS_PROXY": "http://proxy.example", "NO_PROXY": " .k8s.example , 10.0.0.0/8"}, None),
        ({"HTTPS_PROXY": "http://proxy.example", "NO_PROXY": ".api.k8s.example"}, "http proxy.example:80"),
        ({"HTTPS_PROXY": "http://%zz"}, None),
    ],
)
def test_the_environments_proxy(variables, wanted):  # G17, G19
    found = proxies.from_environment("https", "api.k8s.example", 6443, variables)
    assert (found and f"{found.scheme} {found.address}") == wanted


@given(
    st.text(alphabet="htps:/@[].%0a2-#? x\n", max_size=30),
    st.text(alphabet="*.,:/[]%0123456789abcdef -", max_size=40),
    st.sampled_from(
        ["api.example", "10.1.2.3", "2001:db8::1", "::ffff:10.1.2.3", "fe80::1%eth0", "", "\u00fc.example"]
    ),
)
def test_no_text_is_a_crash_and_no_login_is_told(proxy, no_proxy, host):
    environ = {"HTTPS_PROXY": proxy, "https_proxy": f"http://me:{CANARY}@{proxy}", "NO_PROXY": no_proxy}
    for chosen in (environ, {**environ, "HTTPS_PROXY": f"http://me:{CANARY}@{proxy}"}):
        try:
            told = repr(proxies.from_environment("https", host, 6443, chosen))
        except ConfigError as error:
            told = f"{error} {error.hint}"
        assert CANARY not in told
    with contextlib.suppress(ConfigError):
        assert CANARY not in repr(proxies.from_kubeconfig(f"http://me:{CANARY}@{proxy}", "cluster 'c'"))


def test_a_cgi_program_is_told_why_its_proxy_is_not_used():  # G17
    environ = {"HTTP_PROXY": "http://proxy.example", "REQUEST_METHOD": "GET"}
    with pytest.raises(ConfigError, match="REQUEST_METHOD"):
        proxies.from_environment("http", "api.example", 80, environ)
    assert proxies.from_environment("https", "api.example", 443, environ) is None


def test_a_socks_proxy_without_pysocks_names_the_extra(tmp_path: pathlib.Path):
    (tmp_path / "socks.py").write_text("raise ImportError('as where PySocks is not installed')\n")
    document = {
        "clusters": [{"name": "c", "cluster": {"server": "https://api.example", "proxy-url": "socks5://127.0.0.1:9"}}],
        "users": [{"name": "u", "user": {"token": "t"}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    }
    (tmp_path / "config").write_text(json.dumps(document))
    program = "from kubeaccess_magic import Cluster\ntry: Cluster(kubeconfig='config').get('/version')\n"
    program += "except Exception as error: print(type(error).__name__, error, error.hint)"
    environ = {"PYTHONPATH": str(tmp_path), "HOME": str(tmp_path), "PATH": os.environ["PATH"]}
    command = [sys.executable, "-c", program]
    ran = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=120, check=True)
    assert ran.stdout.startswith("ConfigError the proxy-url of cluster 'c' names a SOCKS proxy"), ran
    assert "pip install kubeaccess_magic[socks]" in ran.stdout


# --- a CA that Python 3.13 and newer refuse (G14)


def shaken(server: ssl.SSLContext, client: ssl.SSLContext, name: str) -> None:
    """A handshake between the two; raises what the client raises."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.setblocking(False)
        ours.setblocking(False)
        one = client.wrap_socket(ours, server_hostname=name, do_handshake_on_connect=False)
        other = server.wrap_socket(theirs, server_side=True, do_handshake_on_connect=False)
        with one, other:
            waiting = {one, other}
            while one in waiting:
                for sock in list(waiting):
                    with contextlib.suppress(ssl.SSLWantReadError):
                        sock.do_handshake()
                        waiting.discard(sock)


def test_a_ca_that_is_too_bare_is_named_with_the_switch_that_relaxes_it_alone(tmp_path: pathlib.Path):
    server = "https://10.0.0.1:6443"
    bare = identity("bare", ca=True, bare=True)
    issued = identity("server", bare, names=("api.example",), bare=True)
    (tmp_path / "pem").write_bytes(issued.pem + issued.key_pem)
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(tmp_path / "pem")
    trust = ssl.create_default_context(cadata=bare.pem.decode())
    trust.verify_flags |= ssl.VERIFY_X509_STRICT  # as Python 3.13 and newer have it
    tls.trust_like_kubectl(trust, relaxed=False)
    with pytest.raises(ssl.SSLCertVerificationError) as caught:
        shaken(serving, trust, "api.example")
    guard = Guard(Call())
    told = failures.translated(caught.value, guard, server)
    assert isinstance(told, Unreachable)
    assert f"{tls.RELAXED}={server}" in f"{told.hint}"
    assert tls.is_relaxed_for(server, f"https://other https://10.0.0.1:6443/,{server}")
    assert not tls.is_relaxed_for(server, "https://10.0.0.1:6444 10.0.0.1 *")
    tls.trust_like_kubectl(trust, relaxed=True)
    shaken(serving, trust, "api.example")
    with pytest.raises(ssl.SSLCertVerificationError):  # the name is still looked at
        shaken(serving, trust, "other.example")
    strange = ssl.create_default_context(cadata=identity("strange", ca=True, bare=True).pem.decode())
    tls.trust_like_kubectl(strange, relaxed=True)
    with pytest.raises(ssl.SSLCertVerificationError):  # and so is who issued it
        shaken(serving, strange, "api.example")


def unreached(tmp_path: pathlib.Path, **cluster: str) -> Unreachable:
    """What is said where a proxy does not let us through."""
    server = cluster.pop("server", "https://cluster.example:6443")
    told = {
        "clusters": [{"name": "c", "cluster": {"server": server, **cluster}}],
        "users": [{"name": "u", "user": {"token": CANARY}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    }
    (tmp_path / "config").write_text(json.dumps(told))
    with Cluster(kubeconfig=tmp_path / "config", connect_timeout_s=1) as one, pytest.raises(Unreachable) as caught:
        one.get("/version")
    said = f"{caught.value} | {caught.value.hint}"
    assert CANARY not in said
    return caught.value


@pytest.fixture
def closed_port():
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


@pytest.mark.parametrize("scheme", ["http", "https", pytest.param("socks5", marks=needs_socks)])
def test_a_proxy_that_is_not_there_is_named_with_where_it_is_named(tmp_path, closed_port, monkeypatch, scheme):  # G16
    url = f"{scheme}://me:{CANARY}@127.0.0.1:{closed_port}"
    told = unreached(tmp_path, **{"proxy-url": url})
    assert f"the proxy 127.0.0.1:{closed_port} (the proxy-url of cluster 'c')" in str(told)
    assert str(told).endswith("refuses the connection") and "kubeconfig" in told.hint
    monkeypatch.setenv("HTTPS_PROXY", url)  # G17
    told = unreached(tmp_path)
    assert "(HTTPS_PROXY) on the way to https://cluster.example:6443 refuses the connection" in str(told)
    assert "NO_PROXY" in told.hint
    told = unreached(tmp_path, **{"proxy-url": f"{scheme}://nowhere.invalid:1"})
    assert "nowhere.invalid:1" in str(told) and "not known here" in str(told)


@pytest.mark.parametrize(
    ("scheme", "answer", "words"),
    [
        ("http", b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n", "refuses the login"),
        ("http", b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", "cannot connect to it (502 Bad Gateway)"),
        ("http", f"HTTP/1.1 403 token={CANARY}\r\nContent-Length: 0\r\n\r\n".encode(), "cannot connect to it (403"),
        pytest.param("socks5", b"\x05\xff", "refuses the login", marks=needs_socks),
        pytest.param(
            "socks5",
            b"\x05\x00\x05\x05\x00\x01\0\0\0\0\0\0",
            "cannot connect to it (Connection refused)",
            marks=needs_socks,
        ),
        ("http", None, "did not answer within 1 s through the proxy"),
        pytest.param("socks5", None, "does not answer", marks=needs_socks),
    ],
)
def test_what_a_proxy_says_is_told(tmp_path, scheme, answer, words):
    with socket.create_server(("127.0.0.1", 0)) as listening, contextlib.ExitStack() as ends:

        def serve():
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listening.accept()
                    ends.callback(connection.close)
                    connection.recv(4096)
                    if answer is not None:
                        connection.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        port = listening.getsockname()[1]
        told = unreached(tmp_path, **{"proxy-url": f"{scheme}://127.0.0.1:{port}"})
        listening.shutdown(socket.SHUT_RDWR)
    assert words in str(told) and f"127.0.0.1:{port}" in str(told)
    assert told.hint
