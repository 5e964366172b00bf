"""What is wrong here, and what mends it: configuration, network, server, credential, rights, versions; nothing secret.

Each step looks at one thing and says one line about it. A step whose ground is gone is left out: without a
configuration no server is asked, without a server no rights.
"""

from __future__ import annotations

import dataclasses
import datetime
import email.utils
import html
import importlib.metadata
import json
import os
import platform
import ssl
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from typing import TYPE_CHECKING, Literal

from . import credentials
from .access import Attributes
from .call import Call, Limits
from .errors import CredentialError, KubeAccessError
from .text import printable, redact
from .transport import proxies

if TYPE_CHECKING:
    from .cluster import Cluster
    from .kubeconfig import Context
    from .reply import Reply

__all__ = ["Examination", "Finding", "examine"]

State = Literal["ok", "note", "problem"]

_CONNECT_S = 5.0
_QUICK_S = 20.0  # for each question: who looks for what is wrong does not wait ten minutes
_SKEW_S = 60.0  # tokens and certificates are taken amiss beyond some such difference
_IGNORED_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_SYSTEM_VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR")  # of OpenSSL: they say where the CAs of the system are
_PACKAGES = (
    *("kubeaccess_magic", "ipython", "ipykernel", "ipywidgets", "kubernetes", "urllib3", "requests", "pandas"),
    *("pyarrow", "msgspec", "tqdm"),
)


@dataclasses.dataclass(frozen=True)
class Finding:
    """One line: what was looked at, how it is, and what mends it."""

    about: str
    state: State
    says: str
    mends: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "says", printable(redact(self.says)))
        object.__setattr__(self, "mends", printable(redact(self.mends)) if self.mends else None)


class Examination(tuple[Finding, ...]):
    """All findings, which show themselves as lines; `problems` are those that stand in the way."""

    __slots__ = ()

    @property
    def problems(self) -> tuple[Finding, ...]:
        """What has to be mended."""
        return tuple(finding for finding in self if finding.state == "problem")

    def __repr__(self) -> str:
        width = max((len(finding.about) for finding in self), default=0)
        lines = []
        for finding in self:
            lines.append(f"{_MARKS[finding.state]}  {finding.about:{width}}  {finding.says}")
            if finding.mends:
                lines.append(f"{'':{width + 8}}{finding.mends}")
        count = len(self.problems)
        lines += ["", "nothing is wrong" if not count else f"{count} thing{'s' * (count > 1)} to mend"]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        rows = ""
        for finding in self:
            says = html.escape(finding.says)
            if finding.mends:
                says += f"<br><span style='opacity: .75'>{html.escape(finding.mends)}</span>"
            mark = html.escape(_MARKS[finding.state].strip())
            about = html.escape(finding.about)
            if finding.state == "problem":
                mark, about = f"<strong>{mark}</strong>", f"<strong>{about}</strong>"
            rows += (
                "<tr>" + "".join(f"<td style='text-align: left'>{cell}</td>" for cell in (mark, about, says)) + "</tr>"
            )
        return f"<table><tbody>{rows}</tbody></table><div>{html.escape(repr(self).rsplit(chr(10), 1)[-1])}</div>"


_MARKS: Mapping[State, str] = {"ok": "ok  ", "note": "note", "problem": "!!  "}


def examine(
    make: Callable[[], Cluster], *, namespace: str | None = None, environ: Mapping[str, str] | None = None
) -> Examination:
    """Look at everything between here and an app in the cluster, in the order in which a request meets it.

    Parameters
    ----------
    make
        Gives the Cluster to look at; what it raises is a finding.
    namespace
        Where rights are looked at; the Cluster's own if None.
    environ
        The environment variables; those of this process if None.
    """
    environ = os.environ if environ is None else environ
    return Examination(_findings(make, namespace, environ))


def _findings(make: Callable[[], Cluster], namespace: str | None, environ: Mapping[str, str]) -> Iterator[Finding]:
    try:
        cluster = make()
    except KubeAccessError as error:
        yield _problem("configuration", error)
        yield from _variables(environ)
        yield from _versions()
        return
    if cluster.context is not None:
        yield from _configuration(cluster.context)
    yield from _variables(environ, cluster.context)
    has_credential = cluster.context is None or cluster.context.signs_in or cluster.context.plain_http
    if has_credential and (yield from _server(cluster)) and (yield from _identity(cluster)):
        yield from _rights(cluster, namespace or cluster.namespace)
    yield from _versions()


