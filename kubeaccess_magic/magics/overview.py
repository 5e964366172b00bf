"""The output of bare ``%kproxy``: the cluster in use, the user, and the built-in services."""

from __future__ import annotations

import html
import numbers
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..errors import KubeAccessError
from ..text import escape, one_line

if TYPE_CHECKING:
    import pandas as pd

    from ..cluster import Cluster

__all__ = ["Overview", "header"]


def header(cluster: Cluster) -> str:
    """One line that names the context, the server and the namespace in use; nothing is contacted."""
    acting = f" as {cluster.impersonating}" if cluster.impersonating else ""
    context = cluster.context
    unsafe = " · its certificate is not checked" if context is not None and context.insecure_skip_tls_verify else ""
    return one_line(f"{cluster.name}{acting} · {cluster.server} · namespace {cluster.namespace}{unsafe}")


class Overview:
    """The output of bare ``%kproxy``: the user, the built-in services with their proxy URLs, and what to type next."""

    def __init__(self, cluster: Cluster, namespace: str | None = None) -> None:
        self.user: str | None = None
        self.services: pd.DataFrame | None = None
        self.problem: KubeAccessError | None = None
        try:
            self.user = cluster.user()
            self.services = cluster.info(namespace)
        except KubeAccessError as error:
            self.problem = error
        self._next = _what_next(self.services, cluster.namespace)

    def _lines(self) -> list[str]:
        lines = [f"signed in as {one_line(self.user)}"] if self.user else []
        if self.problem is not None:
            lines += [one_line(f"{type(self.problem).__name__}: {self.problem}"), one_line(self.problem.hint or "")]
        note = self._note()
        return [line for line in [*lines, note] if line]

    def _note(self) -> str:
        if self.services is None:
            return ""
        return one_line(str((self.services.attrs.get("kproxy") or {}).get("note") or ""))

    def __repr__(self) -> str:
        lines = self._lines()
        if self.services is not None:
            for row in _rows(self.services):
                ready = f"{row.ready}/{row.endpoints} ready" if _is_counted(row) else ""
                lines += [
                    "",
                    f"{row.name}" + (f" · {ready}" if ready else "") + (f" · {row.note}" if row.note else ""),
                    *([f"    %kproxy {row.target}", f"    {row.url}"] if row.target else []),
                    *([f"    {row.external}"] if row.external else []),
                ]
        return "\n".join([*map(one_line, lines), "", *self._next])

    def _repr_html_(self) -> str:
        lines = "".join(f"<div>{html.escape(line)}</div>" for line in self._lines())
        rows = ""
        if self.services is not None:
            for row in _rows(self.services):
                cells = [
                    f"<strong>{escape(row.name)}</strong>",
                    f"<code style='white-space: nowrap'>%kproxy {escape(row.target)}</code>" if row.target else "",
                    f"{row.ready} of {row.endpoints}" if _is_counted(row) else "",
                    "<br>".join(escape(part) for part in (row.external, row.note) if part),
                    f"<code>{escape(row.url)}</code>",
                ]
                rows += "<tr>" + "".join(f"<td style='text-align: left'>{cell}</td>" for cell in cells) + "</tr>"
        head = "".join(
            f"<th style='text-align: left'>{name}</th>" for name in ("service", "to type", "ready", "", "proxy URL")
        )
        table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>" if rows else ""
        following = "".join(
            f"<div><code style='white-space: pre'>{html.escape(line)}</code></div>" for line in self._next
        )
        return f"<div>{lines}{table}<div style='margin-top: .5em; opacity: .75'>{following}</div></div>"


def _is_counted(row: Any) -> bool:
    """Whether the endpoints could be counted: neither of the two is a gap."""
    return isinstance(row.ready, numbers.Integral) and isinstance(row.endpoints, numbers.Integral)


def _rows(frame: pd.DataFrame) -> Iterator[Any]:
    return frame.itertuples()


def _what_next(services: pd.DataFrame | None, namespace: str) -> list[str]:
    if services is None:
        return ["%kproxy contexts      the contexts of your kubeconfig", "%kproxy demo          a demo cluster to try"]
    named = [(row.ready == 0, position, row.target) for position, row in enumerate(_rows(services)) if row.target]
    lines = ["%kproxy services -A   every service, with the text to type"]
    if named:
        lines.append(f"df = %kproxy {one_line(min(named)[2])} PATH")  # one that can answer, if there is one
    return [*lines, "%kproxy -h            everything else"]
