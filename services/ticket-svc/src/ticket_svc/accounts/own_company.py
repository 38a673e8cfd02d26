"""Our own company's account: the setting, or the first account ever created (S1-117)."""

from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_contracts import AccountCreated
from patchbay_kit.db import UnitOfWork, insert_many
from patchbay_kit.ids import new_id
from ticket_svc.accounts.tables import Account

_ACCOUNT: Table = Account.__table__  # type: ignore[attr-defined]  # set by SQLModel


async def own_company_of(session: AsyncSession, chosen: str | None) -> str | None:
    """The account that is ours now: the chosen one, else the first that people made."""
    if chosen is not None:
        return chosen
    first = select(_ACCOUNT.c.id).where(_ACCOUNT.c.auto_created.is_(False))
    found: str | None = await session.scalar(first.order_by(_ACCOUNT.c.id).limit(1))
    return found


async def own_company_account(
    uow: UnitOfWork, chosen: str | None, *, name: str = "Own company"
) -> str:
    """The account's id; made now where there is no account at all, so that no ticket is ever
    without one.
    """
    found = await own_company_of(uow.session, chosen)
    if found is not None:
        return found
    account_id = new_id()
    row = {
        "id": account_id,
        "name": name,
        "auto_created": False,
        "origin_connection_id": "",
        "origin_site_id": "own-company",
        "version": 1,
        "created_at": uow.now,
    }
    written = await insert_many(
        uow.session, _ACCOUNT, [row], ignore_conflicts=True, returning=[_ACCOUNT.c.id]
    )
    if not written:
        return await own_company_account(uow, None, name=name)
    uow.publish(AccountCreated(account_id=account_id, name=name), subject=account_id, version=1)
    return account_id
