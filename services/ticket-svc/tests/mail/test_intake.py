"""What mails become: tickets, filings, or something for a person to decide."""

from typing import Any

import pytest

from patchbay_contracts import (
    AutomationClass,
    BounceInfo,
    EmailBounced,
    EmailDecided,
    EmailFailed,
    EmailSent,
    MailPurpose,
    TicketCreated,
)
from patchbay_kit.ids import new_id
from patchbay_kit.testing.harness import make_envelope
from ticket_svc.loops import loops
from ticket_svc.mail.tables import AwaitedMessage

ANN = "ann@acme.example"


@pytest.fixture
async def acme(desk: Any) -> str:
    """An account whose contact is Ann."""
    account = str(await desk.account("ACME"))
    await desk.contact(account, ANN, is_main=True)
    return account


@pytest.mark.covers("S2-92", "S2-125", "S2-132", "S4-11", "S4-16")
async def test_a_known_senders_mail_becomes_a_ticket_with_them_as_recipient(
    desk: Any, mail: Any, acme: str
) -> None:
    await desk.contact(acme, "second@acme.example")
    received = mail("second@acme.example", "Printer", text="It does not print.")
    await desk.take(received)
    ticket = await desk.only_ticket()
    assert (ticket["subject"], ticket["description"]) == ("Printer", "It does not print.")
    assert (ticket["account"]["id"], ticket["channel"]) == (acme, "email")
    assert ticket["in_inbox"] is True
    external = [r["email"] for r in ticket["recipients"] if r["list_name"] == "external"]
    assert external == ["second@acme.example"]
    decision = await desk.decision(received)
    assert (decision["outcome"], decision["ticket_id"]) == ("created", ticket["id"])
    (decided,) = await desk.events(EmailDecided)
    assert decided.data.ticket_number == ticket["number"]
    assert decided.causationid == received.id


@pytest.mark.covers("S4-11", "S4-17")
async def test_an_unknown_address_of_a_known_domain_becomes_a_ticket_of_its_account(
    desk: Any, mail: Any, acme: str
) -> None:
    await desk.http.put(f"/v1/accounts/{acme}/domains/acme.example")
    received = mail("new.colleague@ACME.example")
    await desk.take(received)
    assert (await desk.only_ticket())["account"]["id"] == acme
    codes = [reason["code"] for reason in (await desk.decision(received))["reasons"]]
    assert "account.by_sender_domain" in codes


@pytest.mark.covers("S4-16", "S4-17")
async def test_a_full_address_elsewhere_goes_before_the_domain(
    desk: Any, mail: Any, acme: str
) -> None:
    bolt = await desk.account("Bolt")
    await desk.http.put(f"/v1/accounts/{bolt}/domains/acme.example")
    await desk.take(mail(ANN))
    assert (await desk.only_ticket())["account"]["id"] == acme


@pytest.mark.covers("S4-28")
async def test_a_strangers_mail_waits_for_a_person_with_its_text(desk: Any, mail: Any) -> None:
    received = mail("eve@evil.example", "Offer", text="Buy this.")
    await desk.take(received)
    assert await desk.tickets() == []
    decision = await desk.decision(received)
    assert (decision["outcome"], decision["text"]) == ("undecided", "Buy this.")
    assert decision["reasons"][0]["code"] == "mail.unknown_sender"
    listed = (await desk.get("/v1/mail-decisions", outcome="undecided"))["items"]
    assert [each["mail_id"] for each in listed] == [received.data.mail.mail_id]


async def test_the_same_mail_delivered_twice_has_one_effect(
    desk: Any, mail: Any, acme: str
) -> None:
    received = mail()
    again = mail(mail_id=received.data.mail.mail_id, message_id=received.data.mail.message_id)
    await desk.take(received, received, again)
    await desk.take(again)
    assert len(await desk.tickets()) == 1
    assert len(await desk.events(EmailDecided)) == 1


async def test_one_mail_that_two_mailboxes_got_is_filed_on_one_ticket(
    desk: Any, mail: Any, acme: str
) -> None:
    first, second = mail(message_id="<same@acme.example>"), mail(message_id="<same@acme.example>")
    await desk.take(first)
    await desk.take(second)
    ticket = await desk.only_ticket()
    assert len(await desk.mails(ticket["id"])) == 2
    assert len(await desk.history(ticket["id"], kind="email")) == 3, "and one answer of ours"


