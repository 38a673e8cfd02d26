"""The original of a received mail, for whoever sends it on."""

from sqlalchemy import Table, select

from email_gateway.intake.tables import ReceivedMail
from patchbay_kit.runtime import Runtime

_MAIL: Table = ReceivedMail.__table__  # type: ignore[attr-defined]  # set by SQLModel


async def original_of(runtime: Runtime, mail_id: str) -> bytes | None:
    """The bytes as they came; None for a mail that is not ours."""
    async with runtime.db.read() as session:
        blob = await session.scalar(select(_MAIL.c.blob).where(_MAIL.c.id == mail_id))
    return await runtime.blobs.get(blob) if blob else None
