"""Kubeconfig files, or the pod's own account, become `Context` values, by kubectl's rules.

A `Context` says where its secrets stand (file and entry), never what they are. Nothing is run and nothing is
contacted here. Rule ids (G1 ...) are those of the measured rules of kubectl 1.36:
`KUBECTL.md`, beside this file, has what kubectl does and what we do.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ..errors import ConfigError
from .document import parse
from .entries import decoded, folder_of, load, sound, text_of
from .fields import RELATIVE, proxy_of, server_of, signs_in_by, user_faults
from .merging import Merged, default_paths, merge

__all__ = [
    "IN_CLUSTER",
    "Context",
    "Impersonate",
    "Listed",
    "anew",
    "choose",
    "cluster_entry",
    "contexts",
    "parse",
    "same_server",
    "user_entry",
]

ACCOUNT_FOLDER = "/var/run/secrets/kubernetes.io/serviceaccount"
IN_CLUSTER = "in-cluster"  # the pod's own account among the contexts

_Path = str | os.PathLike[str] | None


@dataclasses.dataclass(frozen=True, slots=True)
class Impersonate:
    """As whom to act (G28). Anything without a user is refused when requests are signed, `--as` may still bring one."""

    user: str = ""
    uid: str = ""
    groups: tuple[str, ...] = ()
    extra: tuple[tuple[str, tuple[str, ...]], ...] = dataclasses.field(default=(), repr=False)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """One chosen context: where the API server is and where its secrets stand, never the secrets.

    Attributes
    ----------
    name, cluster, user
        Of the entries in the files; the pod's account has no cluster and no user.
    namespace
        Of targets that name none (G9).
    server
        ``http(s)://host[:port][/base]``, without login, query, fragment and final slash (G12).
    files
        Every kubeconfig that was read, in order.
    user_file, cluster_file
        The ones that define user and cluster; None: it is in none of them.
    ca_file, ca_data
        Whom to trust: one of the two, never both (G13); the system's authorities where both are None.
    tls_server_name
        The name that the server's certificate must have, if it is not the host (G15).
    insecure_skip_tls_verify
        Whether the server's certificate is not looked at.
    disable_compression
        Whether answers are asked for uncompressed.
    signs_in
        How, in words: ``token``, ``tokenFile``, ``client certificate``, ``basic``, ``exec``, ``auth provider NAME``,
        ``pod account``, ``login in the server URL``; empty where there is no credential (G6).
    impersonate
        As whom to act; None: as oneself.
    in_cluster
        Whether it is the pod's own account.
    proxy
        The proxy-url without its login, which `cluster_entry` has (G16).
    login_in_server
        Whether the server's URL has a login, which `cluster_entry` has.
    token_file
        Where the token of the pod's account stands; None for any other context.
    """

    name: str
    cluster: str
    user: str
    namespace: str
    server: str
    files: tuple[str, ...] = ()
    user_file: str | None = None
    cluster_file: str | None = None
    ca_file: str | None = None
    ca_data: bytes | None = dataclasses.field(default=None, repr=False)
    tls_server_name: str | None = None
    insecure_skip_tls_verify: bool = False
    disable_compression: bool = False
    signs_in: tuple[str, ...] = ()
    impersonate: Impersonate | None = None
    in_cluster: bool = False
    proxy: str | None = None
    login_in_server: bool = False
    token_file: str | None = None

    @property
    def plain_http(self) -> bool:
        """Whether nothing secret may be sent to this server (G10)."""
        return self.server.startswith("http://")


class Listed(NamedTuple):
    """One row of `contexts`; ``problem`` says why it cannot be chosen, None where it can."""

    name: str
    current: bool
    cluster: str
    server: str
    user: str
    namespace: str
    signs_in: tuple[str, ...]
    impersonate: str
    file: str
    problem: str | None


def contexts(
    kubeconfig: _Path = None, *, environ: Mapping[str, str] | None = None, account_folder: str = ACCOUNT_FOLDER
) -> tuple[Listed, ...]:
    """Every context there is, the broken ones with their problem. Needs no current context and no secret, runs nothing.

    Raises
    ------
    ConfigError
        A file is no kubeconfig at all, or there is neither a kubeconfig nor a pod's account.
    """
    try:
        return _contexts(kubeconfig, os.environ if environ is None else environ, account_folder)
    except ConfigError as error:
        raise anew(error) from None


def choose(
    context: str | None = None,
    *,
    kubeconfig: _Path = None,
    namespace: str | None = None,
    environ: Mapping[str, str] | None = None,
    account_folder: str = ACCOUNT_FOLDER,
) -> Context:
    """The context that kubectl would choose (G1 to G5, G9).

    Parameters
    ----------
    context
        Its name; None or ``""`` for the current one.
    kubeconfig
        A file; None or ``""`` for what ``KUBECONFIG`` names, else ``~/.kube/config``, else the pod's account.
    namespace
        Instead of the context's.
    environ, account_folder
        Where the environment and the pod's account are looked for; the process's own.

    Raises
    ------
    ConfigError
        There is no such context, or it cannot be used: the message names file and field, the hint what there is.
    """
    try:
        return _choose(context, kubeconfig, namespace, os.environ if environ is None else environ, account_folder)
    except ConfigError as error:
        raise anew(error) from None


def anew(error: ConfigError) -> ConfigError:
    """The same error with a hint, and without the frames below: they hold secrets, which a verbose traceback shows."""
    return ConfigError(str(error), hint=error.hint or "mend that file, or name another by `--kubeconfig FILE`")


def same_server(one: str, other: str) -> bool:
    """Whether two URLs are the same API server: scheme, host, port and base path, whatever their spelling."""
    try:
        return server_of(one).key == server_of(other).key
    except ConfigError:
        return False


def user_entry(context: Context) -> dict[str, Any] | None:
    """What the file says now of the context's user, **with its secrets**, paths made absolute. None: it is gone."""
    if context.user_file is None:
        return None
    entry = load(context.user_file).get("users", {}).get(context.user)
    if entry is None:
        return None
    body, folder = dict(sound(entry)), folder_of(context.user_file)
    for field in ("client-certificate", "client-key", "tokenFile"):
        if body.get(field):
            body[field] = os.path.normpath(os.path.join(folder, body[field]))
    command = text_of(body.get("exec") or {}, "command")
    if "/" in command or os.sep in command:  # without it, the caller's PATH (G23)
        body["exec"] = {**body["exec"], "command": os.path.normpath(os.path.join(folder, command))}
    return body


