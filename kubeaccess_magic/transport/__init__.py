"""Upstreams and pools: signed and limited connections to one server, with foreign errors translated.

This room knows how bytes get there. What a request means, and to what it goes behind the server, is known elsewhere.
"""

from .pool import Pool
from .response import Response
from .upstream import TlsSettings, Upstream

__all__ = ["Pool", "Response", "TlsSettings", "Upstream"]
