"""Kubeconfig files, or a pod's own account, become `Context` values, by kubectl's rules.

A `Context` says where its secrets are stored (file and entry), never what they are. Nothing is run and nothing is
contacted here. `KUBECTL.md` in this folder lists what kubectl 1.36 does and what we do, by rule (G1 to G29).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from ..errors import ConfigError
from .context import Context, ContextRow, Impersonate
from .document import parse_yaml
from .entries import Entry, folder_of, load, sound, text_of
from .merge import Merged, merge
from .resolution import names_in, resolve
from .surroundings import ACCOUNT_FOLDER, IN_CLUSTER, Surroundings
from .urls import same_server

__all__ = [
    "IN_CLUSTER",
    "Context",
    "ContextRow",
    "Impersonate",
    "choose",
    "cluster_entry",
    "contexts",
    "parse_yaml",
    "same_server",
    "user_entry",
    "without_frames",
]

_Path = str | os.PathLike[str] | None


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
        The namespace to use instead of the context's own.
    environ
        The environment variables; the process's own if None.
    account_folder
        The folder that the pod's account is mounted in.

    Returns
    -------
    Context
        Where the API server is, and where the secrets are stored.

    Raises
    ------
    ConfigError
        There is no such context, or it cannot be used: the message names file and field, the hint the alternatives.
    """
    surroundings = Surroundings(os.environ if environ is None else environ, account_folder)
    try:
        return _choose(context, kubeconfig, namespace, surroundings)
    except ConfigError as error:
        raise without_frames(error) from None


def contexts(
    kubeconfig: _Path = None, *, environ: Mapping[str, str] | None = None, account_folder: str = ACCOUNT_FOLDER
) -> tuple[ContextRow, ...]:
    """Every context; a broken one with its problem. It needs no current context, reads no secret and runs nothing.

    Parameters
    ----------
    kubeconfig, environ, account_folder
        As for `choose`.

    Raises
    ------
    ConfigError
        A file is no kubeconfig at all, or there is neither a kubeconfig nor a pod's account.
    """
    surroundings = Surroundings(os.environ if environ is None else environ, account_folder)
    try:
        return _contexts(kubeconfig, surroundings)
    except ConfigError as error:
        raise without_frames(error) from None


def without_frames(error: ConfigError) -> ConfigError:
    """The same error without its traceback, and with a hint.

    The frames below hold secrets, which a verbose traceback would show.
    """
    return ConfigError(str(error), hint=error.hint or "correct that file, or choose another with `--kubeconfig FILE`")


def user_entry(context: Context) -> dict[str, Any] | None:
    """What the file says now about the context's user, **with its secrets** and with absolute paths; None if gone."""
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
    if "/" in command or os.sep in command:  # a bare name is looked for on the caller's PATH (G23)
        body["exec"] = {**body["exec"], "command": os.path.normpath(os.path.join(folder, command))}
    return body


def cluster_entry(context: Context) -> dict[str, Any] | None:
    """What the file says now about the context's cluster, **with the logins in its URLs**; None if it is gone."""
    entry = load(context.cluster_file)["clusters"].get(context.cluster) if context.cluster_file else None
    return None if entry is None else sound(entry)


def _choose(context: str | None, kubeconfig: _Path, namespace: str | None, surroundings: Surroundings) -> Context:
    merged = merge(kubeconfig, surroundings.environ)
    if _means_pod(context, merged) and (pod := surroundings.pod_context(namespace)) is not None:
        return pod
    if merged is None:
        raise surroundings.nothing_found()
    for problem in merged.problems:
        raise problem.error()
    name, where = context or merged.current, " and ".join(merged.files)
    if not name:
        raise ConfigError(f"{where} has no current-context", hint=names_in("contexts", merged.contexts))
    if name not in merged.contexts:
        what = f"no context {name!r}" if context else f"the current-context {name!r}, which does not exist"
        hint = names_in("contexts", merged.contexts)
        if context and os.path.isfile(os.path.expanduser(context)):
            hint = f"{context} is a file: read it with `--kubeconfig {context}`, in Python with kubeconfig={context!r}"
        raise ConfigError(f"{where} has {what}", hint=hint)
    return resolve(merged, name, namespace, surroundings)


def _means_pod(context: str | None, merged: Merged | None) -> bool:
    """Whether the pod's account is meant: by its name, or because the files define nothing (G1, G5)."""
    if context == IN_CLUSTER:
        return merged is None or context not in merged.contexts
    return not context and (merged is None or merged.is_empty)


def _contexts(kubeconfig: _Path, surroundings: Surroundings) -> tuple[ContextRow, ...]:
    merged = merge(kubeconfig, surroundings.environ)
    pod = surroundings.pod_context(None)
    rows = [_row(merged, name, entry, surroundings) for name, entry in merged.contexts.items()] if merged else []
    if pod is not None and all(row.name != IN_CLUSTER for row in rows):
        rows.append(
            ContextRow(
                name=IN_CLUSTER,
                current=_means_pod(None, merged),
                cluster="",
                server=pod.server,
                user="",
                namespace=pod.namespace,
                signs_in=pod.signs_in,
                impersonate="",
                file=pod.token_file or "",
                problem=None,
            )
        )
    if merged is None and not rows:
        raise surroundings.nothing_found()
    return tuple(rows)


def _row(merged: Merged, name: str, entry: Entry, surroundings: Surroundings) -> ContextRow:
    """One context in the list, as far as it can be resolved."""
    row = ContextRow(
        name=name,
        current=name == merged.current,
        cluster=text_of(entry.body, "cluster"),
        server="",
        user=text_of(entry.body, "user"),
        namespace=text_of(entry.body, "namespace"),
        signs_in=(),
        impersonate="",
        file=entry.path,
        problem=None,
    )
    try:
        context = resolve(merged, name, None, surroundings)
        row = row._replace(
            server=context.server,
            namespace=context.namespace,
            signs_in=context.signs_in,
            impersonate=context.impersonate.user if context.impersonate else "",
        )
        for problem in merged.problems:
            raise problem.error()
    except ConfigError as error:
        row = row._replace(problem=str(error))
    return row
