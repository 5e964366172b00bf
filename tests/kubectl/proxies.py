"""Situations about proxies, from the kubeconfig and from the environment (G16 to G19)."""

# ruff: noqa: E501 - a table is read by its columns
from __future__ import annotations

from collections.abc import Iterator

from .making import CA, PLAIN, TLS, one
from .running import Situation
from .servers import ZONE

AWAY = "https://api.test:@tls@"  # known to the proxies alone
HERE = "https://LOCALHOST:@tls@"  # Go's httpproxy takes this for another machine, and everybody finds it
PROXY = "http://127.0.0.1:@proxy@"


def situations() -> Iterator[Situation]:
    yield from of_the_kubeconfig()
    yield from of_the_environment()
    yield from exceptions()


def of_the_kubeconfig() -> Iterator[Situation]:
    for proxy in (PROXY, "http://u:p@127.0.0.1:@proxy@", "http://u%40:p%2f@127.0.0.1:@proxy@", "https://127.0.0.1:@proxys@",
                  "https://u:p@localhost:@proxys@", "https://127.0.0.1:@proxyx@", "https://127.0.0.1:@proxyn@",
                  "socks5://127.0.0.1:@socks@", "socks5://u:p@127.0.0.1:@socks@", "socks5h://127.0.0.1:@socks@",
                  "socks5://u@127.0.0.1:@socks@", "HTTP://127.0.0.1:@proxy@", "http://[::1]:@proxy@", "http://127.0.0.1:@proxy@/",
                  "http://127.0.0.1:@proxy@/path?q#f", "127.0.0.1:@proxy@", "localhost:@proxy@", "foo", "ftp://127.0.0.1:@proxy@",
                  "http://127.0.0.1:@closed@", "http://127.0.0.1:@refusing@", "http://u@127.0.0.1:@proxy@", "http://",
                  "http:127.0.0.1", "http://a b", " http://127.0.0.1:@proxy@", "http://127.0.0.1:@proxy@ ", "http://:@proxy@",
                  "socks4://127.0.0.1:@socks@", "http://u:p:q@127.0.0.1:@proxy@", "http://%zz@127.0.0.1:@proxy@"):  # fmt: skip
        difference = "G16: SOCKS has no login without a password (RFC 1929)" if proxy.startswith("socks5://u@") else ""
        for where, server in (("TLS", AWAY), ("plain", "http://api.test:@plain@")):
            yield one(
                f"G16 {where} by {proxy!r}", server=server, cluster=f'{CA}, proxy-url: "{proxy}"', difference=difference
            )
    for value in ('""', "null", "1", "[]"):
        yield one(f"G16 proxy-url: {value}", cluster=f"{CA}, proxy-url: {value}")
    for server in (
        TLS,
        "https://localhost:@tls@",
        "https://[::1]:@tls@",
        PLAIN,
        "http://[::1]:@plain@",
        AWAY + "/base",
    ):
        yield one(f"G16 also for {server}", server=server, cluster=f"{CA}, proxy-url: {PROXY}")
        yield one(f"G16 by SOCKS for {server}", server=server, cluster=f"{CA}, proxy-url: 'socks5://127.0.0.1:@socks@'")
        yield one(f"G16 by TLS for {server}", server=server, cluster=f"{CA}, proxy-url: 'https://127.0.0.1:@proxys@'")
    env = {"NO_PROXY": "*", "HTTPS_PROXY": "http://127.0.0.1:@closed@"}
    yield one("G16 wins over the environment", server=AWAY, cluster=f"{CA}, proxy-url: {PROXY}", env=env)
    secure = "proxy-url: 'https://127.0.0.1:@proxys@'"
    certificate = "{client-certificate: alice.crt, client-key: alice.key}"
    yield one("G16 a certificate through a proxy", server=AWAY, user=certificate, cluster=f"{CA}, proxy-url: {PROXY}")
    yield one("G16 a certificate through a TLS proxy", server=AWAY, user=certificate, cluster=f"{CA}, {secure}")
    yield one("G16 insecure through a TLS proxy", server=AWAY, cluster=f"insecure-skip-tls-verify: true, {secure}")
    strange = "insecure-skip-tls-verify: true, proxy-url: 'https://127.0.0.1:@proxyx@'"
    yield one("G16 insecure through a stranger's TLS proxy", server=AWAY, cluster=strange)
    yield one(
        "G16 tls-server-name through a proxy",
        server="https://api.test:@named@",
        cluster=f"{CA}, tls-server-name: kube.test, proxy-url: {PROXY}",
    )
    both = f"{CA}, tls-server-name: kube.test, proxy-url: 'https://127.0.0.1:@proxyn@'"
    yield one("G16 tls-server-name and a TLS proxy of that name", server="https://api.test:@named@", cluster=both)
    other = f"{CA}, tls-server-name: kube.test, proxy-url: 'https://127.0.0.1:@proxys@'"
    yield one("G16 tls-server-name and a TLS proxy of another", server="https://api.test:@named@", cluster=other)
    yield one("G16 a name that is not ASCII", server="https://\u00fc.test:@tls@", cluster=f"{CA}, proxy-url: {PROXY}")
    yield one("G16 a wrong CA behind a proxy", server="https://api.test:@other@", cluster=f"{CA}, proxy-url: {PROXY}")
    token = "{tokenFile: tf, as: bob}"
    yield one(
        "G16 plain with impersonation",
        server="http://api.test:@plain@",
        user=token,
        cluster=f"proxy-url: {PROXY}",
        more={"tf": "t"},
    )
    yield one(
        "G16 no port in the server",
        server="https://api.test",
        cluster=f"{CA}, proxy-url: 'http://127.0.0.1:@refusing@'",
    )


