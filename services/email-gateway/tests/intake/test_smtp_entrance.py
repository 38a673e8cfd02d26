"""The SMTP and LMTP entrance over real sockets: thanked for only once a mail is durable."""

import asyncio
import smtplib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiosmtplib
import pytest
from sqlalchemy.exc import OperationalError

from email_gateway.intake import protocol, smtp
from email_gateway.intake.batching import IntakeBatcher
from email_gateway.intake.raw import RawMail
from patchbay_contracts import EmailReceived
from patchbay_kit.testing.waiting import eventually

SUPPORT = "support@msp.example"
JANE = "jane@customer.example"


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
        for each in recipients or (SUPPORT,):
            assert (await self.say(b"RCPT TO:<%s>" % each.encode())).startswith("250")
        assert (await self.say(b"DATA")).startswith("354")


@asynccontextmanager
async def wire(port: int) -> AsyncIterator[Wire]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield Wire(reader, writer)
    finally:
        writer.close()


@asynccontextmanager
async def listening(gateway: Any) -> AsyncIterator[int]:
    async with gateway.running():
        await asyncio.wait_for(gateway.runtime.extras["listening"].wait(), 10)
        yield gateway.runtime.extras["smtp_port"]


@pytest.fixture
async def open_gateway(any_gateways: Any) -> AsyncIterator[Any]:
    async with any_gateways(smtp_listen_port=0) as gateway:
        yield gateway


async def post(port: int, raw: bytes, **fields: Any) -> Any:
    values = {"sender": JANE, "recipients": [SUPPORT], **fields}
    return await aiosmtplib.send(
        raw, hostname="127.0.0.1", port=port, start_tls=False, timeout=20, **values
    )


def gone() -> OperationalError:
    return OperationalError("INSERT", {}, ConnectionRefusedError("database is away"))


class Unreachable:
    """An intake whose database is away `times` times, then back."""

    def __init__(self, gateway: Any, times: int, error: Exception) -> None:
        self.runtime = gateway.runtime
        self.tries = 0
        self._inner = gateway.intake
        self._times = times
        self._error = error

    async def take_in(self, mails: Any) -> Any:
        self.tries += 1
        if self.tries <= self._times:
            raise self._error
        return await self._inner.take_in(mails)


class Held:
    """An intake that waits until it may go on."""

    def __init__(self, gateway: Any) -> None:
        self.runtime = gateway.runtime
        self.begun = asyncio.Event()
        self.go_on = asyncio.Event()
        self._inner = gateway.intake

    async def take_in(self, mails: Any) -> Any:
        self.begun.set()
        await self.go_on.wait()
        return await self._inner.take_in(mails)


@pytest.mark.covers("S4-03", "S4-48")
async def test_250_means_that_the_mail_is_in_the_ledger(
    open_gateway: Any, make_letter: Any
) -> None:
    async with listening(open_gateway) as port:
        _, answer = await post(port, make_letter())
        [row] = await open_gateway.received()
    assert answer == f"2.6.0 Taken as {row.id}"
    [event] = await open_gateway.events(EmailReceived)
    assert (event.via, event.envelope_sender) == ("smtp", JANE)
    assert row.envelope_recipients == [SUPPORT]


async def test_the_standard_librarys_client_is_served(open_gateway: Any, make_letter: Any) -> None:
    def send(port: int) -> Any:
        with smtplib.SMTP("127.0.0.1", port, timeout=20) as client:
            return client.sendmail("", [SUPPORT], make_letter())

    async with listening(open_gateway) as port:
        assert await asyncio.to_thread(send, port) == {}
    [event] = await open_gateway.events(EmailReceived)
    assert event.envelope_sender == ""


async def test_nobody_is_thanked_before_the_commit(open_gateway: Any, make_letter: Any) -> None:
    held = Held(open_gateway)
    async with _listening_with(open_gateway, held) as (port, _), wire(port) as client:
        await client.begin()
        client.writer.write(make_letter() + b".\r\n")
        await asyncio.wait_for(held.begun.wait(), 10)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.reader.read(1), 0.2)
        held.go_on.set()
        assert (await client.answer()).startswith("250 2.6.0")


