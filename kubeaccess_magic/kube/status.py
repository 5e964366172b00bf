"""The Status object, with which the API server explains a refusal or a failure."""

from __future__ import annotations

import dataclasses
import json
import re
from typing import Any

__all__ = ["Status", "status_of"]

_MAX_BYTES = 1 << 20  # a Status is small: a larger body is something else
_USER = re.compile(r'User "(?P<user>(?:[^"\\]|\\.)*)" cannot')


@dataclasses.dataclass(frozen=True)
class Status:
    """A Status of the API server that reports a failure.

    Attributes
    ----------
    code
        HTTP status.
    reason
        One word, such as "NotFound".
    message
        The text.
    name, kind
        Name and plural resource of the object that it is about; "" if it names none.
    token
        The fresh ``continue`` token that a 410 carries (F1); "" if there is none.
    """

    code: int
    reason: str
    message: str
    name: str = ""
    kind: str = ""
    token: str = ""

    @property
    def user(self) -> str | None:
        """The user named in a 403."""
        match = _USER.search(self.message)
        return match["user"] if match else None


def status_of(body: bytes) -> Status | None:
    """The Status in the body of an answer, or None if the body is anything else.

    Nothing in it is trusted: a field of the wrong type counts as missing.
    """
    if len(body) > _MAX_BYTES or not body.lstrip().startswith(b"{"):
        return None
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict) or document.get("kind") != "Status" or document.get("status") != "Failure":
        return None
    details, metadata = _mapping(document.get("details")), _mapping(document.get("metadata"))
    code = document.get("code")
    return Status(
        code=code if isinstance(code, int) else 0,
        reason=_text(document.get("reason")),
        message=_text(document.get("message")),
        name=_text(details.get("name")),
        kind=_text(details.get("kind")),
        token=_text(metadata.get("continue")),
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
