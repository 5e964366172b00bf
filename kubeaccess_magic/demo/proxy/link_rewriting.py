"""What the API server changes in a response: Location headers and links in HTML (T24-T32)."""

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
    """Rewrites links to an app so that they lead through the proxy.

    Attributes
    ----------
    prefix
        The part of the request's path before the app's own path.
    backend_host
        The app's host and port, as the API server knows it.
    request_host
        The Host header of the client's request.
    """

    prefix: str
    backend_host: str
    request_host: str

    def url(self, url: GoURL) -> str:
        """Rewrite a URL if its path is absolute and its host is missing, the app's or the requested one (T27, T28)."""
        is_foreign = url.host and url.host not in (self.backend_host, self.request_host)
        if is_foreign or not url.path.startswith("/"):
            return str(url)
        scheme, host = url.scheme, url.host
        if host != self.request_host:
            scheme, host = "", ""
        path = url.path
        if not path.startswith(self.prefix):
            path = join(self.prefix, path) + ("/" if path.endswith("/") else "")
        return str(replace(url, scheme=scheme, host=host, path=path))

    def location(self, headers: Headers) -> bool:
        """Rewrite a Location header; return whether there is one, since the body then stays unchanged (T26).

        Raises
        ------
        ApiError
            500: the header is not a URL (T29).
        """
        text = headers.get("Location")
        if not text:
            return False
        try:
            url = GoURL.parse(text.encode("latin-1").decode("utf-8", "surrogateescape"))
        except BadURLError as error:
            raise internal(f'error trying to parse Location header: parse "{text}": {error}') from error
        headers.set("Location", self.url(url).encode("utf-8", "surrogateescape").decode("latin-1"))
        return True

    def page(self, headers: Headers, body: bytes) -> bytes:
        """Rewrite the links in an HTML body (T30).

        Parameters
        ----------
        headers
            The headers of the response, which name the content encoding.
        body
            The body, perhaps compressed.

        Raises
        ------
        ApiError
            500: the body is not compressed as the headers say.
        AbortConnection
            The encoding is unknown: the real server closes the connection (T32).
        """
        encoding = headers.get("Content-Encoding")
        if encoding == "gzip":
            try:
                page = gzip.decompress(body)
            except (OSError, EOFError, zlib.error):
                raise plain_500("gzip: invalid header") from None
            return gzip.compress(html_links.rewrite_links(page, self._rewrite_text), 6, mtime=0)
        if encoding == "deflate":
            try:
                page = zlib.decompress(body, -15)
            except zlib.error:
                raise plain_500("flate: corrupt input before offset 5") from None
            compressor = zlib.compressobj(9, wbits=-15)
            return compressor.compress(html_links.rewrite_links(page, self._rewrite_text)) + compressor.flush()
        if encoding:
            raise AbortConnection
        return html_links.rewrite_links(body, self._rewrite_text)

    def without_body(self, headers: Headers) -> None:
        """Adapt the headers of an HTML response without a body, such as one to HEAD.

        Raises
        ------
        ApiError
            500: the headers name a compression, and the real server fails to decompress the empty body.
        """
        encoding = headers.get("Content-Encoding")
        if encoding in ("gzip", "deflate"):
            raise plain_500("errorf making gzip reader: EOF" if encoding == "gzip" else "unexpected EOF")
        if not encoding:
            headers.remove("Content-Length")

    def _rewrite_text(self, text: str) -> str:
        try:
            return self.url(GoURL.parse(text))
        except BadURLError:
            return text


def is_html(headers: Headers) -> bool:
    """Whether the media type is exactly ``text/html`` (T30)."""
    return headers.get("Content-Type").split(";")[0].strip() == "text/html"