@asynccontextmanager
async def _listening_with(gateway: Any, intake: Any) -> AsyncIterator[tuple[int, asyncio.Event]]:
    """Entrance and batcher alone, over another intake; the event stops them."""
    batcher = IntakeBatcher(intake)
    loops = [batcher, smtp.SmtpLoop(gateway.runtime, batcher)]
    stop = asyncio.Event()
    tasks = [asyncio.create_task(loop.run(stop)) for loop in loops]
    try:
        await asyncio.wait_for(gateway.runtime.extras["listening"].wait(), 10)
        yield gateway.runtime.extras["smtp_port"], stop
    finally:
        stop.set()
        await asyncio.wait_for(asyncio.gather(*tasks), 15)


@pytest.mark.parametrize("error", [gone(), OSError(28, "disk full"), ValueError("a defect")])
async def test_a_failure_is_451_and_the_next_try_is_taken(
    open_gateway: Any, make_letter: Any, error: Exception
) -> None:
    intake = Unreachable(open_gateway, 1, error)
    async with _listening_with(open_gateway, intake) as (port, _):
        with pytest.raises(aiosmtplib.SMTPDataError) as refused:
            await post(port, make_letter())
        assert (refused.value.code, await open_gateway.received()) == (451, [])
        assert "disk" not in refused.value.message
        await post(port, make_letter())
    [row] = await open_gateway.received()
    assert row.deliveries == 1


async def test_an_answer_that_was_lost_leads_to_one_mail(
    open_gateway: Any, make_letter: Any
) -> None:
    async with listening(open_gateway) as port:
        async with wire(port) as client:
            await client.begin()
            client.writer.write(make_letter() + b".\r\n")
            await client.writer.drain()
        await eventually(open_gateway.received)
        await post(port, make_letter())
    [row] = await open_gateway.received()
    assert row.deliveries == 2
    assert len(await open_gateway.events(EmailReceived)) == 1


async def test_mails_of_many_senders_at_once_are_all_taken(
    open_gateway: Any, make_letter: Any
) -> None:
    async with listening(open_gateway) as port:
        mails = [make_letter(f"mail {n}", message_id=f"<{n}@x.example>") for n in range(60)]
        await asyncio.gather(*(post(port, mail) for mail in mails))
    assert len(await open_gateway.events(EmailReceived)) == 60


async def test_one_mail_that_cannot_be_recorded_stops_none_of_its_batch(
    gateways: Any, make_letter: Any
) -> None:
    async with gateways() as gateway:

        class Picky(Unreachable):
            async def take_in(self, mails: Any) -> Any:
                if any(b"poison" in mail.raw for mail in mails):
                    raise ValueError("cannot be recorded")
                return await self._inner.take_in(mails)

        batcher, stop = IntakeBatcher(Picky(gateway, 0, gone())), asyncio.Event()  # type: ignore[arg-type]
        texts = ["good", "poison", "fine"]
        waiting = [
            asyncio.create_task(batcher.take_in(RawMail(raw=make_letter(text), via="smtp")))
            for text in texts
        ]
        running = asyncio.create_task(batcher.run(stop))
        good, bad, fine = await asyncio.gather(*waiting, return_exceptions=True)
        stop.set()
        await running
        assert isinstance(bad, ValueError)
        assert not isinstance(good, BaseException)
        assert not isinstance(fine, BaseException)
        assert len(await gateway.received()) == 2


async def test_several_mails_go_over_one_connection_in_one_breath(
    open_gateway: Any, make_letter: Any
) -> None:
    mail = b"MAIL FROM:<jane@customer.example>\r\nRCPT TO:<support@msp.example>\r\nDATA\r\n%s.\r\n"
    async with listening(open_gateway) as port, wire(port) as client:
        await client.answer()
        await client.say(b"EHLO client.example")
        for number in range(3):
            client.writer.write(mail % make_letter(f"{number}"))
        answers = [await client.answer() for _ in range(12)]
        assert [each[:3] for each in answers] == ["250", "250", "354", "250"] * 3
        assert (await client.say(b"QUIT")).startswith("221")
    assert len(await open_gateway.events(EmailReceived)) == 3


