"""Reading and writing the desk's settings."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_kit.db import UnitOfWork, insert_many
from patchbay_kit.errors import conflict
from ticket_svc.desk.schemas import DeskSettings
from ticket_svc.desk.tables import DeskSetting

_TABLE: Table = DeskSetting.__table__  # type: ignore[attr-defined]  # set by SQLModel
# A row among the settings that is none: what If-Match guards them by.
_VERSION = "version"


async def load_settings(session: AsyncSession) -> DeskSettings:
    """The settings as they are in this transaction."""
    rows = (await session.execute(select(_TABLE.c.name, _TABLE.c.value))).all()
    known = DeskSettings.model_fields
    return DeskSettings(**{row.name: row.value for row in rows if row.name in known})


async def save_settings(uow: UnitOfWork, changes: dict[str, Any]) -> None:
    """Write the given settings; the caller has validated them."""
    for name, value in changes.items():
        await uow.session.merge(
            DeskSetting(name=name, value=value, changed_at=uow.now, changed_by=uow.actor)
        )
    await uow.session.flush()


async def settings_version(session: AsyncSession) -> int:
    """How often people have changed the settings, from 1."""
    version = await session.scalar(select(_TABLE.c.value).where(_TABLE.c.name == _VERSION))
    return int(version or 1)


async def lock_settings(uow: UnitOfWork) -> int:
    """The same, where who changes them next waits for this transaction to end."""
    await claim_setting(uow, _VERSION, 1)
    mine = select(_TABLE.c.value).where(_TABLE.c.name == _VERSION).with_for_update()
    return int((await uow.session.execute(mine)).scalar_one())


async def count_change(uow: UnitOfWork, version: int) -> None:
    """The locked settings have this version now."""
    await save_settings(uow, {_VERSION: version})


async def claim_setting(uow: UnitOfWork, name: str, value: str | int) -> bool:
    """Write a setting that nobody has written; False where somebody was first."""
    row = {"name": name, "value": value, "changed_at": uow.now, "changed_by": uow.actor}
    written = await insert_many(
        uow.session, _TABLE, [row], ignore_conflicts=True, returning=[_TABLE.c.name]
    )
    return bool(written)


async def refuse_support_address(session: AsyncSession, **addresses: str | None) -> None:
    """409 `support_address_taken` where one of the fields holds our own incoming address (S4-49).

    Mail to such a person would come back to us as a new mail.
    """
    for field, address in addresses.items():
        if address is not None:
            await refuse_support_among(session, [address], f"/{field}")


async def refuse_support_among(
    session: AsyncSession, addresses: Collection[str], field: str
) -> None:
    """The same for many addresses in one field."""
    if not addresses:
        return
    support = (await load_settings(session)).support_address
    if any(is_ours(address, support) for address in addresses):
        raise conflict(
            "support_address_taken",
            "This is the desk's own incoming address",
            field=field,
            hint="Give the address at which the person reads mail.",
        )


def is_ours(address: str, support: str) -> bool:
    """Whether mail to the address comes to us: ours, or ours with a tag, as our Reply-To has it."""
    local, _, domain = address.lower().rpartition("@")
    return support.lower() in (address.lower(), f"{local.partition('+')[0]}@{domain}")
