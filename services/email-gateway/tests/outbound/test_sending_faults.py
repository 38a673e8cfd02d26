"""What sending survives: lost answers, silent and absent servers, dead senders, full disks."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from email_gateway.outbound import rules, transport
from email_gateway.outbound.tables import OutgoingMail
from patchbay_contracts import (
    EmailFailed,
    EmailSent,
    PersonRef,
)
from patchbay_kit.testing.servers.smtp_sink import SmtpSink

JANE = "jane@customer.example"
TOM = "tom@customer.example"


def person(email: str, name: str = "") -> PersonRef:
    return PersonRef(kind="address", name=name, email=email)


async def test_after_a_lost_answer_the_same_message_goes_again(
    gateway: Any, smtp_sink: SmtpSink
) -> None:
    smtp_sink.lose_reply()
    await gateway.ask()
    await gateway.send()
    [row] = await gateway.outgoing()
    assert row.state == "queued"
    await gateway.send_later()
    first, second = smtp_sink.mails
    assert first.message["Message-ID"] == second.message["Message-ID"]
    assert len(await gateway.events(EmailSent)) == 1


@pytest.mark.slow
async def test_a_server_that_never_answers_holds_nobody_for_ever(
    small: Any, smtp_sink: SmtpSink
) -> None:
    smtp_sink.hang(times=1)
    await small.ask(request_id="a")
    await small.ask(request_id="b")
    await asyncio.wait_for(small.send(), 15)
    states = {row.request_id: row.state for row in await small.outgoing()}
    assert states == {"a": "queued", "b": "sent"}


async def test_a_server_that_drags_is_left_before_the_lease_ends(
    small: Any, smtp_sink: SmtpSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "SEND_SECONDS", 0.2)
    smtp_sink.hang(times=1)
    await small.ask()
    await small.send()
    [row] = await small.outgoing()
    assert (row.state, row.last_error) == ("queued", "the mail server did not finish within 0.2 s")
    assert timedelta(seconds=300) < rules.LEASE


async def test_a_server_that_is_away_costs_only_the_first_mail_an_attempt(
    gateway: Any, smtp_sink: SmtpSink
) -> None:
    for number in range(3):
        await gateway.ask(request_id=f"{number}")
    smtp_sink.stop()
    await gateway.send()
    rows = await gateway.outgoing()
    assert [row.state for row in rows] == ["queued"] * 3
    assert sorted(row.attempts for row in rows) == [0, 0, 1]
    smtp_sink.start()
    await gateway.send_later()
    assert len(smtp_sink.mails) == 3
    assert await gateway.events(EmailFailed) == []


@pytest.mark.covers("S4-33")
async def test_a_refused_login_loses_nothing(
    gateways: Any, smtp_sink: SmtpSink, server_settings: Any
) -> None:
    login = {"smtp_username": "mailer", "smtp_password": "wrong-password-7"}
    async with gateways(**server_settings, **login) as gateway:
        await gateway.ask()
        await gateway.send()
        [row] = await gateway.outgoing()
        assert row.state == "queued"
        assert "wrong-password-7" not in row.last_error
        assert smtp_sink.mails == []
    async with gateways(**server_settings) as gateway:
        await gateway.send_later()
    assert len(smtp_sink.mails) == 1


async def test_a_sender_that_died_leaves_its_mail_to_the_next(
    gateway: Any, smtp_sink: SmtpSink
) -> None:
    await gateway.ask()
    claimed = await gateway.sender._claim()
    assert len(claimed) == 1
    successor = gateway.new_sender()
    await successor.step()
    assert smtp_sink.mails == []
    gateway.clock.advance(minutes=11)
    await successor.step()
    assert len(smtp_sink.mails) == 1
    [row] = await gateway.outgoing()
    assert row.state == "sent"


async def test_two_senders_at_once_send_each_mail_once(gateway: Any, smtp_sink: SmtpSink) -> None:
    for number in range(10):
        await gateway.ask(request_id=f"{number}")
    senders = [gateway.new_sender() for _ in range(3)]
    await asyncio.gather(*(sender.step() for sender in senders))
    assert len(smtp_sink.mails) == 10
    assert len(await gateway.events(EmailSent)) == 10


async def test_an_answer_that_cannot_be_recorded_is_recorded_later_and_not_sent_again(
    gateway: Any, smtp_sink: SmtpSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: Any) -> None:
        raise ConnectionRefusedError("the database is away")

    await gateway.ask()
    with monkeypatch.context() as patch:
        patch.setattr("email_gateway.outbound.sending.record", away)
        with pytest.raises(ConnectionRefusedError):
            await gateway.send()
    gateway.clock.advance(minutes=11)
    await gateway.send()
    assert len(smtp_sink.mails) == 1
    assert len(await gateway.events(EmailSent)) == 1


async def test_an_answer_that_was_recorded_is_not_recorded_again(
    gateway: Any, smtp_sink: SmtpSink
) -> None:
    await gateway.ask()
    real = gateway.sender._write

    async def commit_and_lose_the_answer() -> None:
        kept = list(gateway.sender._unwritten)
        await real()
        gateway.sender._unwritten.extend(kept)

    gateway.sender._write = commit_and_lose_the_answer
    await gateway.sender.step()
    gateway.sender._write = real
    await gateway.send()
    [row] = await gateway.outgoing()
    assert (row.attempts, len(await gateway.events(EmailSent))) == (1, 1)
    assert len(smtp_sink.mails) == 1


async def test_a_mail_that_cannot_be_built_is_told_and_stops_no_other(
    gateway: Any, smtp_sink: SmtpSink
) -> None:
    await gateway.ask(request_id="nobody", to=[])
    await gateway.ask(request_id="odd", to=[person("not an address")])
    await gateway.ask(request_id="good")
    table = OutgoingMail.__table__  # type: ignore[attr-defined]
    await gateway.ask(request_id="broken")
    async with gateway.runtime.db.unit_of_work() as uow:
        broken = update(table).where(table.c.request_id == "broken").values(request={"x": 1})
        await uow.session.execute(broken)
    await gateway.send()
    states = {row.request_id: row.state for row in await gateway.outgoing()}
    assert states == {"nobody": "failed", "odd": "failed", "broken": "failed", "good": "sent"}
    assert len(smtp_sink.mails) == 1
    assert len(await gateway.events(EmailFailed)) == 3


async def test_a_malformed_recipient_is_told_and_the_others_get_their_mail(
    small: Any, smtp_sink: SmtpSink
) -> None:
    odd = ["not an address", "a@b.example> SIZE=1\r\nRCPT TO:<eve@evil.example", "@", "x@"]
    await small.ask(cc=[person(each) for each in odd])
    await small.send()
    [mail] = smtp_sink.mails
    assert mail.recipients == (JANE,)
    assert mail.message["Cc"] is None
    [event] = await small.events(EmailSent)
    assert (event.recipients, event.refused) == ([JANE], odd)


async def test_a_full_disk_stops_a_mail_before_it_is_sent(small: Any, smtp_sink: SmtpSink) -> None:
    class FullDisk:
        async def put(self, contents: Any) -> list[str]:
            raise OSError(28, "No space left on device")

    await small.ask()
    blobs, small.runtime.blobs = small.runtime.blobs, FullDisk()
    with pytest.raises(OSError, match="No space"):
        await small.send()
    assert smtp_sink.mails == []
    small.runtime.blobs = blobs
    await small.send_later()
    assert len(smtp_sink.mails) == 1


async def test_a_missing_original_is_told_not_sent_without(small: Any, smtp_sink: SmtpSink) -> None:
    [taken] = await small.take(b"From: a@b.example\r\nSubject: x\r\n\r\nx\r\n")
    await small.ask(original_mail_id=taken.mail_id)
    for path in small.blobs.rglob("*"):
        if path.is_file():
            path.unlink()
    await small.send()
    assert smtp_sink.mails == []
    assert len(await small.events(EmailFailed)) == 1


async def test_a_step_hands_back_what_it_has_no_time_for(
    gateway: Any, smtp_sink: SmtpSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("email_gateway.outbound.sending.STEP_SECONDS", 0.0)
    for number in range(3):
        await gateway.ask(request_id=f"{number}")
    assert await gateway.sender.step() is True
    rows = await gateway.outgoing()
    assert [(row.state, row.attempts, row.leased_until) for row in rows] == [
        ("queued", 0, None)
    ] * 3
