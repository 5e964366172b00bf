"""The dialect of the API server: lists and objects; and of kubelets: the summary of a node."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...access import attributes
from .heads import head_of
from .operations import NAME, ListOperation, ObjectOperation, SummaryOperation

if TYPE_CHECKING:
    from ...reply import Reply
    from ...request import Request
    from ..protocol import Operation

__all__ = ["Kubernetes"]


class Kubernetes:
    """Knows the API server's lists and objects, and the summaries of kubelets."""

    name = NAME

    def match(self, request: Request) -> Operation | None:
        """Classify the path of the API server as the server itself does."""
        if request.target.kind != "api":
            return SummaryOperation(request) if request.path.rstrip("/") == "/stats/summary" else None
        if request.method not in ("GET", "HEAD"):
            return None
        call = attributes(request.method, request.target, None, request.path_and_query)
        if call.verb == "list":
            return ListOperation(request, call.resource)
        if call.verb == "get" and call.name and not call.subresource:
            return ObjectOperation(request)
        return None

    def recognize(self, reply: Reply) -> Operation | None:
        """Recognize a list or a Table, whoever sends it, and an object of the API server itself."""
        request = reply.request
        head = head_of(reply.content)
        if head is not None and head.is_list:
            return ListOperation(request)
        if request.target.kind != "api":
            return None
        call = attributes(request.method, request.target, None, request.path)
        if call.resource and not call.name:  # what was created, or is no list though a list was asked for
            return None
        operation = ObjectOperation(request)
        return operation if operation.reads(reply) else None

    def fallback(self, request: Request) -> Operation:
        """Read any answer as a list, for whoever names this dialect."""
        return ListOperation(request)
