"""Every action is told once, with what changed; the versions of a record only grow.

The walk goes through the desk by HTTP. What it expects is what docs/events.md promises.
"""

from pathlib import Path
from typing import Any

import pytest

from patchbay_kit.blobs import FolderBlobStore
from patchbay_kit.testing.harness import published

SLOT = {"starts_at": "2027-01-04T09:00:00Z", "ends_at": "2027-01-04T10:00:00Z"}


class Walk:
    """Calls the desk, and reads what each call has told."""

    def __init__(self, desk: Any) -> None:
        self._desk = desk
        self._seen = 0

    async def tells(self, method: str, path: str, *expected: str, **body: Any) -> Any:
        """The answer to the call, which must have told just this, in this order.

        An expected event is its type without `.v1`, and for what was updated its fields.
        """
        content = body.pop("content", None)
        sent = {"content": content} if content is not None else {"json": body or None}
        answer = await self._desk.http.request(method, path, **sent)
        assert answer.is_success, (method, path, answer.text)
        assert await self._told() == [*expected], (method, path)
        return answer.json() if answer.content else None

    async def made(self, path: str, *expected: str, **body: Any) -> str:
        """The id of what a POST has made."""
        return str((await self.tells("POST", path, *expected, **body))["id"])

    async def skip(self) -> None:
        await self._told()

    async def _told(self) -> list[str]:
        events = await published(self._desk.runtime)
        new, self._seen = events[self._seen :], len(events)
        return [_shown(event) for event in new]


def _shown(event: Any) -> str:
    name = event.type.removesuffix(".v1")
    changed = getattr(event.data, "changed", None)
    return f"{name} {','.join(changed)}" if changed is not None else name


@pytest.fixture
async def walk(desk: Any, tmp_path: Path) -> Walk:
    """Starts with nothing told."""
    desk.runtime.blobs = FolderBlobStore(tmp_path / "blobs")
    walk = Walk(desk)
    await walk.skip()
    return walk


async def _check_versions(desk: Any) -> None:
    told: dict[str, list[int]] = {}
    for event in await published(desk.runtime):
        told.setdefault(event.subject, []).append(event.aggregateversion)
    for subject, versions in told.items():
        assert versions == sorted(set(versions)), subject


async def test_every_change_of_a_record_is_told_once(walk: Walk, desk: Any) -> None:
    account = await walk.made("/v1/accounts", "account.created", name="ACME")
    path = f"/v1/accounts/{account}"
    renamed = ("account.updated name", "account.renamed")
    await walk.tells("PATCH", path, *renamed, name="ACME, Inc.")
    await walk.tells("PATCH", path, name="ACME, Inc.")
    domain = f"{path}/domains/acme.example"
    await walk.tells("PUT", domain, "account.updated domains")
    await walk.tells("PUT", domain)
    await walk.tells("DELETE", domain, "account.updated domains")
    await walk.tells("POST", f"{path}/archive", "account.updated archived")
    await walk.tells("POST", f"{path}/restore", "account.updated archived")
    place = {"account_id": account, "name": "One"}
    for kind in ("contact", "location", "department", "asset", "contract"):
        fields = place | ({"kind": "fixed"} if kind == "contract" else {})
        made = await walk.made(f"/v1/{kind}s", f"{kind}.created", **fields)
        await walk.tells("PATCH", f"/v1/{kind}s/{made}", f"{kind}.updated name", name="Two")
        if kind == "location":
            other = {"account_id": account, "name": "Other"}
            made = await walk.made("/v1/locations", "location.created", **other)
            both = ["location.updated is_main"] * 2
            await walk.tells("POST", f"/v1/locations/{made}/main", *both)
            continue
        for action in ("archive", "restore"):
            await walk.tells("POST", f"/v1/{kind}s/{made}/{action}", f"{kind}.updated archived")
    file = await walk.made(f"{path}/documents?name=a.txt", "document.added", content=b"a")
    await walk.tells("PATCH", f"/v1/documents/{file}", "document.updated name", name="b.txt")
    await walk.tells("POST", f"/v1/documents/{file}/archive", "document.updated archived")
    await walk.tells("POST", f"/v1/documents/{file}/archive")
    await walk.tells("POST", f"/v1/documents/{file}/restore", "document.updated archived")
    await _check_versions(desk)


async def test_what_somebody_may_do_is_told_without_saying_what(walk: Walk, desk: Any) -> None:
    mia = await walk.made("/v1/employees", "employee.created", name="Mia", email1="m@d.example")
    path = f"/v1/employees/{mia}"
    wanted = {"permissions": ["desk", "records.admin"]}
    await walk.tells("PATCH", path, "employee.updated permissions", **wanted)
    password = {"password": "correct horse battery"}
    await walk.tells("PUT", f"{path}/password", "employee.updated password", **password)
    group = await walk.made("/v1/privilege-groups", name="Leads", permissions=["tickets.all"])
    member = f"/v1/privilege-groups/{group}/members/{mia}"
    for _ in range(2):
        await walk.tells("PUT", member, "employee.updated groups")
        await walk.tells("PUT", member)
        await walk.tells("DELETE", member, "employee.updated groups")
        await walk.tells("DELETE", member)
    await walk.tells("PUT", member, "employee.updated groups")
    await walk.tells("DELETE", f"/v1/privilege-groups/{group}", "employee.updated groups")
    await walk.tells("PATCH", path, "employee.updated active", active=False)
    await _check_versions(desk)


