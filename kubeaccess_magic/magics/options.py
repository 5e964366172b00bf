"""The options of the magic, as one table that parsing, help and completion read.

They follow kubectl where it has the thing, and curl where it has it; they may stand anywhere on a line, and are never
abbreviated.
"""

from __future__ import annotations

import dataclasses

__all__ = ["BY_NAME", "EQUALS", "OPTIONS", "Option"]


@dataclasses.dataclass(frozen=True)
class Option:
    """One option.

    Attributes
    ----------
    names
        Its spellings, the short one first.
    value
        What its value is called in the help; None for a switch.
    help
        What it does, in half a sentence.
    many
        Whether it may be given more than once.
    key
        Its long name as an identifier: ``all_namespaces``.
    """

    names: tuple[str, ...]
    value: str | None
    help: str
    many: bool = False
    key: str = dataclasses.field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", self.names[-1].lstrip("-").replace("-", "_"))


OPTIONS: tuple[Option, ...] = (
    Option(("-n", "--namespace"), "NAMESPACE", "the namespace; the context's if left out"),
    Option(("-A", "--all-namespaces"), None, "all namespaces"),
    Option(("-l", "--selector"), "LABELS", "only what has these labels, as kubectl writes them"),
    Option(("-o", "--output"), "FORM", "frame, json, text, bytes or reply"),
    Option(("--context",), "CONTEXT", "ask this context, this once"),
    Option(("--kubeconfig",), "FILE", "read this kubeconfig"),
    Option(("--as",), "USER", "ask as this user (impersonation)"),
    Option(("--as-group",), "GROUP", "ask as a member of this group", many=True),
    Option(("-X", "--request"), "METHOD", "the HTTP method; GET, or POST where there is a body"),
    Option(("-d", "--data"), "DATA", "the body; @FILE reads a file, @- is the cell", many=True),
    Option(("-H", "--header"), "NAME:VALUE", "a header", many=True),
    Option(("-q", "--query"), "NAME=VALUE", "adds to the query, fully encoded; NAME=@- takes the cell", many=True),
    Option(("--into",), "NAME", "store the result under this name and show nothing"),
    Option(("--limit",), "N|all", "how many rows"),
    Option(("--timeout",), "SECONDS", "how long it may take in all"),
    Option(("--dialect",), "NAME", "read the answer as this family of APIs writes"),
    Option(("--rows",), "FIELD", "which list of the answer holds the rows, as a.b"),
    Option(("--agg",), "NAME", "which aggregation of the answer to show"),
    Option(("--labels",), "A,B", "these labels of Kubernetes objects as columns, too"),
    Option(("--wide",), None, "all columns; of samples, one a series or a label"),
    Option(("--categories",), None, "labels of samples as categoricals: less memory for many rows"),
    Option(("--grouped",), None, "of metrics as text, histograms and summaries with a row a bucket"),
    Option(("--raw",), None, "change nothing in the request, whatever the family of APIs"),
    Option(("--expand",), None, "replace ${name} in a body that is not JSON, too"),
    Option(("--why",), None, "of `last`: the last failure, with all that is known of it"),
    Option(("--quiet",), None, "no line about the answer"),
    Option(("--code",), None, "show the same in Python, instead of asking"),
    Option(("--kubectl",), None, "show the same for a terminal, instead of asking"),
    Option(("-h", "--help"), None, "this text"),
)

BY_NAME = {name: option for option in OPTIONS for name in option.names}
"""Each option by each of its spellings."""

EQUALS = frozenset({"-n", "-l", "-o"})
"""Options whose attached value may begin with "=", as kubectl has it."""
