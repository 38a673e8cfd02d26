"""Which IMAP messages were taken in."""

from sqlalchemy import Table, delete

from email_gateway.intake.tables import SeenUid
from patchbay_kit.db import UnitOfWork

_SEEN: Table = SeenUid.__table__  # type: ignore[attr-defined]  # set by SQLModel


async def forget(uow: UnitOfWork, mailbox_id: str) -> None:
    """Another folder or server may count the same numbers again; mails that are known by their
    fingerprint are not taken in twice.
    """
    await uow.session.execute(delete(_SEEN).where(_SEEN.c.mailbox_id == mailbox_id))