async def test_every_change_of_a_ticket_is_told_once(walk: Walk, desk: Any) -> None:
    account = await desk.account()
    mia = await desk.employee("Mia", "mia@desk.example")
    await walk.skip()
    first = await walk.made("/v1/tickets", "ticket.created", account_id=account, subject="One")
    other = await walk.made("/v1/tickets", "ticket.created", account_id=account, subject="Two")
    path = f"/v1/tickets/{first}"
    both = ("ticket.updated subject,manager_id", "ticket.assigned")
    await walk.tells("PATCH", path, *both, subject="Three", manager_id=mia)
    await walk.tells("PATCH", path, subject="Three", manager_id=mia)
    await walk.tells("POST", f"{path}/notes", "ticket.note_added", text="Hello")
    await walk.tells("POST", f"{path}/inbox", "ticket.moved_to_inbox")
    await walk.tells("POST", f"{path}/inbox")
    await walk.tells("DELETE", f"{path}/inbox", "ticket.removed_from_inbox")
    await walk.tells("POST", f"{path}/dispatch-flag", "ticket.updated awaits_dispatch")
    dispatched = (
        "appointment.created",
        "ticket.updated status,awaits_dispatch",
        "ticket.dispatched",
    )
    await walk.tells("POST", f"{path}/dispatch", *dispatched, technicians=[mia], **SLOT)
    await walk.tells("POST", f"{path}/recipients", "ticket.updated recipients", email="a@b.example")
    relates = ("ticket.updated relations", "ticket.related", "ticket.updated relations")
    await walk.tells("POST", f"{path}/relations", *relates, ticket=other)
    await walk.tells("DELETE", f"{path}/relations/{other}", *relates)
    await walk.tells("POST", f"{path}/complete", "ticket.updated status", "ticket.closed")
    await walk.tells("POST", f"{path}/complete")
    await walk.tells("POST", f"{path}/cancel", "ticket.updated status")
    await walk.tells("POST", f"{path}/reopen", "ticket.updated status", "ticket.reopened")
    merged = (
        "ticket.updated status,merged_into_id",
        "ticket.closed",
        "ticket.merged",
        "ticket.updated history",
    )
    merge = await walk.made(f"/v1/tickets/{other}/merge", *merged, into=first)
    undone = (merged[0], "ticket.reopened", "ticket.unmerged", merged[3])
    await walk.tells("POST", f"/v1/ticket-merges/{merge}/undo", *undone)
    await _check_versions(desk)


async def test_every_change_of_what_hangs_on_a_ticket_is_told_once(walk: Walk, desk: Any) -> None:
    account = await desk.account()
    mia = await desk.employee("Mia", "mia@desk.example", permissions=["desk"])
    block = {"account_id": account, "name": "Block", "kind": "block_hours", "block_minutes": 60}
    contract = (await desk.post("/v1/contracts", **block))["id"]
    ticket = (await desk.ticket(account, contract_id=contract, manager_id=mia))["id"]
    await walk.skip()
    path = f"/v1/tickets/{ticket}"

    def about(part: str, *also: str) -> tuple[str, ...]:
        return (f"ticket.updated {part}s", *also)

    task = await walk.made(f"{path}/tasks", *about("task", "task.created"), title="One")
    task = f"/v1/tasks/{task}"
    await walk.tells("PATCH", task, *about("task", "task.updated title"), title="Two")
    await walk.tells("POST", f"{task}/complete", *about("task", "task.completed"))
    await walk.tells("POST", f"{task}/reopen", *about("task", "task.updated done"))
    visit = {"employee_id": mia, **SLOT}
    for action, past in (("complete", "completed"), ("cancel", "canceled")):
        made = await walk.made(
            f"{path}/appointments", *about("appointment", "appointment.created"), **visit
        )
        made = f"/v1/appointments/{made}"
        moved = about("appointment", "appointment.updated ends_at")
        await walk.tells("PATCH", made, *moved, ends_at="2027-01-04T11:00:00Z")
        ended = about("appointment", f"appointment.{past}")
        await walk.tells("POST", f"{made}/{action}", *ended)
    used = "contract.updated used_minutes"
    charge = await walk.made(
        f"{path}/charges", used, *about("charge", "charge.added"), kind="work", minutes=50
    )
    charge = f"/v1/charges/{charge}"
    exhausted = (used, "contract.exhausted", *about("charge", "charge.updated minutes"))
    await walk.tells("PATCH", charge, *exhausted, minutes=70)
    await walk.tells("DELETE", charge, used, *about("charge", "charge.removed"))
    message = {"to": [{"employee_id": mia}], "text": "Hello"}
    await walk.tells("POST", f"{path}/messages", *about("message", "message.sent"), **message)
    file = await walk.made(
        f"{path}/documents?name=a.txt", *about("document", "document.added"), content=b"a"
    )
    for action in ("archive", "restore"):
        archived = about("document", "document.updated archived")
        await walk.tells("POST", f"/v1/documents/{file}/{action}", *archived)
    await _check_versions(desk)
