"""Text from a cluster, fit for a terminal and a page (X9)."""

from __future__ import annotations

import re

__all__ = ["visible"]


def visible(text: str) -> str:
    r"""Text in which nothing acts on a terminal or turns the reading direction: ESC becomes the four letters ``\x1b``.

    Line ends and tabs stay.
    """
    return _ACTING.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


# Control characters (C0 but tab and line feed, C1), zero-width and direction marks, separators, lone surrogates.
_ACTING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff\ufff9-\ufffb]"
)
