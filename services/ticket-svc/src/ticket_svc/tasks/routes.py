"""HTTP of tasks. Those of a ticket are for who sees the ticket, the others for the whole desk."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from patchbay_kit.http import (
    Caller,
    Page,
    PageParams,
    Reader,
    TransactionalRoute,
    Uow,
    require,
)
from ticket_svc.accounts.belonging import active_account
from ticket_svc.moments import QueryMoment
from ticket_svc.params import QueryId, QueryText
from ticket_svc.parts import find_part, lock_part, lock_referred
from ticket_svc.records import answer
from ticket_svc.rights.dependencies import ViewerDep
from ticket_svc.tasks import reading, service
from ticket_svc.tasks.reading import TaskFilter
from ticket_svc.tasks.schemas import NewTask, NewTicketTask, TaskChange, TaskView
from ticket_svc.tasks.tables import Task
from ticket_svc.tickets.actors import by
from ticket_svc.tickets.named import lock_visible, visible_ticket

router = APIRouter(
    prefix="/v1/tasks",
    tags=["tasks"],
    route_class=TransactionalRoute,
    dependencies=[Depends(require("desk"))],
)
tickets_router = APIRouter(
    prefix="/v1/tickets/{ticket}/tasks",
    tags=["tasks"],
    route_class=TransactionalRoute,
    dependencies=[Depends(require("desk"))],
)

Done = Annotated[bool | None, Query(description="the done ones, or the open ones")]


@tickets_router.get("", summary="Tasks of a ticket, newest first")
async def list_ticket_tasks(
    ticket: str, viewer: ViewerDep, session: Reader, page: PageParams, done: Done = None
) -> Page[TaskView]:
    """What has to be done for it (S2-11)."""
    row = await visible_ticket(session, viewer, ticket)
    wanted = TaskFilter(ticket_id=row.id, done=done)
    tasks = await reading.page_of_tasks(session, viewer, wanted, page)
    return page.page(tasks, key=lambda each: (each.id,), item=TaskView.model_validate)


@tickets_router.post("", status_code=201, summary="Add a task to a ticket")
async def create_ticket_task(
    ticket: str,
    body: NewTicketTask,
    viewer: ViewerDep,
    caller: Caller,
    uow: Uow,
    response: Response,
) -> TaskView:
    """It stands in the ticket's history, as does that it is done (S2-71)."""
    row = await lock_visible(uow, viewer, ticket)
    return _added(await service.create(uow, body, by(caller), ticket=row), response)


@router.get("", summary="Tasks, newest first")
async def list_tasks(
    viewer: ViewerDep,
    caller: Caller,
    session: Reader,
    page: PageParams,
    mine: Annotated[bool, Query(description="those of the caller")] = False,
    assignee_id: QueryId = None,
    ticket_id: QueryId = None,
    account_id: QueryId = None,
    done: Done = None,
    due_before: QueryMoment = None,
    q: QueryText = None,
) -> Page[TaskView]:
    """Of the tickets that the caller sees, and those without a ticket. `q` is a part of title or
    note.
    """
    assignee = caller.id if mine else assignee_id
    wanted = TaskFilter(ticket_id, account_id, assignee, done, due_before, q)
    tasks = await reading.page_of_tasks(session, viewer, wanted, page)
    return page.page(tasks, key=lambda each: (each.id,), item=TaskView.model_validate)


@router.post("", status_code=201, summary="Add a task")
async def create_task(
    body: NewTask, viewer: ViewerDep, caller: Caller, uow: Uow, response: Response
) -> TaskView:
    """Of a ticket, of an account, or of nobody."""
    ticket = None
    if body.ticket_id is not None:
        ticket = await lock_referred(uow, viewer, body.ticket_id)
    elif body.account_id is not None:
        await active_account(uow, body.account_id)
    task = await service.create(uow, body, by(caller), ticket=ticket, account_id=body.account_id)
    return _added(task, response)


@router.get("/{task_id}", summary="One task")
async def read_task(
    task_id: str, viewer: ViewerDep, session: Reader, response: Response
) -> TaskView:
    """The ETag is the version."""
    return _answer(await find_part(session, viewer, Task, task_id, "task"), response)


@router.patch("/{task_id}", summary="Change a task")
async def patch_task(
    task_id: str,
    body: TaskChange,
    request: Request,
    viewer: ViewerDep,
    caller: Caller,
    uow: Uow,
    response: Response,
) -> TaskView:
    """Only what is sent changes."""
    task, row = await lock_part(uow, viewer, Task, task_id, "task", request)
    await service.change(uow, row, task, body.model_dump(exclude_unset=True), by(caller))
    return _answer(task, response)


@router.post("/{task_id}/complete", summary="Complete a task")
async def complete_task(
    task_id: str,
    request: Request,
    viewer: ViewerDep,
    caller: Caller,
    uow: Uow,
    response: Response,
) -> TaskView:
    """It is done (S2-71). Repeating it changes nothing."""
    task, row = await lock_part(uow, viewer, Task, task_id, "task", request)
    await service.complete(uow, row, task, by(caller))
    return _answer(task, response)


@router.post("/{task_id}/reopen", summary="Reopen a task")
async def reopen_task(
    task_id: str,
    request: Request,
    viewer: ViewerDep,
    caller: Caller,
    uow: Uow,
    response: Response,
) -> TaskView:
    """It has to be done after all. Repeating it changes nothing."""
    task, row = await lock_part(uow, viewer, Task, task_id, "task", request)
    await service.reopen(uow, row, task, by(caller))
    return _answer(task, response)


def _added(task: Task, response: Response) -> TaskView:
    view = TaskView.model_validate(task)
    return answer(view, response, task.version, location=f"/v1/tasks/{task.id}")


def _answer(task: Task, response: Response) -> TaskView:
    return answer(TaskView.model_validate(task), response, task.version)
