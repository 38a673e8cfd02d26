"""Taking mail in: stored first, recorded once, told once, whatever happens in between."""

from typing import Any

import pytest

from email_gateway.definition import SERVICE
from email_gateway.intake.raw import RawMail
from email_gateway.parsing.limits import QuarantineReason
from patchbay_contracts import EmailDecided, EmailReceived, MailOutcome, Reason, ReasonCode
from patchbay_kit.errors import ConfigurationError
from patchbay_kit.ids import new_id


class FullDisk:
    """A blob store that cannot write."""

    async def put(self, contents: Any) -> list[str]:
        raise OSError(28, "No space left on device")

    async def get(self, name: str) -> bytes:
        raise FileNotFoundError(name)


@pytest.mark.covers("S4-01", "S4-48", "S2-99")
async def test_a_mail_becomes_one_row_one_event_and_its_original(
    gateway: Any, make_letter: Any
) -> None:
    raw = make_letter()
    [taken] = await gateway.take(raw)
    [row] = await gateway.received()
    [event] = await gateway.events()
    assert (row.id, row.state, row.deliveries) == (taken.mail_id, "published", 1)
    assert isinstance(event, EmailReceived)
    assert event.mail.mail_id == row.id
    assert event.mail.message_id == "<m1@customer.example>"
    assert (event.sender.email, event.subject) == ("jane@customer.example", "Printer")
    assert event.new_text == "The printer is on fire."
    assert event.mail.received_at == gateway.clock()
    assert await gateway.runtime.blobs.get(row.blob) == raw


@pytest.mark.covers("S2-99")
async def test_without_a_stored_original_nothing_is_recorded(
    gateway: Any, make_letter: Any
) -> None:
    gateway.runtime.blobs = FullDisk()
    with pytest.raises(OSError, match="No space left"):
        await gateway.take(make_letter())
    assert await gateway.received() == []
    assert await gateway.events() == []


async def test_row_and_event_are_kept_or_dropped_together(gateway: Any, make_letter: Any) -> None:
    blobs, read = await gateway.intake.store([_raw(make_letter())])

    async def crash_before_the_commit() -> None:
        async with gateway.runtime.db.unit_of_work() as uow:
            await gateway.intake.record(uow, blobs, read)
            raise RuntimeError("crash")

    with pytest.raises(RuntimeError, match="crash"):
        await crash_before_the_commit()
    assert await gateway.received() == []
    assert await gateway.events() == []
    # The original is there already: the sender's next try finds it and goes on.
    await gateway.take(make_letter())
    assert len(await gateway.events()) == 1


async def test_a_lost_answer_after_the_commit_gives_no_second_event(
    gateway: Any, make_letter: Any
) -> None:
    [first] = await gateway.take(make_letter())
    [again] = await gateway.take(make_letter())
    [row] = await gateway.received()
    assert (again.mail_id, again.duplicate) == (first.mail_id, True)
    assert row.deliveries == 2
    assert len(await gateway.events()) == 1


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param(
            lambda mail: b"Received: from a by b; Mon, 04 May 2026 09:01:00 +0000\r\n" + mail,
            id="other trace headers",
        ),
        pytest.param(lambda mail: mail.replace(b"\r\n", b"\n"), id="other line ends"),
        pytest.param(lambda mail: mail + b"\r\n\r\n", id="more empty lines at the end"),
    ],
)
async def test_the_same_mail_on_another_way_is_the_same_mail(
    gateway: Any, make_letter: Any, changed: Any
) -> None:
    await gateway.take(make_letter())
    [again] = await gateway.take(changed(make_letter()))
    [row] = await gateway.received()
    assert again.duplicate
    assert row.deliveries == 2
    assert len(await gateway.events()) == 1


async def test_copies_within_one_batch_are_one_mail(gateway: Any, make_letter: Any) -> None:
    taken = await gateway.take(*[make_letter()] * 3)
    [row] = await gateway.received()
    assert [each.duplicate for each in taken] == [False, True, True]
    assert row.deliveries == 3
    assert len(await gateway.events()) == 1


async def test_the_same_mail_in_another_mailbox_is_taken_in_there_too(
    gateway: Any, make_letter: Any
) -> None:
    await gateway.take(make_letter(), via="imap", mailbox_id=new_id(), uid=1, uidvalidity=1)
    await gateway.take(make_letter(), via="imap", mailbox_id=new_id(), uid=1, uidvalidity=1)
    assert len(await gateway.received()) == 2
    assert len(await gateway.events()) == 2


async def test_equal_ids_on_different_mails_do_not_hide_one(gateway: Any, make_letter: Any) -> None:
    await gateway.take(make_letter("first"), make_letter("second"))
    assert len(await gateway.events()) == 2


async def test_a_mail_without_any_id_is_taken_in_once_and_gets_one(
    gateway: Any, make_letter: Any
) -> None:
    await gateway.take(make_letter(message_id=None))
    await gateway.take(make_letter(message_id=None))
    [event] = await gateway.events()
    [row] = await gateway.received()
    assert event.mail.message_id.startswith("<sha256-")
    assert row.deliveries == 2


