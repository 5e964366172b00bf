"""The serving side of a websocket, as small as it can be."""

from __future__ import annotations

import base64
import hashlib
import struct
from typing import Final

from .exchange import Exchange
from .headers import Headers
from .wire import Connection, ConnectionClosedError, fields

TEXT: Final = 1
BINARY: Final = 2
CLOSE: Final = 8
PING: Final = 9
PONG: Final = 10
MESSAGE_LIMIT: Final = 2**20
_KEY: Final = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class WebSocket:
    """An open websocket."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def send(self, text: str) -> None:
        """One text message."""
        await self._frame(TEXT, text.encode())

    async def send_bytes(self, data: bytes) -> None:
        """One binary message."""
        await self._frame(BINARY, data)

    async def end(self, code: int = 1000) -> None:
        """Say goodbye."""
        await self._frame(CLOSE, struct.pack(">H", code))

    async def receive(self) -> str | None:
        """The next text message; None when the other side closes. Pings are answered on the way."""
        while True:
            first, size = await self._exactly(2)
            opcode, length = first & 15, size & 127
            if length > 125:
                length = int.from_bytes(await self._exactly(2 if length == 126 else 8), "big")
            if length > MESSAGE_LIMIT:
                return None
            mask = await self._exactly(4) if size & 128 else b"\0\0\0\0"
            data = await self._exactly(length)
            data = bytes(byte ^ mask[at % 4] for at, byte in enumerate(data))
            if opcode == CLOSE:
                await self._frame(CLOSE, data[:2])
                return None
            if opcode == PING:
                await self._frame(PONG, data)
            elif opcode == TEXT:
                return data.decode("utf-8", "replace")

    async def _exactly(self, size: int) -> bytes:
        out = b""
        while len(out) < size:
            piece = await self._connection.some(size - len(out))
            if not piece:
                raise ConnectionClosedError(partial=True)
            out += piece
        return out

    async def _frame(self, opcode: int, data: bytes) -> None:
        size = bytes([len(data)]) if len(data) < 126 else b"\x7e" + struct.pack(">H", len(data))
        if len(data) >= 2**16:
            size = b"\x7f" + struct.pack(">Q", len(data))
        await self._connection.write(bytes([0x80 | opcode]) + size + data)


async def accept(exchange: Exchange, protocol: str = "") -> WebSocket | None:
    """Take a connection over as a websocket; None when the request is not one.

    Parameters
    ----------
    protocol
        The subprotocol that was chosen.
    """
    headers = exchange.request.headers
    key = headers.get("Sec-Websocket-Key")
    if headers.get("Upgrade").lower() != "websocket" or not key:
        return None
    accepted = base64.b64encode(hashlib.sha1(key.encode() + _KEY.encode()).digest()).decode()
    connection = exchange.hijack()
    answer = Headers([("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Accept", accepted)])
    if protocol:
        answer.add("Sec-WebSocket-Protocol", protocol)
    await connection.write(b"HTTP/1.1 101 Switching Protocols\r\n" + fields(list(answer)) + b"\r\n")
    return WebSocket(connection)
