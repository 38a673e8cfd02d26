"""What everything that hangs on a ticket has in common."""

from typing import Any

import pytest

from patchbay_kit.errors import ProblemError
from patchbay_kit.testing.harness import client, make_principal
from ticket_svc.appointments.tables import Appointment
from ticket_svc.charges.tables import Charge
from ticket_svc.definition import SERVICE
from ticket_svc.parts import find_part
from ticket_svc.rights.viewer import Viewer
from ticket_svc.tasks.tables import Task

SLOT = {"starts_at": "2026-11-23T08:00:00Z", "ends_at": "2026-11-23T10:00:00Z"}


async def parts(desk: Any) -> dict[str, dict[str, Any]]:
    """A body for each kind of part, by the last segment of its path."""
    mia = await desk.employee("Mia", "mia@desk.example", permissions=["desk", "tickets.all"])
    return {
        "charges": {"kind": "work", "minutes": 30},
        "tasks": {"title": "Order the disk"},
        "appointments": {"employee_id": mia, **SLOT},
        "messages": {"to": [{"employee_id": mia}], "text": "Look at it"},
        "dispatch": {"technicians": [mia], **SLOT},
        "dispatch-flag": {},
    }


async def test_nothing_is_hung_on_a_ticket_that_went_into_another(desk: Any) -> None:
    account = await desk.account()
    gone, other = await desk.ticket(account), await desk.ticket(account)
    await desk.post(f"/v1/tickets/{gone['id']}/merge", into=other["id"])
    for name, body in (await parts(desk)).items():
        answer = await desk.http.post(f"/v1/tickets/{gone['id']}/{name}", json=body)
        assert (answer.status_code, answer.json()["code"]) == (409, "ticket_merged"), name


@pytest.mark.covers("S2-42", "S2-48")
async def test_what_a_program_hangs_on_a_ticket_puts_it_into_the_inbox(desk: Any) -> None:
    program = make_principal({"desk", "tickets.all"}, kind="api_key")
    async with client(desk.runtime, SERVICE, principal=program) as http:
        for name, body in (await parts(desk)).items():
            ticket = await desk.ticket()
            assert ticket["in_inbox"] is False
            answer = await http.post(f"/v1/tickets/{ticket['id']}/{name}", json=body)
            if name == "messages":
                assert (answer.status_code, answer.json()["code"]) == (403, "employees_only")
                continue
            assert answer.is_success, answer.text
            assert (await desk.get(f"/v1/tickets/{ticket['id']}"))["in_inbox"] is True, name


async def test_there_are_no_parts_for_customers_on_tickets_of_their_own(desk: Any) -> None:
    account = await desk.account()
    path = f"/v1/tickets/{(await desk.ticket(account))['id']}"
    wanted = await parts(desk)
    ann = Viewer(make_principal((), kind="contact", account_id=account))
    kinds: Any = {"charges": Charge, "tasks": Task, "appointments": Appointment}
    for name, model in kinds.items():
        made = await desk.post(f"{path}/{name}", **wanted[name])
        async with desk.runtime.db.read() as session:
            with pytest.raises(ProblemError, match="part_not_found"):
                await find_part(session, ann, model, made["id"], "part")


async def test_what_hangs_on_tickets_is_found_by_what_is_written_in_it(desk: Any) -> None:
    ticket = await desk.ticket()
    path = f"/v1/tickets/{ticket['id']}"
    bodies = await parts(desk)
    texts = {
        "charges": {"description": "A 50% Share of the Disk"},
        "tasks": {"title": "Order", "note": "A 50% Share of the Disk"},
        "appointments": {"subject": "A 50% Share of the Disk"},
        "messages": {"subject": "Disk", "text": "A 50% Share of the Disk"},
    }
    for name, text in texts.items():
        await desk.post(f"{path}/{name}", **bodies[name])
        made = await desk.post(f"{path}/{name}", **{**bodies[name], **text})
        box = {"box": "sent"} if name == "messages" else {}
        for q, found in (("50% share", [made["id"]]), ("50_ share", []), ("disks", [])):
            page = await desk.get(f"/v1/{name}", q=q, **box)
            assert [each["id"] for each in page["items"]] == found, (name, q)
