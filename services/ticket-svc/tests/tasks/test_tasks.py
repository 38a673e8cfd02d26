"""Tasks over HTTP."""

from typing import Any

import pytest

from patchbay_contracts import TaskCompleted, TaskCreated, TaskUpdated
from patchbay_kit.ids import new_id
from patchbay_kit.testing.harness import client, make_principal
from ticket_svc.definition import SERVICE
from ticket_svc.tasks.reading import ticket_parts


@pytest.mark.covers("S2-11", "S2-71")
async def test_a_task_of_a_ticket_is_added_changed_done_and_reopened_and_the_history_says_so(
    desk: Any,
) -> None:
    ticket = await desk.ticket()
    mia = await desk.employee("Mia", "mia@desk.example")
    body = {"title": "Order the disk", "assignee_id": mia, "due_at": "2026-12-01T08:00:00+01:00"}
    made = await desk.http.post(f"/v1/tickets/{ticket['number']}/tasks", json=body)
    assert made.status_code == 201
    path = made.headers["Location"]
    assert made.json()["due_at"] == "2026-12-01T07:00:00Z"
    assert made.json()["account_id"] == ticket["account"]["id"]
    changed = await desk.patch(path, title="Order two disks", assignee_id=None)
    assert (changed["version"], changed["assignee_id"]) == (2, None)
    assert (await desk.patch(path, title="Order two disks"))["version"] == 2
    done = await desk.post(f"{path}/complete")
    assert done["done_at"] is not None
    assert (await desk.post(f"{path}/complete"))["version"] == done["version"] == 3
    assert (await desk.post(f"{path}/reopen"))["done_at"] is None
    stale = await desk.http.post(f"{path}/complete", headers={"If-Match": '"3"'})
    assert (stale.status_code, stale.json()["current_version"]) == (412, 4)
    entries = await desk.history(ticket["id"], kind="task")
    assert [entry["text"] for entry in entries] == [
        "Task: Order the disk",
        "Task changed: Order two disks",
        "Task done: Order two disks",
        "Task reopened: Order two disks",
    ]
    assert entries[1]["data"]["old"] == {"title": "Order the disk", "assignee_id": mia}
    (created,) = await desk.events(TaskCreated)
    assert (created.data.ticket_id, created.data.assignee_id) == (ticket["id"], mia)
    (completed,) = await desk.events(TaskCompleted)
    assert completed.aggregateversion == 3
    updates = [e.data.changed for e in await desk.events(TaskUpdated)]
    assert updates == [["assignee_id", "title"], ["done"]]


@pytest.mark.covers("S2-11")
async def test_tasks_belong_to_a_ticket_an_account_or_nobody_and_are_listed_by_that(
    desk: Any,
) -> None:
    account = await desk.account()
    ticket = await desk.ticket(account)
    mia = await desk.employee("Mia", "mia@desk.example")
    one = await desk.post("/v1/tasks", title="One", ticket_id=ticket["id"], assignee_id=mia)
    two = await desk.post("/v1/tasks", title="Two", account_id=account)
    due = "2026-12-01T08:00:00Z"
    three = await desk.post("/v1/tasks", title="Three", due_at=due)
    await desk.post(f"/v1/tasks/{two['id']}/complete")

    async def listed(**params: Any) -> list[str]:
        return [each["title"] for each in (await desk.get("/v1/tasks", **params))["items"]]

    assert await listed() == ["Three", "Two", "One"]
    assert await listed(account_id=account) == ["Two", "One"]
    assert await listed(assignee_id=mia) == ["One"]
    assert await listed(mine=True) == []
    assert await listed(done=False) == ["Three", "One"]
    assert await listed(done=True) == ["Two"]
    assert await listed(due_before="2026-12-02T00:00:00Z") == [three["title"]]
    assert await listed(due_before=due) == []
    of_ticket = await desk.get(f"/v1/tickets/{ticket['id']}/tasks", done=False)
    assert [each["id"] for each in of_ticket["items"]] == [one["id"]]
    async with desk.runtime.db.read() as session:
        (open_task,) = (await ticket_parts(session, ticket["id"]))["tasks"]
    assert open_task.id == one["id"]


async def test_a_task_that_names_what_is_not_there_is_refused(desk: Any) -> None:
    ticket = await desk.ticket()
    for fields, code, field in (
        ({"ticket_id": new_id()}, "ticket_unknown", "/ticket_id"),
        ({"account_id": new_id()}, "account_unknown", "/account_id"),
        ({"assignee_id": new_id()}, "employee_unknown", "/assignee_id"),
        ({"title": " "}, "validation_failed", "/title"),
        (
            {"ticket_id": ticket["id"], "account_id": ticket["account"]["id"]},
            "validation_failed",
            "",
        ),
    ):
        answer = await desk.http.post("/v1/tasks", json={"title": "x", **fields})
        assert (answer.status_code, answer.json()["code"]) == (422, code)
        assert answer.json()["field"] == field


@pytest.mark.covers("S2-27")
async def test_who_does_not_see_the_ticket_sees_no_task_of_it(desk: Any) -> None:
    mia = await desk.employee("Mia", "mia@desk.example")
    hers, others = await desk.ticket(manager_id=mia), await desk.ticket()
    await desk.post("/v1/tasks", title="Hers", ticket_id=hers["id"])
    hidden = await desk.post("/v1/tasks", title="Hidden", ticket_id=others["id"], assignee_id=mia)
    await desk.post("/v1/tasks", title="Of nobody")
    async with client(desk.runtime, SERVICE, principal=make_principal({"desk"}, id=mia)) as http:
        listed = (await http.get("/v1/tasks")).json()["items"]
        assert [each["title"] for each in listed] == ["Of nobody", "Hers"]
        path = f"/v1/tasks/{hidden['id']}"
        answers = [
            await http.get(path),
            await http.patch(path, json={"title": "x"}),
            await http.post(f"{path}/complete"),
            await http.post(f"{path}/reopen"),
            await http.get(f"/v1/tickets/{others['id']}/tasks"),
            await http.post(f"/v1/tickets/{others['id']}/tasks", json={"title": "x"}),
        ]
        assert [each.status_code for each in answers] == [404] * 6
        refused = await http.post("/v1/tasks", json={"title": "x", "ticket_id": others["id"]})
        assert refused.json()["code"] == "ticket_unknown"
