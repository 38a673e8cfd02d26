"""Servers that somebody typed in: what they may make us dial, and make us read."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from email_gateway.imap.imap_tools_source import ImapToolsSource
from email_gateway.imap.port import MailSourceUnavailable
from email_gateway.imap.session import ImapSession

LISTING = b"* %d FETCH (UID %d RFC822.SIZE 20)\r\n"


class Server:
    """An IMAP server with a word for each command; `told` holds the untagged answers."""

    def __init__(self) -> None:
        self.port = 0
        self.commands: list[bytes] = []
        self.told: dict[bytes, bytes] = {
            b"CAPABILITY": b"* CAPABILITY IMAP4rev1\r\n",
            b"SELECT": b"* 2 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n* OK [UIDNEXT 3] x\r\n",
            b"SEARCH": b"* SEARCH 1 2\r\n",
            b"RFC822.SIZE": LISTING % (1, 1) + LISTING % (2, 2),
        }

    async def speak(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"* OK ready\r\n")
        while line := await reader.readline():
            tag, _, command = line.strip().partition(b" ")
            self.commands.append(command)
            told = next((text for word, text in self.told.items() if word in command), b"")
            writer.write(told + tag + b" OK done\r\n")
            if command == b"LOGOUT":
                break
        writer.close()

    def source(self, **options: Any) -> ImapToolsSource:
        """A source that is told a name which leads nowhere, and the address to dial."""
        where = {"address": "127.0.0.1", "command_timeout": 5.0, "security": "none", **options}
        return ImapToolsSource("imap.does-not-exist.invalid", self.port, "jane", "secret", **where)


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    made = Server()
    listener = await asyncio.start_server(made.speak, "127.0.0.1", 0)
    made.port = listener.sockets[0].getsockname()[1]
    yield made
    listener.close()


async def test_the_checked_address_is_dialled_and_no_name_looked_up_again(server: Server) -> None:
    source = server.source()
    await source.connect()
    assert (await source.select("INBOX")).uidvalidity == 7
    await source.close()


async def test_the_certificate_must_be_the_hosts_whatever_address_is_dialled(
    server: Server,
) -> None:
    with pytest.raises(MailSourceUnavailable, match="SSL"):
        await server.source(security="tls").connect()


async def test_a_mail_that_the_server_withholds_is_told_and_the_others_come(
    server: Server,
) -> None:
    server.told[b"BODY.PEEK[HEADER]"] = b"* 1 FETCH (UID 1 BODY[HEADER] {4}\r\nS: x)\r\n"
    server.told[b"BODY.PEEK[]"] = (
        b"* 1 FETCH (UID 1 BODY[] NIL)\r\n* 2 FETCH (UID 2 BODY[] {4}\r\nS: y)\r\n"
    )
    source = server.source()
    await source.connect()
    await source.select("INBOX")
    first, second = await source.fetch([1, 2])
    assert (first.uid, first.raw, first.withheld) == (1, b"S: x", True)
    assert (second.uid, second.raw, second.withheld) == (2, b"S: y", False)
    await source.close()


@pytest.mark.parametrize(
    "flood", [b"* 1 FETCH (UID 1 BODY[] {90000000}\r\n", b"* OK " + b"x" * 20_000_000 + b"\r\n"]
)
async def test_an_answer_that_would_fill_the_memory_ends_the_connection(
    server: Server, flood: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("email_gateway.imap.imap_tools_source.MAX_CHUNK_BYTES", 1_000_000)
    server.told[b"BODY.PEEK[]"] = flood
    source = server.source(max_bytes=1_000_000)
    await source.connect()
    await source.select("INBOX")
    with pytest.raises(MailSourceUnavailable, match="over 3048576 bytes"):
        await source.fetch([1])
    await source.close()


def test_a_session_that_was_never_open_is_released_without_harm() -> None:
    source = ImapToolsSource("imap.example.com", 993, "jane", "secret")
    session = ImapSession(source._login)
    session.abort()
    session.release()
    with pytest.raises(MailSourceUnavailable):
        session.box  # noqa: B018  # reading it is the test
