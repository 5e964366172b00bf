"""Reads the objects of a world from a file, one per line."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from ..api.status import Object
from .builtin_world import bootstrap

_RUN = re.compile(r"<(\d+) x>")


def read_objects(path: Path) -> list[Object]:
    """Read objects; those that the API server creates itself are added where the file lacks them.

    Parameters
    ----------
    path
        A file of JSON lines: manifests, or objects as a server has stored them. Masked values of recordings, such as
        ``<UID>``, are generated anew when the object is stored; ``<140000 x>`` stands for that many ``x``.
    """
    objects: list[Object] = [_unmasked(json.loads(line)) for line in path.read_text().splitlines() if line.strip()]
    identities = {_identity(obj) for obj in objects}
    return [obj for obj in bootstrap() if _identity(obj) not in identities] + objects


def _identity(obj: Object) -> tuple[str, str, str]:
    return obj["kind"], obj["metadata"].get("namespace", ""), obj["metadata"]["name"]


def _unmasked(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _unmasked(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_unmasked(item) for item in value]
    if isinstance(value, str) and (match := _RUN.fullmatch(value)):
        return "x" * int(match[1])
    return value
