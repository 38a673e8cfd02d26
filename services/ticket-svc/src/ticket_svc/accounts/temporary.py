"""Temporary accounts, which stand for remote sites that nobody has linked yet.

Promise: one per (connection, remote site id), by its unique key (ruling C-01).
"""

from collections.abc import Mapping

from sqlalchemy import Table

from patchbay_kit.db import UnitOfWork, insert_many
from patchbay_kit.ids import new_id
from ticket_svc.accounts.tables import Account

_ACCOUNT: Table = Account.__table__  # type: ignore[attr-defined]  # set by SQLModel


async def create_temporary(
    uow: UnitOfWork, names: Mapping[tuple[str, str], str]
) -> dict[tuple[str, str], str]:
    """Accounts with these names by (connection, remote site id); returns the ids of those made
    now. The others exist. The caller announces them.
    """
    rows = [
        {
            "id": new_id(),
            "name": name,
            "auto_created": True,
            "origin_connection_id": connection_id,
            "origin_site_id": site_id,
            "version": 1,
            "created_at": uow.now,
        }
        for (connection_id, site_id), name in names.items()
    ]
    columns = [_ACCOUNT.c.id, _ACCOUNT.c.origin_connection_id, _ACCOUNT.c.origin_site_id]
    written = await insert_many(
        uow.session, _ACCOUNT, rows, ignore_conflicts=True, returning=columns
    )
    return {(row.origin_connection_id, row.origin_site_id): row.id for row in written}
