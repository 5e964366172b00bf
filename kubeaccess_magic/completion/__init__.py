"""Tab on ``%kproxy`` and ``%%kproxy``: verbs, options, names, paths and query words.

A keystroke has its answer within `BUDGET_S`, whatever the cluster does: `suggest` gives what is known, and fetches
behind it. Nothing but IPython is imported before the first Tab; the first one that needs names loads the rest in a
thread, and does not wait for it either.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from IPython.core.completer import CompletionContext, SimpleCompletion, SimpleMatcherResult, context_matcher

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from .offers import Offers

__all__ = ["BUDGET_S", "install", "uninstall"]

BUDGET_S = 0.08
_IDENTIFIER = "kproxy"  # by which it can be switched off: c.IPCompleter.disable_matchers = ["kproxy"]
_LOADING, _NOTHING = "loading, try again", "nothing known"
_FIRST = 1000.0  # before all others, which then need not run


def install(shell: InteractiveShell) -> None:
    """Complete our magics in this shell."""
    uninstall(shell)
    shell.Completer.custom_matchers.append(_matcher(shell))


def uninstall(shell: InteractiveShell) -> None:
    """Take that back, and end what it started."""
    matchers = shell.Completer.custom_matchers
    for matcher in [one for one in matchers if getattr(one, "matcher_identifier", "") == _IDENTIFIER]:
        matchers.remove(matcher)
        matcher.stop()


def _matcher(shell: InteractiveShell) -> Any:
    offers: list[Offers] = []  # made by the first Tab

    @context_matcher(identifier=_IDENTIFIER, priority=_FIRST)  # type: ignore[untyped-decorator]  # IPython's
    def kproxy_matcher(context: CompletionContext) -> SimpleMatcherResult:
        if "kproxy" not in context.full_text:
            return {"completions": []}
        try:
            if not offers:
                from .offers import Offers

                offers.append(Offers(shell))
            return _result(offers[0], context)
        except Exception:  # somebody is typing: whatever it is, it is shown when the line runs
            return {"completions": []}

    def stop() -> None:
        for one in offers:
            one.close()

    kproxy_matcher.stop = stop
    return kproxy_matcher


def _result(offers: Offers, context: CompletionContext) -> SimpleMatcherResult:
    lines = context.full_text.split("\n")
    cursor = sum(len(line) + 1 for line in lines[: context.cursor_line]) + context.cursor_position
    offered = offers.at(context.full_text, cursor, BUDGET_S)
    if offered is None:
        return {"completions": []}
    completions = [SimpleCompletion(text=one.text, type=one.kind) for one in offered.offers]
    if not completions:
        # With nothing IPython ignores `suppress`, and shows what has no place here. What stands there already changes
        # nothing when it is put in, as a terminal does at once; notebooks show the type beside it.
        completions = [SimpleCompletion(text=offered.fragment, type=_LOADING if offered.loading else _NOTHING)]
    return {
        "completions": completions,
        "suppress": True,
        "ordered": True,
        "matched_fragment": offered.fragment,
    }
