"""What happens to both twins when one of them is closed, handed back or written on."""

from typing import Any

import pytest

from patchbay_kit.testing.system.base import System
from patchbay_kit.testing.system.mail import until
from patchbay_kit.testing.system.simulator import ticket_of

Ticket = dict[str, Any]


def raised(system: System, remote: Any, site: str) -> tuple[str, Ticket]:
    remote_id = remote.simulator.raise_ticket("Alert", siteId=site, siteName=f"Site {site}")
    return remote_id, ticket_of(system, remote.connection_id, remote_id)


def change(system: System, ticket: Ticket, what: str) -> Ticket:
    answer: Ticket = system.api.post(f"/v1/tickets/{ticket['id']}/{what}")
    return answer


def out_of_the_inbox(system: System, ticket: Ticket) -> None:
    system.api.delete(f"/v1/tickets/{ticket['id']}/inbox")
    assert not system.api.get(f"/v1/tickets/{ticket['id']}")["in_inbox"]


def history(system: System, ticket: Ticket, kind: str) -> list[Ticket]:
    return system.api.items(f"/v1/tickets/{ticket['id']}/history", kind=kind)


@pytest.mark.covers("S1-81", "S1-82", "S1-84")
def test_a_completed_ticket_is_closed_at_the_remote_once_also_after_it_was_reopened(
    system: System, remote: Any
) -> None:
    remote_id, ticket = raised(system, remote, "C-1")

    assert change(system, ticket, "complete")["status_class"] == "closed"
    until(lambda: remote.simulator.effect(remote_id)["closesApplied"] == 1, "closed remotely")
    assert change(system, ticket, "reopen")["status_class"] == "open"
    system.wait_until_quiet()
    change(system, ticket, "complete")
    system.wait_until_quiet()

    effect = remote.simulator.effect(remote_id)
    assert (effect["closesApplied"], effect["closeRequests"]) == (1, 1)
    assert (effect["status"], effect["closedBy"]) == ("closed", "psa")
    (command,) = system.api.items("/v1/remote-commands", ticket_id=ticket["id"])
    assert command["state"] == "succeeded"


@pytest.mark.covers("S1-85")
def test_the_remotes_answer_to_a_close_shows_on_the_ticket(system: System, remote: Any) -> None:
    _, ticket = raised(system, remote, "C-2")

    change(system, ticket, "complete")

    def explained() -> bool:
        decisions = system.api.get(f"/v1/tickets/{ticket['id']}/explain")["decisions"]
        found = [reason["code"] for each in decisions for reason in each["reasons"]]
        return "command.succeeded" in found

    until(explained, "the close in the ticket's explanation")


@pytest.mark.covers("S1-84")
def test_a_close_whose_answer_was_lost_is_looked_up_and_not_repeated(
    system: System, remote: Any
) -> None:
    remote_id, ticket = raised(system, remote, "C-3")
    fault = {"kind": "slow_success", "cut": True, "path": "*/close", "method": "POST"}
    remote.simulator.control("POST", "faults", fault)

    change(system, ticket, "complete")
    system.wait_until_quiet()

    effect = remote.simulator.effect(remote_id)
    assert (effect["closesApplied"], effect["closeRequests"]) == (1, 1)
    (command,) = system.api.items("/v1/remote-commands", ticket_id=ticket["id"])
    assert (command["state"], command["attempts"]) == ("succeeded", 2)


@pytest.mark.covers("S1-02", "S1-76", "S1-77")
def test_a_remote_close_writes_a_note_and_fills_the_inbox_but_changes_no_status(
    system: System, remote: Any
) -> None:
    remote_id, ticket = raised(system, remote, "C-4")
    out_of_the_inbox(system, ticket)

    remote.simulator.control("POST", f"tickets/{remote_id}/close", {"note": "Fixed by the NOC"})

    (note,) = until(lambda: history(system, ticket, "remote_closed"), "the note of the close")
    assert "Fixed by the NOC" in note["text"]
    now = system.api.get(f"/v1/tickets/{ticket['id']}")
    assert now["in_inbox"]
    assert now["status"] == ticket["status"]
    assert now["remote"]["closed_at"]


@pytest.mark.covers("S1-72", "S1-73")
def test_a_ticket_handed_back_waits_in_the_inbox_with_an_audit_entry(
    system: System, remote: Any
) -> None:
    remote_id, ticket = raised(system, remote, "C-5")
    out_of_the_inbox(system, ticket)

    reason = {"reason": "Approval Required", "note": "May we reboot?"}
    remote.simulator.control("POST", f"tickets/{remote_id}/return", reason)

    now = until(
        lambda: (t := system.api.get(f"/v1/tickets/{ticket['id']}"))["in_inbox"] and t,
        "the ticket back in the Inbox",
    )
    assert now["status"] == ticket["status"]
    assert now["inbox_awaiting"]
    texts = [each["text"] for each in system.api.items(f"/v1/tickets/{ticket['id']}/history")]
    assert any("May we reboot?" in text for text in texts)
    assert history(system, ticket, "audit") or history(system, ticket, "remote_returned")


@pytest.mark.covers("S1-78")
def test_a_note_written_remotely_is_appended_to_the_history(system: System, remote: Any) -> None:
    remote_id, ticket = raised(system, remote, "C-6")

    remote.simulator.control("POST", f"tickets/{remote_id}/note", {"note": "Looking into it"})

    (note,) = until(lambda: history(system, ticket, "remote_note"), "the remote note")
    assert note["text"].endswith("Looking into it")


def test_a_repeated_request_with_one_idempotency_key_is_one_effect(
    system: System, remote: Any
) -> None:
    _, ticket = raised(system, remote, "C-7")
    path = f"/v1/tickets/{ticket['id']}/notes"

    first = system.api.post(path, {"text": "Once"}, key="note-c-7")
    second = system.api.post(path, {"text": "Once"}, key="note-c-7")

    assert first == second
    assert [each["text"] for each in history(system, ticket, "note")] == ["Once"]
