"""Merging one account into another, and undoing it (S1-113, S1-115).

Promise: one transaction moves all that belongs to the account and writes down what it was; undoing
takes back exactly that, but for what has moved on in between. Both accounts are locked first.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from patchbay_contracts import AccountMerged, AccountUnmerged
from patchbay_kit.db import UnitOfWork
from patchbay_kit.errors import conflict, invalid, not_found
from patchbay_kit.ids import new_id
from ticket_svc.accounts.own_company import own_company_of
from ticket_svc.accounts.tables import Account
from ticket_svc.desk.service import load_settings
from ticket_svc.merging.clashes import Clash, clashes, give_back, give_way
from ticket_svc.merging.moves import (
    KINDS,
    ON_TICKETS,
    RECORDS,
    TICKETS,
    Kind,
    count,
    move,
    moved,
    note_moves,
)
from ticket_svc.merging.schemas import MergeNotice, MergePreview
from ticket_svc.merging.tables import AccountMerge
from ticket_svc.merging.telling import tell_records
from ticket_svc.tickets.actors import By
from ticket_svc.tickets.moved import tell_moved_tickets


async def preview_merge(session: AsyncSession, account_id: str, into_id: str) -> MergePreview:
    """What `merge_accounts` would do; refused as that would be."""
    account, into = await _both(session, account_id, into_id)
    await _check(session, account, into)
    counts = {kind.name: await count(session, kind, account_id) for kind in KINDS}
    found = await clashes(session, account_id, into_id, account.name)
    return MergePreview(
        account_id=account_id,
        into_account_id=into_id,
        counts={name: number for name, number in counts.items() if number},
        notices=[_notice(clash) for clash in found],
    )


async def merge_accounts(uow: UnitOfWork, account_id: str, into_id: str, who: By) -> AccountMerge:
    """Move everything of the account and archive it; AccountMerged.

    422 `merge_into_itself`, `merge_into_archived`; 409 `account_merged`, `own_company`.
    """
    account, into = await _both(uow.session, account_id, into_id, lock=True)
    await _check(uow.session, account, into)
    merge = AccountMerge(
        id=new_id(),
        account_id=account_id,
        into_id=into_id,
        before={"archived": account.archived_at is not None},
        merged_at=uow.now,
        merged_by=who.actor,
    )
    uow.session.add(merge)
    await uow.session.flush()
    for kind in KINDS:
        await note_moves(uow.session, kind, merge.id, account_id)
    counts = await _carry(uow, ON_TICKETS, merge.id, at=account_id, to=into_id)
    found = await clashes(uow.session, account_id, into_id, account.name)
    await give_way(uow.session, merge.id, found)
    merge.counts = counts | await _carry(uow, RECORDS, merge.id, at=account_id, to=into_id)
    account.merged_into_id = into_id
    account.archived_at = account.archived_at or uow.now
    account.version += 1
    await uow.session.flush()
    told = AccountMerged(
        account_id=account_id, into_account_id=into_id, into_name=into.name, merge_id=merge.id
    )
    uow.publish(told, subject=account_id, version=account.version)
    await _tell(uow, merge.id, {account_id: account.name, into_id: into.name}, account_id, who)
    return merge


async def undo_merge(
    uow: UnitOfWork, merge_id: str, who: By
) -> tuple[AccountMerge, dict[str, int]]:
    """Take everything back that is still where the merge put it; AccountUnmerged.

    Also returns how many records stay, by kind. 409 `merge_undone`, `merged_on`.
    """
    merge = await uow.session.get(AccountMerge, merge_id, with_for_update=True)
    if merge is None:
        raise not_found("account_merge", merge_id)
    if merge.undone_at is not None:
        raise conflict("merge_undone", "The merge has been undone already")
    account, into = await _both(uow.session, merge.account_id, merge.into_id, lock=True)
    if account.merged_into_id != into.id or into.merged_into_id is not None:
        raise conflict(
            "merged_on",
            "The account has been merged on since",
            hint="Undo the later merge first.",
        )
    counts = await _carry(uow, KINDS, merge_id, at=into.id, to=account.id)
    await give_back(uow.session, merge_id, account.id)
    account.merged_into_id = None
    account.archived_at = uow.now if merge.before.get("archived") else None
    account.version += 1
    merge.undone_at, merge.undone_by = uow.now, who.actor
    await uow.session.flush()
    told = AccountUnmerged(
        account_id=account.id, from_account_id=into.id, name=account.name, merge_id=merge_id
    )
    uow.publish(told, subject=account.id, version=account.version)
    await _tell(uow, merge_id, {account.id: account.name, into.id: into.name}, into.id, who)
    left = {kind: number - counts.get(kind, 0) for kind, number in merge.counts.items()}
    return merge, {kind: number for kind, number in left.items() if number}


async def _carry(
    uow: UnitOfWork, kinds: Sequence[Kind], merge_id: str, *, at: str, to: str
) -> dict[str, int]:
    counts = {kind.name: await move(uow.session, kind, merge_id, to, at=at) for kind in kinds}
    return {name: number for name, number in counts.items() if number}


async def _tell(
    uow: UnitOfWork, merge_id: str, names: dict[str, str], old_account_id: str, who: By
) -> None:
    """What has moved away from `old_account_id` hears of it."""
    for kind in KINDS:
        ids = await _now_elsewhere(uow.session, merge_id, kind, old_account_id, names)
        if kind is TICKETS:
            await tell_moved_tickets(uow, ids, names, old_account_id, who)
        else:
            await tell_records(uow, kind, ids)


async def _now_elsewhere(
    session: AsyncSession, merge_id: str, kind: Kind, old: str, names: dict[str, str]
) -> list[str]:
    (new,) = names.keys() - {old}
    ids = await moved(session, merge_id, kind)
    here = select(kind.key).where(kind.account == new)
    present = {str(each) for each in (await session.execute(here)).scalars()} if ids else set()
    return [each for each in ids if each in present]


async def _both(
    session: AsyncSession, account_id: str, into_id: str, *, lock: bool = False
) -> tuple[Account, Account]:
    """Both accounts, locked in the order of their ids so that two merges never wait in a ring."""
    if account_id == into_id:
        raise invalid(
            "merge_into_itself",
            "An account cannot be merged into itself",
            field="/into_account_id",
        )
    statement = select(Account).where(col(Account.id).in_([account_id, into_id]))
    statement = statement.order_by(col(Account.id)).execution_options(populate_existing=True)
    rows = await session.execute(statement.with_for_update() if lock else statement)
    found = {account.id: account for account in rows.scalars()}
    if account_id not in found:
        raise not_found("account", account_id)
    if into_id not in found:
        raise invalid("account_unknown", "No such account", field="/into_account_id")
    return found[account_id], found[into_id]


async def _check(session: AsyncSession, account: Account, into: Account) -> None:
    if account.merged_into_id is not None:
        raise conflict("account_merged", "The account has been merged already")
    if into.archived_at is not None:
        raise invalid(
            "merge_into_archived",
            "The account to stay is archived",
            field="/into_account_id",
            hint="Restore it first, or choose another one.",
        )
    settings = await load_settings(session)
    if account.id == await own_company_of(session, settings.own_account_id):
        raise conflict(
            "own_company",
            "This is our own company's account",
            detail="Tickets without a site belong to it (S1-117).",
            hint="Merge the other way round, or set another own company first.",
        )


def _notice(clash: Clash) -> MergeNotice:
    what: dict[str, Any] = {
        "is_main": f"{clash.name!r} is not the main {clash.table.name} any more.",
        "is_default": f"{clash.name!r} is not the default contract any more.",
        "remote_key": f"{clash.name!r} stands for its machine group no more.",
        "name": f"The department {clash.name!r} is called {clash.new!r}.",
    }
    return MergeNotice(code=clash.code, message=what[clash.column])
