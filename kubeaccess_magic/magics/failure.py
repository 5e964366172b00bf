"""The last failure in detail, as ``%kproxy last --why`` shows it."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Iterator

from ..errors import AccessDenied, KubeAccessError
from ..reply import Reply
from ..reply.display import summary
from ..text import one_line, printable, redact, shorten

__all__ = ["Failure"]

_MOST_LINES = 20
_MOST_CHARACTERS = 300
_MOST_CAUSES = 8


@dataclasses.dataclass(frozen=True)
class Failure:
    """A record of an error, without the error object, which would keep frames and their contents alive.

    Attributes
    ----------
    asked
        The line that failed, without its secrets.
    kind
        The class of the error.
    causes
        The chain of causes, the nearest first, each as ``class: text``.
    answer
        The answer as lines; empty if there was none.
    """

    time: datetime.datetime
    asked: str
    kind: str
    message: str
    hint: str | None
    role: str | None
    causes: tuple[str, ...]
    answer: tuple[str, ...]

    @classmethod
    def of(cls, error: KubeAccessError, asked: str) -> Failure:
        """Record an error."""
        reply = getattr(error, "reply", None)
        return cls(
            time=datetime.datetime.now(datetime.UTC),
            asked=_line(asked),
            kind=type(error).__name__,
            message=one_line(str(error)),
            hint=one_line(error.hint) if error.hint else None,
            role=printable(error.role) if isinstance(error, AccessDenied) and error.role else None,
            causes=tuple(f"{type(cause).__name__}: {_line(str(cause))}" for cause in _causes(error)),
            answer=tuple(_answer(reply)) if isinstance(reply, Reply) else (),
        )

    def __repr__(self) -> str:
        lines = [f"{self.kind}: {self.message}"]
        lines += [f"    {self.hint}"] if self.hint else []
        lines += ["", f"asked    {self.asked}", f"at       {self.time:%Y-%m-%d %H:%M:%S} UTC"]
        lines += [f"because  {cause}" for cause in self.causes]
        if self.answer:
            lines += ["", "what was answered:", *(f"    {line}" for line in self.answer)]
        if self.role:
            lines += ["", "the Role that would allow it (kubectl apply -f -):", "", self.role.rstrip()]
        if not self.answer and not self.role:
            lines += ["", "%kproxy doctor checks everything on the way to the cluster"]
        return "\n".join(lines)


def _answer(reply: Reply) -> Iterator[str]:
    yield summary(reply)
    yield f"{reply.request.method} {one_line(reply.url)}"
    text = reply.text[: _MOST_LINES * _MOST_CHARACTERS]
    for line in text.splitlines()[:_MOST_LINES]:
        yield _line(line)


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    for _ in range(_MOST_CAUSES):
        if cause is None:
            return
        yield cause
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)


def _line(text: str) -> str:
    return shorten(printable(redact(" ".join(text.split()))), _MOST_CHARACTERS)
