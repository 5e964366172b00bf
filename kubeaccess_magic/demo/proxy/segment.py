"""The name segment ``[scheme:]name[:port]`` (N1-N13)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from ..api.status import bad_request

SCHEMES: Final = ("", "http", "https")
_INTEGER = re.compile(r"[-+]?[0-9]+")


@dataclass(frozen=True, slots=True)
class Segment:
    """A parsed segment; `text` is the whole of it."""

    text: str
    scheme: str
    name: str
    port: str

    @classmethod
    def parse(cls, text: str, kind: str) -> Segment:
        """Parse the segment of a service, pod or node.

        Parameters
        ----------
        text
            The segment.
        kind
            ``service``, ``pod`` or ``node``, for the error message.

        Raises
        ------
        ApiError
            400: it has too many parts, no name, or a scheme other than http and https (N8, N9, N12).
        """
        parts = text.split(":")
        if len(parts) == 1:
            segment = cls(text, "", text, "")
        elif len(parts) == 2:
            segment = cls(text, "", parts[0], parts[1])  # `https:web` is a service called "https" (N7)
        else:
            segment = cls(text, parts[0], parts[1], ":".join(parts[2:]))
        if len(parts) > 3 or not segment.name or segment.scheme not in SCHEMES:
            raise bad_request(f'invalid {kind} request "{text}"')
        return segment

    @property
    def number(self) -> int | None:
        """The port as a number; None if Go's ``ParseInt`` does not accept it (N13)."""
        if not _INTEGER.fullmatch(self.port):
            return None
        number = int(self.port)
        return number if -(2**63) <= number < 2**63 else None
