"""What to type here instead of what people type elsewhere: words of kubectl's, and words that lack their quotes."""

from __future__ import annotations

from collections.abc import Sequence

from ..text import quoted
from .lines import Word

__all__ = ["instead_of", "too_many_words"]

_ASKED = "a line asks by itself: `%kproxy TARGET PATH`"
_INSTEAD = dict.fromkeys(
    "apply attach cp create delete describe edit exec explain expose label patch rollout run scale wait".split(),
    "`%kproxy -h` lists those",
) | {
    "auth": "`%kproxy can TARGET` says what you may",
    "cluster-info": "`%kproxy` alone shows that",
    "config": "`%kproxy contexts` lists them, `%kproxy use CONTEXT` chooses one",
    "kubectl": "the words come without it, such as `%kproxy services -A`",
    "logs": "`%kproxy /api/v1/namespaces/NAMESPACE/pods/POD/log?tailLines=100 -o text` reads a log",
    "port-forward": _ASKED,
    "proxy": _ASKED,
    "top": "`%kproxy /apis/metrics.k8s.io/v1beta1/pods` has the numbers",
    "version": "`%kproxy /version` shows the server's",
}
"""What to type instead of a word that begins a line of kubectl's."""


_SECRETIVE = ("-H", "--header", "-d", "--data", "-q", "--query")  # options whose values may be secret


def instead_of(word: str) -> str | None:
    """What to type instead of a word of kubectl's, or of "help"; None for any other word."""
    if word == "help":
        return "`%kproxy -h` shows the help"
    if word == "kubectl":
        return f"leave out `kubectl`: {_INSTEAD[word]}"
    if word not in _INSTEAD:
        return None
    return f"{word} is a verb of kubectl's and not one here: {_INSTEAD[word]}"


def too_many_words(extra: Word, line: str, words: Sequence[Word]) -> str:
    """The message for a word too many: nearly always it is the rest of the word before it, which lacks its quotes.

    Parameters
    ----------
    extra
        The first word too many.
    line
        The line as typed.
    words
        All words of the line.
    """
    if instead := instead_of(words[0].text):
        return instead
    at = words.index(extra)
    if extra.text.startswith(("{", "[")):
        rest = line[extra.start :].strip()
        body = f"-d {quoted(rest)}" if "'" not in rest else "a cell below %%kproxy"
        return f"a body goes behind -d: {body}"
    begin, end = words[at - 1].start, extra.end
    for word in words[at + 1 :]:
        if line[word.start] == "-":
            break
        end = word.end
    whole = line[begin:end]
    unexpected = f"unexpected words: {line[extra.start : end]}"
    if any(word.text.startswith(_SECRETIVE) for word in words[max(at - 2, 0) : at]):
        unexpected = "unexpected words"  # they may be a part of a secret
    first, second = words[0].text, words[1].text
    is_last = at == 2 and all(line[word.start] == "-" for word in words[3:4])
    if is_last and all(word.replace("-", "").isalnum() for word in (first, second)):
        return f"{unexpected}; with a namespace: %kproxy {first}/{second} {line[extra.start :].strip()}"
    if "'" in whole and '"' in whole:
        return f"{unexpected}; put {whole} into a variable, and ${{its_name}} here"
    fixed = (line[:begin] + quoted(whole) + line[end:]).strip()
    return f"{unexpected}; if they belong to the word before, quote it: %kproxy {fixed}"
