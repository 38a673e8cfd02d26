"""The judge is judged: each wrong that is done behind the system's back is named."""

from collections.abc import Iterator

import pytest

from patchbay_kit.testing.system.hub import Hub
from patchbay_kit.testing.system.judging import Findings, Judge
from patchbay_kit.testing.system.mail import decided, new_mail, send, until
from patchbay_kit.testing.system.simulator import Simulator, connect, ticket_of

# What is done to a database, and what has to be said about it.
WRONGS = {
    "lost tickets": ("ticket-svc", "UPDATE ticket SET remote_ticket_id = 'x' WHERE {one}"),
    "unexpected tickets": ("ticket-svc", "UPDATE ticket SET remote_ticket_id = 'x' WHERE {one}"),
    "lost creation notes": ("ticket-svc", "DELETE FROM history_entry WHERE kind='remote_created'"),
    "doubled creation notes": (
        "ticket-svc",
        "UPDATE history_entry SET kind='remote_created' WHERE kind='device_details'",
    ),
    "lost accounts": ("ticket-svc", "UPDATE account SET origin_site_id='y'||id WHERE auto_created"),
    "unexpected accounts": (
        "ticket-svc",
        "UPDATE account SET origin_site_id='y'||id WHERE auto_created",
    ),
    "unexpected places": ("link-svc", "UPDATE link SET target_id='z' WHERE kind='site'"),
    "lost ticket links": ("link-svc", "DELETE FROM link WHERE kind='ticket'"),
    "lost alerts": ("email-gateway", "DELETE FROM outgoing_mail WHERE purpose='alert'"),
    "doubled alerts": (
        "email-gateway",
        "UPDATE outgoing_mail SET ticket_id=(SELECT min(ticket_id) FROM outgoing_mail)",
    ),
    "doubled mails": (
        "ticket-svc",
        "UPDATE history_entry SET mail_id=(SELECT max(mail_id) FROM history_entry)",
    ),
    "lost mails": ("email-gateway", "DELETE FROM received_mail"),
    "lost answers": ("email-gateway", "DELETE FROM outgoing_mail WHERE purpose='auto_answer'"),
    "stuck work": ("rmm-gateway", "UPDATE remote_command SET state='sending'"),
    "stuck commands": ("rmm-gateway", "UPDATE remote_command SET state='failed'"),
}


@pytest.fixture(scope="module")
def case() -> Iterator[tuple[Hub, Judge, str, str]]:
    """A stopped hub with two remote tickets, one of them completed, and one mail."""
    with Hub() as hub, Simulator() as simulator:
        connection_id = connect(hub, simulator, "judged")
        device = {"deviceId": "D", "deviceName": "PC", "device": {"name": "PC"}}
        ids = [simulator.raise_ticket("Alert", siteId=s, siteName=s, **device) for s in "ab"]
        tickets = [ticket_of(hub, connection_id, each) for each in ids]
        hub.api.post(f"/v1/tickets/{tickets[0]['id']}/complete")
        account = hub.api.post("/v1/accounts", {"name": "Known"})
        body = {"account_id": account["id"], "name": "Ann", "email1": "ann@known.example"}
        hub.api.post("/v1/contacts", body)
        mail = send(hub, new_mail("ann@known.example", "Help"))
        assert decided(hub, mail)["state"] == "created"
        until(lambda: simulator.effect(ids[0])["closesApplied"] == 1, "closed remotely")
        hub.wait_until_quiet()
        hub.stop()
        yield hub, Judge(hub, simulator, connection_id), ids[0], mail


def judged(case: tuple[Hub, Judge, str, str], completed: set[str] | None = None) -> Findings:
    _, judge, closed, mail = case
    done = {closed} if completed is None else completed
    return judge.judge(linked_sites=(), completed=done, mails={mail})


def test_nothing_is_wrong_with_what_went_well(case: tuple[Hub, Judge, str, str]) -> None:
    findings = judged(case)

    assert findings.wrong == {}
    assert findings.checked["remote tickets"] == 2
    assert findings.checked["temporary accounts"] == 2


def test_a_close_that_nobody_asked_for_and_one_that_did_not_happen_are_named(
    case: tuple[Hub, Judge, str, str],
) -> None:
    _, _, closed, _ = case

    assert judged(case, set()).wrong == {"unexpected closes": [closed]}
    other = next(
        each["ticketId"]
        for each in case[1].simulator.control("GET", "effects")["tickets"]
        if each["ticketId"] != closed
    )
    assert judged(case, {closed, other}).wrong == {"lost closes": [other]}


@pytest.mark.parametrize("wrong", WRONGS)
def test_each_wrong_is_named(case: tuple[Hub, Judge, str, str], wrong: str) -> None:
    hub = case[0]
    service, statement = WRONGS[wrong]
    one = "remote_ticket_id IN (SELECT min(remote_ticket_id) FROM ticket)"

    with hub.tampered(service, statement.format(one=one)):
        assert wrong in judged(case).wrong
