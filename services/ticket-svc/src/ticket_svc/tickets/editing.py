"""Changing tickets over HTTP: every change is in the history, with old and new (S2-68).

Promise: the row is locked and its version compared first, so nobody overwrites what they have not
seen. None of it is ever sent to the remote system but the close itself (S1-50).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, Table, select

from patchbay_contracts import Reason, ReasonCode, TicketAssigned
from patchbay_kit.db import UnitOfWork
from ticket_svc.contracts.reading import contract_named
from ticket_svc.custom_fields.service import check_custom_fields
from ticket_svc.desk.service import load_settings
from ticket_svc.desk.statuses import Status, class_of
from ticket_svc.tickets.actors import By
from ticket_svc.tickets.auditing import audit_entries
from ticket_svc.tickets.closing import check_close_date, check_waiting, turn
from ticket_svc.tickets.contact_person import follow_contact
from ticket_svc.tickets.inbox import OUT, removal_entry, remove_from_inbox
from ticket_svc.tickets.read_state import starts_unread
from ticket_svc.tickets.records import NewEntry
from ticket_svc.tickets.references import asset_name, check_type, contact_named, manager_named
from ticket_svc.tickets.schemas import NewStatus
from ticket_svc.tickets.tables import TicketRead
from ticket_svc.tickets.writing import Change, Telling, write_change

_READ: Table = TicketRead.__table__  # type: ignore[attr-defined]  # set by SQLModel


async def change_ticket(
    uow: UnitOfWork,
    row: Row[Any],
    wanted: Mapping[str, Any],
    who: By,
    *,
    entries: Sequence[NewEntry] = (),
    also: Sequence[Telling] = (),
    out_of_inbox: bool = False,
) -> None:
    """Write what differs from the locked `row`; nothing at all where nothing does.

    `entries` stand in the history beside those of the fields. `also` are facts of their own that
    are told with the change. `out_of_inbox` takes the ticket out of the Inbox as well (S2-52).
    """
    differing = await _differing(uow, row, wanted)
    if not (differing or entries or also):
        return
    await _check(uow, row, differing)
    written = await audit_entries(uow.session, row, differing, uow.now)
    change = Change(list(differing), [*written, *entries], values=dict(differing), also=[*also])
    if "manager_id" in differing:
        await _assign(uow, row, change, who)
    if "contact_id" in differing:
        await _follow(uow, row, change)
    if "status" in differing:
        if "awaits_dispatch" in wanted:
            # Also where it stays the same: the status leaves alone what the request names.
            change.values["awaits_dispatch"] = wanted["awaits_dispatch"]
        turn(uow, row, change, who)
    if out_of_inbox and row.in_inbox:
        change.changed.append("in_inbox")
        change.entries.append(removal_entry(uow))
    if out_of_inbox:
        change.values |= OUT
    await write_change(uow, row, change, who)


async def drag_to_status(uow: UnitOfWork, row: Row[Any], wanted: NewStatus, who: By) -> None:
    """Set the status, and take the ticket out of the Inbox where that is wanted, as one change
    (S2-52).
    """
    changes = wanted.model_dump(include={"status", "closed_at"}, exclude_none=True)
    changes["status"] = str(wanted.status)
    if wanted.remove_from_inbox and not await _differing(uow, row, changes):
        await remove_from_inbox(uow, row, who)
        return
    await change_ticket(uow, row, changes, who, out_of_inbox=wanted.remove_from_inbox)


async def reopen_ticket(uow: UnitOfWork, row: Row[Any], who: By) -> None:
    """A closed ticket is in progress again (X-20); nothing where it is open."""
    if class_of(row.status) == "closed":
        await change_ticket(uow, row, {"status": str(Status.IN_PROGRESS)}, who)


async def record_change(
    uow: UnitOfWork,
    row: Row[Any],
    entry: NewEntry,
    changed: str,
    who: By,
    *,
    also: Sequence[Telling] = (),
) -> None:
    """Note a change of something that hangs on the ticket: history, version, TicketUpdated."""
    await write_change(uow, row, Change([changed], [entry], also=[*also]), who)


async def _differing(uow: UnitOfWork, row: Row[Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    values = dict(wanted)
    if "custom_fields" in values:
        sent = values["custom_fields"] or {}
        values["custom_fields"] = await check_custom_fields(
            uow.session, "ticket", row.custom_fields, sent
        )
    return {name: value for name, value in values.items() if getattr(row, name) != value}


async def _check(uow: UnitOfWork, row: Row[Any], changes: Mapping[str, Any]) -> None:
    session = uow.session
    if changes.get("manager_id") is not None:
        await manager_named(session, changes["manager_id"])
    if changes.get("asset_id") is not None:
        await asset_name(session, changes["asset_id"], row.account_id)
    if changes.get("contact_id") is not None:
        await contact_named(session, changes["contact_id"], row.account_id)
    if changes.get("contract_id") is not None:
        await contract_named(session, changes["contract_id"], row.account_id)
    if "type" in changes:
        check_type(await load_settings(session), changes["type"])
    status = changes.get("status", row.status)
    if changes.get("awaits_dispatch"):
        check_waiting(status)
    if "closed_at" in changes:
        check_close_date(changes["closed_at"], status, row.created_at, uow.now)


async def _assign(uow: UnitOfWork, row: Row[Any], change: Change, who: By) -> None:
    """Another manager: told, and unread unless they have seen the last update (ruling S2-65)."""
    manager_id = change.values["manager_id"]
    through = None
    if manager_id is not None:
        statement = select(_READ.c.read_through).where(
            _READ.c.ticket_id == row.id, _READ.c.employee_id == manager_id
        )
        through = (await uow.session.execute(statement)).scalar_one_or_none()
    change.values["unread"] = starts_unread(row.external_update_at, through)
    if who.external:
        change.values["unread"] = True
    change.also.append(
        lambda facts: TicketAssigned(
            **facts, previous_manager_id=row.manager_id, channel=who.channel
        )
    )


async def _follow(uow: UnitOfWork, row: Row[Any], change: Change) -> None:
    entry = await follow_contact(uow, row, change.values["contact_id"])
    if entry is not None:
        change.entries.append(entry)
        change.changed.append("recipients")
        params = {"recipients": entry.data["new"]}
        change.reasons.append(Reason(code=ReasonCode.RECIPIENTS_CONTACT, params=params))
