"""Removing a site link takes along what came through that site (S1-99).

It is one operation, which can be undone.
"""

from sqlalchemy.ext.asyncio import AsyncSession

from link_svc.links import repository
from link_svc.links.changes import ChangeRow, Why, actor_of, link_row, tell, unlink_row
from link_svc.links.merged import follow_accounts
from link_svc.links.rules import LinkAction, LinkCause, LinkFacts, LinkKind
from link_svc.links.tables import Link, LinkOperation
from patchbay_kit.db import UnitOfWork
from patchbay_kit.errors import conflict, not_found
from patchbay_kit.ids import new_id


async def preview_unlink(session: AsyncSession, site: Link) -> tuple[int, int]:
    """How many device links and ticket links would go along with a site link."""
    return (
        await repository.count_through_site(session, LinkKind.DEVICE, site),
        await repository.count_through_site(session, LinkKind.TICKET, site),
    )


async def unlink_site(uow: UnitOfWork, site: Link) -> LinkOperation:
    """Remove a site link with the device and ticket links that came through the site."""
    operation_id = new_id()
    own = unlink_row(uow, site, Why(LinkCause.PERSON, operation_id=operation_id))
    devices = await _unlink_through(uow, LinkKind.DEVICE, site, operation_id)
    tickets = await _unlink_through(uow, LinkKind.TICKET, site, operation_id)
    await repository.add_changes(uow.session, [own, *devices, *tickets])
    operation = LinkOperation(
        id=operation_id,
        link_id=site.id,
        connection_id=site.connection_id,
        remote_site_id=site.remote_id,
        site_name=site.remote_name,
        account_id=site.target_id,
        devices=len(devices),
        tickets=len(tickets),
        at=uow.now,
        actor=actor_of(uow),
    )
    uow.session.add(operation)
    return operation


async def undo(uow: UnitOfWork, operation_id: str) -> tuple[LinkOperation, int]:
    """Put back what an operation removed, except what was changed since; returns how many links.

    404 for an unknown operation, 409 `operation_undone` the second time.
    """
    operation = await repository.lock_operation(uow.session, operation_id)
    if operation is None:
        raise not_found("link_operation", operation_id)
    if operation.undone_at is not None:
        raise conflict("operation_undone", "Already undone")
    taken = await repository.assets_taken_since(uow.session, operation)
    why = Why(LinkCause.UNDONE, operation_id=operation_id)
    told = [
        link_row(uow, row, row.target_id, why)
        for row in await repository.lock_untouched_links(uow.session, operation_id)
        if not (row.kind == LinkKind.DEVICE and row.target_id in taken)
    ]
    await repository.add_changes(uow.session, told)
    operation.undone_at = uow.now
    operation.undone_by = actor_of(uow)
    # The account may have been merged since.
    await follow_accounts(uow, [operation.account_id])
    return operation, len(told)


async def _unlink_through(
    uow: UnitOfWork, kind: LinkKind, site: Link, operation_id: str
) -> list[ChangeRow]:
    values = {"changed_at": uow.now, "changed_by": actor_of(uow)}
    why = Why(LinkCause.SITE_UNLINKED, operation_id=operation_id, because_of_site=site.remote_id)
    told = []
    for row in await repository.unlink_through_site(uow.session, kind, site, values):
        facts = LinkFacts(kind, row.connection_id, row.remote_id, row.remote_name, row.target_id)
        told.append(tell(uow, row.id, row.version, facts, LinkAction.UNLINKED, why))
    return told