@pytest.mark.covers("S2-15", "S2-94", "S2-101", "S2-105", "S4-05", "S4-09")
@pytest.mark.parametrize("evidence", ["number", "reference", "token"])
async def test_an_answer_is_filed_by_number_reference_or_token(
    desk: Any, mail: Any, acme: str, evidence: str
) -> None:
    first = mail()
    await desk.take(first)
    ticket = await desk.only_ticket()
    await desk.post(f"/v1/tickets/{ticket['id']}/complete")
    await desk.http.delete(f"/v1/tickets/{ticket['id']}/inbox")
    fields = {
        "number": {"subject_numbers": [ticket["number"]]},
        "reference": {"in_reply_to": first.data.mail.message_id},
        "token": {"token_ticket_id": ticket["id"]},
    }[evidence]
    answer = mail(ANN, "Re: Printer", new_text="Still broken.", **fields)
    await desk.take(answer)
    ticket = await desk.only_ticket()
    entries = await desk.mails(ticket["id"])
    assert [e["text"] for e in entries] == ["It does not print.", "Still broken."]
    assert entries[1]["mail_id"] == answer.data.mail.mail_id
    assert (ticket["status"], ticket["in_inbox"]) == ("completed", True)
    assert len(await desk.events(TicketCreated)) == 1


@pytest.mark.covers("S4-10")
async def test_a_number_that_no_ticket_has_is_not_lost(desk: Any, mail: Any, acme: str) -> None:
    received = mail(subject="[0500-1000] Printer", subject_numbers=["0500-1000"])
    await desk.take(received)
    decision = await desk.decision(received)
    assert decision["outcome"] == "undecided"
    assert decision["reasons"][0]["code"] == "mail.number_unknown"
    assert decision["reasons"][0]["params"] == {"numbers": ["0500-1000"]}


async def test_a_stranger_who_knows_a_number_reaches_nothing(
    desk: Any, mail: Any, acme: str
) -> None:
    await desk.take(mail())
    ticket = await desk.only_ticket()
    received = mail("eve@evil.example", subject_numbers=[ticket["number"]])
    await desk.take(received)
    assert (await desk.decision(received))["outcome"] == "undecided"
    assert len(await desk.mails(ticket["id"])) == 1


@pytest.mark.covers("S2-107", "S4-08")
async def test_an_address_that_two_employees_share_is_no_employees(
    desk: Any, mail: Any, acme: str
) -> None:
    await desk.take(mail())
    ticket = await desk.only_ticket()
    await desk.employee("Mia", "mia@desk.example")
    tom = await desk.employee("Tom", "tom@desk.example", email2="mia@desk.example")
    answer = mail("mia@desk.example", subject_numbers=[ticket["number"]])
    await desk.take(answer)
    assert (await desk.decision(answer))["outcome"] == "undecided"
    await desk.patch(f"/v1/employees/{tom}", active=False)
    again = mail("mia@desk.example", subject_numbers=[ticket["number"]])
    await desk.take(again)
    codes = [reason["code"] for reason in (await desk.decision(again))["reasons"]]
    assert "mail.from_employee" in codes


async def test_a_bounce_is_filed_on_the_ticket_whose_mail_came_back(
    desk: Any, mail: Any, acme: str
) -> None:
    await desk.take(mail())
    ticket = await desk.only_ticket()
    sent = EmailSent(
        mail_id=new_id(),
        request_id="r1",
        purpose=MailPurpose.DISTRIBUTION,
        ticket_id=ticket["id"],
        message_id="<out@desk.example>",
        recipients=[ANN],
        sent_at=make_envelope(mail().data, subject="x").time,
    )
    await desk.take(make_envelope(sent, subject="r1"))
    assert "send.sent" in await desk.reasons(ticket["id"])
    bounce = mail(
        None,
        "Undelivered",
        automation=AutomationClass.BOUNCE,
        bounce=BounceInfo(original_message_id="<out@desk.example>"),
    )
    await desk.take(bounce)
    assert (await desk.decision(bounce))["ticket_id"] == ticket["id"]


