"""Values that stand in a kubeconfig instead of the real ones: left out, never filled in, or encoded twice."""

from __future__ import annotations

import base64
import re

from .problem import Problem

__all__ = ["encoding_problem", "has_placeholder", "placeholder_problem"]

# What `kubectl config view` prints instead of a secret, the last as base64 of "--- REDACTED ---"; and a mask of stars.
_LEFT_OUT = r"\W*(?:DATA\+)?(?:OMITTED|REDACTED)\W*|\*{3,}|LS0tIFJFREFDVEVEIC0tLQ=="
_TEMPLATE = r"<[^<>]+>|\$\{[^{}]+\}|\{\{[^{}]+\}\}"  # <token>, ${TOKEN}, {{ token }}
_MARKS = ("<", "{", "*", "omitted", "redacted", "ls0t")  # every placeholder has one of them


def placeholder_problem(value: str, field: str) -> Problem | None:
    """Why a value cannot be the real one, if it is a placeholder as a whole. The value itself is not shown.

    Parameters
    ----------
    value
        The secret or the address as it is written.
    field
        What to call it.
    """
    value = value.strip()
    if not any(mark in value.lower() for mark in _MARKS):
        return None
    if re.fullmatch(_LEFT_OUT, value, re.IGNORECASE):
        return Problem(
            f"{field} is a placeholder (REDACTED, OMITTED): the real value was left out",
            "`kubectl config view` hides secrets; write the file with `kubectl config view --raw`",
        )
    if re.fullmatch(_TEMPLATE, value):
        return Problem(
            f"{field} is a placeholder that was never filled in",
            "put the real value there, or let the tool that set up the cluster write the file",
        )
    return None


def encoding_problem(value: str, field: str) -> Problem | None:
    """Why a value cannot be PEM in base64: it is a placeholder, or was encoded twice. The value is not shown.

    Parameters
    ----------
    value
        Base64 text.
    field
        What to call it.
    """
    if (problem := placeholder_problem(value, field)) is not None:
        return problem
    try:
        is_twice = b"-----BEGIN " in base64.b64decode(base64.b64decode(value))
    except ValueError:
        return None
    return Problem(f"{field} is base64 of base64: it was encoded twice", "decode it once") if is_twice else None


def has_placeholder(text: str) -> bool:
    """Whether a part of the text is a placeholder that was never filled in."""
    return ("<" in text or "{" in text) and re.search(_TEMPLATE, text) is not None
