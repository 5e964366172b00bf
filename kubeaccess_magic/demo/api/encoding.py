"""How an object is written: the form that the Accept header asks for, in the spelling of the real server."""

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
GZIP_FROM: Final = 128 * 2**10
_SURROGATE = re.compile("[\ud800-\udfff]")
_BROWSERS = ("curl", "Wget", "Mozilla/5.0")


@dataclass(frozen=True, slots=True)
class Representation:
    """What the client wants to read.

    Attributes
    ----------
    media_type
        JSON or YAML.
    convert
        ``Table``, ``PartialObjectMetadata``, ``PartialObjectMetadataList``, ``APIGroupDiscoveryList`` or nothing.
    pretty
        JSON with line breaks.
    version
        Of the form to convert to.
    """

    media_type: str = JSON
    convert: str = ""
    pretty: bool = False
    version: str = ""


@dataclass(frozen=True)
class AcceptItem:
    """One item of an Accept header."""

    kind: str
    quality: float
    parameters: dict[str, str] = field(default_factory=dict)


def negotiate(
    request: IncomingRequest, conversions: tuple[str, ...] = (), representations: str = _PLAIN
) -> Representation:
    """The form for an answer.

    Parameters
    ----------
    conversions
        The conversions that this answer can undergo.
    representations
        What a refusal says is there.

    Raises
    ------
    ApiError
        406: nothing that the client accepts can be written.
    """
    pretty = wants_pretty(request)
    for offer in accepted(request.headers):
        convert = offer.parameters.get("as", "")
        if convert and (convert not in conversions or not _known_version(convert, offer.parameters)):
            continue
        media = _media(offer)
        if media:
            pretty = pretty or offer.parameters.get("pretty") in ("1", "true")
            return Representation(media, convert, pretty, offer.parameters.get("v", ""))
    if not any(offer.kind in ("*/*", JSON, YAML, PROTOBUF) for offer in accepted(request.headers)):
        raise not_acceptable(representations)
    message = f"only the following media types are accepted: {_PLAIN}"
    raise ApiError(406, "NotAcceptable", message)


def accepted(headers: Headers) -> list[AcceptItem]:
    """The items of Accept, best first; a missing header takes anything."""
    text = ",".join(headers.getall("Accept")).strip()
    offers = []
    for item in text.split(",") if text else ["*/*"]:
        kind, *rest = (part.strip() for part in item.split(";"))
        parameters = dict(part.split("=", 1) for part in rest if "=" in part)
        try:
            quality = float(parameters.pop("q", "1"))
        except ValueError:
            quality = 1.0
        offers.append(AcceptItem(kind, quality, parameters))
    return sorted(offers, key=lambda offer: (-offer.quality, offer.kind.count("*")))


def wants_pretty(request: IncomingRequest) -> bool:
    """Whether JSON is to be indented: `pretty=`, or a client that people read with."""
    if asked := request.parameters.get("pretty"):
        return asked in ("1", "t", "T", "true", "TRUE", "True")
    return request.headers.get("User-Agent").startswith(_BROWSERS)


def to_json(value: Any, pretty: bool = False) -> bytes:
    """JSON as Go writes it: ``& < >`` escaped, other characters as they are, a line end."""
    separators = (",", ": ") if pretty else (",", ":")
    text = json.dumps(value, ensure_ascii=False, indent=2 if pretty else None, separators=separators)
    for character in "&<>\u2028\u2029":
        if character in text:
            text = text.replace(character, f"\\u{ord(character):04x}")
    return _SURROGATE.sub("\ufffd", text).encode() + b"\n"


def encode(value: Any, form: Representation) -> tuple[str, bytes]:
    """Content type and body."""
    if form.media_type == YAML:
        return YAML, yaml.dump(value).encode("utf-8", "replace")
    return JSON, to_json(value, form.pretty)


def encode_error(error: ApiError, request: IncomingRequest) -> tuple[str, bytes]:
    """A Status; what no Accept can be met with falls back to indented JSON, never to 406."""
    for offer in accepted(request.headers):
        if offer.kind == PROTOBUF:
            return PROTOBUF, protobuf.status(error)
        if not offer.parameters.get("as") and (media := _media(offer)):
            return encode(error.status, Representation(media, pretty=wants_pretty(request)))
    return JSON, to_json(error.status, pretty=True)


def compressed(request: IncomingRequest, headers: Headers, body: bytes) -> bytes:
    """The body gzipped, if it is large and the client has a bare ``gzip`` token (F6); the headers say so."""
    if len(body) < GZIP_FROM or "gzip" not in request.headers.items_of("Accept-Encoding"):
        return body
    headers.set("Content-Encoding", "gzip")
    headers.add("Vary", "Accept-Encoding")
    return gzip.compress(body, 1)


def _media(offer: AcceptItem) -> str:
    if offer.kind in ("*/*", JSON):
        return JSON
    if offer.kind == YAML:
        return YAML
    if offer.kind == PROTOBUF and not offer.parameters.get("as"):
        return JSON  # objects are not written as protobuf here; clients go by the Content-Type of the answer
    return ""


def _known_version(convert: str, parameters: dict[str, str]) -> bool:
    if convert == "APIGroupDiscoveryList":
        return parameters.get("g") == "apidiscovery.k8s.io" and parameters.get("v") == "v2"
    return parameters.get("g") == "meta.k8s.io" and parameters.get("v") in ("v1", "v1beta1")
