"""The dialect of Alertmanager: which requests and which replies are its own."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from ...reply import Reply
    from ...request import Request
    from ..protocol import Reader

__all__ = ["Alertmanager", "AlertmanagerOperation"]

_HEAD_BYTES = 4096  # in which an answer shows what it is
_PATH = re.compile(r".*/api/v2/(?P<endpoint>alerts|alerts/groups|silences|silence/[^/]+)/?", re.DOTALL)
_OBJECTS = re.compile(rb"\s*\[\s*(?:\]|\{)")
_ALERTS = re.compile(rb"\s*\[\s*\{\s*\"(?:annotations|labels)\"\s*:")
_FINGERPRINT = re.compile(rb"\"(?:fingerprint|endsAt)\"\s*:")


@dataclasses.dataclass(frozen=True)
class AlertmanagerOperation:
    """A list of alerts, of groups of alerts, or of silences.

    Parameters
    ----------
    request
        The request.
    endpoint
        What follows ``/api/v2/`` in its path.
    """

    dialect: ClassVar[str] = "alertmanager"

    request: Request
    endpoint: str

    def prepare(self, limit: int | None, *, for_frame: bool = True) -> Request:
        """Return the request as it was typed: Alertmanager always returns everything."""
        return self.request

    def reads(self, reply: Reply) -> bool:
        """Tell whether a reply is a list of objects, or one silence."""
        head = reply.content[:_HEAD_BYTES]
        return _OBJECTS.match(head) is not None or (self.endpoint.startswith("silence/") and b'"matchers"' in head)

    def reader(self, limit: int | None = None, *, rows: str | None = None, header: bool | None = None) -> Reader:
        """Make a reader.

        Parameters
        ----------
        limit
            How many rows at most.
        rows
            Where the rows are: then they are read as records.
        header
            As for records.
        """
        from ..records.reader import RecordsReader
        from .reader import AlertmanagerReader

        if rows is not None:
            return RecordsReader(limit, rows=rows, header=header)
        return AlertmanagerReader(self.endpoint, limit)


class Alertmanager:
    """The dialect of Alertmanager: one row per alert or silence."""

    name = "alertmanager"

    def match(self, request: Request) -> AlertmanagerOperation | None:
        """Find lists of alerts and silences behind any prefix."""
        if request.target.kind == "api" or request.method != "GET":
            return None
        path = _PATH.fullmatch(request.path)
        return AlertmanagerOperation(request, path["endpoint"]) if path is not None else None

    def recognize(self, reply: Reply) -> AlertmanagerOperation | None:
        """Recognize alerts wherever they come from."""
        head = reply.content[:_HEAD_BYTES]
        if _ALERTS.match(head) is None or _FINGERPRINT.search(head) is None or b'"startsAt"' not in head:
            return None
        return AlertmanagerOperation(reply.request, "alerts")

    def fallback(self, request: Request) -> AlertmanagerOperation:
        """Read any list as alerts."""
        return AlertmanagerOperation(request, "alerts")
