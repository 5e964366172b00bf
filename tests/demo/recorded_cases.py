"""Sending a recorded request, and comparing the response with the recorded one.

A case is a mapping: `id`, `rules`, `token` (None: no credentials), `method`, `target` (sent as it stands; `{host}` is
the server's), `headers`, `body`. Rarer keys: `host`, `chunked`, `cert`, `follow` (answer with the second page),
`upgrade` (send "ping" after a 101), `steps` (of a websocket talk), `judge` (`part`: lists may be shorter; `head`:
status and headers only).

What changes from run to run reads <HOST>, <CLIENT>, <UID>, <RV>, <TIME> and so on, in the recordings as in our answers.
"""

from __future__ import annotations

import base64
import http.client
import json
import re
import socket
import ssl
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

Case = dict[str, Any]
Answer = dict[str, Any]

_MASKS: list[tuple[str, str | Callable[[re.Match[str]], str]]] = [
    (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "<UID>"),
    (r'("resourceVersion"\s*:\s*")\d+"', r'\1<RV>"'),
    (r"(too old resource version: )\d+ \(\d+\)", r"\1<RV> (<RV>)"),
    (r'("(?:creationTimestamp|time)"\s*:\s*")[^"]+"', r'\1<TIME>"'),
    (r'("continue"\s*:\s*")[^"]{20,}"', r'\1<CONTINUE>"'),
    (r'(?<=[\[,])"(?:\d+[smhdy])+"(?=[\],])', '"<AGE>"'),
    (r"((?:\d{1,3}\.){3}\d{1,3}):\d{4,5}-(>|\\u003e)", r"\1:<PORT>-\2"),
    (r"(Too large resource version: \d+, current: )\d+", r"\1<RV>"),
    (r'("(?:gitCommit|gitTreeState|buildDate|goVersion|platform)": ")[^"]*', r"\1<BUILD>"),
    (r"(hash=|X509SHA256=)[0-9A-Fa-f]+", r"\1<HASH>"),
    (r"x{1000,}", lambda run: f"<{len(run[0])} x>"),
]
_RANDOM = {
    "audit-id": "<ID>",
    "date": "<TIME>",
    "last-modified": "<TIME>",
    "x-kubernetes-pf-flowschema-uid": "<UID>",
    "x-kubernetes-pf-prioritylevel-uid": "<UID>",
}
_FRAMING = {"content-length", "transfer-encoding", "connection"}
_REST = r'(?:[^"\\]|\\.)*'
_FREE_WORDS = [
    (
        rf"((?:error trying to reach service|error dialing backend|error trying to parse Location header): ){_REST}",
        r"\1<FREE>",
    ),
    (rf'((?:Get|Post) \\"https://){_REST}', r"\1<FREE>"),
    (r"unexpected EOF|flate: corrupt input before offset \d+", "<FREE>"),
]
_SILENCE_S = 0.4


@dataclass(frozen=True)
class Server:
    """Where to send requests; `host` is the name in Host and Location headers."""

    address: tuple[str, int]
    host: str
    tls: ssl.SSLContext
    tls_with_certificate: ssl.SSLContext

    @classmethod
    def at(cls, port: int, ca: str, certificate: tuple[str, str]) -> Server:
        def context(*pair: str) -> ssl.SSLContext:
            made = ssl.create_default_context(cafile=ca)
            if pair:
                made.load_cert_chain(*pair)
            return made

        return cls(("127.0.0.1", port), f"127.0.0.1:{port}", context(), context(*certificate))


def ask(case: Case, server: Server, timeout_s: float = 8) -> Answer:
    """Send the request of a case; return the response, with masked values."""
    if case.get("follow"):
        first = _talk(case, server, timeout_s).get("body", "")
        token = re.search(r'"continue"\s*:\s*"([^"]+)"', first)
        case = case | {"target": f"{case['target']}&continue={quote(token[1]) if token else ''}"}
    answer = _masked(_talk(case, server, timeout_s), server)
    if case.get("judge") == "head":
        answer.pop("body", None)
    return answer


