"""The SMTP and LMTP entrance over real sockets: thanked for only once a mail is durable."""

import asyncio
import smtplib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiosmtplib
import pytest
from sqlalchemy.exc import OperationalError

from email_gateway.intake import protocol, smtp
from email_gateway.intake.batching import IntakeBatcher
from email_gateway.intake.raw import RawMail
from patchbay_contracts import EmailReceived
from patchbay_kit.testing.waiting import eventually
from patchbay_kit.testing.wire import wire

SUPPORT = "support@msp.example"
JANE = "jane@customer.example"


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
    open_gateway: Any, make_letter: Any, listening: Any, post: Any
) -> None:
    async with listening(open_gateway) as port:
        _, answer = await post(port, make_letter())
        [row] = await open_gateway.received()
    assert answer == f"2.6.0 Taken as {row.id}"
    [event] = await open_gateway.events(EmailReceived)
    assert (event.via, event.envelope_sender) == ("smtp", JANE)
    assert row.envelope_recipients == [SUPPORT]


async def test_the_standard_librarys_client_is_served(
    open_gateway: Any, make_letter: Any, listening: Any
) -> None:
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
    open_gateway: Any, make_letter: Any, error: Exception, post: Any
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
    open_gateway: Any, make_letter: Any, listening: Any, post: Any
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
    open_gateway: Any, make_letter: Any, listening: Any, post: Any
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
    gateways: Any, monkeypatch: pytest.MonkeyPatch, listening: Any
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


@pytest.mark.slow
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
