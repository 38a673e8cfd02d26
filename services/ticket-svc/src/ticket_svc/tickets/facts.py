"""The ticket as its events tell it, read inside the transaction that changed it."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_contracts import PersonRef, RemoteRef
from ticket_svc.tickets.repository import by_id, find_ticket


async def facts_of(session: AsyncSession, ticket_id: str) -> dict[str, Any]:
    """The members of `TicketFacts`."""
    row = await find_ticket(session, by_id(ticket_id))
    assert row is not None  # noqa: S101  # its row is locked by the caller
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
    return {
        "ticket_id": row.id,
        "number": row.number,
        "subject": row.subject,
        "status": row.status,
        "status_class": row.status_class,
        "priority": row.priority,
        "account_id": row.account_id,
        "account_name": row.account_name,
        "asset_id": row.asset_id,
        "manager": manager,
        "remote": remote,
    }
