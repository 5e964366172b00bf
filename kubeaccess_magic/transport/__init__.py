"""Upstreams and pools: connections to one server, signed, limited, and the one door for foreign errors.

This room knows how bytes get there. What a request means, and to what it goes behind the server, is known elsewhere.
"""

from .pool import Pool
from .response import Response
from .upstream import TlsSettings, Upstream

__all__ = ["Pool", "Response", "TlsSettings", "Upstream"]