def of_the_environment() -> Iterator[Situation]:
    closed = "http://127.0.0.1:@closed@"
    for name, env in {
        "HTTPS_PROXY": {"HTTPS_PROXY": PROXY},
        "https_proxy": {"https_proxy": PROXY},
        "upper before lower": {"HTTPS_PROXY": PROXY, "https_proxy": closed},
        "an empty one falls through": {"HTTPS_PROXY": "", "https_proxy": PROXY},
        "HTTP_PROXY": {"HTTP_PROXY": PROXY},
        "http_proxy": {"http_proxy": PROXY},
        "both": {"HTTP_PROXY": PROXY, "HTTPS_PROXY": "socks5://127.0.0.1:@socks@"},
        "ALL_PROXY": {"ALL_PROXY": PROXY, "all_proxy": PROXY},
        "mixed case": {"Https_Proxy": PROXY},
        "REQUEST_METHOD with HTTP_PROXY": {"HTTP_PROXY": PROXY, "REQUEST_METHOD": "GET"},
        "REQUEST_METHOD with HTTPS_PROXY": {"HTTPS_PROXY": PROXY, "REQUEST_METHOD": "GET"},
        "REQUEST_METHOD empty": {"HTTP_PROXY": PROXY, "HTTPS_PROXY": PROXY, "REQUEST_METHOD": ""},
    }.items():
        yield one(f"G17 {name}, TLS", server=AWAY, env=env)
        yield one(f"G17 {name}, plain", server="http://api.test:@plain@", env=env)
        yield one(f"G17 {name}, TLS found here", server=HERE, env=env)
        yield one(f"G17 {name}, plain found here", server="http://LOCALHOST:@plain@", env=env)
    for proxy in ("127.0.0.1:@proxy@", "localhost:@proxy@", "//127.0.0.1:@proxy@", "u:p@127.0.0.1:@proxy@", "http://u:p@127.0.0.1:@proxy@",
                  "https://127.0.0.1:@proxys@", "https://127.0.0.1:@proxyx@", "socks5://127.0.0.1:@socks@", "socks5h://127.0.0.1:@socks@",
                  "socks5://u:p@127.0.0.1:@socks@", "socks://127.0.0.1:@socks@", "ftp://127.0.0.1:@proxy@", "HTTP://127.0.0.1:@proxy@",
                  " http://127.0.0.1:@proxy@", "http://127.0.0.1:@proxy@ ", "http://127.0.0.1:@proxy@/x", "http://[::1]:@proxy@",
                  "[::1]:@proxy@", "::1:@proxy@", "http://127.0.0.1", "http://", "x", "http://%zz", "http://127.0.0.1:x", ":@proxy@",
                  "direct", "none", "http://127.0.0.1:@proxy@\n", "http:/127.0.0.1:@proxy@", "http://127.0.0.1:@refusing@",
                  "//", "http://u:p w@127.0.0.1:@proxy@", "u:p/q@127.0.0.1:@proxy@", "http://127.0.0.1:@proxy@#f"):  # fmt: skip
        yield one(f"G17 HTTPS_PROXY={proxy!r}", server=HERE, env={"HTTPS_PROXY": proxy})
        yield one(f"G17 HTTP_PROXY={proxy!r}", server="http://LOCALHOST:@plain@", env={"HTTP_PROXY": proxy})
    for host in ("127.0.0.1", "localhost", "[::1]", "127.0.0.2", "LOCALHOST", "localhost.", "0.0.0.0", "[::]", "[::ffff:127.0.0.1]",
                 "localhost.localdomain", "[::1%25lo]", "127.1"):  # fmt: skip
        yield one(f"G18 {host}", server=f"https://{host}:@tls@", env={"HTTPS_PROXY": PROXY})
        difference = ZONE if "%25" in host else ""
        yield one(
            f"G18 plain {host}", server=f"http://{host}:@plain@", env={"HTTP_PROXY": PROXY}, difference=difference
        )


