"""A world from a file: objects one a line, stored or as created."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from ..api.status import Object
from .builtin_world import bootstrap

_RUN = re.compile(r"<(\d+) x>")


def read_objects(path: Path) -> list[Object]:
    """The objects of the file, after those of the API server's own that it does not have.

    Parameters
    ----------
    path
        JSON lines. Values that recordings mask, such as ``<UID>``, are given anew when the object is stored;
        ``<140000 x>`` stands for so many x.
    """
    found: list[Object] = [_unmasked(json.loads(line)) for line in path.read_text().splitlines() if line.strip()]
    known = {_identity(obj) for obj in found}
    return [obj for obj in bootstrap() if _identity(obj) not in known] + found


def _identity(obj: Object) -> tuple[str, str, str]:
    return obj["kind"], obj["metadata"].get("namespace", ""), obj["metadata"]["name"]


def _unmasked(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _unmasked(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_unmasked(one) for one in value]
    if isinstance(value, str) and (run := _RUN.fullmatch(value)):
        return "x" * int(run[1])
    return value
