"""Finds problems on the way to the cluster and says how to fix them, without showing secrets.

Each check looks at one thing and reports one line about it: configuration, environment, server, credential, rights,
versions. Checks that depend on a failed one are left out: without a configuration there is no server to ask, and
without a server there are no rights to check.
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
from collections.abc import Callable, Generator, Iterator, Mapping
from typing import TYPE_CHECKING, Literal

from . import credentials
from .access import Attributes
from .call import Call, Limits
from .errors import CredentialError, KubeAccessError
from .text import one_line, redact
from .transport import proxies

if TYPE_CHECKING:
    from .cluster import Cluster
    from .kubeconfig import Context
    from .reply import Reply

__all__ = ["Examination", "Finding", "examine"]

State = Literal["ok", "note", "problem"]

_CONNECT_S = 5.0
_CHECK_S = 20.0  # for one request
_MAX_SKEW_S = 60.0  # a larger difference makes tokens and certificates look invalid
_IGNORED_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_SYSTEM_VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR")  # of OpenSSL: where the CAs of the system are
_PACKAGES = (
    *("kubeaccess_magic", "ipython", "ipykernel", "ipywidgets", "kubernetes", "urllib3", "requests", "pandas"),
    *("pyarrow", "msgspec", "tqdm"),
)


@dataclasses.dataclass(frozen=True)
class Finding:
    """The result of one check, as one line.

    Parameters
    ----------
    subject
        What was checked.
    state
        "ok", "note" for something to know, or "problem" for something to fix.
    message
        What was found.
    fix
        How to fix it, or None.
    """

    subject: str
    state: State
    message: str
    fix: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "message", one_line(redact(self.message)))
        object.__setattr__(self, "fix", one_line(redact(self.fix)) if self.fix else None)


class Examination(tuple[Finding, ...]):
    """All findings of an examination, displayed as lines."""

    __slots__ = ()

    @property
    def problems(self) -> tuple[Finding, ...]:
        """The findings that have to be fixed."""
        return tuple(finding for finding in self if finding.state == "problem")

    @property
    def conclusion(self) -> str:
        """How many problems there are, in words."""
        count = len(self.problems)
        return f"{count} problem{'s' * (count > 1)} to fix" if count else "no problems found"

    def __repr__(self) -> str:
        width = max((len(finding.subject) for finding in self), default=0)
        lines = []
        for finding in self:
            lines.append(f"{_MARKS[finding.state]}  {finding.subject:{width}}  {finding.message}")
            if finding.fix:
                lines.append(f"{'':{width + 8}}{finding.fix}")
        return "\n".join([*lines, "", self.conclusion])

    def _repr_html_(self) -> str:
        rows = "".join(_html_row(finding) for finding in self)
        return f"<table><tbody>{rows}</tbody></table><div>{html.escape(self.conclusion)}</div>"


_MARKS: Mapping[State, str] = {"ok": "ok  ", "note": "note", "problem": "!!  "}


def _html_row(finding: Finding) -> str:
    message = html.escape(finding.message)
    if finding.fix:
        message += f"<br><span style='opacity: .75'>{html.escape(finding.fix)}</span>"
    mark = html.escape(_MARKS[finding.state].strip())
    subject = html.escape(finding.subject)
    if finding.state == "problem":
        mark, subject = f"<strong>{mark}</strong>", f"<strong>{subject}</strong>"
    cells = "".join(f"<td style='text-align: left'>{cell}</td>" for cell in (mark, subject, message))
    return f"<tr>{cells}</tr>"


def examine(
    make: Callable[[], Cluster], *, namespace: str | None = None, environ: Mapping[str, str] | None = None
) -> Examination:
    """Check everything on the way to an app in the cluster, in the order in which a request passes it.

    Parameters
    ----------
    make
        Returns the Cluster to check. An error that it raises is a finding.
    namespace
        The namespace to check rights in; the Cluster's own if None.
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
        yield from _environment(environ)
        yield from _versions()
        return
    if cluster.context is not None:
        yield from _configuration(cluster.context)
    yield from _environment(environ, cluster.context)
    has_credential = cluster.context is None or cluster.context.signs_in or cluster.context.plain_http
    if has_credential and (yield from _server(cluster)) and (yield from _identity(cluster)):
        yield from _rights(cluster, namespace or cluster.namespace)
    yield from _versions()