def _configuration(context: Context) -> Iterator[Finding]:
    if context.in_cluster:
        yield Finding("configuration", "ok", "the account of the pod that this runs in")
    else:
        files = " + ".join(context.files)
        of = f"; its user is in {context.user_file}" if context.user_file and len(context.files) > 1 else ""
        yield Finding("configuration", "ok", f"context {context.name} of {files}{of}")
    if context.plain_http:
        yield Finding(
            "signs in",
            "note",
            "not at all: over plain http no credential is sent",  # G10
            "`server:` in the kubeconfig should begin with https://",
        )
    elif context.signs_in:
        yield from _signs_in(context)
    else:
        yield Finding(
            "signs in",
            "problem",
            f"the user {context.user or '(none)'} has no credential",
            "`kubectl config view` shows what the context names; %kproxy contexts lists the others",
        )
    if context.insecure_skip_tls_verify:
        yield Finding(
            "certificate",
            "note",
            "the server's certificate is not checked (insecure-skip-tls-verify)",
            "`certificate-authority-data` of the cluster in the kubeconfig makes it safe",
        )
    elif not context.plain_http:
        ca = "the cluster's own CA" if context.ca_file or context.ca_data else "this system's CAs"
        named = f", for the name {context.tls_server_name}" if context.tls_server_name else ""
        yield Finding("certificate", "ok", f"checked against {ca}{named}")
    if context.proxy:
        yield Finding("proxy", "ok", f"{context.proxy}, by proxy-url of the kubeconfig")


