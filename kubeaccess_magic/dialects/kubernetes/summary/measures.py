"""What the rows of a summary say, whichever way they are read."""

from __future__ import annotations

from typing import Any

__all__ = ["COLUMNS", "from_nano"]

COLUMNS = {
    "level": "text",
    "node": "text",
    "namespace": "text",
    "pod": "text",
    "name": "text",
    "cpu_cores": "float",
    "cpu_seconds": "float",
    "memory_bytes": "number",
    "memory_usage_bytes": "number",
    "memory_rss_bytes": "number",
    "memory_available_bytes": "number",
    "page_faults": "number",
    "major_page_faults": "number",
    "fs_used_bytes": "number",
    "fs_capacity_bytes": "number",
    "logs_used_bytes": "number",
    "received_bytes": "number",
    "sent_bytes": "number",
    "processes": "number",
    "time": "time",
    "started": "time",
}
"""The columns and their kinds.

``memory_bytes`` is the working set, by which kubelets evict pods and which ``kubectl top`` shows. ``fs`` is the file
system of a node, the writable layer of a container, and the ephemeral storage of a pod. ``wide=True`` has all fields.
"""


def from_nano(value: Any) -> Any:
    """A number of nanounits in units; anything else as it is."""
    return value / 1e9 if type(value) in (int, float) else value
