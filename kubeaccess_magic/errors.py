"""The errors of this package, as one tree.

::

    KubeAccessError            the base of all; .hint says what to try
    ├── TargetError            (ValueError) the text is not a valid target, or the request cannot be sent as it is meant
    ├── ConfigError            there is no kubeconfig or no such context, or a file cannot be read
    ├── CredentialError        signing in failed: a plugin failed, a token expired, the API server answered 401
    ├── AccessDenied           (PermissionError) the API server answered 403; .role is the Role that would allow it
    ├── NotFound               (LookupError) there is no such service, pod or port, or no ready pod behind it
    ├── Unreachable            (ConnectionError) the API server, or the app behind it, cannot be reached
    ├── AppError               the app itself answered 400 or above; .reply is its answer
    ├── LimitExceeded          the answer is too large; the message says how much was read and announced
    │   └── TimedOut           (TimeoutError) the request took too long
    └── LoadError              the answer is not in the form that the dialect reads; .reply is that answer

Messages and hints are one line each, contain no secrets and are bounded in length. ``str(error)`` is the message. The
hint is also a note of the exception, so that Python's own traceback shows it. The magic shows the message on one line
and the hint on the next.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .reply import Reply

__all__ = [
    "AccessDenied",
    "AppError",
    "ConfigError",
    "CredentialError",
    "KubeAccessError",
    "LimitExceeded",
    "LoadError",
    "NotFound",
    "TargetError",
    "TimedOut",
    "Unreachable",
]

_MAX_CHARACTERS = 4000  # of a message or a hint, which may quote a server
_SET_BY_IPYTHON = ("_render_traceback_",)  # a function, which cannot be pickled


class KubeAccessError(Exception):
    """The base of all errors that this package raises on purpose.

    Parameters
    ----------
    message
        What happened, in one sentence.
    hint
        What to try, in one sentence, or None.
    """

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(_line(message))
        self._hint: str | None = None
        self.hint = hint

    @property
    def hint(self) -> str | None:
        """What to try, in one sentence, or None. Python's traceback shows it as a note."""
        return self._hint

    @hint.setter
    def hint(self, hint: str | None) -> None:
        old_note = _note(self._hint)
        self._hint = None if hint is None else _line(hint)
        notes: list[str] = getattr(self, "__notes__", [])
        if old_note in notes:
            notes.remove(old_note)
        if self._hint:
            self.add_note(_note(self._hint))

    def __reduce__(self) -> tuple[Any, ...]:
        # Exceptions are usually rebuilt by calling their class with `args`, which lacks the keyword arguments.
        state = {name: value for name, value in vars(self).items() if name not in _SET_BY_IPYTHON}
        return _rebuild, (type(self), self.args), state


class TargetError(KubeAccessError, ValueError):
    """The text is not a valid target, or the request cannot be sent as it is meant. Nothing was sent."""


class ConfigError(KubeAccessError):
    """There is no kubeconfig or no such context, or a file cannot be read."""


class CredentialError(KubeAccessError):
    """Signing in failed: a plugin failed, a token expired, or the API server answered 401."""


class AccessDenied(KubeAccessError, PermissionError):
    """The API server answered 403.

    Parameters
    ----------
    message, hint
        As of `KubeAccessError`.
    role
        The Role or ClusterRole that would allow exactly this request, as YAML; None if it is unknown.
    can
        What to type after ``%kproxy can`` to see that Role; the hint names the line if no other is given.
    is_impersonation
        Whether it is the impersonation of somebody else that was refused.
    """

    role: str | None

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        role: str | None = None,
        can: str | None = None,
        is_impersonation: bool = False,
    ) -> None:
        super().__init__(message, hint=hint)
        self.role = role
        self.is_impersonation = is_impersonation
        self._can = None if hint else can
        self.name_options("")

    def name_options(self, options: str) -> None:
        """Add the options of the refused line to the command in the hint, so that it asks as the same user.

        Parameters
        ----------
        options
            The options as typed, such as ``--context prod --as bob``; "" for none.
        """
        if self._can:
            line = f"%kproxy can {self._can} {options}".rstrip()
            self.hint = f"`{line}` shows the Role to ask an administrator for; in Python it is the error's .role"


class NotFound(KubeAccessError, LookupError):
    """There is no such service, pod, port or object, or no ready pod behind a service.

    Parameters
    ----------
    message, hint
        As of `KubeAccessError`.
    reply
        The API server's answer if the request was for an object or a list of its own; else None.
    """

    reply: Reply | None

    def __init__(self, message: str, *, hint: str | None = None, reply: Reply | None = None) -> None:
        super().__init__(message, hint=hint)
        self.reply = reply


class Unreachable(KubeAccessError, ConnectionError):
    """The API server cannot be reached, or the API server cannot reach the app."""


class AppError(KubeAccessError):
    """The app itself answered 400 or above.

    Parameters
    ----------
    message, hint
        As of `KubeAccessError`.
    reply
        The app's answer.
    """

    reply: Reply

    def __init__(self, message: str, *, reply: Reply, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.reply = reply


class LimitExceeded(KubeAccessError):
    """An answer exceeded a limit. The message says how much was read and how much was announced."""


class TimedOut(LimitExceeded, TimeoutError):
    """A request took longer than allowed."""


class LoadError(KubeAccessError):
    """The answer is not in the form that the dialect reads.

    Parameters
    ----------
    message, hint
        As of `KubeAccessError`.
    reply
        The answer, or None if there was none.
    """

    reply: Reply | None

    def __init__(self, message: str, *, reply: Reply | None = None, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.reply = reply


def _rebuild(kind: type[KubeAccessError], args: tuple[Any, ...]) -> KubeAccessError:
    error = kind.__new__(kind)
    error.args = args
    return error


def _line(text: str) -> str:
    """A text without secrets, on one line: a name with a line break in it cannot forge a message of its own."""
    from .text import excerpt, one_line, shorten  # deferred: loading the extension needs only the classes

    return shorten(one_line(excerpt(text, _MAX_CHARACTERS)), _MAX_CHARACTERS)


def _note(hint: str | None) -> str:
    return f"hint: {hint}"