def exceptions() -> Iterator[Situation]:
    for host, rules in {
        "LOCALHOST": ("*", "localhost", "LOCALHOST", "LocalHost", ".localhost", "localhost:@tls@", "localhost:1", "host", "ocalhost", "*localhost",
                      "*.localhost", " localhost ", "a,localhost", "a, localhost", "a localhost", "a;localhost", ",,localhost,", "localhost:",
                      "http://localhost", "127.0.0.1", "127.0.0.0/8", "::1", "localhost.", "*,a", "a,*,b", "* ", "**", "*:@tls@", "", " ",
                      "localhost:@tls@:1", "[localhost]", "[localhost]:@tls@", "localhost/24", "\tlocalhost"),
        "a.b.test": ("b.test", ".b.test", "*.b.test", "a.b.test", ".a.b.test", "test", ".test", "*.test", "b.test:@tls@", ".b.test:@tls@",
                     "b.test:1", "B.TEST", "xa.b.test", "*b.test", "..b.test", "b.test.", "*.a.b.test", "*.*.test"),
        "0.0.0.0": ("0.0.0.0", "0.0.0.0:@tls@", "0.0.0.0:1", "0.0.0.0/8", "0.0.0.1/8", "0.0.0.0/32", "0.0.0.0/0", "0/8", "0.0.0/24", "0.0.0.0/",
                    "0.0.0.0/33", "0.0.0.0/255.0.0.0", "000.0.0.0/8", " 0.0.0.0/8 ", " 000.0.0.0/8", "00.0.0.0", "0.0", ".0.0", "*.0.0.0",
                    "0.0.0.", "0.0.0.*", "1.0.0.0/8", "::/0", "::ffff:0.0.0.0", "::ffff:0:0/96", "[0.0.0.0]:@tls@", "0.0.0.0/08", "0.0.0.0/8:@tls@",
                    "0.0.0.0-0.0.0.9", "0.0.0.1,0.0.0.0"),
        "[::]": ("::", "[::]", "[::]:@tls@", "[::]:1", "::/0", "::/128", "::0", "0:0:0:0:0:0:0:0", "0::/64", "[::]/0", "::%lo", "0.0.0.0/0", "::1",
                 "::/129", ":::@tls@"),
    }.items():  # fmt: skip
        for rule in rules:
            yield one(
                f"G19 {host}, NO_PROXY={rule!r}",
                server=f"https://{host}:@tls@",
                env={"HTTPS_PROXY": PROXY, "NO_PROXY": rule},
            )
    for name, env in {
        "upper before lower": {"NO_PROXY": "x", "no_proxy": "*"},
        "lower alone": {"no_proxy": "*"},
        "an empty one falls through": {"NO_PROXY": "", "no_proxy": "*"},
        "blanks do not fall through": {"NO_PROXY": " ", "no_proxy": "*"},
    }.items():
        yield one(f"G19 {name}", server=HERE, env={"HTTPS_PROXY": PROXY, **env})
    yield one(
        "G19 a name that is not ASCII",
        server="https://\u00fc.test:@tls@",
        env={"HTTPS_PROXY": PROXY, "NO_PROXY": "\u00fc.test"},
    )
    yield one(
        "G19 its ASCII form", server="https://\u00fc.test:@tls@", env={"HTTPS_PROXY": PROXY, "NO_PROXY": "xn--tda.test"}
    )
    yield one(
        "G19 the default port",
        server="https://api.test",
        env={"HTTPS_PROXY": "http://127.0.0.1:@refusing@", "NO_PROXY": "api.test:443"},
    )
    yield one(
        "G19 plain with a port",
        server="http://LOCALHOST:@plain@",
        env={"HTTP_PROXY": PROXY, "NO_PROXY": "localhost:@plain@"},
    )
