"""What the PSA and the console can do to a ticket, and what each hears of the other."""

import httpx
import pytest

URL = "/psg/v1/tickets"


async def raised(sim: httpx.AsyncClient, **fields: object) -> str:
    answer = await sim.post("/__sim/tickets", json={"summary": "Disk full", **fields})
    assert answer.status_code == 201
    ticket_id: str = answer.json()["ticketId"]
    return ticket_id


async def heard(sim: httpx.AsyncClient) -> list[dict]:
    """Lease and acknowledge everything that waits."""
    batch = (await sim.get("/psg/v1/queue?max=500")).json()
    await sim.post(f"/psg/v1/queue/{batch['batchId']}/ack")
    return batch["items"]


async def effects(sim: httpx.AsyncClient, ticket_id: str) -> dict:
    answer = await sim.get("/__sim/effects", params={"ticketId": ticket_id})
    return answer.json()["tickets"][0]


@pytest.mark.parametrize("origin", ["alert", "service_ticket", "noc_manual"])
async def test_a_raised_ticket_is_queued_with_site_and_device(
    sim: httpx.AsyncClient, origin: str
) -> None:
    await sim.post("/__sim/sites", json={"id": "S", "name": "Site"})
    await sim.post("/__sim/devices", json={"id": "D", "siteId": "S", "name": "PC", "serial": "9"})
    ticket_id = await raised(sim, deviceId="D", origin=origin, description="Below 5 %")
    assert await heard(sim) == [
        {
            "seq": 1,
            "kind": "ticket_created",
            "ticketId": ticket_id,
            "number": "1000001",
            "origin": origin,
            "siteId": "S",
            "siteName": "Site",
            "deviceId": "D",
            "deviceName": "PC",
            "device": {"id": "D", "siteId": "S", "name": "PC", "serial": "9"},
            "assigneeGroup": "partner",
            "status": "open",
            "summary": "Disk full",
            "description": "Below 5 %",
            "occurredAt": "2030-01-15T10:05:00.000Z",
            "url": f"http://sim.example/console/tickets/{ticket_id}",
        }
    ]


async def test_an_unknown_device_brings_its_data_and_a_ticket_may_have_no_site(
    sim: httpx.AsyncClient,
) -> None:
    await raised(sim, deviceId="?", device={"name": "GUEST", "serial": "7"})
    (item,) = await heard(sim)
    assert (item["deviceName"], item["device"]) == ("GUEST", {"name": "GUEST", "serial": "7"})
    assert "siteId" not in item


async def test_a_close_by_the_psa_is_applied_once_and_not_echoed(sim: httpx.AsyncClient) -> None:
    ticket_id = await raised(sim)
    await heard(sim)
    closed = await sim.post(f"{URL}/{ticket_id}/close", json={"note": "Done", "externalRef": "T1"})
    assert (closed.status_code, closed.json()["status"]) == (200, "closed")
    again = await sim.post(f"{URL}/{ticket_id}/close")
    assert (again.status_code, again.json()["code"]) == (409, "already_closed")
    assert await heard(sim) == []
    proof = await effects(sim, ticket_id)
    assert (proof["closesApplied"], proof["closeRequests"], proof["closedBy"]) == (1, 2, "psa")


async def test_a_close_in_the_console_is_queued_and_a_later_close_by_the_psa_is_409(
    sim: httpx.AsyncClient,
) -> None:
    ticket_id = await raised(sim)
    await heard(sim)
    await sim.post(f"/__sim/tickets/{ticket_id}/close", json={"note": "It cleared"})
    (item,) = await heard(sim)
    assert (item["kind"], item["status"], item["description"]) == (
        "ticket_closed",
        "closed",
        "It cleared",
    )
    late = await sim.post(f"{URL}/{ticket_id}/close")
    assert (late.status_code, late.json()["code"]) == (409, "already_closed")
    assert (await effects(sim, ticket_id))["closesApplied"] == 0


@pytest.mark.parametrize("reason", ["Work completed", "Approval Required", "Info Needed"])
async def test_the_noc_hands_a_ticket_back_with_a_reason(
    sim: httpx.AsyncClient, reason: str
) -> None:
    ticket_id = await raised(sim, assigneeGroup="NOC Team")
    await heard(sim)
    await sim.post(f"/__sim/tickets/{ticket_id}/return", json={"reason": reason, "note": "See"})
    (item,) = await heard(sim)
    assert (item["kind"], item["reason"], item["description"]) == ("ticket_returned", reason, "See")
    assert (item["assigneeGroup"], item["status"]) == ("partner", "open")


async def test_notes_are_appended_and_only_those_of_the_console_are_queued(
    sim: httpx.AsyncClient,
) -> None:
    ticket_id = await raised(sim)
    await heard(sim)
    for text in ("first", "second"):
        await sim.post(f"{URL}/{ticket_id}/notes", json={"note": text})
    await sim.post(f"/__sim/tickets/{ticket_id}/note", json={"note": "third"})
    ticket = (await sim.get(f"{URL}/{ticket_id}")).json()
    assert [(note["author"], note["text"]) for note in ticket["notes"]] == [
        ("psa", "first"),
        ("psa", "second"),
        ("console", "third"),
    ]
    (item,) = await heard(sim)
    assert (item["kind"], item["description"]) == ("note_added", "third")
    assert (await effects(sim, ticket_id))["notesApplied"] == 2


