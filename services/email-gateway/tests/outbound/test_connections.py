"""Several connections at once, and servers that say odd things on them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from email_gateway.outbound import sending
from patchbay_contracts import EmailFailed, EmailSent


class Server:
    """A mail server of few words. `allowed` connections are let in; `answer` ends each mail."""

    def __init__(self) -> None:
        self.allowed = 100
        self.port = 0
        self.open = self.kept = 0
        self.answer: Callable[[], Awaitable[bytes]] = self.thanks

    async def thanks(self) -> bytes:
        self.kept += 1
        return b"250 kept"

    async def speak(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        try:
            welcome = self.open <= self.allowed
            writer.write(b"220 ready\r\n" if welcome else b"421 4.7.0 too many connections\r\n")
            while welcome and (line := await reader.readline()):
                command = line[:4].upper()
                if command == b"DATA":
                    writer.write(b"354 go on\r\n")
                    await reader.readuntil(b"\r\n.\r\n")
                    writer.write(await self.answer() + b"\r\n")
                else:
                    writer.write(b"250 ok\r\n")
                    welcome = command != b"QUIT"
        finally:
            self.open -= 1
            writer.close()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    made = Server()
    listener = await asyncio.start_server(made.speak, "127.0.0.1", 0)
    made.port = listener.sockets[0].getsockname()[1]
    yield made
    listener.close()


@pytest.fixture
def server_settings(server: Any) -> dict[str, Any]:
    where = {"smtp_host": "127.0.0.1", "smtp_port": server.port, "smtp_tls": "none"}
    return {"outgoing": "smtp", **where, "smtp_timeout": 5.0, "smtp_connections": 3}


async def ask(gateway: Any, count: int) -> None:
    for number in range(count):
        await gateway.ask(request_id=f"{number}")


async def test_mails_wait_for_the_server_side_by_side(gateway: Any, server: Server) -> None:
    together = asyncio.Barrier(3)

    async def all_three() -> bytes:
        if server.kept:
            # Reached only if three connections have a mail under way.
            await asyncio.wait_for(together.wait(), 5)
        return await server.thanks()

    server.answer = all_three
    await ask(gateway, 7)
    await gateway.send()
    assert [row.state for row in await gateway.outgoing()] == ["sent"] * 7
    assert server.kept == 7
    assert len(await gateway.events(EmailSent)) == 7


async def test_a_server_that_allows_one_connection_gets_all_mails_on_it(
    gateway: Any, server: Server
) -> None:
    server.allowed = 1
    await ask(gateway, 5)
    await gateway.send()
    assert [(row.state, row.attempts) for row in await gateway.outgoing()] == [("sent", 1)] * 5
    assert server.kept == 5


async def test_an_answer_in_any_bytes_is_kept_and_stops_no_other_mail(
    gateway: Any, server: Server
) -> None:
    async def rude() -> bytes:
        server.answer = server.thanks
        return b"550 5.7.1 Unerw\xfcnscht\x00 " + b"x" * 400

    server.answer = rude
    await ask(gateway, 2)
    await gateway.send()
    await gateway.send_later()
    rows = await gateway.outgoing()
    assert sorted(row.state for row in rows) == ["failed", "sent"]
    [failed] = await gateway.events(EmailFailed)
    assert failed.error.startswith("550 5.7.1 Unerw nscht x")
    assert len(failed.error) <= 504


async def test_a_defect_in_building_one_mail_stops_no_other(
    gateway: Any, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = sending.compose

    def broken(request: Any, *rest: Any) -> Any:
        if request.request_id == "0":
            raise IndexError("a defect")
        return real(request, *rest)

    monkeypatch.setattr(sending, "compose", broken)
    await ask(gateway, 2)
    await gateway.send()
    rows = {row.request_id: row for row in await gateway.outgoing()}
    assert (rows["1"].state, rows["0"].state, rows["0"].attempts) == ("sent", "queued", 1)
    assert rows["0"].last_error == "the mail cannot be built: IndexError"
