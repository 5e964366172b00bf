"""Several kubeconfig files become one, by kubectl's rules (G1 to G3)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NamedTuple

from ..errors import ConfigError
from .entries import SCHEMA, Sections, load

__all__ = ["Merged", "default_paths", "merge"]


class Merged(NamedTuple):
    """All files as one.

    Attributes
    ----------
    files
        Those that were there, in order.
    current
        The name of the current context; "" for none.
    sections
        The entries that count.
    faults
        What is wrong with any entry of any file.
    """

    files: tuple[str, ...]
    current: str
    sections: Sections
    faults: tuple[str, ...]


def merge(kubeconfig: str | os.PathLike[str] | None, environ: Mapping[str, str]) -> Merged | None:
    """The files that kubectl would read (G1, G2) as one: the first entry of a name counts (G3). None: no file."""
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
    sections: Sections = {section: {} for section in ("current-context", *SCHEMA)}
    for one in loaded.values():
        for section, entries in one.items():
            sections[section] = entries | sections[section]
    names = [one["current-context"]["current"].body["name"] for one in loaded.values()]
    faults = [e.fault for one in loaded.values() for entries in one.values() for e in entries.values() if e.fault]
    return Merged(tuple(loaded), next(filter(None, names), ""), sections, tuple(faults)) if loaded else None


def default_paths(environ: Mapping[str, str]) -> list[str]:
    """The files that are read where none is named (G1)."""
    listed = environ.get("KUBECONFIG", "")
    if listed:  # blanks are part of a name, `~` is not expanded, there is no fall-back to HOME (G1)
        return [path for path in dict.fromkeys(listed.split(os.pathsep)) if path]
    home = environ.get("HOME") or (environ.get("USERPROFILE") if os.name == "nt" else None)
    return [os.path.join(home, ".kube", "config")] if home else []
