"""Tab completion of ``%kproxy`` and ``%%kproxy``: verbs, options, names, paths and query words.

An answer takes at most `BUDGET_S`, whatever the cluster does: `suggest` returns what it has and refreshes it in the
background. Only IPython is imported before the first Tab. The first Tab that needs names loads the rest in a thread
and does not wait for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from IPython.core.completer import CompletionContext, SimpleCompletion, SimpleMatcherResult, context_matcher

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from .candidates import CandidateSource

__all__ = ["BUDGET_S", "install", "uninstall"]

BUDGET_S = 0.08
"""How long one Tab may take, in seconds."""

_IDENTIFIER = "kproxy"  # switches it off: c.IPCompleter.disable_matchers = ["kproxy"]
_LOADING, _NOTHING = "loading, try again", "nothing known"
_PRIORITY = 1000.0  # before all other matchers, which then need not run


def install(shell: InteractiveShell) -> None:
    """Add completion of the magics to a shell."""
    uninstall(shell)
    shell.Completer.custom_matchers.append(_matcher(shell))


def uninstall(shell: InteractiveShell) -> None:
    """Remove completion of the magics from a shell, and stop its background work."""
    matchers = shell.Completer.custom_matchers
    own = [matcher for matcher in matchers if getattr(matcher, "matcher_identifier", "") == _IDENTIFIER]
    for matcher in own:
        matchers.remove(matcher)
        matcher.stop()


def _matcher(shell: InteractiveShell) -> Any:
    sources: list[CandidateSource] = []  # the first Tab makes one

    @context_matcher(identifier=_IDENTIFIER, priority=_PRIORITY)  # type: ignore[untyped-decorator]  # IPython's
    def kproxy_matcher(context: CompletionContext) -> SimpleMatcherResult:
        if "kproxy" not in context.full_text:
            return {"completions": []}
        try:
            if not sources:
                from .candidates import CandidateSource

                sources.append(CandidateSource(shell))
            return _result(sources[0], context)
        except Exception:  # somebody is typing: running the line will show what is wrong
            return {"completions": []}

    def stop() -> None:
        for source in sources:
            source.close()

    kproxy_matcher.stop = stop
    return kproxy_matcher


def _result(source: CandidateSource, context: CompletionContext) -> SimpleMatcherResult:
    lines = context.full_text.split("\n")
    cursor = sum(len(line) + 1 for line in lines[: context.cursor_line]) + context.cursor_position
    found = source.candidates_at(context.full_text, cursor, BUDGET_S)
    if found is None:
        return {"completions": []}
    completions = [SimpleCompletion(text=candidate.text, type=candidate.kind) for candidate in found.candidates]
    if not completions:
        # Without completions IPython ignores `suppress` and shows files and Python names, which do not belong here.
        # Completing the typed text to itself changes nothing, and notebooks show the type beside it.
        completions = [SimpleCompletion(text=found.fragment, type=_LOADING if found.loading else _NOTHING)]
    return {
        "completions": completions,
        "suppress": True,
        "ordered": True,
        "matched_fragment": found.fragment,
    }
