"""One call of the HTTP API of Prometheus: which endpoint it is, and what is sent."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, ClassVar

from .. import answer
from . import ranges

if TYPE_CHECKING:
    from collections.abc import Generator

    from ...reply import Reply
    from ...request import Request
    from ..protocol import Step
    from .reader import PrometheusReader

__all__ = ["PrometheusOperation", "is_sample_answer"]

_HEAD_BYTES = 4096  # in which an answer shows what it is
_ANSWER = re.compile(rb"(?:\xef\xbb\xbf)?\s*\{\s*\"status\"\s*:\s*\"(?:success|error)\"")
_SAMPLES = re.compile(rb"\"resultType\"\s*:\s*\"(?:vector|matrix|scalar|string)\"")


@dataclasses.dataclass(frozen=True)
class PrometheusOperation:
    """One call of the HTTP API of Prometheus.

    Parameters
    ----------
    request
        The request.
    endpoint
        What follows ``/api/v1/`` in its path: ``query``, ``label/job/values`` …; None if the path is not one of this
        API.
    """

    dialect: ClassVar[str] = "prometheus"

    request: Request
    endpoint: str | None

    def prepare(self, limit: int | None, *, for_frame: bool = True) -> Request:
        """Return the request with times that Prometheus can read, and with the missing parameters of a range query."""
        return self.request if self.endpoint is None else ranges.with_times(self.request, self.endpoint)

    def reads(self, reply: Reply) -> bool:
        """Tell whether a reply looks like an answer of this API."""
        if _ANSWER.match(reply.content[:_HEAD_BYTES]) is not None:
            return True
        if not answer.looks_like_json(reply):
            return False
        from .envelope import is_answer

        return is_answer(reply)

    def reader(self, limit: int | None = None, *, wide: bool = False, categories: bool = False) -> PrometheusReader:
        """Make a reader.

        Parameters
        ----------
        limit
            How many rows at most.
        wide
            Whether samples have one column per series, and the index ``time``.
        categories
            Whether labels become categorical columns, which take a fraction of the memory if series are long.
        """
        from .reader import PrometheusReader

        return PrometheusReader(self.endpoint, limit, wide=wide, categories=categories)

    def why_empty(self, request: Request) -> Generator[Step, Reply, str | None]:
        """Ask whether the metrics of a query exist; the sentence that says which one does not."""
        if self.endpoint not in ("query", "query_range"):
            return None
        from .metric_names import why_empty

        return (yield from why_empty(request, self.endpoint))


def is_sample_answer(reply: Reply) -> bool:
    """Tell whether a reply has samples as Prometheus writes them, wherever it comes from."""
    head = reply.content[:_HEAD_BYTES]
    return _ANSWER.match(head) is not None and _SAMPLES.search(head) is not None
