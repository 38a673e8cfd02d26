"""Reading and writing the links' read model."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_kit.db import key_in
from patchbay_kit.db.driver import dialect_insert
from ticket_svc.accounts.tables import Account
from ticket_svc.assets.tables import Asset
from ticket_svc.links.tables import DeviceLinkView, SiteLinkView

SITE: Table = SiteLinkView.__table__  # type: ignore[attr-defined]  # set by SQLModel
DEVICE: Table = DeviceLinkView.__table__  # type: ignore[attr-defined]
_ACCOUNT: Table = Account.__table__  # type: ignore[attr-defined]
_ASSET: Table = Asset.__table__  # type: ignore[attr-defined]

Key = tuple[str, str]


async def put_newest(
    session: AsyncSession,
    table: Table,
    rows: Sequence[Mapping[str, Any]],
    *,
    keys: tuple[str, str],
    value: str,
) -> None:
    """Insert or overwrite rows whose version is newer than what is there."""
    if not rows:
        return
    insert = dialect_insert(session, table)
    statement = insert.on_conflict_do_update(
        index_elements=list(keys),
        set_={value: insert.excluded[value], "version": insert.excluded.version},
        where=table.c.version < insert.excluded.version,
    )
    await session.execute(statement, list(rows))


async def linked(session: AsyncSession, table: Table, keys: Iterable[Key]) -> dict[Key, str]:
    """Account id by (connection, site), or asset id by (connection, device).

    Unlinked ones are missing, and so are those whose account or asset is not here: a ticket then
    takes the way of an unknown site (S1-54), where an error would help nobody.
    """
    wanted = sorted(set(keys))
    if not wanted:
        return {}
    remote = table.c.remote_site_id if table is SITE else table.c.remote_device_id
    value = table.c.account_id if table is SITE else table.c.asset_id
    target = _ACCOUNT if table is SITE else _ASSET
    statement = (
        select(table.c.connection_id, remote, value)
        .join(target, target.c.id == value)
        .where(key_in(session, [table.c.connection_id, remote], wanted))
    )
    return {(row[0], row[1]): row[2] for row in await session.execute(statement)}
