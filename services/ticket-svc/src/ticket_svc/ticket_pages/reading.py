"""Reading a ticket with all its parts: a fixed number of statements, however much hangs on it."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, Table, and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_kit.http import PageRequest
from ticket_svc.accounts.tables import Account, Contact
from ticket_svc.appointments import reading as appointments
from ticket_svc.assets.tables import Asset
from ticket_svc.charges import reading as charges
from ticket_svc.contracts.reading import contract_of
from ticket_svc.documents import reading as documents
from ticket_svc.locations.tables import Location
from ticket_svc.messages import reading as messages
from ticket_svc.rights.viewer import MARK_READ, Viewer
from ticket_svc.tasks import reading as tasks
from ticket_svc.ticket_pages.schemas import (
    PageAccount,
    PageAsset,
    PageContact,
    PageLocation,
    PageViewer,
    TicketPage,
)
from ticket_svc.tickets import reading
from ticket_svc.tickets.explanation import count_decisions
from ticket_svc.tickets.families import family_of
from ticket_svc.tickets.labels import load_labels
from ticket_svc.tickets.merging import merges_of
from ticket_svc.tickets.related import relations_of

_ACCOUNT: Table = Account.__table__  # type: ignore[attr-defined]  # set by SQLModel
_CONTACT: Table = Contact.__table__  # type: ignore[attr-defined]
_LOCATION: Table = Location.__table__  # type: ignore[attr-defined]
_ASSET: Table = Asset.__table__  # type: ignore[attr-defined]


async def read_page(
    session: AsyncSession, key: str, viewer: Viewer, history: PageRequest, now: datetime
) -> TicketPage:
    """The ticket by id or number; 404 `ticket_not_found`. `history` is the page of its entries."""
    row = await reading.find_row(session, key, viewer)
    labels = await load_labels(session)
    family = await family_of(session, row.id)
    return TicketPage(
        ticket=await reading.view_of(session, row, viewer, now),
        account=await _account(session, row.account_id),
        asset=await _asset(session, row.asset_id),
        contract=await contract_of(session, row.contract_id, now.date()),
        history=await reading.newest_history(session, row.id, viewer, history),
        relations=await relations_of(session, row.id, viewer, labels, family),
        merges=await merges_of(session, row.id, viewer),
        decisions=await count_decisions(session, row.id, family, viewer),
        viewer=_viewer(row, viewer),
        **await tasks.ticket_parts(session, row.id),
        **await appointments.ticket_parts(session, row.id),
        **await charges.ticket_parts(session, row.id),
        **await documents.ticket_parts(session, row.id, public_only=viewer.public_only),
        **await messages.ticket_parts(session, row.id),
    )


async def _account(session: AsyncSession, account_id: str) -> PageAccount:
    """With its main contact and main location, in one statement."""
    contact = (_CONTACT.c.id, _CONTACT.c.name, _CONTACT.c.phone)
    email = func.coalesce(_CONTACT.c.email1, _CONTACT.c.email2).label("contact_email")
    place = [_LOCATION.c[name] for name in PageLocation.model_fields]
    statement = (
        select(_ACCOUNT.c.id, _ACCOUNT.c.name, _ACCOUNT.c.phone, email)
        .add_columns(*(column.label(f"contact_{column.name}") for column in contact))
        .add_columns(*(column.label(f"location_{column.name}") for column in place))
        .outerjoin(_CONTACT, and_(_CONTACT.c.account_id == _ACCOUNT.c.id, _CONTACT.c.is_main))
        .outerjoin(_LOCATION, and_(_LOCATION.c.account_id == _ACCOUNT.c.id, _LOCATION.c.is_main))
        .where(_ACCOUNT.c.id == account_id)
    )
    row = (await session.execute(statement)).one()
    return PageAccount(
        id=row.id,
        name=row.name,
        phone=row.phone,
        main_contact=PageContact(**_part(row, "contact")) if row.contact_id else None,
        main_location=PageLocation(**_part(row, "location")) if row.location_id else None,
    )


def _part(row: Row[Any], prefix: str) -> dict[str, Any]:
    start = f"{prefix}_"
    return {
        name.removeprefix(start): value
        for name, value in row._mapping.items()
        if name.startswith(start)
    }


async def _asset(session: AsyncSession, asset_id: str | None) -> PageAsset | None:
    if asset_id is None:
        return None
    statement = select(*(_ASSET.c[name] for name in PageAsset.model_fields))
    row = (await session.execute(statement.where(_ASSET.c.id == asset_id))).one_or_none()
    return PageAsset.model_validate(row) if row is not None else None


def _viewer(row: Row[Any], viewer: Viewer) -> PageViewer:
    principal = viewer.principal
    return PageViewer(
        may_mark_read=row.manager_id == principal.id or principal.may(MARK_READ),
        may_change=row.merged_into_id is None,
        permissions=sorted(principal.permissions),
    )
