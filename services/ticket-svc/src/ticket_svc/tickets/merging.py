"""Merging one ticket into another, and undoing it.

Promise: all that hangs on the one hangs on the other afterwards, in one transaction, and what comes
later for the one goes to the other. To the remote system a merge is a close and nothing else
(S1-83). Undone, each has what it had, and keeps what came meanwhile.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, Table, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_contracts import Reason, ReasonCode, TicketMerged
from patchbay_kit.db import UnitOfWork, insert_many
from patchbay_kit.errors import invalid
from patchbay_kit.ids import new_id
from ticket_svc.desk.statuses import Status
from ticket_svc.rights.viewer import Viewer
from ticket_svc.tickets.actors import By
from ticket_svc.tickets.auditing import audit_entries
from ticket_svc.tickets.closing import turn
from ticket_svc.tickets.inbox import OUT
from ticket_svc.tickets.labels import Labels
from ticket_svc.tickets.merge_moves import PARTS, count_parts, hide_public, move_parts
from ticket_svc.tickets.merged import seen_target
from ticket_svc.tickets.records import NewEntry
from ticket_svc.tickets.related import related_ids, ticket_ref
from ticket_svc.tickets.relation_schemas import (
    MergeCounts,
    MergePreview,
    MergeView,
    MergeWarning,
)
from ticket_svc.tickets.seeing import visible_ids
from ticket_svc.tickets.tables import TicketMerge
from ticket_svc.tickets.writing import Change, write_change

MERGE: Table = TicketMerge.__table__  # type: ignore[attr-defined]  # set by SQLModel

# What is told of a merge: what is carried over, and what is seen through the other ticket.
COUNTED = (*PARTS, "relations")

# What the merged ticket was like, for the way back.
KEPT = (
    "status",
    "in_inbox",
    "inbox_since",
    "inbox_awaiting",
    "external_update_at",
    "unread",
)


async def check_mergeable(
    session: AsyncSession,
    viewer: Viewer,
    source: Row[Any],
    target: Row[Any],
    *,
    allow_other_account: bool,
) -> None:
    """422 where the target is the ticket itself, was merged itself, or belongs to another account
    unless that is allowed.
    """
    if target.id == source.id:
        raise invalid("same_ticket", "That is the ticket itself", field="/into")
    if target.merged_into_id is not None:
        raise invalid(
            "into_merged_ticket",
            "That ticket was merged itself",
            field="/into",
            hint=f"Merge into {await seen_target(session, target, viewer) or 'the one'}, where it"
            " went.",
        )
    if target.account_id != source.account_id and not allow_other_account:
        raise invalid(
            "ticket_of_other_account",
            "The ticket belongs to another account",
            field="/into",
            hint="Send `allow_other_account: true` if that is meant.",
        )


async def preview_merge(
    session: AsyncSession, source: Row[Any], target: Row[Any], labels: Labels
) -> MergePreview:
    """What `merge_tickets` would do."""
    warnings = []
    if target.account_id != source.account_id:
        text = (
            "The tickets belong to different accounts: what customers saw of this one is internal"
            " there, and its external recipients get that one's mail."
        )
        warnings.append(MergeWarning(code="other_account", text=text))
    if source.status_class == "closed":
        text = "The ticket is closed; it keeps its status."
        warnings.append(MergeWarning(code="already_closed", text=text))
    elif source.remote_ticket_id is not None:
        text = "Its remote twin will be closed, as with any close."
        warnings.append(MergeWarning(code="remote_twin_closes", text=text))
    if target.status_class == "closed":
        text = "The other ticket is closed and stays so."
        warnings.append(MergeWarning(code="target_closed", text=text))
    return MergePreview(
        ticket=ticket_ref(source, labels),
        into=ticket_ref(target, labels),
        moves=MergeCounts(
            **await count_parts(session, source.id, target.id),
            relations=len(await _new_relations(session, source.id, target.id)),
        ),
        warnings=warnings,
    )


async def merge_tickets(uow: UnitOfWork, source: Row[Any], target: Row[Any], who: By) -> MergeView:
    """Carry everything from the one locked ticket to the other, and close the one."""
    relations = await _new_relations(uow.session, source.id, target.id)
    moved: dict[str, Any] = {**await move_parts(uow, source.id, target.id), "relations": relations}
    moved["before"] = _kept(source)
    if source.account_id != target.account_id:
        await hide_public(uow, moved)
    carried = _carried(source, target, who)
    if carried:
        moved["carried"] = {name: _plain(value) for name, value in carried.items()}
        moved["target"] = {name: _plain(getattr(target, name)) for name in carried}
    merge = {
        "id": new_id(),
        "ticket_id": source.id,
        "into_id": target.id,
        "moved": moved,
        "merged_at": uow.now,
        "merged_by": who.actor,
    }
    await insert_many(uow.session, MERGE, [merge])
    await _close(uow, source, target, merge["id"], who)
    await _receive(uow, source, target, moved, carried, who)
    return merge_view({**merge, "undone_at": None, "undone_by": None}, {source.id, target.id})


async def _close(
    uow: UnitOfWork, source: Row[Any], target: Row[Any], merge_id: str, who: By
) -> None:
    wanted = {"status": str(Status.CANCELED)} if source.status_class == "open" else {}
    data = {"field": "merged_into_id", "old": None, "new": target.id, "new_name": target.number}
    entries = await audit_entries(uow.session, source, wanted, uow.now)
    entries.append(NewEntry("audit", f"Merged into ticket {target.number}.", uow.now, data=data))
    values = {**wanted, **OUT, "unread": False}
    values["merged_into_id"] = target.id
    change = Change([*wanted, "merged_into_id"], entries, values)
    if wanted:
        turn(uow, source, change, who)
    if source.in_inbox:
        change.changed.append("in_inbox")
    told = TicketMerged(
        ticket_id=source.id,
        number=source.number,
        into_ticket_id=target.id,
        into_number=target.number,
        merge_id=merge_id,
    )
    change.also.append(lambda _: told)
    change.about = "ticket.merged"
    params = {"into": target.number, "merge_id": merge_id}
    change.reasons.append(Reason(code=ReasonCode.TICKET_MERGED, params=params))
    await write_change(uow, source, change, who)


async def _receive(
    uow: UnitOfWork,
    source: Row[Any],
    target: Row[Any],
    moved: dict[str, Any],
    carried: dict[str, Any],
    who: By,
) -> None:
    data = {"field": "merged", "old": None, "new": source.id, "new_name": source.number}
    entry = NewEntry("audit", f"Ticket {source.number} was merged into this.", uow.now, data=data)
    changed = [name for name in COUNTED if moved[name]] + ["unread"] * bool(carried)
    await write_change(uow, target, Change(changed or ["history"], [entry], carried), who)


def _carried(source: Row[Any], target: Row[Any], who: By) -> dict[str, Any]:
    """The customer's last update comes along: unread, it would else be seen by nobody. A merge by
    an outsider is an update itself.
    """
    if source.external_update_at is None or who.external:
        return {}
    latest = max(source.external_update_at, target.external_update_at or source.external_update_at)
    carried = {"external_update_at": latest, "unread": source.unread or target.unread}
    same = all(getattr(target, name) == value for name, value in carried.items())
    return {} if same else carried


def _kept(row: Row[Any]) -> dict[str, Any]:
    return {name: _plain(getattr(row, name)) for name in KEPT}


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


async def _new_relations(session: AsyncSession, source: str, target: str) -> list[str]:
    """The tickets that are related to the source, and not yet to the target."""
    known = await related_ids(session, target)
    return sorted(await related_ids(session, source) - known - {target})


def merge_view(row: Any, seen: set[str]) -> MergeView:
    """A row of `ticket_merge`, as a mapping, for somebody who sees these tickets."""
    counts = {name: len(row["moved"].get(name) or []) for name in COUNTED}
    shown = {name: row[name] for name in MergeView.model_fields if name != "moved"}
    shown |= {name: row[name] if row[name] in seen else None for name in ("ticket_id", "into_id")}
    return MergeView(**shown, moved=MergeCounts(**counts))


async def merges_of(session: AsyncSession, ticket_id: str, viewer: Viewer) -> list[MergeView]:
    """Merges of the ticket into others and of others into it, oldest first; the other ticket is
    named to those who see it.
    """
    statement = select(MERGE).where(
        (MERGE.c.ticket_id == ticket_id) | (MERGE.c.into_id == ticket_id)
    )
    rows = (await session.execute(statement.order_by(MERGE.c.id).limit(200))).all()
    seen = await visible_ids(
        session, viewer, {each for row in rows for each in (row.ticket_id, row.into_id)}
    )
    return [merge_view(row._mapping, seen) for row in rows]


async def mark_undone(uow: UnitOfWork, merge_id: str, who: By) -> None:
    """The merge is history."""
    done = update(MERGE).where(MERGE.c.id == merge_id)
    await uow.session.execute(done.values(undone_at=uow.now, undone_by=who.actor))