def differences(case: Case, answer: Answer) -> list[str]:
    """How a response differs from the recorded one."""
    wanted, got = _comparable(case["answer"], case), _comparable(answer, case)
    out = []
    for part in sorted(wanted.keys() | got.keys()):
        w, g = wanted.get(part), got.get(part)
        if w == g or (part == "body" and case.get("judge") == "part" and _within(g, w)):
            continue
        if part == "headers" and w and g:
            w, g = [one for one in w if one not in g], [one for one in g if one not in w]
        out.append(f"{part}: wanted {json.dumps(w)[:800]}, got {json.dumps(g)[:800]}")
    return out


def seen_differences(case: Case, seen: list[Answer], server: Server) -> list[str]:
    """How the request that reached the app differs from the recorded one, including the order of headers."""
    masked = json.loads(json.dumps(seen).replace(server.host, "<HOST>").replace('"127.0.0.1"', '"<CLIENT>"'))
    for one in masked:
        for header in one["headers"]:
            if header[0] == "X-Forwarded-For":
                header[1] = header[1].replace("127.0.0.1", "<CLIENT>")
    return [] if masked == case["seen"] else [f"seen: wanted {json.dumps(case['seen'])}, got {json.dumps(masked)}"]


# --- asking


def _talk(case: Case, server: Server, timeout_s: float) -> Answer:
    target = case["target"].replace("{host}", server.host)
    head = [f"{case['method']} {target} HTTP/1.1", f"Host: {case.get('host', server.host)}"]
    if case["token"]:
        head.append(f"Authorization: Bearer {case['token']}")
    head += [f"{name}: {value}" for name, value in case["headers"]]
    body = (case["body"] or "").encode()
    if case.get("chunked"):
        head.append("Transfer-Encoding: chunked")
        body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    elif case["body"] is not None:
        head.append(f"Content-Length: {len(body)}")
    context = server.tls_with_certificate if case.get("cert") else server.tls
    with (
        socket.create_connection(server.address, timeout_s) as plain,
        context.wrap_socket(plain, server_hostname=server.address[0]) as secure,
    ):
        try:
            secure.sendall("\r\n".join(head).encode() + b"\r\n\r\n" + body)
            return _upgraded(secure, case) if case.get("upgrade") or "steps" in case else _plain(secure, case["method"])
        except TimeoutError:
            return {"none": "silent"}
        except (http.client.HTTPException, OSError):
            return {"none": "closed"}


def _plain(secure: socket.socket, method: str) -> Answer:
    reply = http.client.HTTPResponse(secure, method=method)
    reply.begin()
    return _whole(reply)


def _whole(reply: http.client.HTTPResponse) -> Answer:
    out: Answer = {"status": reply.status, "headers": [[name, value] for name, value in reply.msg.items()]}
    try:
        data = reply.read()
    except http.client.IncompleteRead as broken:
        data, out["cut"] = broken.partial, True
    except OSError:
        data, out["cut"] = b"", True
    return out | _text(_unpacked(data, reply.msg.get("Content-Encoding", "")))


def _unpacked(data: bytes, encoding: str) -> bytes:
    window = {"gzip": 31, "deflate": -15}.get(encoding)
    try:
        return zlib.decompress(data, window) if window and data else data
    except zlib.error:
        return data


def _text(data: bytes) -> Answer:
    try:
        return {"body": data.decode()}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(data).decode()}


def _upgraded(secure: socket.socket, case: Case) -> Answer:
    reply = http.client.HTTPResponse(secure, method=case["method"])
    reply.begin()
    if reply.status != 101:
        return _whole(reply)
    out: Answer = {"status": 101, "headers": [[name, value] for name, value in reply.msg.items()]}
    secure.settimeout(_SILENCE_S)
    if "steps" in case:
        return out | {"frames": list(_frames(reply.fp))}
    secure.sendall(b"ping")
    data = b""
    try:
        while piece := reply.fp.read1(65536):
            data += piece
    except OSError:
        pass
    return out | _text(data)


