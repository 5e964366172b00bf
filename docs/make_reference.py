"""Writes docs/reference.md from the code: ``python docs/make_reference.py``. A test holds the two together."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path

from kubeaccess_magic import Cluster, Reply, dialects, errors
from kubeaccess_magic.call import Limits
from kubeaccess_magic.magics import KProxyMagics
from kubeaccess_magic.magics.options import OPTIONS
from kubeaccess_magic.magics.verbs import VERBS, Verb
from kubeaccess_magic.request import Request
from kubeaccess_magic.targets import Target

PLACE = Path(__file__).parent / "reference.md"


def reference() -> str:
    """The whole page."""
    parts = [_verbs(), _options(), _settings(), _cluster(), _reply(), _dialects(), _errors(), _limits()]
    head = [
        "# Reference",
        "",
        "<!-- Written by docs/make_reference.py from the code; edit there. -->",
        "",
        "`%kproxy [VERB | TARGET] [PATH] [options]` asks, or does what the verb says. `%%kproxy TARGET [PATH]`",
        "sends the cell as the body. A target is an in-cluster address: see [ask](ask.md).",
    ]
    return "\n".join([*head, *(line for part in parts for line in ("", *part))]) + "\n"


def _verbs() -> Iterator[str]:
    yield "## Verbs"
    yield ""
    yield "| verb | short | shows or returns | takes |"
    yield "|---|---|---|---|"
    for verb in VERBS:
        words = " ".join(word if number < verb.needs else f"[{word}]" for number, word in enumerate(verb.words))
        spelled = f"`{verb.name} {words}`".replace(" `", "`")
        short = " ".join(f"`{name}`" for name in verb.short)
        yield f"| {spelled} | {short} | {_cell(verb.help)} | {_takes(verb)} |"


def _takes(verb: Verb) -> str:
    return " ".join(f"`{option.names[0]}`" for option in OPTIONS if option.key in verb.takes)


def _options() -> Iterator[str]:
    yield "## Options"
    yield ""
    yield "They may stand anywhere on the line, and are never abbreviated."
    yield ""
    yield "| option | value | what it does |"
    yield "|---|---|---|"
    for option in OPTIONS:
        names = ", ".join(f"`{name}`" for name in option.names)
        value = f"`{_cell(option.value)}`" if option.value else ""
        again = "; may be given more than once" if option.many else ""
        yield f"| {names} | {value} | {_cell(option.help)}{again} |"


def _settings() -> Iterator[str]:
    yield "## Settings"
    yield ""
    yield "`%config KProxyMagics` shows them, `%config KProxyMagics.quiet = True` sets one."
    yield ""
    yield "| trait | default | what it is |"
    yield "|---|---|---|"
    for name, trait in sorted(KProxyMagics.class_traits(config=True).items()):
        if trait.help:
            yield f"| `{name}` | `{trait.default_value_repr()}` | {_cell(trait.help)} |"


def _cluster() -> Iterator[str]:
    yield "## `Cluster`"
    yield ""
    yield "```text"
    yield f"Cluster{_signature(Cluster)}"
    yield "```"
    yield ""
    yield from _members(Cluster)


def _reply() -> Iterator[str]:
    yield "## `Reply`"
    yield ""
    yield (
        "An answer that has arrived. Its fields: " + ", ".join(f"`{name}`" for name in Reply.__dataclass_fields__) + "."
    )
    yield ""
    yield from _members(Reply)


def _members(kind: type) -> Iterator[str]:
    yield "| part | what it is |"
    yield "|---|---|"
    for name, value in (member for part in kind.__mro__ for member in vars(part).items()):
        if name.startswith("_") or not (callable(value) or isinstance(value, (property, staticmethod))):
            continue
        called = "" if isinstance(value, property) else "()"
        yield f"| `{name}{called}` | {_cell(_first_line(value))} |"


def _dialects() -> Iterator[str]:
    yield "## Dialects"
    yield ""
    yield "The family of APIs is found out; `--dialect NAME` or `dialect=` names it."
    yield ""
    yield "| dialect | what it is | its own options |"
    yield "|---|---|---|"
    any_request = Request.build("GET", Target.parse("shop/web").target)
    for dialect in dialects.registry():
        if not type(dialect).__module__.startswith("kubeaccess_magic."):
            continue
        options = dialects.options_of(dialect.fallback(any_request)) or ()
        own = [f"`{name}=`" for name in options]
        yield f"| `{dialect.name}` | {_cell(_first_line(type(dialect)))} | {' '.join(own)} |"


def _errors() -> Iterator[str]:
    yield "## Errors"
    yield ""
    yield "All come from `kubeaccess_magic.errors`. Each has a `.hint`, which says what to try."
    yield ""
    yield "| error | also a | what happened |"
    yield "|---|---|---|"
    for name in ("KubeAccessError", *(name for name in errors.__all__ if name != "KubeAccessError")):
        kind = getattr(errors, name)
        bases = " ".join(f"`{base.__name__}`" for base in kind.__bases__)
        yield f"| `{name}` | {bases} | {_cell(_first_line(kind))} |"


def _limits() -> Iterator[str]:
    yield "## Limits"
    yield ""
    given = Limits()
    yield "| limit | default | changed by |"
    yield "|---|---|---|"
    yield f"| to connect, TLS included | {given.connect_s:g} s | |"
    yield f"| silence between bytes | {given.silence_s:g} s | |"
    yield f"| one question, with all its pages | {given.total_s:g} s | `--timeout`, `timeout_s=` |"
    yield f"| a decoded answer | {given.max_bytes // 2**20} MiB | `KProxyMagics.max_bytes`, `max_bytes=` |"
    yield f"| a frame, rows times columns | {given.max_cells:,} cells | `KProxyMagics.max_cells`, `max_cells=` |"
    yield f"| of these, empty | {given.max_cells // 4:,} cells | the same |"
    size = f"{given.max_frame_bytes // 2**20} MiB"
    yield f"| the values of a frame | {size} | `KProxyMagics.max_frame_bytes`, `max_frame_bytes=` |"


def _first_line(value: object) -> str:
    return (inspect.getdoc(value) or "").partition("\n\n")[0].replace("\n", " ")


def _signature(kind: type) -> str:
    return str(inspect.signature(kind)).replace("'", "")


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("``", "`")


if __name__ == "__main__":
    PLACE.write_text(reference())
