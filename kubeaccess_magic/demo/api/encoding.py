"""Content negotiation, and writing objects exactly as the real server does."""

from __future__ import annotations

import gzip
import json
import re
from dataclasses import dataclass, field
from typing import Any, Final

from ..http.headers import Headers
from ..http.message import IncomingRequest
from . import protobuf, yaml
from .status import ApiError, not_acceptable

JSON: Final = "application/json"
YAML: Final = "application/yaml"
PROTOBUF: Final = "application/vnd.kubernetes.protobuf"
_PLAIN: Final = f"{JSON}, {YAML}, {PROTOBUF}"
LIST_REPRESENTATIONS: Final = (
    f"{_PLAIN}, application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch"
)
_GZIP_FROM_BYTES: Final = 128 * 2**10
_SURROGATE = re.compile("[\ud800-\udfff]")
_INTERACTIVE_CLIENTS = ("curl", "Wget", "Mozilla/5.0")


@dataclass(frozen=True, slots=True)
class Representation:
    """How an answer is written.

    Attributes
    ----------
    media_type
        JSON or YAML.
    convert
        The kind to convert the object to: ``Table``, ``PartialObjectMetadata``, ``PartialObjectMetadataList``,
        ``APIGroupDiscoveryList``, or empty.
    pretty
        Whether JSON is indented.
    version
        The version of that kind.
    """

    media_type: str = JSON
    convert: str = ""
    pretty: bool = False
    version: str = ""


@dataclass(frozen=True)
class AcceptItem:
    """One item of an Accept header."""

    media_range: str
    quality: float
    parameters: dict[str, str] = field(default_factory=dict)


def negotiate(
    request: IncomingRequest, conversions: tuple[str, ...] = (), representations: str = _PLAIN
) -> Representation:
    """Choose the representation of an answer from what the client accepts.

    Parameters
    ----------
    request
        The request with its Accept header.
    conversions
        The kinds that the answer can be converted to.
    representations
        The available representations, as an error names them.

    Raises
    ------
    ApiError
        406: nothing that the client accepts is available.
    """
    pretty = wants_pretty(request)
    for item in accept_items(request.headers):
        convert = item.parameters.get("as", "")
        if convert and (convert not in conversions or not _known_version(convert, item.parameters)):
            continue
        media_type = _media_type(item)
        if media_type:
            pretty = pretty or item.parameters.get("pretty") in ("1", "true")
            return Representation(media_type, convert, pretty, item.parameters.get("v", ""))
    if not any(item.media_range in ("*/*", JSON, YAML, PROTOBUF) for item in accept_items(request.headers)):
        raise not_acceptable(representations)
    message = f"only the following media types are accepted: {_PLAIN}"
    raise ApiError(406, "NotAcceptable", message)


def accept_items(headers: Headers) -> list[AcceptItem]:
    """The items of the Accept headers, in order of preference; a missing header accepts everything."""
    text = ",".join(headers.getall("Accept")).strip()
    items = []
    for text_item in text.split(",") if text else ["*/*"]:
        media_range, *parameter_texts = (part.strip() for part in text_item.split(";"))
        parameters = dict(part.split("=", 1) for part in parameter_texts if "=" in part)
        try:
            quality = float(parameters.pop("q", "1"))
        except ValueError:
            quality = 1.0
        items.append(AcceptItem(media_range, quality, parameters))
    return sorted(items, key=lambda item: (-item.quality, item.media_range.count("*")))


def wants_pretty(request: IncomingRequest) -> bool:
    """Whether to indent JSON: because of `pretty=`, or because the client shows it to people."""
    if pretty := request.parameters.get("pretty"):
        return pretty in ("1", "t", "T", "true", "TRUE", "True")
    return request.headers.get("User-Agent").startswith(_INTERACTIVE_CLIENTS)


def to_json(value: Any, pretty: bool = False) -> bytes:
    """Encode a value as JSON like Go: ``& < >`` are escaped, other characters are not, and a line feed ends it.

    Parameters
    ----------
    value
        The value to encode.
    pretty
        Whether to indent it.
    """
    separators = (",", ": ") if pretty else (",", ":")
    text = json.dumps(value, ensure_ascii=False, indent=2 if pretty else None, separators=separators)
    for character in "&<>\u2028\u2029":
        if character in text:
            text = text.replace(character, f"\\u{ord(character):04x}")
    return _SURROGATE.sub("\ufffd", text).encode() + b"\n"


def encode(value: Any, representation: Representation) -> tuple[str, bytes]:
    """Encode a value; return the content type and the body.

    Parameters
    ----------
    value
        The value to encode.
    representation
        How to write it.
    """
    if representation.media_type == YAML:
        return YAML, yaml.dump(value).encode("utf-8", "replace")
    return JSON, to_json(value, representation.pretty)


def encode_error(error: ApiError, request: IncomingRequest) -> tuple[str, bytes]:
    """Encode an error; return the content type and the body.

    If nothing that the client accepts is available, the answer is indented JSON, and never 406.

    Parameters
    ----------
    error
        The error to send.
    request
        The request with its Accept header.
    """
    for item in accept_items(request.headers):
        if item.media_range == PROTOBUF:
            return PROTOBUF, protobuf.encode_status(error)
        if not item.parameters.get("as") and (media_type := _media_type(item)):
            return encode(error.status, Representation(media_type, pretty=wants_pretty(request)))
    return JSON, to_json(error.status, pretty=True)


def compress(request: IncomingRequest, headers: Headers, body: bytes) -> bytes:
    """Compress a body if it is large and the client accepts plain ``gzip`` (F6).

    Parameters
    ----------
    request
        The request with its Accept-Encoding header.
    headers
        The headers of the response; Content-Encoding and Vary are added.
    body
        The body.
    """
    if len(body) < _GZIP_FROM_BYTES or "gzip" not in request.headers.items_of("Accept-Encoding"):
        return body
    headers.set("Content-Encoding", "gzip")
    headers.add("Vary", "Accept-Encoding")
    return gzip.compress(body, 1)


def _media_type(item: AcceptItem) -> str:
    if item.media_range in ("*/*", JSON):
        return JSON
    if item.media_range == YAML:
        return YAML
    if item.media_range == PROTOBUF and not item.parameters.get("as"):
        return JSON  # objects are never written as protobuf; clients follow the Content-Type of the answer
    return ""


def _known_version(convert: str, parameters: dict[str, str]) -> bool:
    if convert == "APIGroupDiscoveryList":
        return parameters.get("g") == "apidiscovery.k8s.io" and parameters.get("v") == "v2"
    return parameters.get("g") == "meta.k8s.io" and parameters.get("v") in ("v1", "v1beta1")
