"""SMTP by the byte, for what no client library would ever send."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass


@dataclass
class Wire:
    """A connection that speaks bytes."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def answer(self) -> str:
        """One reply, all its lines; an empty text where the connection has ended."""
        lines = []
        while line := (await asyncio.wait_for(self.reader.readline(), 10)).decode():
            lines.append(line.rstrip())
            if line[3:4] != "-":
                break
        return "\n".join(lines)

    async def say(self, text: bytes) -> str:
        self.writer.write(text + b"\r\n")
        return await self.answer()

    async def begin(self, *recipients: str, hello: bytes = b"EHLO client.example") -> None:
        """Up to the point where the data may come."""
        assert (await self.answer()).startswith("220")
        assert (await self.say(hello)).startswith("250")
        assert (await self.say(b"MAIL FROM:<jane@customer.example>")).startswith("250")
        for each in recipients or ("support@msp.example",):
            assert (await self.say(b"RCPT TO:<%s>" % each.encode())).startswith("250")
        assert (await self.say(b"DATA")).startswith("354")


@asynccontextmanager
async def wire(port: int) -> AsyncIterator[Wire]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield Wire(reader, writer)
    finally:
        writer.close()
