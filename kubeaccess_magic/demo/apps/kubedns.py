"""kube-dns: a port that speaks no HTTP, and one with metrics that does."""

from __future__ import annotations

from ..http.server import AbortedError, Exchange
from .web import send_text

_METRICS = """# HELP coredns_build_info A metric with a constant '1' value labeled by version, revision, and goversion.
# TYPE coredns_build_info gauge
coredns_build_info{goversion="go1.26",revision="demo",version="1.13.0"} 1
# HELP coredns_dns_requests_total Counter of DNS requests made per zone, protocol and family.
# TYPE coredns_dns_requests_total counter
coredns_dns_requests_total{family="1",proto="tcp",server="dns://:53",type="A",zone="."} 210
coredns_dns_requests_total{family="1",proto="udp",server="dns://:53",type="A",zone="."} 48213
coredns_dns_requests_total{family="1",proto="udp",server="dns://:53",type="AAAA",zone="."} 47990
# HELP coredns_cache_entries The number of elements in the cache.
# TYPE coredns_cache_entries gauge
coredns_cache_entries{server="dns://:53",type="success",zones="."} 187
"""


async def metrics(exchange: Exchange) -> None:
    """Port 9153: `/metrics`, and nothing else."""
    if exchange.request.path != "/metrics":
        await send_text(exchange, 404, "404 page not found\n")
        return
    await send_text(exchange, 200, _METRICS)


async def silent(exchange: Exchange) -> None:
    """Port 53: what is no DNS message is hung up on."""
    raise AbortedError
