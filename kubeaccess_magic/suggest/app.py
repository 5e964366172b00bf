"""What is known about an app: its paths, their query parameters, and common requests to it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import NamedTuple

__all__ = ["App", "AppPath", "Question"]


@dataclasses.dataclass(frozen=True, slots=True)
class Question:
    """A ready-made request to an app, for common information.

    Parameters
    ----------
    title
        What the answer says.
    path
        The path of the request.
    params
        The query parameters, as pairs of name and value.
    method
        The HTTP method. It is GET also if there is a body, since no question changes anything.
    body
        The body of the request, or None.
    limit
        How many rows to read; None for the usual number.
    """

    title: str
    path: str
    params: tuple[tuple[str, str], ...] = ()
    method: str = "GET"
    body: str | None = None
    limit: int | None = None


class AppPath(NamedTuple):
    """A path of an app.

    Attributes
    ----------
    path
        The path without its leading slash. A word in braces stands for a name in that app, such as ``{index}``.
    note
        What the path returns.
    parameters
        The names of its query parameters, the usual ones first.
    """

    path: str
    note: str
    parameters: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class App:
    """An app whose API is known.

    Parameters
    ----------
    paths
        Its paths.
    parameters
        What each query parameter means, by its name.
    values
        The usual values of a query parameter, by its name.
    questions
        Ready-made requests.
    """

    paths: tuple[AppPath, ...]
    parameters: Mapping[str, str] = dataclasses.field(default_factory=dict)
    values: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    questions: tuple[Question, ...] = ()

    def find_path(self, path: str) -> AppPath | None:
        """The known path that a path without its query is an instance of; None if there is none."""
        words = path.strip("/").split("/")
        for known in self.paths:
            pattern = known.path.split("/")
            if len(pattern) == len(words) and all(
                expected == word or (expected.startswith("{") and not word.startswith("_"))
                for expected, word in zip(pattern, words, strict=True)
            ):
                return known
        return None