def _configuration(context: Context) -> Iterator[Finding]:
    if context.in_cluster:
        yield Finding("configuration", "ok", "the service account of the pod that this runs in")
    else:
        files = " + ".join(context.files)
        user = f"; its user is in {context.user_file}" if context.user_file and len(context.files) > 1 else ""
        yield Finding("configuration", "ok", f"context {context.name} of {files}{user}")
    yield from _credential(context)
    if context.insecure_skip_tls_verify:
        yield Finding(
            "certificate",
            "note",
            "the server's certificate is not checked (insecure-skip-tls-verify)",
            "for a safe connection, set `certificate-authority-data` of the cluster in the kubeconfig",
        )
    elif not context.plain_http:
        authority = "the cluster's own CA" if context.ca_file or context.ca_data else "the CAs of this system"
        name = f", for the name {context.tls_server_name}" if context.tls_server_name else ""
        yield Finding("certificate", "ok", f"checked against {authority}{name}")
    if context.proxy:
        yield Finding("proxy", "ok", f"{context.proxy}, from proxy-url of the kubeconfig")


def _credential(context: Context) -> Iterator[Finding]:
    if context.plain_http:
        yield Finding(
            "signs in",
            "note",
            "no: no credential is sent over plain http",  # G10
            "`server:` in the kubeconfig should begin with https://",
        )
        return
    if not context.signs_in:
        yield Finding(
            "signs in",
            "problem",
            f"the user {context.user or '(none)'} has no credential",
            "`kubectl config view` shows the user of the context; `%kproxy contexts` lists other contexts",
        )
        return
    try:
        expiry = _certificate_expiry(context)
    except KubeAccessError as error:
        yield _problem("signs in", error)
        return
    if expiry is not None and expiry < datetime.datetime.now(datetime.UTC):
        yield Finding(
            "signs in",
            "problem",
            f"the client certificate ended on {expiry:%Y-%m-%d %H:%M} UTC",
            "get a new kubeconfig from whoever issued it (kubeadm: `kubeadm certs renew admin.conf`)",
        )
        return
    validity = f" (valid until {expiry:%Y-%m-%d %H:%M} UTC)" if expiry is not None else ""
    impersonation = f", acting as {context.impersonate.user}" if context.impersonate else ""
    yield Finding("signs in", "ok", "with " + " and ".join(context.signs_in) + validity + impersonation)


def _certificate_expiry(context: Context) -> datetime.datetime | None:
    """When the client certificate expires; None if the user has none."""
    if "client certificate" not in context.signs_in:
        return None
    certificate = credentials.for_context(context).sign(Call(unattended=True)).certificate
    if certificate is None or certificate.expires is None:
        return None
    return datetime.datetime.fromtimestamp(certificate.expires, datetime.UTC)


def _environment(environ: Mapping[str, str], context: Context | None = None) -> Iterator[Finding]:
    settings = [f"{name}={redact(environ[name])}" for name in proxies.VARIABLES if environ.get(name)]
    if settings:
        yield Finding("environment", "note", "proxies, read as kubectl reads them: " + " ".join(settings))  # G17
    has_authority = context is not None and bool(context.ca_file or context.ca_data)
    without_effect = (*_IGNORED_VARIABLES, *(_SYSTEM_VARIABLES if has_authority else ()))
    ignored = [name for name in without_effect if environ.get(name)]
    if ignored:
        verb = "have" if len(ignored) > 1 else "has"
        message = f"{', '.join(ignored)} {verb} no effect: the kubeconfig names the CA of a cluster"
        yield Finding("environment", "note", message)
    used = [name for name in _SYSTEM_VARIABLES if environ.get(name)]
    if context is not None and not has_authority and used:
        yield Finding("environment", "note", f"the CAs of this system are those of {' and '.join(used)}")


def _server(cluster: Cluster) -> Generator[Finding, None, bool]:
    """Check the API server; returns whether it answers."""
    limits = Limits(_CONNECT_S, _CHECK_S, _CHECK_S, 2**20)
    try:
        reply = cluster.engine.look("/version", cluster.call().child(limits))
    except CredentialError as error:  # nothing was sent
        yield _problem("signed in", error)
        return False
    except KubeAccessError as error:
        yield _problem("server", error)
        return False
    if reply.status_code in (401, 403):  # it does not tell its version to everybody
        yield Finding("server", "ok", f"{cluster.server} answers")
        yield from _clock(reply)
        return True
    version = _version_of(reply)
    if version is None:
        yield Finding(
            "server",
            "problem",
            f"{cluster.server} answers {reply.status_code}, but not as an API server does",
            "check `server:` in the kubeconfig; perhaps the login page of a network answered",
        )
        return False
    elapsed_ms = reply.elapsed.total_seconds() * 1000
    yield Finding("server", "ok", f"{cluster.server} answers in {elapsed_ms:.0f} ms: Kubernetes {version}")
    yield from _clock(reply)
    return True


