"""Alerts from events to the ledger, on both databases."""

import random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from notifier.definition import SERVICE
from patchbay_contracts import MailPurpose, PersonRef
from patchbay_kit.ids import new_id
from patchbay_kit.testing.harness import client, make_principal, published, show
from patchbay_kit.testing.orders import any_order, batches


async def ledger(http: Any, **params: Any) -> list[dict[str, Any]]:
    answer = await http.get("/v1/alerts", params=params)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


@pytest.mark.covers("S1-16", "X-07")
async def test_ticket_manager_gets_a_mail_about_a_new_ticket(
    take: Any, told: Any, http: Any, desk: Any
) -> None:
    await take(desk.asset("Server 1"))
    await take(desk.created())
    (mail,) = await told.mails()
    assert mail.to == [desk.manager]
    assert mail.mail_subject == "[0500-1000] New ticket: Disk full"
    assert "Asset:    Server 1" in mail.text
    assert f"https://hub.example/tickets/{desk.ticket_id}" in mail.text
    assert (mail.ticket_id, mail.ticket_number) == (desk.ticket_id, "0500-1000")
    assert await told.codes() == ["alert.sent"]
    (alert,) = await ledger(http, ticket_id=desk.ticket_id)
    assert (alert["state"], alert["request_id"]) == ("requested", mail.request_id)
    assert (await http.get(f"/v1/alerts/{alert['id']}")).json() == alert


@pytest.mark.covers("X-09")
async def test_one_event_gives_one_alert_however_often_it_comes(
    take: Any, told: Any, desk: Any, runtime: Any
) -> None:
    created = desk.created()
    await take(created, created)
    await take(created)
    assert len(await told.mails()) == 1
    requests = [event for event in await published(runtime) if "send_alert" in event.type]
    assert [event.subject for event in requests] == [requests[0].data.request_id]
    assert requests[0].causationid == created.id


@pytest.mark.covers("X-10")
async def test_nobody_is_told_about_their_own_ticket(
    take: Any, told: Any, http: Any, desk: Any
) -> None:
    await take(desk.created(actor=f"employee:{desk.manager.id}"))
    assert await told.mails() == []
    (alert,) = await told.alerts()
    assert alert.suppressed is True
    assert await told.codes() == ["alert.own_change"]
    (shown,) = await ledger(http, state="suppressed")
    assert shown["reasons"][0]["meaning"] == "Nobody is told about their own change."


@pytest.mark.covers("X-14")
async def test_customer_who_opened_the_ticket_gets_no_alert(
    take: Any, told: Any, desk: Any
) -> None:
    await take(desk.created(actor=f"contact:{new_id()}", channel="email"))
    (mail,) = await told.mails()
    assert mail.to == [desk.manager]


async def test_ticket_without_a_manager_is_written_down_with_the_reason(
    take: Any, told: Any, http: Any, desk: Any
) -> None:
    await take(desk.created(manager=None))
    assert await told.mails() == []
    (alert,) = await ledger(http)
    assert (alert["person"], alert["reasons"][0]["code"]) == (None, "manager.none")
    assert alert["reasons"][0]["remedy"]


@pytest.mark.covers("X-07", "X-12")
async def test_alerts_are_on_until_the_person_switches_them_off(
    runtime: Any, take: Any, told: Any, desk: Any, new_desk: Any
) -> None:
    address = f"/v1/alerts/preferences/{desk.manager.id}"
    own = make_principal({"desk"}, id=desk.manager.id)
    async with client(runtime, SERVICE, principal=own) as mary:
        before = await mary.get(address)
        assert (before.json()["enabled"], before.headers["ETag"]) == (True, '"0"')
        changed = await mary.put(address, json={"enabled": False}, headers={"If-Match": '"0"'})
        assert (changed.status_code, changed.json()["version"]) == (200, 1)
        stale = await mary.put(address, json={"enabled": True}, headers={"If-Match": '"0"'})
        assert (stale.status_code, stale.json()["code"]) == (412, "version_mismatch")
        await take(desk.created())
        assert (await told.codes(), await told.mails()) == (["alert.off"], [])
        await mary.put(address, json={"enabled": True})
        other = new_desk()
        await take(other.created(manager=desk.manager))
        assert len(await told.mails()) == 1


async def test_preferences_of_others_need_an_administrator(
    runtime: Any, http: Any, desk: Any
) -> None:
    address = f"/v1/alerts/preferences/{desk.manager.id}"
    refused = await http.put(address, json={"enabled": False})
    assert (refused.status_code, refused.json()["code"]) == (403, "permission_missing")
    assert (await http.get(address)).status_code == 403
    contact = make_principal(set(), kind="contact", id=desk.manager.id)
    async with client(runtime, SERVICE, principal=contact) as namesake:
        assert (await namesake.get(address)).status_code == 403
    async with client(runtime, SERVICE, permissions={"employees.admin"}) as admin:
        assert (await admin.put(address, json={"enabled": False})).status_code == 200
        assert (await admin.get("/v1/alerts/preferences/nobody")).status_code == 404
        assert (await admin.get("/v1/alerts")).status_code == 403


async def test_failed_remote_command_is_told_to_the_present_manager(
    take: Any, told: Any, http: Any, desk: Any
) -> None:
    second = PersonRef(id=new_id(), kind="employee", name="Ned", email="ned@desk.example")
    await take(desk.created())
    await take(desk.updated(version=3, manager=second), desk.updated(version=2, subject="Older"))
    await take(desk.command_failed())
    mail = (await told.mails())[-1]
    assert mail.to == [second]
    assert mail.mail_subject == "[0500-1000] Remote command failed: close"
    assert "Remote:   T77" in mail.text
    assert [alert["about"] for alert in await ledger(http, person_id=second.id)] == [
        "remote_command.failed.v1"
    ]


