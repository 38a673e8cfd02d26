"""Makes and removes single links."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Subquery
from sqlalchemy.ext.asyncio import AsyncSession

from link_svc.links import repository
from link_svc.links.changes import ChangeRow, Why, link_row, new_row, tell, unlink_row
from link_svc.links.rules import LinkAction, LinkCause, LinkFacts, LinkKind
from link_svc.links.tables import Link, LinkChange
from patchbay_contracts import Envelope
from patchbay_kit.db import UnitOfWork
from patchbay_kit.errors import ProblemError, conflict, not_found


@dataclass(frozen=True, slots=True)
class Wanted:
    """A link that an event asks for."""

    facts: LinkFacts
    cause: LinkCause
    event: Envelope[Any]

    @property
    def why(self) -> Why:
        """For the history and the event."""
        return Why(self.cause, self.event)


async def link_automatically(uow: UnitOfWork, wanted: Sequence[Wanted]) -> None:
    """Make links of one kind unless the remote record is linked: then what is there stays.

    A link that was removed is made again only for another record of ours: the same event told
    once more must not undo what a person did.
    """
    first: dict[tuple[str, str], Wanted] = {}
    for want in wanted:
        first.setdefault(want.facts.key, want)
    rows = {key: new_row(uow, want.facts) for key, want in first.items()}
    new = await repository.insert_links(uow.session, list(rows.values()))
    told = [
        tell(uow, rows[key]["id"], 1, want.facts, LinkAction.LINKED, want.why)
        for key, want in first.items()
        if rows[key]["id"] in new
    ]
    known = {key: want for key, want in first.items() if rows[key]["id"] not in new}
    told += await _link_again(uow, known)
    await repository.add_changes(uow.session, told)


async def link(uow: UnitOfWork, facts: LinkFacts) -> tuple[Link, bool]:
    """Link by hand; returns the link, and whether the remote record was unlinked before.

    A site that is linked to another account moves there (SiteUnlinked, then SiteLinked) and keeps
    its device and ticket links. A device does not move (S1-108): 409.
    """
    unlinked = new_row(uow, facts) | {"linked": False, "version": 0}
    await repository.insert_links(uow.session, [unlinked])
    (row,) = await repository.lock_links(uow.session, facts.kind, [facts.key])
    was_linked = row.linked
    if was_linked and row.target_id == facts.target_id:
        return row, False
    if facts.kind is LinkKind.DEVICE:
        await _check_device(uow.session, row, facts)
    told = [unlink_row(uow, row, Why(LinkCause.MOVED))] if was_linked else []
    row.remote_name = facts.remote_name or row.remote_name
    row.auto_created = False
    told.append(link_row(uow, row, facts.target_id, Why(LinkCause.PERSON)))
    await repository.add_changes(uow.session, told)
    return row, not was_linked


async def unlink(uow: UnitOfWork, row: Link) -> None:
    """Remove one link of a device or a ticket; for sites see `cascade.unlink_site`."""
    told = unlink_row(uow, row, Why(LinkCause.PERSON))
    await repository.add_changes(uow.session, [told])


async def present_link(session: AsyncSession, kind: LinkKind, link_id: str) -> Link:
    """A link that stands; 404 otherwise."""
    return _standing(await repository.find_link(session, kind, link_id), kind, link_id)


async def lock_present(uow: UnitOfWork, kind: LinkKind, link_id: str) -> Link:
    """A link that stands, locked; 404 otherwise."""
    return _standing(await repository.lock_link(uow.session, kind, link_id), kind, link_id)


async def history(
    session: AsyncSession, kind: LinkKind, link_id: str
) -> tuple[Link, Sequence[LinkChange]]:
    """A link, standing or removed, and its changes from the oldest; 404 for one never made."""
    row = await repository.find_link(session, kind, link_id)
    if row is None:
        raise not_found(f"{kind.value}_link", link_id)
    return row, await repository.changes_of(session, link_id)


async def keep_remote_tickets(uow: UnitOfWork, origins: Sequence[tuple[str, str, str]]) -> None:
    """Remember through which site tickets came: (connection, remote ticket id, remote site id)."""
    names = ("connection_id", "remote_ticket_id", "remote_site_id")
    rows = [dict(zip(names, origin, strict=True)) for origin in sorted(set(origins))]
    await repository.add_remote_tickets(uow.session, rows)


def links(kind: LinkKind) -> Subquery:
    """The present links of one kind as a relation to join; the columns are those of the table."""
    return repository.links(kind)


async def _link_again(uow: UnitOfWork, wanted: dict[tuple[str, str], Wanted]) -> list[ChangeRow]:
    if not wanted:
        return []
    kind = next(iter(wanted.values())).facts.kind
    told: list[ChangeRow] = []
    for row in await repository.lock_links(uow.session, kind, list(wanted)):
        want = wanted[row.connection_id, row.remote_id]
        if row.linked or row.target_id == want.facts.target_id:
            continue
        row.auto_created = want.facts.auto_created
        told.append(link_row(uow, row, want.facts.target_id, want.why))
    return told


async def _check_device(session: AsyncSession, row: Link, facts: LinkFacts) -> None:
    if row.linked:
        raise _taken("device_linked", "The device is linked to another asset", row)
    other = await repository.device_of_asset(session, facts.connection_id, facts.target_id)
    if other is not None:
        raise _taken("asset_linked", "The asset has a device in this connection already", other)


def _taken(code: str, title: str, row: Link) -> ProblemError:
    return conflict(
        code,
        title,
        detail=f"{row.remote_name or row.remote_id} is linked to asset {row.target_id}.",
        hint=f"Remove the link {row.id} first.",
    )


def _standing(row: Link | None, kind: LinkKind, link_id: str) -> Link:
    if row is None or not row.linked:
        raise not_found(f"{kind.value}_link", link_id)
    return row