async def test_a_mail_that_is_too_big_is_552(gateways: Any, make_letter: Any) -> None:
    async with gateways(smtp_listen_port=0, mail_max_bytes=20_000) as gateway:
        async with listening(gateway) as port:
            with pytest.raises(aiosmtplib.SMTPResponseException) as early:
                await post(port, make_letter("x " * 20_000))
            assert early.value.code == 552
            async with wire(port) as client:  # one that does not say how big it will be
                await client.begin()
                client.writer.write(make_letter("x" * 900 + "\r\n" * 20_000) + b".\r\n")
                assert (await client.answer()).startswith("552")
        assert await gateway.received() == []


async def test_long_lines_are_taken_though_the_rules_forbid_them(
    gateways: Any, make_letter: Any
) -> None:
    async with gateways(smtp_listen_port=0) as gateway:
        async with listening(gateway) as port:
            await post(port, make_letter("long " * 20_000))
        [event] = await gateway.events(EmailReceived)
        assert event.text_truncated


async def test_lines_that_begin_with_a_dot_arrive_whole(gateways: Any, make_letter: Any) -> None:
    async with gateways(smtp_listen_port=0) as gateway:
        async with listening(gateway) as port:
            await post(port, make_letter(".hidden\r\n..\r\n.\r\nend"))
        [event] = await gateway.events(EmailReceived)
        assert event.text.split() == [".hidden", "..", ".", "end"]


async def test_recipients_over_the_limit_are_452_and_the_others_stay(gateways: Any) -> None:
    async with gateways(smtp_listen_port=0) as gateway, listening(gateway) as port:
        recipients = [f"r{n}@msp.example" for n in range(smtp.MAX_RECIPIENTS + 5)]
        refused, _ = await post(port, b"Subject: x\r\n\r\nx\r\n", recipients=recipients)
        assert {code for code, _ in refused.values()} == {452}
        assert len(refused) == 5
        [row] = await gateway.received()
        assert row.envelope_recipients == recipients[: smtp.MAX_RECIPIENTS]


async def test_international_addresses_are_taken(open_gateway: Any, make_letter: Any) -> None:
    async with listening(open_gateway) as port:
        await post(
            port,
            make_letter(sender="Jürgen <jürgen@kunde.example>"),
            sender="jürgen@kunde.example",
            recipients=["hilfe-ü@msp.example"],
            mail_options=["SMTPUTF8"],
        )
    [event] = await open_gateway.events(EmailReceived)
    assert event.envelope_sender == "jürgen@kunde.example"
    assert event.sender.email == "jürgen@kunde.example"


@pytest.mark.parametrize(
    "command",
    [
        b"NONSENSE",
        b"MAIL",
        b"MAIL FROM jane@customer.example",
        b"MAIL FROM:<jane@customer.example> SIZE=abc",
        b"MAIL FROM:<ja\x00ne@customer.example>",
        b"MAIL FROM:<ja\xffne@customer.example>",
        b"RCPT TO:<support@msp.example>",
        b"DATA",
        b"",
        b"\xff\xfe\x00",
        b"EHLO",
        b"MAIL FROM:<" + b"x" * 5_000 + b"@x.example>",
        b"VRFY root",
        b"AUTH LOGIN",
    ],
)
async def test_a_malformed_command_is_answered_and_changes_nothing(
    gateways: Any, make_letter: Any, command: bytes
) -> None:
    async with gateways(smtp_listen_port=0) as gateway:
        async with listening(gateway) as port, wire(port) as client:
            await client.answer()
            await client.say(b"EHLO client.example")
            assert (await client.say(command))[:1] in ("2", "5")
            await client.say(b"RSET")
            for each in (b"MAIL FROM:<>", b"RCPT TO:<support@msp.example>", b"DATA"):
                assert (await client.say(each))[0] in "23"
            client.writer.write(make_letter() + b".\r\n")
            assert (await client.answer()).startswith("250 2.6.0")
        assert len(await gateway.events(EmailReceived)) == 1


async def test_an_address_that_no_database_keeps_is_refused(gateways: Any) -> None:
    async with (
        gateways(smtp_listen_port=0) as gateway,
        listening(gateway) as port,
        wire(port) as client,
    ):
        await client.answer()
        await client.say(b"EHLO client.example")
        await client.say(b"MAIL FROM:<jane@customer.example>")
        assert (await client.say(b"RCPT TO:<a\xffb@msp.example>")).startswith("501")
        assert (await client.say(b"DATA")).startswith("503")


