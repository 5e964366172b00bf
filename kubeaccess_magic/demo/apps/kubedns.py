"""kube-dns: a DNS port that does not speak HTTP, and a metrics port that does."""

from __future__ import annotations

import time
from typing import Final

from ..http.exchange import AbortConnection, Exchange
from ..world.usage import wave
from .web import send_text

_QUERIES: Final = (("A", "udp", 3.0), ("AAAA", "udp", 2.9), ("A", "tcp", 0.01))
"""Type and protocol of DNS queries, and their rate per second."""
_HEAD = """# HELP coredns_build_info A metric with a constant '1' value labeled by version, revision, and goversion.
# TYPE coredns_build_info gauge
coredns_build_info{goversion="go1.26",revision="demo",version="1.13.0"} 1
# HELP coredns_cache_entries The number of elements in the cache.
# TYPE coredns_cache_entries gauge
coredns_cache_entries{server="dns://:53",type="success",zones="."} 187
# HELP coredns_dns_requests_total Counter of DNS requests made per zone, protocol and family.
# TYPE coredns_dns_requests_total counter
"""


class Dns:
    """The metrics port, 9153, of one replica.

    Parameters
    ----------
    pod
        The name of its pod.
    started_at
        When it started, in seconds since the epoch.
    """

    def __init__(self, pod: str, started_at: float) -> None:
        self.waves = {
            (query_type, proto): wave(rate, started_at, f"{pod}/{query_type}/{proto}")
            for query_type, proto, rate in _QUERIES
        }

    async def __call__(self, exchange: Exchange) -> None:
        """Answer `/metrics`, and nothing else."""
        if exchange.request.path != "/metrics":
            await send_text(exchange, 404, "404 page not found\n")
            return
        now = time.time()
        lines = []
        for (query_type, proto), query_wave in sorted(self.waves.items()):
            labels = f'family="1",proto="{proto}",server="dns://:53",type="{query_type}",zone="."'
            lines.append(f"coredns_dns_requests_total{{{labels}}} {query_wave.count(now)}\n")
        await send_text(exchange, 200, _HEAD + "".join(lines))


async def silent(exchange: Exchange) -> None:
    """Port 53: close the connection, since HTTP is not a DNS message."""
    raise AbortConnection
