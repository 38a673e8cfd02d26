"""Bulk actions on tickets, by the functions that the single calls use.

Promise: the tickets are locked in the order of their ids, so that two bulks wait for each other and
never both; those that the caller may not see are not there.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Row

from patchbay_kit.auth import Principal
from patchbay_kit.db import UnitOfWork
from patchbay_kit.errors import not_found
from ticket_svc.bulk.runner import run_bulk
from ticket_svc.bulk.ticket_schemas import (
    AddRecipient,
    Assign,
    Change,
    Dispatch,
    Note,
    SetStatus,
    Simple,
    TicketBulk,
    TicketResult,
)
from ticket_svc.desk.statuses import Status
from ticket_svc.rights.viewer import Viewer
from ticket_svc.tickets import reading
from ticket_svc.tickets.actors import by
from ticket_svc.tickets.changing import TICKET, lock_tickets
from ticket_svc.tickets.editing import change_ticket, drag_to_status, reopen_ticket
from ticket_svc.tickets.inbox import move_to_inbox, remove_from_inbox
from ticket_svc.tickets.marking import mark_read, mark_unread
from ticket_svc.tickets.merged import refuse_merged
from ticket_svc.tickets.notes import add_note
from ticket_svc.tickets.recipients import add_recipient
from ticket_svc.tickets.subscribing import subscribe, unsubscribe

Act = Callable[[UnitOfWork, Row[Any], Principal, Any], Awaitable[object]]


async def bulk_tickets(uow: UnitOfWork, wanted: TicketBulk, viewer: Viewer) -> list[TicketResult]:
    """Do the action on each ticket; see `run_bulk`."""
    rows = await _locked(uow, wanted.tickets, viewer)
    action, caller = wanted.action, viewer.principal
    perform = _SIMPLE[action.kind] if isinstance(action, Simple) else _ACTS[type(action)]

    async def load(key: str) -> Row[Any]:
        if key not in rows:
            raise not_found("ticket", key)
        await refuse_merged(uow.session, rows[key], viewer)
        return rows[key]

    async def act(row: Row[Any]) -> None:
        await perform(uow, row, caller, action)

    return await run_bulk(uow, TICKET, wanted, load, act)


async def _locked(uow: UnitOfWork, keys: Sequence[str], viewer: Viewer) -> dict[str, Row[Any]]:
    """The tickets by id or number as they are named, those that the viewer sees."""
    ids = await reading.resolve_many(uow.session, keys, viewer)
    rows = await lock_tickets(uow.session, ids.values())
    return {key: rows[each] for key, each in ids.items() if viewer.sees(rows[each])}


def _set(**fields: Any) -> Act:
    return lambda uow, row, caller, _: change_ticket(uow, row, fields, by(caller))


_SIMPLE: Mapping[str, Act] = {
    "complete": _set(status=str(Status.COMPLETED)),
    "cancel": _set(status=str(Status.CANCELED)),
    "reopen": lambda uow, row, caller, _: reopen_ticket(uow, row, by(caller)),
    "move_to_inbox": lambda uow, row, caller, _: move_to_inbox(uow, row, by(caller)),
    "remove_from_inbox": lambda uow, row, caller, _: remove_from_inbox(uow, row, by(caller)),
    "mark_read": lambda uow, row, caller, _: mark_read(uow, row, caller),
    "mark_unread": lambda uow, row, caller, _: mark_unread(uow, row, caller),
    "subscribe": lambda uow, row, caller, _: subscribe(uow, row, caller),
    "unsubscribe": lambda uow, row, caller, _: unsubscribe(uow, row, caller),
}


def _fields(
    uow: UnitOfWork, row: Row[Any], caller: Principal, action: Assign | Dispatch
) -> Awaitable[None]:
    fields = action.model_dump(exclude={"kind"})
    return change_ticket(uow, row, fields, by(caller))


_ACTS: Mapping[type, Act] = {
    Change: lambda uow, row, caller, a: change_ticket(uow, row, a.fields.changes(), by(caller)),
    Assign: _fields,
    Dispatch: _fields,
    SetStatus: lambda uow, row, caller, a: drag_to_status(uow, row, a, by(caller)),
    Note: lambda uow, row, caller, a: add_note(uow, row, a, by(caller)),
    AddRecipient: lambda uow, row, caller, a: add_recipient(uow, row, a, by(caller)),
}