async def test_mails_with_neither_id_nor_date_are_one_a_day(gateway: Any) -> None:
    raw = b"From: scanner@customer.example\r\nSubject: Scan\r\n\r\nsee attachment\r\n"
    await gateway.take(raw)
    await gateway.take(raw)
    assert len(await gateway.events()) == 1
    gateway.clock.advance(days=1)
    await gateway.take(raw)
    assert len(await gateway.events()) == 2


@pytest.mark.parametrize(
    ("raw", "limit"),
    [
        (b"From: a@b.example\r\n" + b"X: y\r\n" * 6_000 + b"\r\n", "too_many_headers"),
        (b"From: a@b.example\r\nX: " + b"y" * 300_000 + b"\r\n\r\n", "header_too_large"),
        (b"From: a@b.example\r\n\r\n" + b"x" * 200_000, "raw_too_large"),
    ],
)
async def test_a_mail_over_a_limit_is_quarantined_and_the_others_go_on(
    any_gateways: Any, make_letter: Any, raw: bytes, limit: str
) -> None:
    limits = {"raw_too_large": 150_000}
    async with any_gateways(mail_max_bytes=limits.get(limit, 10_000_000)) as gateway:
        bad, good = await gateway.take(raw, make_letter())
        rows = {row.id: row for row in await gateway.received()}
        assert bad.quarantined
        assert rows[bad.mail_id].state == "quarantined"
        [reason] = rows[bad.mail_id].reasons
        assert reason["code"] == ReasonCode.MAIL_QUARANTINED
        assert reason["params"]["limit"] == limit
        assert await gateway.runtime.blobs.get(rows[bad.mail_id].blob) == raw
        [event] = await gateway.events()
        assert event.mail.mail_id == good.mail_id


async def test_a_mail_that_breaks_its_reader_is_quarantined(
    gateway: Any, make_letter: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr("email_gateway.intake.evidence.new_part", broken)
    [taken] = await gateway.take(make_letter())
    monkeypatch.undo()
    [row] = await gateway.received()
    assert taken.quarantined
    assert row.reasons[0]["params"]["limit"] == QuarantineReason.UNPARSABLE
    [other] = await gateway.take(make_letter("another"))
    assert not other.quarantined


async def test_nul_and_half_characters_do_not_stop_a_mail(gateway: Any) -> None:
    raw = (
        b"From: =?utf-8?q?Ja=00ne?= <jane@customer.example>\r\nTo: support@msp.example\r\n"
        b"Subject: nul \x00 =?utf-8?q?=ED=A0=80?= \xed\xa0\x80\r\n"
        b"Message-ID: <n\x00ul@x.example>\r\n"
        b"Content-Type: text/plain; charset=utf-8\r\n\r\ntext \x00 \xed\xa0\x80 \xff end\r\n"
    )
    await gateway.take(raw)
    [event] = await gateway.events(EmailReceived)
    shown = event.model_dump_json()
    assert "\\u0000" not in shown
    assert event.text.startswith("text")
    assert len(await gateway.received()) == 1


async def test_a_decision_is_shown_in_the_ledger_and_an_older_one_never_wins(
    gateway: Any, make_letter: Any
) -> None:
    [taken] = await gateway.take(make_letter())
    ticket = new_id()
    newer = EmailDecided(
        mail_id=taken.mail_id,
        outcome=MailOutcome.CREATED,
        ticket_id=ticket,
        ticket_number="0500-1000",
        reasons=[Reason(code=ReasonCode.MAIL_NEW_TICKET)],
    )
    older = EmailDecided(mail_id=taken.mail_id, outcome=MailOutcome.UNDECIDED, reasons=[])
    await gateway.deliver(newer, version=2)
    await gateway.deliver(older, version=1)
    [row] = await gateway.received()
    assert (row.state, row.ticket_id, row.ticket_number) == ("created", ticket, "0500-1000")


async def test_without_a_folder_for_originals_no_mail_is_taken(
    any_gateways: Any, make_letter: Any
) -> None:
    async with any_gateways(blob_dir=None) as gateway:
        with pytest.raises(ConfigurationError, match="PATCHBAY_BLOB_DIR"):
            await gateway.take(make_letter())
        assert await gateway.received() == []


async def test_events_carry_the_mails_id_as_their_subject(
    small_gateway: Any, make_letter: Any
) -> None:
    [taken] = await small_gateway.take(make_letter())
    [envelope] = await small_gateway.envelopes()
    assert (envelope.subject, envelope.aggregateversion) == (taken.mail_id, 1)
    assert envelope.source == f"/services/{SERVICE.name}"


def _raw(raw: bytes) -> RawMail:
    return RawMail(raw=raw, via="smtp")


async def test_mails_that_their_server_withholds_are_quarantined_one_by_one(gateway: Any) -> None:
    mailbox = {"via": "imap", "mailbox_id": new_id(), "uidvalidity": 7, "withheld": True}
    for uid in (1, 2, 2):
        await gateway.take(b"", uid=uid, **mailbox)
    rows = await gateway.received()
    assert [(row.state, row.deliveries) for row in rows] == [("quarantined", 1), ("quarantined", 2)]
    assert {row.reasons[0]["params"]["limit"] for row in rows} == {"withheld"}
    answer = await gateway.http.post(f"/v1/mails/{rows[0].id}/reprocess")
    assert answer.json()["code"] == "still_quarantined"