def _signs_in(context: Context) -> Iterator[Finding]:
    acting = f", acting as {context.impersonate.user}" if context.impersonate else ""
    ends = None
    if "client certificate" in context.signs_in:
        try:
            certificate = credentials.for_context(context).sign(Call(unattended=True)).certificate
            ends = certificate.expires if certificate is not None else None
        except KubeAccessError as error:
            yield _problem("signs in", error)
            return
    day = "" if ends is None else datetime.datetime.fromtimestamp(ends, datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")
    if ends is not None and ends < time.time():
        yield Finding(
            "signs in",
            "problem",
            f"the client certificate ended on {day}",
            "get the kubeconfig anew from whoever made it (kubeadm: `kubeadm certs renew admin.conf`)",
        )
        return
    until = f" (until {day})" if day else ""
    yield Finding("signs in", "ok", "with " + " and ".join(context.signs_in) + until + acting)


def _variables(environ: Mapping[str, str], context: Context | None = None) -> Iterator[Finding]:
    named = [f"{name}={redact(environ[name])}" for name in proxies.VARIABLES if environ.get(name)]
    if named:
        yield Finding("environment", "note", "proxies as kubectl reads them: " + " ".join(named))  # G17
    has_authority = context is not None and bool(context.ca_file or context.ca_data)
    ignored = (*_IGNORED_VARIABLES, *(_SYSTEM_VARIABLES if has_authority else ()))
    without = [name for name in ignored if environ.get(name)]
    if without:
        verb = "have" if len(without) > 1 else "has"
        yield Finding("environment", "note", f"{', '.join(without)} {verb} no say: a cluster's CA is in its kubeconfig")
    if context is not None and not has_authority and (asked := [n for n in _SYSTEM_VARIABLES if environ.get(n)]):
        yield Finding("environment", "note", f"{' and '.join(asked)} say where this system's CAs are")


def _server(cluster: Cluster) -> Generator[Finding, None, bool]:
    """Whether it answers; a generator that returns it."""
    try:
        reply = cluster.engine.look("/version", cluster.call().child(Limits(_CONNECT_S, _QUICK_S, _QUICK_S, 2**20)))
    except CredentialError as error:  # nothing was sent
        yield _problem("signed in", error)
        return False
    except KubeAccessError as error:
        yield _problem("server", error)
        return False
    if reply.status_code in (401, 403):  # whom it does not know, or whom it does not tell its version
        yield Finding("server", "ok", f"{cluster.server} answers")
        yield from _clock(reply)
        return True
    version = _version_of(reply)
    took_ms = reply.elapsed.total_seconds() * 1000
    if version is None:
        yield Finding(
            "server",
            "problem",
            f"{cluster.server} answers {reply.status_code}, but not as an API server does",
            "look at `server:` in the kubeconfig; a login page of a network may stand between",
        )
        return False
    yield Finding("server", "ok", f"{cluster.server} answers in {took_ms:.0f} ms: Kubernetes {version}")
    yield from _clock(reply)
    return True


def _version_of(reply: Reply) -> str | None:
    try:
        document = json.loads(reply.content)
        return str(document["gitVersion"])[:40]
    except (ValueError, KeyError, TypeError):
        return None


def _clock(reply: Reply) -> Iterator[Finding]:
    try:
        there = email.utils.parsedate_to_datetime(reply.headers["date"])
        skew_s = (datetime.datetime.now(datetime.UTC) - there).total_seconds()
    except (KeyError, ValueError, TypeError):
        return
    if abs(skew_s) < _SKEW_S:
        yield Finding("clock", "ok", "agrees with the server's")
    else:
        yield Finding(
            "clock",
            "problem",
            f"{abs(skew_s):,.0f} s {'ahead of' if skew_s > 0 else 'behind'} the server's",
            "tokens and certificates look expired, or not yet valid: set this machine's clock",
        )


def _identity(cluster: Cluster) -> Generator[Finding, None, bool]:
    """As whom we are known; a generator that returns whether we are."""
    try:
        user, groups = cluster.identity()
    except KubeAccessError as error:
        yield _problem("signed in", error)
        return False
    if user == "system:anonymous":
        yield Finding(
            "signed in", "problem", "as nobody (system:anonymous)", "the credential did not arrive, or none was given"
        )
        return False
    known = [group for group in groups if group != "system:authenticated"]
    yield Finding("signed in", "ok", f"as {user}" + (f", in {', '.join(known[:8])}" if known else ""))
    return True


def _rights(cluster: Cluster, where: str) -> Iterator[Finding]:
    questions = {
        "list services": Attributes("list", "services", "", "", where),
        "list pods": Attributes("list", "pods", "", "", where),
        "ask services (GET)": Attributes("get", "services", "proxy", "", where),
        "send to services (POST)": Attributes("create", "services", "proxy", "", where),
        "ask pods (GET)": Attributes("get", "pods", "proxy", "", where),
    }
    allowed: list[str] = []
    refused: list[str] = []
    try:
        for words, attributes in questions.items():
            (allowed if cluster.engine.allows(attributes, cluster.call()) else refused).append(words)
    except KubeAccessError as error:
        yield _problem("rights", error)
        return
    if allowed:
        yield Finding("rights", "ok", f"in {where} you may " + ", ".join(allowed))
    if refused:
        yield Finding(
            "rights",
            "note",
            f"in {where} you may not " + ", ".join(refused),
            "a single name may be allowed all the same: `%kproxy can TARGET` says, with the Role to ask for",
        )


def _versions() -> Iterator[Finding]:
    found = {name: version for name in _PACKAGES if (version := _installed(name)) is not None}
    told = ", ".join(f"{name} {version}" for name, version in found.items())
    yield Finding("versions", "ok", f"Python {platform.python_version()}, {ssl.OPENSSL_VERSION}; {told}")
    if (other := _installed("urllib3-future")) is not None:
        yield Finding(
            "versions",
            "problem",
            f"urllib3-future {other} stands in for urllib3 (niquests brings it)",
            "uninstall niquests and urllib3-future, then reinstall urllib3",
        )
    for package, least in (("kubernetes", 31), ("ipywidgets", 8), ("pandas", 2)):
        major = found.get(package, "").partition(".")[0]
        if package in found and major.isdecimal() and int(major) < least:
            yield Finding(
                "versions", "problem", f"{package} {found[package]} is too old", f'pip install "{package}>={least}"'
            )
    if "pyarrow" not in found:
        yield Finding(
            "versions",
            "note",
            "pyarrow is not there: large answers become frames more slowly",
            "pip install kubeaccess_magic[fast]",
        )


def _installed(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _problem(about: str, error: KubeAccessError) -> Finding:
    return Finding(about, "problem", str(error), error.hint)
