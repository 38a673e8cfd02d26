"""What other features ask of the links: which account or asset stands for a remote record."""

from collections.abc import Iterable

from sqlalchemy.ext.asyncio import AsyncSession

from ticket_svc.links.repository import DEVICE, SITE, linked

Key = tuple[str, str]


async def accounts_by_site(session: AsyncSession, keys: Iterable[Key]) -> dict[Key, str]:
    """Account id by (connection, remote site id); unlinked sites are missing."""
    return await linked(session, SITE, keys)


async def assets_by_device(session: AsyncSession, keys: Iterable[Key]) -> dict[Key, str]:
    """Asset id by (connection, remote device id); unlinked devices are missing."""
    return await linked(session, DEVICE, keys)