def cluster_entry(context: Context) -> dict[str, Any] | None:
    """What the file says now of the context's cluster, **with the logins in its URLs**. None: it is gone."""
    entry = load(context.cluster_file)["clusters"].get(context.cluster) if context.cluster_file else None
    return None if entry is None else sound(entry)


# --- a context of the files ------------------------------------------------------------------------------------------


def _contexts(kubeconfig: _Path, environ: Mapping[str, str], account_folder: str) -> tuple[Listed, ...]:
    merged = merge(kubeconfig, environ)
    rows = []
    for name, entry in merged.sections["contexts"].items() if merged else ():
        assert merged is not None
        row = Listed(
            name, name == merged.current, text_of(entry.body, "cluster"), "", text_of(entry.body, "user"),
            text_of(entry.body, "namespace"), (), "", entry.path, None,
        )  # fmt: skip  # one line per field says nothing more
        try:
            found = _from_files(merged, name, None, environ, account_folder)
            acting = found.impersonate.user if found.impersonate else ""
            row = row._replace(
                server=found.server, namespace=found.namespace, signs_in=found.signs_in, impersonate=acting
            )
            if merged.faults:
                raise ConfigError(merged.faults[0])
        except ConfigError as error:
            row = row._replace(problem=str(error))
        rows.append(row)
    pod = _from_pod(None, environ, account_folder)
    if pod is not None and all(row.name != IN_CLUSTER for row in rows):
        file = pod.token_file or ""
        rows.append(Listed(IN_CLUSTER, merged is None, "", pod.server, "", pod.namespace, pod.signs_in, "", file, None))
    if merged is None and not rows:
        raise _nothing_found(environ)
    return tuple(rows)


