"""What is known of an app: its paths, their parameters, and what people ask there; one file an app."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import NamedTuple

__all__ = ["App", "Endpoint", "Question"]


@dataclasses.dataclass(frozen=True, slots=True)
class Question:
    """A ready question for a recognised app; one with a body is asked by GET, too, since it changes nothing."""

    title: str
    path: str
    params: tuple[tuple[str, str], ...] = ()
    method: str = "GET"
    body: str | None = None
    limit: int | None = None


class Endpoint(NamedTuple):
    """A path of an app.

    Attributes
    ----------
    path
        Without "/" in front; a word in braces stands for a name that the app has, such as ``{index}``.
    note
        What it answers.
    parameters
        The names of its query parameters, the usual ones first.
    """

    path: str
    note: str
    parameters: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class App:
    """An app that is known.

    Attributes
    ----------
    parameters
        What each query parameter means.
    values
        What a query parameter is usually set to.
    """

    endpoints: tuple[Endpoint, ...]
    parameters: Mapping[str, str] = dataclasses.field(default_factory=dict)
    values: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    questions: tuple[Question, ...] = ()

    def endpoint(self, path: str) -> Endpoint | None:
        """The endpoint that a path, without query, belongs to."""
        words = path.strip("/").split("/")
        for endpoint in self.endpoints:
            pattern = endpoint.path.split("/")
            if len(pattern) == len(words) and all(
                mine == word or (mine.startswith("{") and not word.startswith("_"))
                for mine, word in zip(pattern, words, strict=True)
            ):
                return endpoint
        return None
