"""A minimal server side of a WebSocket connection."""

from __future__ import annotations

import base64
import hashlib
import struct
from typing import Final

from .exchange import Exchange
from .headers import Headers
from .wire import Connection, ConnectionClosedError, encode_fields

TEXT: Final = 1
BINARY: Final = 2
CLOSE: Final = 8
PING: Final = 9
PONG: Final = 10
MESSAGE_LIMIT: Final = 2**20
_HANDSHAKE_GUID: Final = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class WebSocket:
    """An open WebSocket connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def send(self, text: str) -> None:
        """Send a text message."""
        await self._frame(TEXT, text.encode())

    async def send_bytes(self, data: bytes) -> None:
        """Send a binary message."""
        await self._frame(BINARY, data)

    async def end(self, code: int = 1000) -> None:
        """Send a close frame with this status code."""
        await self._frame(CLOSE, struct.pack(">H", code))

    async def receive(self) -> str | None:
        """Wait for the next text message; None if the client closes. Pings are answered meanwhile."""
        while True:
            flags, size = await self._exactly(2)
            opcode, length = flags & 15, size & 127
            if length > 125:
                length = int.from_bytes(await self._exactly(2 if length == 126 else 8), "big")
            if length > MESSAGE_LIMIT:
                return None
            mask = await self._exactly(4) if size & 128 else b"\0\0\0\0"
            data = await self._exactly(length)
            data = bytes(byte ^ mask[position % 4] for position, byte in enumerate(data))
            if opcode == CLOSE:
                await self._frame(CLOSE, data[:2])
                return None
            if opcode == PING:
                await self._frame(PONG, data)
            elif opcode == TEXT:
                return data.decode("utf-8", "replace")

    async def _exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            piece = await self._connection.some(size - len(data))
            if not piece:
                raise ConnectionClosedError(partial=True)
            data += piece
        return data

    async def _frame(self, opcode: int, data: bytes) -> None:
        size = bytes([len(data)]) if len(data) < 126 else b"\x7e" + struct.pack(">H", len(data))
        if len(data) >= 2**16:
            size = b"\x7f" + struct.pack(">Q", len(data))
        await self._connection.write(bytes([0x80 | opcode]) + size + data)


async def accept_websocket(exchange: Exchange, protocol: str = "") -> WebSocket | None:
    """Accept a WebSocket handshake; None if the request is not one.

    Parameters
    ----------
    exchange
        The request that may be a handshake; its connection is taken over.
    protocol
        The subprotocol to select; empty for none.
    """
    headers = exchange.request.headers
    key = headers.get("Sec-Websocket-Key")
    if headers.get("Upgrade").lower() != "websocket" or not key:
        return None
    accepted = base64.b64encode(hashlib.sha1(key.encode() + _HANDSHAKE_GUID.encode()).digest()).decode()
    connection = exchange.hijack()
    headers = Headers([("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Accept", accepted)])
    if protocol:
        headers.add("Sec-WebSocket-Protocol", protocol)
    await connection.write(b"HTTP/1.1 101 Switching Protocols\r\n" + encode_fields(list(headers)) + b"\r\n")
    return WebSocket(connection)
