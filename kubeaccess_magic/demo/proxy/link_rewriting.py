"""What the API server changes in an answer: Location headers and links in HTML (T24-T32)."""

from __future__ import annotations

import gzip
import zlib
from dataclasses import dataclass, replace

from ..api.status import internal, plain_500
from ..http.exchange import AbortConnection
from ..http.gourl import BadURLError, GoURL, join
from ..http.headers import Headers
from . import html_links

CORS = (
    "Access-Control-Allow-Origin",
    "Access-Control-Allow-Credentials",
    "Access-Control-Allow-Headers",
    "Access-Control-Allow-Methods",
)


@dataclass(frozen=True, slots=True)
class LinkRewriter:
    """Leads links back through the proxy.

    Attributes
    ----------
    prefix
        The path up to where the app's own begins.
    backend_host
        Host and port of the app, as the API server knows it.
    request_host
        The Host that the client named.
    """

    prefix: str
    backend_host: str
    request_host: str

    def url(self, url: GoURL) -> str:
        """One URL: rewritten if it is absolute and of the app or of the requested host (T27, T28)."""
        foreign = url.host and url.host not in (self.backend_host, self.request_host)
        if foreign or not url.path.startswith("/"):
            return str(url)
        scheme, host = url.scheme, url.host
        if host != self.request_host:
            scheme, host = "", ""
        path = url.path
        if not path.startswith(self.prefix):
            path = join(self.prefix, path) + ("/" if path.endswith("/") else "")
        return str(replace(url, scheme=scheme, host=host, path=path))

    def location(self, headers: Headers) -> bool:
        """Rewrite a Location header; whether there is one, for then the body stays as it is (T26).

        Raises
        ------
        ApiError
            500: it cannot be parsed (T29).
        """
        text = headers.get("Location")
        if not text:
            return False
        try:
            url = GoURL.parse(text.encode("latin-1").decode("utf-8", "surrogateescape"))
        except BadURLError as bad:
            raise internal(f'error trying to parse Location header: parse "{text}": {bad}') from bad
        headers.set("Location", self.url(url).encode("utf-8", "surrogateescape").decode("latin-1"))
        return True

    def page(self, headers: Headers, body: bytes) -> bytes:
        """The body of an HTML answer, rewritten (T30).

        Raises
        ------
        ApiError
            500: it is not compressed as it says.
        AbortConnection
            A coding that is not understood: the real server closes the connection (T32).
        """
        encoding = headers.get("Content-Encoding")
        if encoding == "gzip":
            try:
                plain = gzip.decompress(body)
            except (OSError, EOFError, zlib.error):
                raise plain_500("gzip: invalid header") from None
            return gzip.compress(html_links.rewritten(plain, self._text), 6, mtime=0)
        if encoding == "deflate":
            try:
                plain = zlib.decompress(body, -15)
            except zlib.error:
                raise plain_500("flate: corrupt input before offset 5") from None
            packer = zlib.compressobj(9, wbits=-15)
            return packer.compress(html_links.rewritten(plain, self._text)) + packer.flush()
        if encoding:
            raise AbortConnection
        return html_links.rewritten(body, self._text)

    def no_page(self, headers: Headers) -> None:
        """The headers of an HTML answer without a body, as to HEAD: a packed page that is empty cannot be unpacked.

        Raises
        ------
        ApiError
            500.
        """
        encoding = headers.get("Content-Encoding")
        if encoding in ("gzip", "deflate"):
            raise plain_500("errorf making gzip reader: EOF" if encoding == "gzip" else "unexpected EOF")
        if not encoding:
            headers.remove("Content-Length")

    def _text(self, text: str) -> str:
        try:
            return self.url(GoURL.parse(text))
        except BadURLError:
            return text


def is_page(headers: Headers) -> bool:
    """Whether the media type is exactly text/html (T30)."""
    return headers.get("Content-Type").split(";")[0].strip() == "text/html"
