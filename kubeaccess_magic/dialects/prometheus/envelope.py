"""What surrounds the data in every answer of Prometheus: the status, an error, warnings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from ...errors import AppError, LoadError
from ...text import shorten

if TYPE_CHECKING:
    from ...reply import Reply

__all__ = ["STATS_NOTE", "app_error", "error_of", "is_answer", "notes_of", "refuse_error"]

STATS_NOTE = "the answer has stats, too, which -o json shows"
"""The note of an answer with statistics of its query."""

_MOST_CHARACTERS = 500  # of an error's text
_MOST_TEXTS = 3  # of the warnings in a note


class _Envelope(msgspec.Struct, rename="camel"):
    status: str
    error_type: str = ""
    error: str = ""


def is_answer(reply: Reply) -> bool:
    """Tell whether the status in a reply is ``success`` or ``error``, as it is in all of this API."""
    envelope = _envelope(reply)
    return envelope is not None and envelope.status in ("success", "error")


def error_of(reply: Reply) -> tuple[str, str] | None:
    """Return type and text of the error in a reply, or None if it is not an error of this API."""
    envelope = _envelope(reply)
    if envelope is None or envelope.status != "error":
        return None
    return envelope.error_type, envelope.error


def refuse_error(reply: Reply) -> None:
    """Raise LoadError if a reply is an error, whatever its HTTP status."""
    error = error_of(reply)
    if error is not None:
        text = ": ".join(filter(None, error)) or "without any text"
        raise LoadError(
            f"the app answered {reply.status_code} with an error: {text}",
            reply=reply,
            hint="see all of it with -o json",
        )


def app_error(error: AppError) -> AppError:
    """Return an error in the app's own words, without the surrounding JSON.

    Returns
    -------
    AppError
        The same error if its reply is not one of this API.
    """
    found = error_of(error.reply) if error.reply is not None else None
    if found is None:
        return error
    kind, text = found
    words = shorten(f"{kind}: {text}" if kind else text, _MOST_CHARACTERS)
    return AppError(f"the app answered {error.reply.status_code}: {words}", reply=error.reply, hint=_hint(kind, text))


def notes_of(envelope: Mapping[str, Any]) -> list[str]:
    """Return what an answer reports besides its data, as sentences."""
    notes = []
    for key, verb in (("warnings", "the app warns"), ("infos", "the app remarks")):
        texts = [text for text in envelope.get(key) or () if isinstance(text, str)]
        if texts:
            more = f" (and {len(texts) - _MOST_TEXTS} more)" if len(texts) > _MOST_TEXTS else ""
            notes.append(f"{verb}: {'; '.join(texts[:_MOST_TEXTS])}{more}")
    if envelope.get("isPartial") is True:
        notes.append("the answer is partial: a part of the storage did not answer")
    if envelope.get("stats") is True:
        notes.append(STATS_NOTE)
    return notes


def _envelope(reply: Reply) -> _Envelope | None:
    try:
        return msgspec.json.decode(reply.content, type=_Envelope)
    except (msgspec.DecodeError, RecursionError):
        return None


def _hint(kind: str, text: str) -> str:
    if "exceeded maximum resolution" in text:
        return "ask for a longer step: `-q step=5m`"
    if "to a valid timestamp" in text:
        return "a time is now, -1h, now-1h, 2026-11-01T12:00:00Z, or seconds since 1970"
    if kind == "bad_data" and "parse error" in text:
        return "quote an expression with blanks or braces: `-q 'query=…'`, or put it into the cell with `-q query=@-`"
    return "see the whole answer with `%kproxy last`, or as .reply of the error"
