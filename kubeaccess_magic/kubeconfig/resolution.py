"""One context of the merged files, with its cluster and its user. Whatever kubectl refuses is refused."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, NamedTuple

from ..errors import ConfigError
from .context import Context, Impersonate
from .entries import Entry, base64_decoded, folder_of, sound, text_of
from .files import file_problem
from .merge import Merged
from .placeholders import encoding_problem
from .surroundings import Surroundings
from .urls import ServerAddress, proxy_of, server_of
from .users import RELATIVE_PATHS, secret_problems, sign_in_methods, user_problems

__all__ = ["names_in", "resolve"]


def resolve(merged: Merged, name: str, namespace: str | None, surroundings: Surroundings) -> Context:
    """The context of that name.

    Parameters
    ----------
    merged
        The files; `name` is one of their contexts.
    name
        The context.
    namespace
        The namespace to use instead of the context's own.
    surroundings
        For what the files leave open.

    Raises
    ------
    ConfigError
        The context cannot be used; the message names the file and the entry.
    """
    entry = merged.contexts[name]
    body = sound(entry)
    if not name:
        raise ConfigError(f"{entry.path} has a context without a name")
    cluster = _cluster(merged, name, surroundings)
    user_name = text_of(body, "user")
    user_entry = merged.sections["users"].get(user_name)
    user = _user(user_name, user_entry, cluster.server)
    signs_in = sign_in_methods(user)
    if cluster.server.login and signs_in:  # it replaces Authorization, if there is any credential at all (G12, G6)
        signs_in = (*(method for method in signs_in if method == "client certificate"), "login in the server URL")
    return Context(
        name=name,
        cluster=text_of(body, "cluster"),
        user=user_name,
        namespace=namespace or text_of(body, "namespace") or surroundings.pod_namespace or "default",
        server=cluster.server.url,
        files=merged.files,
        user_file=user_entry.path if user_entry else None,
        cluster_file=cluster.path,
        ca_file=cluster.ca_file,
        ca_data=cluster.ca_data,
        tls_server_name=text_of(cluster.body, "tls-server-name") or None,
        insecure_skip_tls_verify=bool(cluster.body.get("insecure-skip-tls-verify")),
        disable_compression=bool(cluster.body.get("disable-compression")),
        signs_in=signs_in,
        impersonate=_impersonate(user),
        proxy=proxy_of(text_of(cluster.body, "proxy-url"), cluster.place),
        login_in_server=cluster.server.login,
    )


def names_in(section: str, names: Mapping[str, object], max_names: int = 20) -> str:
    """A hint that lists the available names."""
    if not names:
        return f"it has no {section}; `%kproxy demo` starts a demo cluster to try things on"
    shown = ", ".join(repr(name)[1:-1] for name in list(names)[:max_names])
    more = f" and {len(names) - max_names} more" if len(names) > max_names else ""
    return f"available {section}: {shown}{more}"


class _ResolvedCluster(NamedTuple):
    body: Mapping[str, Any]
    path: str
    place: str  # for messages
    server: ServerAddress
    ca_file: str | None
    ca_data: bytes | None


def _cluster(merged: Merged, context_name: str, surroundings: Surroundings) -> _ResolvedCluster:
    """The cluster that a context names."""
    context, clusters = merged.contexts[context_name], merged.sections["clusters"]
    name = text_of(context.body, "cluster")
    if name not in clusters:
        what = f"names the cluster {name!r}, which does not exist" if name else "names no cluster"
        raise ConfigError(f"context {context_name!r} of {context.path} {what}", hint=names_in("clusters", clusters))
    path = clusters[name].path
    body, place = sound(clusters[name]), f"cluster {name!r} of {path}"
    server = server_of(text_of(body, "server") or surroundings.environ.get("KUBERNETES_MASTER", ""), place)
    ca_file = text_of(body, "certificate-authority")
    if ca_file:
        ca_file = os.path.normpath(os.path.join(folder_of(path), ca_file))
        if (reason := file_problem(ca_file)) is not None:
            what = f"has a certificate-authority that cannot be read ({ca_file}: {reason})"
            raise ConfigError(f"{place} {what}", hint=RELATIVE_PATHS)
    ca_text = text_of(body, "certificate-authority-data")
    if ca_file and ca_text:
        raise ConfigError(f"{place} has both certificate-authority and certificate-authority-data; keep one")
    if server.is_secure:
        _check_trust(body, place, has_authority=bool(ca_file or ca_text))
    return _ResolvedCluster(body, path, place, server, ca_file or None, base64_decoded(ca_text) or None)


def _check_trust(cluster: Mapping[str, Any], place: str, *, has_authority: bool) -> None:
    if has_authority and cluster.get("insecure-skip-tls-verify"):
        raise ConfigError(f"{place} has both a certificate authority and insecure-skip-tls-verify; keep one")
    field = "certificate-authority-data"
    if (problem := encoding_problem(text_of(cluster, field), field)) is not None:
        raise problem._replace(what=f"{place} cannot be trusted: its {problem.what}").error()


def _user(name: str, entry: Entry | None, server: ServerAddress) -> dict[str, Any]:
    """The body of the user that a context names; {} if there is none: signing in refuses that."""
    if entry is None:
        return {}
    user = sound(entry)
    place = f"user {name!r} of {entry.path}"
    for problem in user_problems(user, folder_of(entry.path)):
        raise problem.of(place).error()
    for problem in secret_problems(user) if server.is_secure else ():  # over plain http nothing of it is sent (G10)
        raise problem.of(place).error()
    return user


def _impersonate(user: Mapping[str, Any]) -> Impersonate | None:
    extra = (user.get("as-user-extra") or {}).items()
    impersonate = Impersonate(
        user=text_of(user, "as"),
        uid=text_of(user, "as-uid"),
        groups=tuple(group or "" for group in user.get("as-groups") or ()),
        extra=tuple((key, tuple(value or "" for value in values or ())) for key, values in extra),
    )
    return None if impersonate == Impersonate() else impersonate
