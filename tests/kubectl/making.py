"""Helpers that make situations which differ from the usual one in a single thing."""

# ruff: noqa: E501 - a table is read by its columns
from __future__ import annotations

from collections.abc import Mapping

from .running import Situation

TLS = "https://127.0.0.1:@tls@"
PLAIN = "http://127.0.0.1:@plain@"
CA = "certificate-authority: ca.crt"


def config(
    user: str = "{token: t}",
    server: str = TLS,
    cluster: str = CA,
    *,
    context: str = "{cluster: c, user: u}",
    users: str | None = None,
    current: str = "current-context: x",
    top: str = "",
    name: str = "x",
) -> str:
    """The text of a usual kubeconfig, but for the parts that are given."""
    quoted = server.replace("\\", "\\\\").replace('"', '\\"')
    return (
        f'{top}\nclusters: [{{name: c, cluster: {{server: "{quoted}", {cluster}}}}}]\n'
        f"users: {users or f'[{{name: u, user: {user}}}]'}\ncontexts: [{{name: {name}, context: {context}}}]\n{current}\n"
    )


def one(
    title: str,
    /,
    *,
    args: tuple[str, ...] = (),
    env: Mapping[str, str] | None = None,
    more: Mapping[str, str | None] | None = None,
    difference: str = "",
    lists: bool = False,
    steps: tuple[Mapping[str, str | None], ...] = (),
    **parts: str,
) -> Situation:
    """A situation with one kubeconfig, the file `k`; `parts` are the arguments of `config`."""
    files = {"k": config(**parts), **(more or {})}
    return Situation(title, files, env or {}, ("--kubeconfig=k", *args), difference, steps, lists)
