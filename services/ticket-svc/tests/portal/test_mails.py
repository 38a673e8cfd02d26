"""Mails on a ticket as customers read them in the web interface (S2-06, S2-73)."""

from typing import Any

import pytest

from patchbay_kit.testing.harness import client, make_principal
from ticket_svc.definition import SERVICE

ANN, MIA, LEO = "ann@acme.example", "mia@desk.example", "leo@desk.example"
US = "support@localhost"


@pytest.fixture
async def thread(desk: Any, mail: Any) -> Any:
    """Ann's mail, and who may write about it: adds a mail, and says what Ann reads then."""
    await desk.employee("Mia", MIA)
    await desk.employee("Leo", LEO)
    account = await desk.account()
    ann = await desk.contact(account, ANN, name="Ann", is_main=True)
    await desk.take(mail(ANN, "Printer", new_text="It burns."))
    ticket = await desk.only_ticket()
    number = ticket["number"]
    caller = make_principal({"customer"}, kind="contact", id=ann, account_id=account)

    async def read(sender: str | None = None, text: str = "", **fields: Any) -> list[Any]:
        if sender is not None:
            people = {
                name: [{"kind": "address", "email": each} for each in fields.pop(name, [])]
                for name in ("to", "cc")
            }
            fields = {"subject_numbers": [number], "new_text": text, **people, **fields}
            await desk.take(mail(sender, f"Re: [{number}]", **fields))
        async with client(desk.runtime, SERVICE, principal=caller) as http:
            path = f"/v1/portal/tickets/{ticket['id']}/history"
            return [(e["by"], e["text"]) for e in (await http.get(path)).json()["items"]]

    read.ticket = ticket  # type: ignore[attr-defined]
    return read


@pytest.mark.covers("S2-06", "S2-15", "S2-70", "S2-73")
async def test_customers_read_what_was_written_by_mail_from_both_sides(
    desk: Any, thread: Any
) -> None:
    await thread(MIA, "Pull the plug.", to=[US])
    shown = await thread(ANN, "It still burns.", to=[US])
    assert [by for by, _ in shown] == ["customer", "system", "support", "customer"]
    (_, first), (_, answer), (_, second), (_, third) = shown
    assert (first, second, third) == ("It burns.", "Pull the plug.", "It still burns.")
    assert thread.ticket["number"] in answer
    entries = await desk.history(thread.ticket["id"], kind="email")
    assert [entry["text"] for entry in entries] == [text for _, text in shown]
    assert entries[1]["data"]["to"] == [ANN]
    assert (await desk.get(f"/v1/tickets/{thread.ticket['id']}"))["version"] == 3


@pytest.mark.covers("S2-73")
async def test_what_employees_write_to_each_other_stays_with_them(desk: Any, thread: Any) -> None:
    before = await thread()
    internal: list[dict[str, Any]] = [
        {"to": [LEO], "cc": [US], "addressed_as": "cc"},
        {"to": [LEO.upper()], "cc": [f"{US.replace('@', '+token@')}"], "addressed_as": "cc"},
        {"to": [LEO], "addressed_as": "bcc"},
    ]
    for fields in internal:
        assert await thread(MIA, "They never pay.", **fields) == before
    # To somebody outside it is public, whoever that is.
    for fields in ({"to": [ANN], "cc": [US], "addressed_as": "cc"}, {"to": ["x@else.example"]}):
        before = [*before, ("support", "We come.")]
        assert await thread(MIA, "We come.", **fields) == before
    lists = await desk.get(f"/v1/tickets/{thread.ticket['id']}/recipients")
    for entry in lists["external"]:
        await desk.http.delete(f"/v1/tickets/{thread.ticket['id']}/recipients/{entry['id']}")
    assert await thread(MIA, "For us alone.", to=[US]) == before
    entries = await desk.mails(thread.ticket["id"])
    assert [e["text"] for e in entries if not e["public"]] == [
        *["They never pay."] * 3,
        "For us alone.",
    ]
