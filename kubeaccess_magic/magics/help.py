"""The help of the magic: what ``%kproxy -h`` shows."""

from __future__ import annotations

import textwrap

from .options import OPTIONS
from .verbs import VERBS

__all__ = ["help_text"]


def help_text() -> str:
    """The help of the magic: what ``%kproxy -h`` shows."""
    lines = [
        "%kproxy [VERB | TARGET] [PATH] [options]",
        "%%kproxy TARGET [PATH] [options]        sends the cell as the body",
        "",
        "TARGET is an in-cluster address, as one knows it:",
        "    name  namespace/name  name:port  https:name:port  pod/name:port  node/name",
        "    http://name.namespace.svc:port/path   a proxy URL   /api/v1/…",
        "",
        "Verbs",
    ]
    for verb in VERBS:
        words = " ".join(f"[{w}]" if n >= verb.needs else w for n, w in enumerate(verb.words))
        lines.append(f"    {(verb.name + ' ' + words).strip():24}{verb.help}")
    lines += ["", "Options"]
    for option in OPTIONS:
        names = ", ".join(option.names) + (f" {option.value}" if option.value else "")
        lines += textwrap.wrap(option.help, 84, initial_indent=f"    {names:32}", subsequent_indent=" " * 36)
    lines += [
        "",
        "${name} puts a variable in; $${ is a literal ${. A line that ends in ; shows nothing.",
        "df = %kproxy …  keeps the result; so does --into NAME, on cells too.",
    ]
    return "\n".join(lines)
