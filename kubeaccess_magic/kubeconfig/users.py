"""The user of a context: how it signs in, and which faults kubectl refuses, even in unused fields."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

from .entries import text_of
from .files import file_problem
from .placeholders import encoding_problem, placeholder_problem
from .problem import Problem

__all__ = ["RELATIVE_PATHS", "exec_version_problem", "secret_problems", "sign_in_methods", "user_problems"]

RELATIVE_PATHS = "a path that does not begin with a slash counts from the folder of its kubeconfig"
_EXEC_GROUP = "client.authentication.k8s.io"
_EXEC_VERSIONS = (f"{_EXEC_GROUP}/v1", f"{_EXEC_GROUP}/v1beta1")
_MODES = ("Never", "IfAvailable", "Always")


def user_problems(user: Mapping[str, Any], folder: str) -> Iterator[Problem]:
    """What is wrong with a user (G13, G21 to G23), most important first.

    Parameters
    ----------
    user
        The body of the entry.
    folder
        The folder of its kubeconfig, from which relative paths count.
    """
    if user.get("token") and (user.get("username") or user.get("password")):
        yield Problem("has both a token and a user name with password; keep one")
    yield from _certificate_problems(user, folder)
    if user.get("exec") is not None:
        yield from _exec_problems(user)


def secret_problems(user: Mapping[str, Any]) -> Iterator[Problem]:
    """Secrets of a user that are placeholders; only those that would be sent."""
    for field in ("client-certificate-data", "client-key-data"):
        if (problem := encoding_problem(text_of(user, field), field)) is not None:
            yield problem._replace(what=f"cannot sign in: its {problem.what}")
    fields = ["password"] if user.get("tokenFile") else ["password", "token"]
    secrets = {field: text_of(user, field) for field in fields}
    provider = user.get("auth-provider") or {}
    secrets |= {f"auth-provider {field}": value or "" for field, value in (provider.get("config") or {}).items()}
    for field, value in secrets.items():
        if (problem := placeholder_problem(value, field)) is not None:
            yield problem._replace(what=f"cannot sign in: its {problem.what}")


def exec_version_problem(version: object) -> Problem | None:
    """Why a version of the exec plugin API is refused (G23); None if it is supported."""
    if version in _EXEC_VERSIONS:
        return None
    return Problem(
        f"has an exec entry with apiVersion {version}, which is not supported (nor by kubectl)",
        f"if the plugin is up to date, write {_EXEC_VERSIONS[1]} there; or let its tool write the entry anew, "
        "such as `aws eks update-kubeconfig`",
    )


def sign_in_methods(user: Mapping[str, Any]) -> tuple[str, ...]:
    """How a user signs in, in the words of `Context.signs_in`; by a plugin only if there is nothing else (G22)."""
    certificate = user.get("client-certificate") or user.get("client-certificate-data")
    methods = ["client certificate"] if certificate else []
    for field, method in (("tokenFile", "tokenFile"), ("token", "token"), ("username", "basic")):
        if user.get(field):
            methods.append(method)
            break
    if user.get("auth-provider") is not None:
        methods.append(f"auth provider {text_of(user['auth-provider'], 'name')}")
    return tuple(methods) or (("exec",) if user.get("exec") is not None else ())


def _certificate_problems(user: Mapping[str, Any], folder: str) -> Iterator[Problem]:
    if not (user.get("client-certificate") or user.get("client-certificate-data")):
        return
    for field in ("client-certificate", "client-key"):
        file, data = user.get(field), user.get(f"{field}-data")
        if file and data:
            yield Problem(f"has both {field} and {field}-data; keep one")
        if not file and not data:
            yield Problem(f"has a client certificate without {field}")
        if file:
            path = os.path.normpath(os.path.join(folder, file))
            if (reason := file_problem(path)) is not None:
                yield Problem(f"has a {field} that cannot be read ({path}: {reason})", RELATIVE_PATHS)


def _exec_problems(user: Mapping[str, Any]) -> Iterator[Problem]:
    plugin = user["exec"]
    if user.get("auth-provider") is not None:
        yield Problem("has both exec and auth-provider; keep one")
    yield from (
        Problem(f"has an exec entry without {field}") for field in ("command", "apiVersion") if not plugin.get(field)
    )
    if any(not (variable or {}).get("name") for variable in plugin.get("env") or ()):
        yield Problem("has an exec entry with an env variable without a name")
    version, mode = plugin.get("apiVersion") or "", plugin.get("interactiveMode") or ""
    if mode in _MODES or (not mode and version.endswith("beta1")):
        return
    # An old entry has no interactiveMode either, and adding one would not help.
    modes = f"has an exec entry whose interactiveMode must be one of {', '.join(_MODES)}"
    yield exec_version_problem(version) or Problem(modes)
