"""Keep two endings of a line, ``?`` and ``;``, from being handled by IPython instead of the magic.

``%kproxy web _search?`` is a help request to IPython, and the magic never runs: a blank after the ``?`` helps.
``%kproxy;`` is a magic of that name to IPython, so a blank goes before the ``;``. ``df = %kproxy web x;`` keeps its
value, and a bare line that ends in ``;`` shows nothing: so the ``;`` of an assignment is dropped here, and one that
reaches the magic silences it.
"""

from __future__ import annotations

import re

__all__ = ["keep_for_the_magic"]

_LINE = r"""^(?P<assigned>\s*[\w.,\[\]'" ]+=\s*|\s*)%kproxy(?:[ \t]+[^\s?].*[?;]|;)$"""


def keep_for_the_magic(lines: list[str]) -> list[str]:
    """An input transformer for `ip.input_transformers_cleanup`, which run before IPython looks for help requests.

    Limit: a line of this form inside a triple-quoted string is changed as well.
    """
    if lines and lines[0].lstrip().startswith("%%"):
        return lines
    return [_kept(line) for line in lines]


keep_for_the_magic.has_side_effects = False  # type: ignore[attr-defined]  # IPython's way to say: may run in checks


def _kept(line: str) -> str:
    text = line.rstrip("\r\n")
    found = re.match(_LINE, text)  # compiled when first needed: this is loaded with the extension
    if not found:
        return line
    end = line[len(text) :]
    if text.endswith("?"):
        return f"{text} {end}"
    if found["assigned"].strip():
        return text[:-1] + end
    return f"{text[:-1]} ;{end}" if text.endswith("%kproxy;") else line
