"""Tickets that were being opened for an account while it was merged: they follow it.

An account cannot be locked against tickets that are on their way without stopping the intake, so
those few are carried over a moment later, as part of the same merge.
"""

from sqlalchemy import select
from sqlmodel import col

from patchbay_contracts import Channel
from patchbay_kit.db import UnitOfWork
from ticket_svc.accounts.tables import Account
from ticket_svc.merging.moves import TICKETS, move, note_moves
from ticket_svc.merging.tables import AccountMerge
from ticket_svc.tickets.actors import By
from ticket_svc.tickets.moved import tell_moved_tickets
from ticket_svc.tickets.tables import Ticket

_AT_ONCE = 20


async def carry_late_tickets(uow: UnitOfWork) -> bool:
    """Carry over tickets that are at a merged account; True where there were any."""
    statement = (
        select(Account)
        .where(
            col(Account.merged_into_id).is_not(None),
            select(col(Ticket.id)).where(col(Ticket.account_id) == col(Account.id)).exists(),
        )
        .order_by(col(Account.id))
        .limit(_AT_ONCE)
        .with_for_update()
    )
    accounts = list((await uow.session.execute(statement)).scalars())
    for account in accounts:
        await _carry(uow, account)
    return bool(accounts)


async def _carry(uow: UnitOfWork, account: Account) -> None:
    found = select(AccountMerge).where(
        col(AccountMerge.account_id) == account.id, col(AccountMerge.undone_at).is_(None)
    )
    merge = (await uow.session.execute(found.order_by(col(AccountMerge.id).desc()))).scalars().one()
    into = await uow.session.get_one(Account, account.merged_into_id)
    ids = await _late_ids(uow, account.id)
    await note_moves(uow.session, TICKETS, merge.id, account.id)
    await move(uow.session, TICKETS, merge.id, into.id, at=account.id)
    before = int(merge.counts.get(TICKETS.name, 0))
    merge.counts = {**merge.counts, TICKETS.name: before + len(ids)}
    await uow.session.flush()
    names = {account.id: account.name, into.id: into.name}
    await tell_moved_tickets(
        uow, ids, names, account.id, By(merge.merged_by, Channel.EMPLOYEE, False)
    )


async def _late_ids(uow: UnitOfWork, account_id: str) -> list[str]:
    """The tickets that are at the account."""
    statement = select(col(Ticket.id)).where(col(Ticket.account_id) == account_id)
    return list((await uow.session.execute(statement.order_by(col(Ticket.id)))).scalars())