def _choose(
    context: str | None, kubeconfig: _Path, namespace: str | None, environ: Mapping[str, str], account_folder: str
) -> Context:
    merged = merge(kubeconfig, environ)
    if merged is None or (context == IN_CLUSTER and context not in merged.sections["contexts"]):
        pod = _from_pod(namespace, environ, account_folder)
        if pod is not None and context in (None, "", IN_CLUSTER):
            return pod
    if merged is None:
        raise _nothing_found(environ)
    if merged.faults:
        raise ConfigError(merged.faults[0])
    name, names, where = context or merged.current, merged.sections["contexts"], " and ".join(merged.files)
    if not name:
        raise ConfigError(f"{where} has no current-context", hint=_which("contexts", names))
    if name not in names:
        what = f"no context {name!r}" if context else f"the current-context {name!r}, which does not exist"
        hint = _which("contexts", names)
        if context and os.path.isfile(os.path.expanduser(context)):
            hint = f"{context} is a file: `--kubeconfig {context}` reads it, in Python kubeconfig={context!r}"
        raise ConfigError(f"{where} has {what}", hint=hint)
    return _from_files(merged, name, namespace, environ, account_folder)


def _from_files(
    merged: Merged, name: str, namespace: str | None, environ: Mapping[str, str], account_folder: str
) -> Context:
    """The context of that name with its cluster and user; what kubectl refuses of them is refused."""
    entry, clusters = merged.sections["contexts"][name], merged.sections["clusters"]
    body = sound(entry)
    if not name:
        raise ConfigError(f"{entry.path} has a context without a name")
    cluster_name, user_name = text_of(body, "cluster"), text_of(body, "user")
    if cluster_name not in clusters:
        what = f"names the cluster {cluster_name!r}, which is not there" if cluster_name else "names no cluster"
        raise ConfigError(f"context {name!r} of {entry.path} {what}", hint=_which("clusters", clusters))
    cluster_path = clusters[cluster_name].path
    cluster, label = sound(clusters[cluster_name]), f"cluster {cluster_name!r} of {cluster_path}"
    server = server_of(text_of(cluster, "server") or environ.get("KUBERNETES_MASTER", ""), label)
    insecure = bool(cluster.get("insecure-skip-tls-verify"))
    ca_file, ca_data = (
        text_of(cluster, "certificate-authority"),
        decoded(text_of(cluster, "certificate-authority-data")),
    )
    if ca_file:
        ca_file = os.path.normpath(os.path.join(folder_of(cluster_path), ca_file))
        if not os.access(ca_file, os.R_OK):
            raise ConfigError(f"{label} has a certificate-authority that cannot be read ({ca_file})", hint=RELATIVE)
    if ca_file and ca_data:
        raise ConfigError(f"{label} has certificate-authority and certificate-authority-data; keep one")
    if (ca_file or ca_data) and insecure and server.key[0] == "https":
        raise ConfigError(f"{label} has a certificate authority and insecure-skip-tls-verify; keep one")
    found = merged.sections["users"].get(user_name)
    user = {} if found is None else sound(found)
    for fault in user_faults(user, folder_of(found.path)) if found else ():
        hint = RELATIVE if "cannot be read" in fault else None
        raise ConfigError(f"user {user_name!r} of {found.path if found else None} {fault}", hint=hint)
    extra = tuple((key, tuple(value or "" for value in values or ())) for key, values in _map(user, "as-user-extra"))
    groups = tuple(group or "" for group in user.get("as-groups") or ())
    impersonate = Impersonate(text_of(user, "as"), text_of(user, "as-uid"), groups, extra)
    signs_in = signs_in_by(user)
    if server.login and signs_in:  # it replaces the Authorization, if there is any credential at all (G12, G6)
        signs_in = (*(how for how in signs_in if how == "client certificate"), "login in the server URL")
    return Context(
        name=name,
        cluster=cluster_name,
        user=user_name,
        namespace=namespace or text_of(body, "namespace") or _pod_namespace(environ, account_folder) or "default",
        server=server.url,
        files=merged.files,
        user_file=found.path if found else None,
        cluster_file=cluster_path,
        ca_file=ca_file or None,
        ca_data=ca_data or None,
        tls_server_name=text_of(cluster, "tls-server-name") or None,
        insecure_skip_tls_verify=insecure,
        disable_compression=bool(cluster.get("disable-compression")),
        signs_in=signs_in,
        impersonate=None if impersonate == Impersonate() else impersonate,
        proxy=proxy_of(text_of(cluster, "proxy-url"), label),
        login_in_server=server.login,
    )


