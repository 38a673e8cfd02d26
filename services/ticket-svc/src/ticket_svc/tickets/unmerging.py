"""Undoing a merge of tickets.

Promise: exactly what was carried over goes back; what came to the other ticket later stays there.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_contracts import Reason, ReasonCode, TicketUnmerged
from patchbay_kit.db import UnitOfWork
from patchbay_kit.errors import conflict, not_found
from patchbay_kit.http.ids import checked_id
from ticket_svc.rights.viewer import Viewer
from ticket_svc.tickets.actors import By
from ticket_svc.tickets.auditing import audit_entries
from ticket_svc.tickets.changing import lock_tickets
from ticket_svc.tickets.closing import turn
from ticket_svc.tickets.merge_moves import move_back
from ticket_svc.tickets.merged import seen_target
from ticket_svc.tickets.merging import COUNTED, KEPT, MERGE, mark_undone, merge_view
from ticket_svc.tickets.records import NewEntry
from ticket_svc.tickets.relation_schemas import MergeView
from ticket_svc.tickets.seeing import visible_ids
from ticket_svc.tickets.writing import Change, write_change

_TIMES = frozenset({"inbox_since", "external_update_at"})


async def read_merge(session: AsyncSession, merge_id: str, viewer: Viewer) -> MergeView:
    """404 `merge_not_found` for those who see neither of the two tickets."""
    row, seen = await _find(session, merge_id, viewer)
    if not seen:
        raise not_found("merge", merge_id)
    return merge_view(row._mapping, seen)


async def _find(session: AsyncSession, merge_id: str, viewer: Viewer) -> tuple[Row[Any], set[str]]:
    """The merge, and which of its tickets the viewer sees."""
    statement = select(MERGE).where(MERGE.c.id == checked_id(merge_id, "merge"))
    row = (await session.execute(statement)).one_or_none()
    if row is None:
        raise not_found("merge", merge_id)
    return row, await visible_ids(session, viewer, {row.ticket_id, row.into_id})


async def undo_merge(uow: UnitOfWork, merge_id: str, viewer: Viewer, who: By) -> MergeView:
    """404 for those who do not see both tickets, 409 `merge_undone`, and `merged_on` where the
    other ticket was merged itself meanwhile.
    """
    found, _ = await _find(uow.session, merge_id, viewer)
    rows = await lock_tickets(uow.session, [found.ticket_id, found.into_id])
    source, target = rows[found.ticket_id], rows[found.into_id]
    # Read again: somebody may have undone it while we waited for the tickets.
    found, seen = await _find(uow.session, merge_id, viewer)
    if seen != {source.id, target.id}:
        raise not_found("merge", merge_id)
    if found.undone_at is not None:
        raise conflict("merge_undone", "The merge was undone already")
    if target.merged_into_id is not None:
        into = await seen_target(uow.session, target, viewer)
        raise conflict(
            "merged_on",
            "The other ticket was merged itself meanwhile",
            detail=f"What hung on it hangs on {into or 'that one'} now.",
            hint="Undo that merge first.",
        )
    await move_back(uow, found.moved, source.id, target.id)
    await mark_undone(uow, merge_id, who)
    await _restore(uow, source, target, found, who)
    await _give_up(uow, source, target, found.moved, who)
    undone = {"undone_at": uow.now, "undone_by": who.actor}
    return merge_view({**found._mapping, **undone}, seen)


async def _restore(
    uow: UnitOfWork, source: Row[Any], target: Row[Any], merge: Row[Any], who: By
) -> None:
    before = {name: _read(name, merge.moved["before"][name]) for name in KEPT}
    status = before.pop("status")
    wanted = {"status": status} if status != source.status else {}
    data = {"field": "merged_into_id", "old": target.id, "old_name": target.number, "new": None}
    entries = await audit_entries(uow.session, source, wanted, uow.now)
    text = f"The merge into ticket {target.number} was undone."
    entries.append(NewEntry("audit", text, uow.now, data=data))
    values = {**wanted, **before, "merged_into_id": None}
    change = Change([*wanted, "merged_into_id"], entries, values)
    if wanted:
        turn(uow, source, change, who)
    if before["in_inbox"]:
        change.changed.append("in_inbox")
    told = TicketUnmerged(
        ticket_id=source.id,
        number=source.number,
        from_ticket_id=target.id,
        from_number=target.number,
        merge_id=merge.id,
    )
    change.also.append(lambda _: told)
    change.about = "ticket.unmerged"
    params = {"from": target.number, "merge_id": merge.id}
    change.reasons.append(Reason(code=ReasonCode.TICKET_UNMERGED, params=params))
    await write_change(uow, source, change, who)


async def _give_up(
    uow: UnitOfWork, source: Row[Any], target: Row[Any], moved: dict[str, Any], who: By
) -> None:
    data = {"field": "merged", "old": source.id, "old_name": source.number, "new": None}
    text = f"The merge of ticket {source.number} was undone."
    entry = NewEntry("audit", text, uow.now, data=data)
    values = {}
    carried = {name: _read(name, value) for name, value in moved.get("carried", {}).items()}
    # What came from outside since then keeps the envelope as it is.
    if carried and target.external_update_at == carried["external_update_at"]:
        values = {name: _read(name, value) for name, value in moved["target"].items()}
        # What has been read since stays read.
        values["unread"] = values["unread"] and target.unread
    changed = [name for name in COUNTED if moved.get(name)] or ["history"]
    await write_change(uow, target, Change(changed, [entry], values), who)


def _read(name: str, value: Any) -> Any:
    return datetime.fromisoformat(value) if name in _TIMES and value is not None else value