def _version_of(reply: Reply) -> str | None:
    try:
        document = json.loads(reply.content)
        return str(document["gitVersion"])[:40]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _clock(reply: Reply) -> Iterator[Finding]:
    try:
        server_time = email.utils.parsedate_to_datetime(reply.headers["date"])
        skew_s = (datetime.datetime.now(datetime.UTC) - server_time).total_seconds()
    except (KeyError, ValueError, TypeError):
        return
    if abs(skew_s) < _MAX_SKEW_S:
        yield Finding("clock", "ok", "agrees with the server's clock")
    else:
        yield Finding(
            "clock",
            "problem",
            f"{abs(skew_s):,.0f} s {'ahead of' if skew_s > 0 else 'behind'} the server's clock",
            "set the clock of this machine: tokens and certificates look expired or not yet valid",
        )


def _identity(cluster: Cluster) -> Generator[Finding, None, bool]:
    """Check who the API server says we are; returns whether it knows us."""
    try:
        user, groups = cluster.identity()
    except KubeAccessError as error:
        yield _problem("signed in", error)
        return False
    if user == "system:anonymous":
        yield Finding(
            "signed in",
            "problem",
            "as nobody (system:anonymous)",
            "the credential was not sent or not recognised; check the user of the context",
        )
        return False
    own_groups = [group for group in groups if group != "system:authenticated"]
    yield Finding("signed in", "ok", f"as {user}" + (f", in {', '.join(own_groups[:8])}" if own_groups else ""))
    return True


def _rights(cluster: Cluster, namespace: str) -> Iterator[Finding]:
    checks = {
        "list services": Attributes("list", "services", "", "", namespace),
        "list pods": Attributes("list", "pods", "", "", namespace),
        "read from services (GET)": Attributes("get", "services", "proxy", "", namespace),
        "send to services (POST)": Attributes("create", "services", "proxy", "", namespace),
        "read from pods (GET)": Attributes("get", "pods", "proxy", "", namespace),
    }
    allowed: list[str] = []
    denied: list[str] = []
    try:
        for action, attributes in checks.items():
            (allowed if cluster.engine.allows(attributes, cluster.call()) else denied).append(action)
    except KubeAccessError as error:
        yield _problem("rights", error)
        return
    if allowed:
        yield Finding("rights", "ok", f"in {namespace} you may " + ", ".join(allowed))
    if denied:
        yield Finding(
            "rights",
            "note",
            f"in {namespace} you may not " + ", ".join(denied),
            "single names may still be allowed: `%kproxy can TARGET` checks one and shows the Role to ask for",
        )


def _versions() -> Iterator[Finding]:
    versions = {name: version for name in _PACKAGES if (version := _installed_version(name)) is not None}
    listed = ", ".join(f"{name} {version}" for name, version in versions.items())
    yield Finding("versions", "ok", f"Python {platform.python_version()}, {ssl.OPENSSL_VERSION}; {listed}")
    if (replacement := _installed_version("urllib3-future")) is not None:
        yield Finding(
            "versions",
            "problem",
            f"urllib3-future {replacement} replaces urllib3 (niquests installs it)",
            "uninstall niquests and urllib3-future, then reinstall urllib3",
        )
    for package, minimum in (("kubernetes", 31), ("ipywidgets", 8), ("pandas", 2)):
        major = versions.get(package, "").partition(".")[0]
        if package in versions and major.isdecimal() and int(major) < minimum:
            message = f"{package} {versions[package]} is too old"
            yield Finding("versions", "problem", message, f'pip install "{package}>={minimum}"')
    if "pyarrow" not in versions:
        yield Finding(
            "versions",
            "note",
            "pyarrow is not installed: large answers become frames more slowly",
            "pip install kubeaccess_magic[fast]",
        )


def _installed_version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _problem(subject: str, error: KubeAccessError) -> Finding:
    return Finding(subject, "problem", str(error), error.hint)
