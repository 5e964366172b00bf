"""What can go wrong, as one tree.

::

    KubeAccessError            .hint says what to try
    ├── TargetError            (ValueError) the text names no target that can be
    ├── ConfigError            no kubeconfig, no such context, a file that cannot be read
    ├── CredentialError        signing in failed: plugin, expired token, 401
    ├── AccessDenied           (PermissionError) the API server said 403; .role is the Role that would allow it
    ├── NotFound               (LookupError) no such service, pod, port, or nothing ready behind it
    ├── Unreachable            (ConnectionError) no way to the API server, or none from it to the app
    ├── AppError               the app itself answered 400 or above; .reply
    ├── LimitExceeded          too much; says how much was read, and what was announced
    │   └── TimedOut           (TimeoutError) too long
    └── LoadError              the answer is not what the dialect takes; .reply

Every message and hint has passed `redact`, and is bounded. ``str(error)`` is the message; a notebook's magic shows it
in one line and the hint in a second.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

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


_MOST_CHARACTERS = 4000  # of a message: it may quote what somebody else said


class KubeAccessError(Exception):
    """Anything that this package raises on purpose.

    Parameters
    ----------
    message
        What happened, in one sentence.
    hint
        What to try, in one sentence, or None.
    """

    hint: str | None

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        from .text import excerpt  # here, since loading the extension needs the classes alone

        super().__init__(excerpt(message, _MOST_CHARACTERS))
        self.hint = None if hint is None else excerpt(hint, _MOST_CHARACTERS)


class TargetError(KubeAccessError, ValueError):
    """The text names no target that can be, or a request that cannot be sent as meant. Nothing was sent."""


class ConfigError(KubeAccessError):
    """No kubeconfig, no such context, or a file that cannot be read."""


class CredentialError(KubeAccessError):
    """Signing in failed: a plugin, an expired token, a 401 of the API server."""


class AccessDenied(KubeAccessError, PermissionError):
    """The API server answered 403.

    Attributes
    ----------
    role
        The Role or ClusterRole that would allow exactly this request, as YAML; None where it cannot be told.
    """

    role: str | None

    def __init__(self, message: str, *, hint: str | None = None, role: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.role = role


class NotFound(KubeAccessError, LookupError):
    """No such service, pod, port or object, or nothing ready behind a service.

    Attributes
    ----------
    reply
        What the API server answered, where that was about a list or an object of its own; else None.
    """

    reply: Reply | None

    def __init__(self, message: str, *, hint: str | None = None, reply: Reply | None = None) -> None:
        super().__init__(message, hint=hint)
        self.reply = reply


class Unreachable(KubeAccessError, ConnectionError):
    """No way to the API server, or none from the API server to the app."""


class AppError(KubeAccessError):
    """The app itself answered 400 or above.

    Attributes
    ----------
    reply
        What it answered.
    """

    reply: Reply

    def __init__(self, message: str, *, reply: Reply, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.reply = reply


class LimitExceeded(KubeAccessError):
    """An answer went past a limit. The message says how much was read and what was announced."""


class TimedOut(LimitExceeded, TimeoutError):
    """A request took longer than it may."""


class LoadError(KubeAccessError):
    """The answer is not what the dialect takes.

    Attributes
    ----------
    reply
        The answer, or None where there was none.
    """

    reply: Reply | None

    def __init__(self, message: str, *, reply: Reply | None = None, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.reply = reply