async def test_failed_command_of_a_ticket_not_yet_known_comes_again(
    take: Any, told: Any, desk: Any, new_desk: Any
) -> None:
    early, ready = desk.command_failed(), new_desk()
    await take(ready.created())
    again = await take(early, ready.command_failed())
    assert [verdict.delivery.event_id for verdict in again] == [early.id]
    await take(desk.created())
    assert await take(early) == []
    assert len(await told.mails()) == 4


async def test_ledger_shows_what_became_of_the_mail(
    take: Any, told: Any, http: Any, desk: Any, new_desk: Any
) -> None:
    other = new_desk()
    await take(desk.created(), other.created())
    first, second = await told.mails()
    await take(desk.sent(first, caught=True), desk.failed(second))
    caught, failed = reversed(await ledger(http))
    assert caught["state"] == "caught"
    assert caught["mail_id"]
    assert [reason["code"] for reason in caught["reasons"]] == ["alert.sent", "send.sent"]
    assert (failed["state"], failed["error"]) == ("failed", "550 no such user")


async def test_sent_beats_failed_whichever_is_told_first(
    take: Any, told: Any, http: Any, desk: Any, new_desk: Any
) -> None:
    other = new_desk()
    await take(desk.created(), other.created())
    first, second = await told.mails()
    await take(desk.sent(first))
    await take(desk.failed(first))
    await take(desk.failed(second))
    await take(desk.sent(second))
    assert [(a["state"], a["error"]) for a in await ledger(http)] == [("sent", None)] * 2


@pytest.mark.slow
@pytest.mark.any_order("AssetCreated", "RemoteCommandFailed", "EmailSent", "EmailFailed")
@given(chance=st.randoms(use_true_random=False), size=st.integers(1, 12))
@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
async def test_any_order_and_repetition_of_what_came_after_ends_alike(
    take: Any, told: Any, http: Any, new_desk: Any, chance: random.Random, size: int
) -> None:
    first, second = new_desk(), new_desk()
    for desk in (first, second):
        assert await take(desk.created()) == []
    mails = {mail.ticket_id: mail for mail in await told.mails()}
    once = [
        first.asset("Server 1"),
        first.command_failed(),
        second.command_failed(),
        first.sent(mails[first.ticket_id]),
        first.failed(mails[first.ticket_id]),
        second.failed(mails[second.ticket_id]),
    ]
    for batch in batches(any_order(once, chance), size):
        assert await take(*batch) == []
    ended = [
        [(alert["about"], alert["state"]) for alert in await ledger(http, ticket_id=desk.ticket_id)]
        for desk in (first, second)
    ]
    refused = ("remote_command.failed.v1", "requested")
    assert ended == [
        [refused, ("ticket.created.v1", "sent")],
        [refused, ("ticket.created.v1", "failed")],
    ]


async def test_mails_that_are_no_alerts_are_left_alone(
    take: Any, told: Any, http: Any, desk: Any
) -> None:
    await take(desk.created())
    (mail,) = await told.mails()
    sent = desk.sent(mail)
    message = sent.data.model_copy(update={"purpose": MailPurpose.MESSAGE})
    await take(sent.model_copy(update={"data": message}))
    (alert,) = await ledger(http)
    assert alert["state"] == "requested"


@pytest.mark.any_order("TicketCreated", "TicketUpdated")
@given(seed=st.randoms(use_true_random=False), batch=st.integers(1, 12))
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
async def test_any_order_and_repetition_of_events_gives_the_same_alerts(
    take: Any, http: Any, new_desk: Any, seed: random.Random, batch: int
) -> None:
    desks = [new_desk() for _ in range(3)]
    last = PersonRef(id=new_id(), kind="employee", name="Ned", email="ned@desk.example")
    once = [desk.created() for desk in desks]
    once += [desk.updated(version=2, subject="Changed") for desk in desks]
    once += [desk.updated(version=3, manager=last) for desk in desks]
    stream = once + seed.sample(once, 4)
    seed.shuffle(stream)
    for start in range(0, len(stream), batch):
        assert await take(*stream[start : start + batch]) == []
    assert await take(*(desk.command_failed() for desk in desks)) == []
    for desk in desks:
        found = await ledger(http, ticket_id=desk.ticket_id)
        assert [(alert["about"], alert["person"]["id"]) for alert in found] == [
            ("remote_command.failed.v1", last.id),
            ("ticket.created.v1", desk.manager.id),
        ]


@pytest.mark.covers("S2-30")
async def test_alerts_are_for_those_who_see_the_ticket_and_for_whom_they_went_to(
    take: Any, runtime: Any, new_desk: Any
) -> None:
    mine, other = new_desk(), new_desk()
    await take(mine.created(), other.created())
    show(runtime, mine.ticket_id)
    async with client(runtime, SERVICE, permissions={"desk", "tickets.all"}) as everything:
        (hidden,) = await ledger(everything, ticket_id=other.ticket_id)
        assert len(await ledger(everything)) == 2
    async with client(runtime, SERVICE, permissions={"desk"}) as http:
        assert await ledger(http) == await ledger(http, ticket_id=other.ticket_id) == []
        (seen,) = await ledger(http, ticket_id=mine.ticket_id)
        assert (await http.get(f"/v1/alerts/{seen['id']}")).status_code == 200
        assert (await http.get(f"/v1/alerts/{hidden['id']}")).status_code == 404
    manager = make_principal({"desk"}, id=other.manager.id)
    async with client(runtime, SERVICE, principal=manager) as http:
        assert await ledger(http) == [hidden]
        assert (await http.get(f"/v1/alerts/{hidden['id']}")).json() == hidden