def _frames(stream: Any) -> Iterator[list[Any]]:
    """Everything that arrives until a close frame, the end, or a period of silence."""
    try:
        while True:
            first, size = stream.read(2)
            if size > 125:
                size = int.from_bytes(stream.read(2 if size == 126 else 8), "big")
            yield [first & 15, stream.read(size).hex()]
            if first & 15 == 8:
                return
    except (OSError, ValueError, struct.error):
        return


# --- masking and judging


def _masked(answer: Answer, server: Server) -> Answer:
    def masked(value: str) -> str:
        value = value.replace(server.host, "<HOST>").replace("127.0.0.1", "<CLIENT>")
        for pattern, to in _MASKS:
            value = re.sub(pattern, to, value)
        return value

    body = masked(_settled(answer["body"])) if "body" in answer else None
    if "headers" in answer:
        random = _RANDOM | ({"content-length": "<LENGTH>"} if body != answer.get("body") else {})
        answer["headers"] = [[name, random.get(name.lower()) or masked(value)] for name, value in answer["headers"]]
    if body is not None:
        answer["body"] = body
    return answer


def _settled(body: str) -> str:
    """JSON, or lines of JSON, with sorted rules; other text unchanged."""
    if not re.search("esourceRules", body):
        return body

    def sorted_rules(value: Any, key: str | None = None) -> Any:
        if isinstance(value, dict):
            return {name: sorted_rules(one, name) for name, one in value.items()}
        items = [sorted_rules(one) for one in value] if isinstance(value, list) else value
        return sorted(items, key=json.dumps) if key in ("resourceRules", "nonResourceRules") else items

    return json.dumps(sorted_rules(json.loads(body)), separators=(",", ":"), ensure_ascii=False)


def _comparable(answer: Answer, case: Case) -> Answer:
    if answer.get("none") == "closed" or answer.get("cut"):
        return {"broken off": True}
    out: Answer = {key: answer[key] for key in ("status", "none", "base64") if key in answer}
    if "headers" in answer:
        names = [name.lower() for name, _ in answer["headers"]]
        out["headers"] = sorted(
            [name.lower(), value] for name, value in answer["headers"] if name.lower() not in _FRAMING
        )
        if case["method"] == "HEAD":
            out["has a length"] = "content-length" in names
    if "body" in answer:
        out["body"] = _content(_without_free_words(answer["body"]))
    if "frames" in answer:
        out["frames"] = _channels(answer["frames"])
    return out


def _without_free_words(text: str) -> str:
    for pattern, to in _FREE_WORDS:
        text = re.sub(pattern, to, text)
    return text


def _content(body: str) -> Any:
    """JSON, or the JSON of each line (of a watch), without the descriptions of columns; else the text."""
    for pieces in ([body], body.splitlines()):
        try:
            return [_freed(json.loads(piece)) for piece in pieces]
        except ValueError:
            pass
    return body


def _freed(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _freed(one) for key, one in value.items() if not (key == "description" and "priority" in value)}
    return [_freed(one) for one in value] if isinstance(value, list) else value


def _channels(frames: list[list[Any]]) -> dict[str, list[str]]:
    """The messages of each channel: the first one, and all the others joined."""
    came: dict[str, list[str]] = {}
    for opcode, payload in frames:
        data = bytes.fromhex(payload).decode("latin-1")
        channel, message = ("close", data) if opcode == 8 else (f"{opcode}:{data[:1]!a}", data[1:])
        came.setdefault(channel, []).append(_without_free_words(message))
    return {channel: [messages[0], "".join(messages[1:])] for channel, messages in came.items()}


def _within(got: Any, wanted: Any) -> bool:
    """Whether `got` equals `wanted`, except that lists may lack items."""
    if isinstance(wanted, dict) and isinstance(got, dict):
        return got.keys() == wanted.keys() and all(_within(got[key], wanted[key]) for key in wanted)
    if isinstance(wanted, list) and isinstance(got, list):
        return bool(got) == bool(wanted) and all(any(_within(one, other) for other in wanted) for one in got)
    return bool(got == wanted)