@pytest.mark.parametrize("group", ["NOC Team", "partner", "Virtual Service Desk"])
async def test_the_psa_assigns_to_a_group_with_a_note(sim: httpx.AsyncClient, group: str) -> None:
    ticket_id = await raised(sim)
    body = {"assigneeGroup": group, "note": "Please look"}
    ticket = (await sim.post(f"{URL}/{ticket_id}/assign", json=body)).json()
    assert ticket["assigneeGroup"] == group
    assert ticket["notes"][0]["text"] == "Please look"
    await sim.post(f"{URL}/{ticket_id}/close")
    refused = await sim.post(f"{URL}/{ticket_id}/assign", json=body)
    assert (refused.status_code, refused.json()["code"]) == (409, "ticket_closed")
    assert (await effects(sim, ticket_id))["assignsApplied"] == 1


async def test_a_created_ticket_is_found_by_its_reference_and_not_echoed(
    sim: httpx.AsyncClient,
) -> None:
    body = {"summary": "Please check", "externalRef": "PSA-7", "assigneeGroup": "NOC Team"}
    created = await sim.post(URL, json=body)
    assert created.status_code == 201
    found = (await sim.get(URL, params={"externalRef": "PSA-7"})).json()["items"]
    assert found == [created.json()]
    assert (await sim.get(URL, params={"externalRef": "PSA-8"})).json()["items"] == []
    assert await heard(sim) == []


async def test_creating_again_without_a_key_makes_a_second_ticket_that_the_proof_shows(
    sim: httpx.AsyncClient,
) -> None:
    for _ in range(2):
        await sim.post(URL, json={"summary": "Please check", "externalRef": "PSA-7"})
    summary = (await sim.get("/__sim/effects")).json()["summary"]
    assert summary["duplicateExternalRefs"] == ["PSA-7"]


async def test_a_repeated_idempotency_key_changes_nothing(sim: httpx.AsyncClient) -> None:
    body = {"summary": "Once", "idempotencyKey": "k1"}
    first, second = await sim.post(URL, json=body), await sim.post(URL, json=body)
    assert (first.status_code, second.status_code) == (201, 200)
    ticket_id = first.json()["ticketId"]
    assert second.json()["ticketId"] == ticket_id
    for _ in range(2):
        note = await sim.post(
            f"{URL}/{ticket_id}/notes", json={"note": "n", "idempotencyKey": "k2"}
        )
        assert len(note.json()["notes"]) == 1
        closed = await sim.post(f"{URL}/{ticket_id}/close", json={"idempotencyKey": "k3"})
        assert closed.status_code == 200
    proof = await effects(sim, ticket_id)
    assert (proof["closesApplied"], proof["notesApplied"], proof["closeRequests"]) == (1, 1, 2)


async def test_a_key_of_another_command_is_refused(sim: httpx.AsyncClient) -> None:
    ticket_id = await raised(sim)
    await sim.post(f"{URL}/{ticket_id}/notes", json={"note": "n", "idempotencyKey": "k"})
    answer = await sim.post(f"{URL}/{ticket_id}/close", json={"idempotencyKey": "k"})
    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_key_reused")


async def test_unknown_tickets_are_404_and_unknown_places_are_refused(
    sim: httpx.AsyncClient,
) -> None:
    for path, body in (
        ("close", {}),
        ("notes", {"note": "n"}),
        ("assign", {"assigneeGroup": "partner"}),
    ):
        answer = await sim.post(f"{URL}/none/{path}", json=body)
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_ticket")
    assert (await sim.get(f"{URL}/none")).status_code == 404
    answer = await sim.post(URL, json={"summary": "s", "siteId": "none"})
    assert (answer.status_code, answer.json()["code"]) == (400, "unknown_site")


async def test_text_of_the_psa_is_cut_to_the_limit(sim: httpx.AsyncClient) -> None:
    answer = await sim.post(URL, json={"summary": "s" * 300, "description": "d" * 20_000})
    assert (len(answer.json()["summary"]), len(answer.json()["description"])) == (250, 16_000)


async def test_the_url_of_a_ticket_shows_a_page_and_escapes_its_text(
    sim: httpx.AsyncClient,
) -> None:
    ticket_id = await raised(sim, description="<script>")
    url = (await sim.get(f"{URL}/{ticket_id}")).json()["url"]
    page = await sim.get(url)
    assert page.status_code == 200
    assert "&lt;script&gt;" in page.text
    assert "<script>" not in page.text


async def test_a_ticket_id_can_be_given_only_once(sim: httpx.AsyncClient) -> None:
    await raised(sim, ticketId="MINE")
    answer = await sim.post(
        "/__sim/tickets", json=[{"summary": "new"}, {"summary": "old", "ticketId": "MINE"}]
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "ticket_exists")
    assert (await sim.get("/__sim/state")).json()["tickets"]["open"] == 1