async def test_mail_that_failed_or_came_back_shows_in_history_and_inbox(
    desk: Any, mail: Any
) -> None:
    ticket = await desk.ticket()
    common = {"mail_id": new_id(), "ticket_id": ticket["id"]}
    failed = EmailFailed(
        **common, request_id="r1", purpose=MailPurpose.MESSAGE, recipients=[ANN], error="550 no"
    )
    bounced = EmailBounced(**common, bounce=BounceInfo(kind="hard", status="5.1.1"))
    await desk.take(make_envelope(failed, subject="r1"), make_envelope(bounced, subject="r1"))
    ticket = await desk.only_ticket()
    assert ticket["in_inbox"] is True
    texts = [entry["text"] for entry in await desk.history(ticket["id"], kind="audit")]
    assert f"A mail to {ANN} was not delivered: 550 no" in texts
    assert "A mail to a recipient came back (hard, 5.1.1)." in texts


@pytest.mark.parametrize("together", [True, False])
async def test_an_employees_answer_that_comes_before_its_mail_is_filed_when_that_comes(
    desk: Any, mail: Any, acme: str, together: bool
) -> None:
    await desk.employee("Mia", "mia@desk.example")
    first = mail(message_id="<1@acme.example>")
    answer = mail("mia@desk.example", "Re: Printer", in_reply_to="<1@acme.example>")
    if together:
        await desk.take(answer, first)
    else:
        await desk.take(answer)
        assert (await desk.decision(answer))["outcome"] == "undecided"
        await desk.take(first)
    ticket = await desk.only_ticket()
    decision = await desk.decision(answer)
    assert (decision["outcome"], decision["ticket_id"]) == ("filed", ticket["id"])
    assert (decision["decided_by"], decision["text"]) == (None, None)
    versions = [
        event.aggregateversion
        for event in await desk.events(EmailDecided)
        if event.subject == answer.data.mail.mail_id
    ]
    assert versions == [1, 2]
    assert await desk.rows(AwaitedMessage) == []


async def test_the_sweep_files_answers_that_the_tickets_opening_could_not_see(
    desk: Any, mail: Any, acme: str, runtime: Any
) -> None:
    """Two transactions at once: one left the answer undecided while the other made the ticket."""
    await desk.employee("Mia", "mia@desk.example")
    answer = mail("mia@desk.example", "Re: Printer", in_reply_to="<1@acme.example>")
    await desk.take(answer)
    rows = await desk.rows(AwaitedMessage)
    async with runtime.db.unit_of_work() as uow:
        await uow.session.execute(AwaitedMessage.__table__.delete())
    await desk.take(mail(message_id="<1@acme.example>"))
    async with runtime.db.unit_of_work() as uow:
        await uow.session.execute(AwaitedMessage.__table__.insert(), rows)
    sweep = next(loop for loop in loops(runtime) if loop.name == "late-answers")
    assert [await sweep.step(), await sweep.step()] == [True, False]
    assert (await desk.decision(answer))["outcome"] == "filed"


@pytest.mark.covers("S4-11", "S4-16")
async def test_an_archived_contact_or_account_does_not_compete_with_whoever_has_the_address_now(
    desk: Any, mail: Any, acme: str
) -> None:
    ben = "ben@acme.example"
    left = await desk.contact(acme, ben)
    await desk.take(mail(ben, "Before"))
    before = await desk.only_ticket()
    old = await desk.account("ACME, twice", email2=ben)
    bolt = await desk.account("Bolt")
    now = await desk.contact(bolt, ben)
    for record in (f"contacts/{left}", f"accounts/{old}"):
        await desk.post(f"/v1/{record}/archive")
    await desk.take(mail(ben, "After"))
    tickets = {t["subject"]: t for t in (await desk.get("/v1/tickets"))["items"]}
    after = await desk.get(f"/v1/tickets/{tickets['After']['id']}")
    assert (after["account"]["id"], after["contact"]["id"]) == (bolt, now)
    # They still belong to what they had opened, though they are in no list of it any more.
    await desk.http.put(f"/v1/tickets/{before['id']}/recipients", json={"external": []})
    again = mail(ben, f"Re: [{before['number']}]", subject_numbers=[before["number"]])
    await desk.take(again)
    assert (await desk.decision(again))["ticket_id"] == before["id"]


async def test_the_mail_of_somebody_who_is_archived_is_not_lost(
    desk: Any, mail: Any, acme: str
) -> None:
    left = await desk.contact(acme, "ben@acme.example")
    for record in (f"contacts/{left}", f"accounts/{acme}"):
        await desk.post(f"/v1/{record}/archive")
    await desk.take(mail("ben@acme.example", "Still here"))
    assert (await desk.only_ticket())["account"]["id"] == acme