def _map(body: Mapping[str, Any], field: str) -> Sequence[tuple[str, Any]]:
    return tuple((body.get(field) or {}).items())


# --- the pod's own account -------------------------------------------------------------------------------------------


def _from_pod(namespace: str | None, environ: Mapping[str, str], account_folder: str) -> Context | None:
    """The account that Kubernetes mounts into a pod; None outside of a pod and where none is mounted."""
    host, port = environ.get("KUBERNETES_SERVICE_HOST"), environ.get("KUBERNETES_SERVICE_PORT")
    token, ca = os.path.join(account_folder, "token"), os.path.join(account_folder, "ca.crt")
    if not host or not port or not os.path.isfile(token):
        return None
    return Context(
        name=IN_CLUSTER,
        cluster="",
        user="",
        namespace=namespace or _pod_namespace(environ, account_folder) or "default",
        server=server_of(f"https://{f'[{host}]' if ':' in host else host}:{port}", "this pod").url,
        ca_file=ca if os.path.isfile(ca) else None,
        signs_in=("pod account",),
        in_cluster=True,
        token_file=token,
    )


def _pod_namespace(environ: Mapping[str, str], account_folder: str) -> str:
    """The pod's namespace (G9): ``POD_NAMESPACE``, else the account's file; nothing outside of a pod."""
    inside = environ.get("KUBERNETES_SERVICE_HOST") and environ.get("KUBERNETES_SERVICE_PORT")
    if not inside or not os.path.isfile(os.path.join(account_folder, "token")):
        return ""
    with contextlib.suppress(OSError, ValueError), open(os.path.join(account_folder, "namespace"), "rb") as file:
        return environ.get("POD_NAMESPACE") or file.read(256).decode().strip()
    return environ.get("POD_NAMESPACE", "")


def _nothing_found(environ: Mapping[str, str]) -> ConfigError:
    """No kubeconfig and no account: what was looked for, and the ways out."""
    paths = ", ".join(default_paths(environ))
    hint = "set KUBECONFIG or give --kubeconfig FILE; `%kproxy demo` starts a demo cluster to try things on"
    looked = f"no kubeconfig ({paths} does not exist)" if paths else "no kubeconfig"
    if environ.get("KUBERNETES_SERVICE_HOST"):
        chart = "in JupyterHub's chart `singleuser.serviceAccountName: NAME` mounts one, for new servers"
        hint = f"{chart}; or put a kubeconfig at ~/.kube/config, or {hint}"
        return ConfigError(f"{looked}, and this pod has no service account mounted", hint=hint)
    return ConfigError(f"{looked}, and this is no pod", hint=hint)


def _which(what: str, names: Mapping[str, object], most: int = 20) -> str:
    if not names:
        return f"it has no {what}; `%kproxy demo` starts a demo cluster to try things on"
    shown = ", ".join(repr(name)[1:-1] for name in list(names)[:most])
    return f"{what} there are: {shown}" + (f" and {len(names) - most} more" if len(names) > most else "")
