"""Tasks as lists and ticket pages show them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from patchbay_kit.http import PageRequest, keyset
from ticket_svc.params import matching
from ticket_svc.parts import with_visible_ticket
from ticket_svc.rights.viewer import Viewer
from ticket_svc.tasks.schemas import TaskView
from ticket_svc.tasks.tables import Task

_TASK: Table = Task.__table__  # type: ignore[attr-defined]  # set by SQLModel
_ON_A_PAGE = 100


@dataclass(frozen=True, slots=True)
class TaskFilter:
    """What a list is narrowed to; None means any. `q` is a part of title or note."""

    ticket_id: str | None = None
    account_id: str | None = None
    assignee_id: str | None = None
    done: bool | None = None
    due_before: datetime | None = None
    q: str | None = None


async def page_of_tasks(
    session: AsyncSession, viewer: Viewer, wanted: TaskFilter, page: PageRequest
) -> list[Task]:
    """Newest first, one more than the page holds."""
    statement = select(Task)
    for name in ("ticket_id", "account_id", "assignee_id"):
        if getattr(wanted, name) is not None:
            statement = statement.where(_TASK.c[name] == getattr(wanted, name))
    if wanted.done is not None:
        done_at = _TASK.c.done_at
        statement = statement.where(done_at.is_not(None) if wanted.done else done_at.is_(None))
    if wanted.due_before is not None:
        statement = statement.where(_TASK.c.due_at < wanted.due_before)
    if wanted.q:
        statement = statement.where(matching([_TASK.c.title, _TASK.c.note], wanted.q))
    statement = with_visible_ticket(statement, _TASK.c.ticket_id, viewer)
    statement = keyset(statement, [col(Task.id)], page)
    return list((await session.execute(statement)).scalars())


async def ticket_parts(session: AsyncSession, ticket_id: str) -> dict[str, Any]:
    """`tasks`: what is still to be done for the ticket, oldest first (S2-11)."""
    statement = select(_TASK).where(_TASK.c.ticket_id == ticket_id, _TASK.c.done_at.is_(None))
    rows = await session.execute(statement.order_by(_TASK.c.id).limit(_ON_A_PAGE))
    return {"tasks": [TaskView.model_validate(row) for row in rows]}
