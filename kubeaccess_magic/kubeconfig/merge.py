"""Several kubeconfig files become one, by kubectl's rules (G1 to G3)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NamedTuple

from ..errors import ConfigError
from .entries import SCHEMA, Entry, Sections, load
from .problem import Problem

__all__ = ["Merged", "default_paths", "merge"]


class Merged(NamedTuple):
    """The merged kubeconfig files.

    Attributes
    ----------
    files
        The files that exist, in order.
    current
        The name of the current context; "" if there is none.
    sections
        The entries that count.
    problems
        What is wrong with any entry of any file.
    """

    files: tuple[str, ...]
    current: str
    sections: Sections
    problems: tuple[Problem, ...]

    @property
    def contexts(self) -> Mapping[str, Entry]:
        """The contexts by name."""
        return self.sections["contexts"]

    @property
    def is_empty(self) -> bool:
        """Whether the files define nothing: no cluster, user, context or current context."""
        return not self.current and not any(self.sections[section] for section in SCHEMA)


def merge(kubeconfig: str | os.PathLike[str] | None, environ: Mapping[str, str]) -> Merged | None:
    """Merge the files that kubectl would read (G1, G2): the first entry of each name counts (G3).

    Parameters
    ----------
    kubeconfig
        One file; None for the files that the environment names.
    environ
        The environment variables.

    Returns
    -------
    Merged or None
        None if no file exists.

    Raises
    ------
    ConfigError
        `kubeconfig` does not exist, or a file cannot be read or is not a kubeconfig.
    """
    loaded: dict[str, Sections] = {}
    for path in [os.path.expanduser(kubeconfig)] if kubeconfig else default_paths(environ):
        absolute = os.path.join(os.getcwd(), path)
        try:
            loaded[absolute] = load(absolute)
        except FileNotFoundError:
            if kubeconfig:
                raise ConfigError(
                    f"the kubeconfig {absolute} does not exist",
                    hint="without `--kubeconfig` the files of KUBECONFIG are read, else ~/.kube/config",
                ) from None
    if not loaded:
        return None
    merged: Sections = {section: {} for section in ("current-context", *SCHEMA)}
    for sections in loaded.values():
        for section, entries in sections.items():
            merged[section] = entries | merged[section]
    currents = [sections["current-context"]["current"].body["name"] for sections in loaded.values()]
    every_entry = [e for sections in loaded.values() for entries in sections.values() for e in entries.values()]
    problems = tuple(entry.problem for entry in every_entry if entry.problem)
    return Merged(tuple(loaded), next(filter(None, currents), ""), merged, problems)


def default_paths(environ: Mapping[str, str]) -> list[str]:
    """The files to read if none is named (G1)."""
    listed = environ.get("KUBECONFIG", "")
    if listed:  # blanks are part of a name, `~` is not expanded, there is no fall-back to HOME (G1)
        return [path for path in dict.fromkeys(listed.split(os.pathsep)) if path]
    home = environ.get("HOME") or (environ.get("USERPROFILE") if os.name == "nt" else None)
    return [os.path.join(home, ".kube", "config")] if home else []
