"""A problem in a kubeconfig, before it is raised as an error."""

from __future__ import annotations

from typing import NamedTuple

from ..errors import ConfigError

__all__ = ["Problem"]


class Problem(NamedTuple):
    """Why an entry cannot be used. Its text contains no secret.

    Attributes
    ----------
    what
        A description of the problem.
    hint
        What to try, or None.
    """

    what: str
    hint: str | None = None

    def of(self, place: str) -> Problem:
        """The same problem, with the entry that has it in front: ``place`` reads like "user 'u' of FILE"."""
        return self._replace(what=f"{place} {self.what}")

    def error(self) -> ConfigError:
        """The error to raise."""
        return ConfigError(self.what, hint=self.hint)
