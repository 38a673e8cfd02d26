"""Changing tasks. What happens to a task of a ticket stands in the ticket's history (S2-71)."""

from typing import Any

from sqlalchemy import Row

from patchbay_contracts import TaskCompleted, TaskCreated, TaskUpdated
from patchbay_kit.db import UnitOfWork
from patchbay_kit.ids import new_id
from ticket_svc import records
from ticket_svc.parts import active_people, as_told
from ticket_svc.tasks.schemas import NewTicketTask
from ticket_svc.tasks.tables import Task
from ticket_svc.tickets.actors import By
from ticket_svc.tickets.editing import record_change
from ticket_svc.tickets.records import NewEntry

_OWN = {"title", "note", "assignee_id", "due_at"}


async def create(
    uow: UnitOfWork,
    wanted: NewTicketTask,
    who: By,
    *,
    ticket: Row[Any] | None = None,
    account_id: str | None = None,
) -> Task:
    """A task of the locked ticket, of an account that is there, or of nobody; TaskCreated."""
    if wanted.assignee_id is not None:
        await active_people(uow.session, [wanted.assignee_id], "/assignee_id")
    task = Task(
        id=new_id(),
        ticket_id=ticket.id if ticket is not None else None,
        account_id=ticket.account_id if ticket is not None else account_id,
        **wanted.model_dump(include=_OWN),
        created_by=who.actor,
        created_at=uow.now,
    )
    uow.session.add(task)
    await uow.session.flush()
    await _note(uow, ticket, task, "Task", {"change": "added"}, who)
    uow.publish(TaskCreated(**_facts(task)), subject=task.id, version=task.version)
    return task


async def change(
    uow: UnitOfWork, ticket: Row[Any] | None, task: Task, wanted: dict[str, Any], who: By
) -> None:
    """Write what differs from the locked task; TaskUpdated."""
    changes = records.differing(task, wanted)
    if not changes:
        return
    if changes.get("assignee_id") is not None:
        await active_people(uow.session, [changes["assignee_id"]], "/assignee_id")
    old = task.model_dump(include=set(changes))
    changed = await records.apply(uow, task, changes)
    data = {"change": "changed", "old": as_told(old), "new": as_told(changes)}
    await _note(uow, ticket, task, "Task changed", data, who)
    _tell(uow, task, changed)


async def complete(uow: UnitOfWork, ticket: Row[Any] | None, task: Task, who: By) -> None:
    """It is done; repeating it changes nothing. TaskCompleted."""
    if task.done_at is not None:
        return
    await records.apply(uow, task, {"done_at": uow.now, "done_by": who.actor})
    await _note(uow, ticket, task, "Task done", {"change": "done"}, who)
    completed = TaskCompleted(**_facts(task), done_at=uow.now)
    uow.publish(completed, subject=task.id, version=task.version)


async def reopen(uow: UnitOfWork, ticket: Row[Any] | None, task: Task, who: By) -> None:
    """It has to be done after all; repeating it changes nothing."""
    if task.done_at is None:
        return
    await records.apply(uow, task, {"done_at": None, "done_by": None})
    await _note(uow, ticket, task, "Task reopened", {"change": "reopened"}, who)
    _tell(uow, task, ["done"])


async def _note(
    uow: UnitOfWork, ticket: Row[Any] | None, task: Task, what: str, data: dict[str, Any], who: By
) -> None:
    if ticket is None:
        return
    text, about = f"{what}: {task.title}", {"task_id": task.id, "title": task.title}
    entry = NewEntry("task", text, uow.now, data=about | data)
    await record_change(uow, ticket, entry, "tasks", who)


def _tell(uow: UnitOfWork, task: Task, changed: list[str]) -> None:
    updated = TaskUpdated(**_facts(task), changed=changed)
    uow.publish(updated, subject=task.id, version=task.version)


def _facts(task: Task) -> dict[str, Any]:
    names = {"ticket_id", "account_id", "title", "assignee_id", "due_at"}
    return {"task_id": task.id, **task.model_dump(include=names)}
