"""Tells that tickets have another account since theirs was merged: history and event of each, in
batches of what one statement may carry.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Row, Table, func, select

from patchbay_contracts import PersonRef, RemoteRef, TicketUpdated
from patchbay_kit.db import UnitOfWork, insert_many, key_in
from ticket_svc.employees.tables import Employee
from ticket_svc.tickets.actors import By
from ticket_svc.tickets.records import NewEntry, history_row
from ticket_svc.tickets.tables import HistoryEntry, Ticket

_TICKET: Table = Ticket.__table__  # type: ignore[attr-defined]  # set by SQLModel
_HISTORY: Table = HistoryEntry.__table__  # type: ignore[attr-defined]
_EMPLOYEE: Table = Employee.__table__  # type: ignore[attr-defined]
_BATCH = 500


async def tell_moved_tickets(
    uow: UnitOfWork, ids: Sequence[str], names: dict[str, str], old_account_id: str, who: By
) -> None:
    """A history entry with the old and the new account, and TicketUpdated, for each ticket.

    `names` are those of both accounts.
    """
    for some in _batches(ids):
        rows = (await uow.session.execute(_tickets(uow, some))).all()
        history = [_entry(uow, row, names, old_account_id, who) for row in rows]
        await insert_many(uow.session, _HISTORY, history)
        for row in rows:
            data = TicketUpdated(
                **_facts(row, names[row.account_id]), changed=["account_id"], channel=who.channel
            )
            uow.publish(data, subject=row.id, version=row.version, actor=who.actor)


def _batches(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (ids[start : start + _BATCH] for start in range(0, len(ids), _BATCH))


def _tickets(uow: UnitOfWork, ids: Sequence[str]) -> Any:
    email = func.coalesce(_EMPLOYEE.c.email1, _EMPLOYEE.c.email2)
    statement = select(
        _TICKET, _EMPLOYEE.c.name.label("manager_name"), email.label("manager_email")
    )
    joined = statement.outerjoin(_EMPLOYEE, _EMPLOYEE.c.id == _TICKET.c.manager_id)
    return joined.where(key_in(uow.session, [_TICKET.c.id], ids))


def _entry(
    uow: UnitOfWork, row: Row[Any], names: dict[str, str], old: str, who: By
) -> dict[str, Any]:
    new = row.account_id
    text = f"Account: {names[old]} → {names[new]}"
    data = {
        "field": "account_id",
        "old": old,
        "new": new,
        "old_name": names[old],
        "new_name": names[new],
    }
    entry = NewEntry("audit", text, uow.now, data=data)
    return history_row(row.id, entry, actor=who.actor, channel=who.channel, now=uow.now)


def _facts(row: Row[Any], account_name: str) -> dict[str, Any]:
    manager = remote = None
    if row.manager_id is not None and row.manager_name is not None:
        manager = PersonRef(
            id=row.manager_id,
            kind="employee",
            name=row.manager_name,
            email=row.manager_email or "",
        )
    if row.remote_ticket_id is not None:
        remote = RemoteRef(
            connection_id=row.connection_id,
            provider=row.provider,
            remote_ticket_id=row.remote_ticket_id,
            number=row.remote_number,
            url=row.remote_url,
        )
    plain = ("number", "subject", "status", "status_class", "priority", "account_id", "asset_id")
    return {
        "ticket_id": row.id,
        **{name: getattr(row, name) for name in plain},
        "account_name": account_name,
        "manager": manager,
        "remote": remote,
    }