async def test_a_sender_who_hangs_up_in_the_middle_leaves_nothing(
    gateways: Any, make_letter: Any
) -> None:
    async with gateways(smtp_listen_port=0) as gateway, listening(gateway) as port:
        async with wire(port) as client:
            await client.begin()
            client.writer.write(make_letter())  # without the final dot
            await client.writer.drain()
        await post(port, make_letter("whole"))
        [event] = await gateway.events(EmailReceived)
        assert event.new_text == "whole"


async def test_lmtp_answers_for_each_recipient(gateways: Any, make_letter: Any) -> None:
    people = ["one@msp.example", "two@msp.example", "three@msp.example"]
    async with gateways(smtp_listen_port=0, smtp_listen_protocol="lmtp") as gateway:
        async with listening(gateway) as port, wire(port) as client:
            assert (await client.answer()).startswith("220")
            assert (await client.say(b"EHLO client.example")).startswith("500")
        async with listening(gateway) as port, wire(port) as client:
            await client.begin(*people, hello=b"LHLO client.example")
            client.writer.write(make_letter() + b".\r\n")
            answers = [await client.answer() for _ in people]
            assert all(each.startswith("250 2.6.0") for each in answers)
            assert (await client.say(b"NOOP")).startswith("250")
        [event] = await gateway.events(EmailReceived)
        assert event.via == "lmtp"


async def test_lmtp_refuses_a_big_mail_for_each_recipient(gateways: Any, make_letter: Any) -> None:
    people = ["one@msp.example", "two@msp.example"]
    settings = {"smtp_listen_protocol": "lmtp", "mail_max_bytes": 2_000}
    async with (
        gateways(smtp_listen_port=0, **settings) as gateway,
        listening(gateway) as port,
        wire(port) as client,
    ):
        await client.begin(*people, hello=b"LHLO client.example")
        client.writer.write(make_letter("x" * 5_000) + b".\r\n")
        assert [(await client.answer())[:3] for _ in people] == ["552", "552"]
        assert (await client.say(b"DATA")).startswith("503")  # said once, not for each


async def test_a_stop_says_goodbye_and_ends_within_the_grace(
    gateways: Any, make_letter: Any
) -> None:
    async with gateways(smtp_listen_port=0) as gateway:
        held = Held(gateway)
        async with (
            _listening_with(gateway, held) as (port, stop),
            wire(port) as idle,
            wire(port) as sending,
            wire(port) as waiting,
        ):
            await idle.answer()
            await sending.begin()
            sending.writer.write(make_letter("half a mail"))
            await waiting.begin()
            waiting.writer.write(make_letter("a whole mail") + b".\r\n")
            await asyncio.wait_for(held.begun.wait(), 10)
            stop.set()
            assert (await idle.answer()).startswith("421")
            assert (await sending.answer()).startswith("421")
            held.go_on.set()
            assert (await waiting.answer()).startswith("250 2.6.0")
            assert (await waiting.answer()).startswith("421")
        assert len(await gateway.received()) == 1


async def test_connections_over_the_limit_hear_421(
    gateways: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "MAX_CONNECTIONS", 2)
    async with (
        gateways(smtp_listen_port=0) as gateway,
        listening(gateway) as port,
        wire(port) as first,
        wire(port) as second,
        wire(port) as third,
    ):
        assert (await first.answer()).startswith("220")
        assert (await second.answer()).startswith("220")
        assert (await third.answer()).startswith("421")


async def test_a_port_that_is_not_open_is_named_by_readyz(gateways: Any) -> None:
    holder = await asyncio.start_server(lambda _r, _w: None, "127.0.0.1", 0)
    port = holder.sockets[0].getsockname()[1]
    async with holder, gateways(smtp_listen_port=port) as gateway, gateway.running():
        answer = await gateway.http.get("/readyz")
        assert answer.status_code == 503
        detail = f"port {port} is not open"
        assert {"name": "smtp_listen_port", "detail": detail} in answer.json()["missing"]
        holder.close()
        await holder.wait_closed()

        async def is_ready() -> bool:
            return bool((await gateway.http.get("/readyz")).status_code == 200)

        await eventually(is_ready, timeout=15)


async def test_without_a_port_nothing_listens_and_nothing_is_missing(gateways: Any) -> None:
    async with gateways() as gateway, gateway.running():
        assert "smtp_port" not in gateway.runtime.extras
        assert (await gateway.http.get("/readyz")).status_code == 200
