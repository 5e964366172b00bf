"""Protobuf, as far as kubectl needs it: writing a Status, and reading the bodies of a few kinds.

Clients that prefer protobuf get lists and objects in JSON all the same; they follow the Content-Type.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any, Final

from .status import ApiError, Object, bad_request

MAGIC: Final = b"k8s\x00"

Schema = dict[int, tuple[str, Any]]
"""Field number → name in JSON and type: ``str``, ``int``, ``bool``, ``bytes``, or the schema of a message; in a list if
the field is repeated; ``{"map": type}`` for a map with string keys, ``{"port": ...}`` for a number or name."""

_LABELS: Final = {"map": "str"}
_META: Schema = {
    1: ("name", "str"), 2: ("generateName", "str"), 3: ("namespace", "str"), 5: ("uid", "str"),
    6: ("resourceVersion", "str"), 11: ("labels", _LABELS), 12: ("annotations", _LABELS),
}  # fmt: skip
_RESOURCE_ATTRIBUTES: Schema = {
    1: ("namespace", "str"), 2: ("verb", "str"), 3: ("group", "str"), 4: ("version", "str"), 5: ("resource", "str"),
    6: ("subresource", "str"), 7: ("name", "str"),
}  # fmt: skip
_PATH: Schema = {1: ("path", "str"), 2: ("verb", "str")}
_ACCESS: Schema = {
    1: ("metadata", _META),
    2: ("spec", {1: ("resourceAttributes", _RESOURCE_ATTRIBUTES), 2: ("nonResourceAttributes", _PATH)}),
}
_PORT: Schema = {
    1: ("name", "str"), 2: ("protocol", "str"), 3: ("port", "int"), 4: ("targetPort", {"port": True}),
    5: ("nodePort", "int"), 6: ("appProtocol", "str"),
}  # fmt: skip
_SERVICE_SPEC: Schema = {
    1: ("ports", [_PORT]), 2: ("selector", _LABELS), 3: ("clusterIP", "str"), 4: ("type", "str"),
    5: ("externalIPs", ["str"]), 7: ("sessionAffinity", "str"), 10: ("externalName", "str"),
    18: ("clusterIPs", ["str"]),
}  # fmt: skip
_SUBJECT: Schema = {1: ("kind", "str"), 2: ("apiGroup", "str"), 3: ("name", "str"), 4: ("namespace", "str")}
_ROLE_REF: Schema = {1: ("apiGroup", "str"), 2: ("kind", "str"), 3: ("name", "str")}
_RULE: Schema = {
    1: ("verbs", ["str"]), 2: ("apiGroups", ["str"]), 3: ("resources", ["str"]), 4: ("resourceNames", ["str"]),
    5: ("nonResourceURLs", ["str"]),
}  # fmt: skip
_ROLE: Schema = {1: ("metadata", _META), 2: ("rules", [_RULE])}
_BINDING: Schema = {1: ("metadata", _META), 2: ("subjects", [_SUBJECT]), 3: ("roleRef", _ROLE_REF)}

_SCHEMAS: Final[dict[str, Schema]] = {
    "ConfigMap": {1: ("metadata", _META), 2: ("data", _LABELS)},
    "Secret": {1: ("metadata", _META), 2: ("data", {"map": "bytes"}), 3: ("type", "str")},
    "Namespace": {1: ("metadata", _META)},
    "ServiceAccount": {1: ("metadata", _META)},
    "Service": {1: ("metadata", _META), 2: ("spec", _SERVICE_SPEC)},
    "Role": _ROLE,
    "ClusterRole": _ROLE,
    "RoleBinding": _BINDING,
    "ClusterRoleBinding": _BINDING,
    "SelfSubjectAccessReview": _ACCESS,
    "SelfSubjectRulesReview": {1: ("metadata", _META), 2: ("spec", {1: ("namespace", "str")})},
    "Scale": {1: ("metadata", _META), 2: ("spec", {1: ("replicas", "int")})},
    "SelfSubjectReview": {1: ("metadata", _META)},
}


def decode(body: bytes) -> Object:
    """Decode the object in a protobuf body.

    Raises
    ------
    ApiError
        400: the body is not valid; 415: the demo reads this kind as JSON only.
    """
    try:
        envelope = dict(_fields(body.removeprefix(MAGIC)))
        type_meta = {number: value.decode() for number, value in _fields(envelope[1])}
        version, kind = type_meta.get(1, ""), type_meta.get(2, "")
        schema = _SCHEMAS.get(kind)
        if schema is None:
            message = f"the demo cluster reads {kind} as application/json only"
            raise ApiError(415, "UnsupportedMediaType", message, {})
        return {"apiVersion": version, "kind": kind} | _read(envelope.get(2, b""), schema)
    except (KeyError, IndexError, UnicodeDecodeError, AttributeError, TypeError):
        raise bad_request("the object provided is unrecognized: it is not a protobuf message") from None


def encode_status(error: ApiError) -> bytes:
    """Encode an error as a Status."""
    metadata = _message(1, b"") + _message(2, b"") + _message(3, b"")
    fields = _message(1, metadata) + _message(2, b"Failure") + _message(3, error.message.encode("utf-8", "replace"))
    fields += _message(4, error.reason.encode())
    if error.details is not None:
        fields += _message(5, _details(error.details))
    fields += b"\x30" + _varint(error.code)
    kind = _message(1, b"v1") + _message(2, b"Status")
    return MAGIC + _message(1, kind) + _message(2, fields) + _message(3, b"") + _message(4, b"")


def _details(details: Object) -> bytes:
    content = b"".join(_text(position, details.get(key)) for position, key in ((1, "name"), (2, "group"), (3, "kind")))
    for cause in details.get("causes", ()):
        cause_fields = (
            _text(position, cause.get(key)) for position, key in ((1, "reason"), (2, "message"), (3, "field"))
        )
        content += _message(4, b"".join(cause_fields))
    return content + b"\x28" + _varint(int(details.get("retryAfterSeconds", 0))) + _message(6, b"")


def _read(data: bytes, schema: Schema) -> Object:
    content: Object = {}
    for number, value in _fields(data):
        if number not in schema:
            continue
        name, kind = schema[number]
        if isinstance(kind, list):
            content.setdefault(name, []).append(_value(value, kind[0]))
        elif isinstance(kind, dict) and "map" in kind:
            entry = dict(_fields(value))
            content.setdefault(name, {})[entry.get(1, b"").decode()] = _value(entry.get(2, b""), kind["map"])
        else:
            decoded_value = _value(value, kind)
            if decoded_value not in ("", 0, {}) or name == "metadata":
                content[name] = decoded_value
    return content


def _value(value: Any, kind: Any) -> Any:
    if kind == "str":
        return value.decode()
    if kind == "bytes":
        return base64.b64encode(value).decode()
    if kind == "int":
        return value - 2**64 if value >= 2**63 else value
    if kind == "bool":
        return bool(value)
    if "port" in kind:
        int_or_string = dict(_fields(value))
        return int_or_string.get(3, b"").decode() if int_or_string.get(1) else int_or_string.get(2, 0)
    return _read(value, kind)


def _fields(data: bytes) -> Iterator[tuple[int, Any]]:
    """The number and the value of each field: an int or bytes."""
    position = 0
    while position < len(data):
        tag, position = _read_varint(data, position)
        kind = tag & 7
        if kind == 0:
            value, position = _read_varint(data, position)
            yield tag >> 3, value
        elif kind == 2:
            size, position = _read_varint(data, position)
            if position + size > len(data):
                raise IndexError
            yield tag >> 3, data[position : position + size]
            position += size
        else:
            position += 8 if kind == 1 else 4
            yield tag >> 3, data[position - (8 if kind == 1 else 4) : position]


def _read_varint(data: bytes, position: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = data[position]
        number |= (byte & 127) << shift
        position, shift = position + 1, shift + 7
        if byte < 128:
            return number, position
        if shift > 63:
            raise IndexError


def _text(number: int, value: Any) -> bytes:
    return _message(number, str(value or "").encode("utf-8", "replace"))


def _message(number: int, data: bytes) -> bytes:
    return bytes([number << 3 | 2]) + _varint(len(data)) + data


def _varint(number: int) -> bytes:
    encoded = bytearray()
    while number > 127:
        encoded.append(number & 127 | 128)
        number >>= 7
    return bytes([*encoded, number])
