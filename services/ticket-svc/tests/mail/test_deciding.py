"""A person decides what the rules could not (S4-28)."""

import asyncio
from typing import Any

import pytest

from patchbay_contracts import EmailDecided, MailOutcome, MailPurpose, SendEmail
from patchbay_kit.testing.harness import client
from ticket_svc.definition import SERVICE

EVE = "eve@new.example"
MISSING = "01890000-0000-7000-8000-00000000000f"


@pytest.fixture
async def waiting(desk: Any, mail: Any) -> Any:
    """A mail that nobody knows the sender of."""
    received = mail(EVE, "Re: Offer", text="Please call.", new_text="Please call.")
    await desk.take(received)
    return received


def path(received: Any, act: str = "") -> str:
    return f"/v1/mail-decisions/{received.data.mail.mail_id}{act}"


@pytest.mark.covers("S4-28")
async def test_a_mail_can_be_filed_on_a_ticket(desk: Any, waiting: Any) -> None:
    ticket = await desk.ticket()
    decision = await desk.post(path(waiting, "/file"), ticket_id=ticket["id"])
    assert (decision["outcome"], decision["ticket_id"]) == ("filed", ticket["id"])
    assert decision["decided_by"].startswith("employee:")
    codes = [reason["code"] for reason in decision["reasons"]]
    assert codes[:2] == ["mail.unknown_sender", "mail.decided_by_person"]
    (entry,) = await desk.history(ticket["id"], kind="email")
    assert (entry["text"], entry["data"]["from"]) == ("Please call.", EVE)
    assert (await desk.only_ticket())["in_inbox"] is True
    first, second = await desk.events(EmailDecided)
    assert (first.aggregateversion, second.aggregateversion) == (1, 2)
    assert second.data.outcome is MailOutcome.FILED
    assert second.causationid == waiting.id


@pytest.mark.covers("S4-28")
async def test_a_ticket_can_be_opened_from_a_mail(desk: Any, mail: Any, waiting: Any) -> None:
    account = await desk.account("New, Inc.")
    decision = await desk.post(path(waiting, "/create"), account_id=account)
    ticket = await desk.only_ticket()
    assert (decision["outcome"], decision["ticket_id"]) == ("created", ticket["id"])
    assert (ticket["subject"], ticket["account"]["id"]) == ("Offer", account)
    external = [r["email"] for r in ticket["recipients"] if r["list_name"] == "external"]
    assert external == [EVE]
    requests = [event.data for event in await desk.events(SendEmail)]
    assert {r.purpose for r in requests} == {MailPurpose.DISTRIBUTION, MailPurpose.AUTO_ANSWER}
    answer = mail(EVE, in_reply_to=waiting.data.mail.message_id)
    await desk.take(answer)
    assert (await desk.decision(answer))["ticket_id"] == ticket["id"]


async def test_an_employees_new_mail_opens_a_ticket_with_the_default_recipients(
    desk: Any, mail: Any
) -> None:
    await desk.employee("Mia", "mia@desk.example")
    account = await desk.account("ACME")
    await desk.contact(account, "ann@acme.example", is_main=True)
    received = mail("mia@desk.example", "Ann called")
    await desk.take(received)
    await desk.post(path(received, "/create"), account_id=account)
    ticket = await desk.only_ticket()
    assert ticket["in_inbox"] is False
    external = [r["email"] for r in ticket["recipients"] if r["list_name"] == "external"]
    assert external == ["ann@acme.example"]
    requests = [event.data for event in await desk.events(SendEmail)]
    assert {r.purpose for r in requests} <= {MailPurpose.DISTRIBUTION}


async def test_a_mail_without_a_sender_can_become_a_ticket(desk: Any, mail: Any) -> None:
    received = mail(None, "")
    await desk.take(received)
    await desk.post(path(received, "/create"), account_id=await desk.account())
    assert (await desk.only_ticket())["subject"] == "(no subject)"


async def test_a_mail_can_be_ignored(desk: Any, waiting: Any) -> None:
    decision = await desk.post(path(waiting, "/ignore"))
    assert (decision["outcome"], decision["ticket_id"], decision["text"]) == ("ignored", None, None)
    assert (await desk.get("/v1/mail-decisions", outcome="undecided"))["items"] == []


async def test_of_two_people_who_decide_at_once_one_does(desk: Any, waiting: Any) -> None:
    ticket = await desk.ticket()
    file = {"ticket_id": ticket["id"]}
    answers = await asyncio.gather(
        *(desk.http.post(path(waiting, "/file"), json=file) for _ in range(3)),
        desk.http.post(path(waiting, "/ignore")),
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    refused = next(answer.json() for answer in answers if answer.status_code == 409)
    assert refused["code"] == "mail_decided_already"
    assert len(await desk.events(EmailDecided)) == 2


async def test_a_decision_about_what_is_not_there_changes_nothing(desk: Any, waiting: Any) -> None:
    archived = await desk.account("Gone")
    await desk.post(f"/v1/accounts/{archived}/archive")
    for act, body, code in (
        ("/file", {"ticket_id": MISSING}, "ticket_unknown"),
        ("/create", {"account_id": MISSING}, "account_unknown"),
        ("/create", {"account_id": archived}, "account_archived"),
        ("/file", {}, "validation_failed"),
    ):
        refused = await desk.http.post(path(waiting, act), json=body)
        assert (refused.status_code, refused.json()["code"]) == (422, code)
    assert (await desk.decision(waiting))["outcome"] == "undecided"
    for mail_id in ("x", MISSING):
        for method, act in (("GET", ""), ("POST", "/ignore")):
            lost = await desk.http.request(method, f"/v1/mail-decisions/{mail_id}{act}")
            assert (lost.status_code, lost.json()["code"]) == (404, "mail_decision_not_found")


@pytest.mark.covers("S2-30")
async def test_what_became_of_a_mail_stays_hidden_from_those_who_do_not_see_the_ticket(
    desk: Any, runtime: Any, waiting: Any
) -> None:
    ticket = await desk.ticket()
    await desk.post(path(waiting, "/file"), ticket_id=ticket["id"])
    bodies = {"/file": {"ticket_id": ticket["id"]}, "/create": {"account_id": MISSING}}
    async with client(runtime, SERVICE, permissions={"desk"}) as http:
        for act in ("/file", "/create", "/ignore"):
            answer = await http.post(path(waiting, act), json=bodies.get(act, {}))
            assert answer.status_code == 404
            assert ticket["id"] not in answer.text
