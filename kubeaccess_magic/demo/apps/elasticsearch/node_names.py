"""The names of the cluster, its only node and its indices."""

from __future__ import annotations

from typing import Final

CLUSTER: Final = "kubernetes_logging"
CLUSTER_UUID: Final = "3kXyFv5bQm2Wg9tQZ0dEmo"
NODE: Final = "elasticsearch-logging-0"
NODE_ID: Final = "demoNode0Rk2xq7Yt5w9aQ"
ADDRESS: Final = "10.42.0.11"
VERSION: Final = "7.17.28"
ALIAS: Final = "logstash"
"""The alias of all indices; the newest one is its write index."""
ARCHIVE: Final = "archive-000001"
"""A large hidden index: it is only searched by name, so that counts over all indices stay small."""
BYTES_PER_DOCUMENT: Final = 412

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def index_uuid(name: str) -> str:
    """The UUID of an index, which follows from its name."""
    number = 0
    for character in name:
        number = (number * 1_000_003 + ord(character) + 7) % 2**132
    number = number * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**132
    return "".join(_LETTERS[number >> 6 * position & 63] for position in range(22))
