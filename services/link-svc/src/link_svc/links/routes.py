"""HTTP of the Links Manager: the desk reads, `links.write` changes (S1-123, S1-124)."""

from typing import Literal

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy import false

from link_svc.catalogue.service import device_name, site_name
from link_svc.desk.service import account_exists, asset_exists, standing_accounts
from link_svc.links import cascade, service, views
from link_svc.links.rules import CAUSES, LinkCause, LinkFacts, LinkKind
from link_svc.links.schemas import (
    DeviceLink,
    ExplainedLink,
    LinkExplanation,
    NewDeviceLink,
    NewSiteLink,
    Operation,
    SiteLink,
    Step,
    TicketLink,
    Undone,
    UnlinkPreview,
)
from link_svc.links.tables import Link, LinkChange
from link_svc.links.views import LinkFilter
from link_svc.params import QueryText
from patchbay_kit.errors import ProblemError, invalid
from patchbay_kit.http import (
    Page,
    PageParams,
    Reader,
    Sight,
    SightDep,
    TransactionalRoute,
    Uow,
    check_if_match,
    etag,
    require,
)
from patchbay_kit.http.ids import checked_id

router = APIRouter(
    prefix="/v1/links",
    tags=["links"],
    route_class=TransactionalRoute,
    dependencies=[Depends(require("desk"))],
)
WRITE = [Depends(require("links.write"))]
KINDS = {"sites": LinkKind.SITE, "devices": LinkKind.DEVICE, "tickets": LinkKind.TICKET}
Kinds = Literal["sites", "devices", "tickets"]
_SOON = "If it was made a moment ago, repeat the request."


@router.get("/sites")
async def list_site_links(
    session: Reader,
    params: PageParams,
    connection_id: QueryText = None,
    remote_site_id: QueryText = None,
    account_id: QueryText = None,
    q: QueryText = None,
) -> Page[SiteLink]:
    """Links of sites, newest first; `q` are words of the site's name."""
    wanted = LinkFilter(connection_id, remote_site_id, account_id, q=q)
    return await views.list_site_links(session, wanted, params)


@router.post("/sites", dependencies=WRITE)
async def link_site(body: NewSiteLink, response: Response, uow: Uow) -> SiteLink:
    """Link a site to an account; a site that is linked to another account moves there.

    201 where the site was unlinked, else 200. Many sites may share an account (S1-87).
    """
    return await _link_site(body, response, uow)


@router.put("/sites", dependencies=WRITE)
async def put_site_link(body: NewSiteLink, response: Response, uow: Uow) -> SiteLink:
    """The same as POST: linking twice is linking once."""
    return await _link_site(body, response, uow)


@router.get("/sites/{link_id}")
async def read_site_link(link_id: str, response: Response, session: Reader) -> SiteLink:
    """One link of a site."""
    view = await views.site_link(session, checked_id(link_id, "site_link"))
    response.headers["ETag"] = etag(view.version)
    return view


@router.get("/sites/{link_id}/unlink-preview")
async def preview_site_unlink(link_id: str, session: Reader) -> UnlinkPreview:
    """What removing this link would take along (S1-99)."""
    found = checked_id(link_id, "site_link")
    site = await service.present_link(session, LinkKind.SITE, found)
    devices, tickets = await cascade.preview_unlink(session, site)
    view = await views.site_link(session, found)
    return UnlinkPreview(link=view, devices=devices, tickets=tickets)


@router.delete("/sites/{link_id}", dependencies=WRITE)
async def unlink_site(link_id: str, request: Request, uow: Uow) -> Operation:
    """Remove a site link, and the device and ticket links that came through the site."""
    site = await service.lock_present(uow, LinkKind.SITE, checked_id(link_id, "site_link"))
    check_if_match(request, site.version)
    return Operation.model_validate(await cascade.unlink_site(uow, site))


@router.get("/devices")
async def list_device_links(
    session: Reader,
    params: PageParams,
    connection_id: QueryText = None,
    remote_device_id: QueryText = None,
    remote_site_id: QueryText = None,
    asset_id: QueryText = None,
    account_id: QueryText = None,
    q: QueryText = None,
) -> Page[DeviceLink]:
    """Links of devices, newest first; `q` are words of the device's name."""
    wanted = LinkFilter(connection_id, remote_device_id, asset_id, account_id, remote_site_id, q)
    return await views.list_device_links(session, wanted, params)


@router.post("/devices", dependencies=WRITE)
async def link_device(body: NewDeviceLink, response: Response, uow: Uow) -> DeviceLink:
    """Link a device to an asset; 409 where either has a partner in this connection (S1-108)."""
    name = await device_name(uow.session, body.connection_id, body.remote_device_id)
    if name is None:
        raise _unknown("device", "remote_device_id", "Link it when the catalogue has it.")
    if not await asset_exists(uow.session, body.asset_id):
        raise _unknown("asset", "asset_id", _SOON)
    facts = LinkFacts(
        LinkKind.DEVICE, body.connection_id, body.remote_device_id, name, body.asset_id
    )
    row, new = await service.link(uow, facts)
    await uow.session.flush()
    response.status_code = 201 if new else 200
    response.headers["ETag"] = etag(row.version)
    return await views.device_link(uow.session, row.id)


@router.get("/devices/{link_id}")
async def read_device_link(link_id: str, response: Response, session: Reader) -> DeviceLink:
    """One link of a device."""
    view = await views.device_link(session, checked_id(link_id, "device_link"))
    response.headers["ETag"] = etag(view.version)
    return view


@router.get("/tickets")
async def list_ticket_links(
    session: Reader,
    sight: SightDep,
    params: PageParams,
    connection_id: QueryText = None,
    remote_ticket_id: QueryText = None,
    remote_site_id: QueryText = None,
    ticket_id: QueryText = None,
) -> Page[TicketLink]:
    """Links of tickets, newest first.

    Without `tickets.all`: those of the one ticket of `ticket_id`, if it is theirs.
    """
    wanted = LinkFilter(connection_id, remote_ticket_id, ticket_id, remote_site_id=remote_site_id)
    hidden = await sight.bounds(ticket_id, false())
    return await views.list_ticket_links(session, wanted, params, hidden)


@router.get("/tickets/{link_id}")
async def read_ticket_link(
    link_id: str, response: Response, session: Reader, sight: SightDep
) -> TicketLink:
    """One link of a ticket."""
    view = await views.ticket_link(session, checked_id(link_id, "ticket_link"))
    await sight.check(view.ticket_id, "ticket_link", view.id)
    response.headers["ETag"] = etag(view.version)
    return view


@router.delete("/{kinds}/{link_id}", status_code=204, dependencies=WRITE)
async def unlink_record(
    kinds: Literal["devices", "tickets"],
    link_id: str,
    request: Request,
    uow: Uow,
    sight: SightDep,
) -> Response:
    """Remove the link of a device or a ticket."""
    kind = KINDS[kinds]
    row = await service.lock_present(uow, kind, checked_id(link_id, f"{kind.value}_link"))
    await _check_visible(sight, row)
    check_if_match(request, row.version)
    await service.unlink(uow, row)
    return Response(status_code=204)


@router.get("/{kinds}/{link_id}/explain")
async def explain_link(
    kinds: Kinds, link_id: str, session: Reader, sight: SightDep
) -> LinkExplanation:
    """Every change of a link, and why; for removed links as well."""
    kind = KINDS[kinds]
    found = checked_id(link_id, f"{kind.value}_link")
    row, changes = await service.history(session, kind, found)
    await _check_visible(sight, row)
    return LinkExplanation(
        link=ExplainedLink.model_validate(row), steps=[_step(change) for change in changes]
    )


@router.get("/operations")
async def list_link_operations(session: Reader, params: PageParams) -> Page[Operation]:
    """Removals of site links, newest first."""
    return await views.list_operations(session, params)


@router.post("/operations/{operation_id}/undo", dependencies=WRITE)
async def undo_link_operation(operation_id: str, uow: Uow) -> Undone:
    """Put back what a removal took, except what was changed since; once."""
    found = checked_id(operation_id, "link_operation")
    operation, relinked = await cascade.undo(uow, found)
    return Undone(operation=Operation.model_validate(operation), relinked=relinked)


async def _check_visible(sight: Sight, row: Link) -> None:
    if row.kind == LinkKind.TICKET:
        await sight.check(row.target_id, "ticket_link", row.id)


async def _link_site(body: NewSiteLink, response: Response, uow: Uow) -> SiteLink:
    name = await site_name(uow.session, body.connection_id, body.remote_site_id)
    if name is None:
        raise _unknown("site", "remote_site_id", "Link it when the catalogue has it.")
    stands = await standing_accounts(uow.session, [body.account_id])
    if stands[body.account_id] != body.account_id:
        raise invalid(
            "account_merged",
            "The account was merged into another one",
            field="/account_id",
            hint=f"Link the site to {stands[body.account_id]}.",
        )
    if not await account_exists(uow.session, body.account_id):
        raise _unknown("account", "account_id", _SOON)
    facts = LinkFacts(LinkKind.SITE, body.connection_id, body.remote_site_id, name, body.account_id)
    row, new = await service.link(uow, facts)
    await uow.session.flush()
    response.status_code = 201 if new else 200
    response.headers["ETag"] = etag(row.version)
    return await views.site_link(uow.session, row.id)


def _step(change: LinkChange) -> Step:
    meaning = CAUSES[LinkCause(change.cause)]
    return Step.model_validate(change.model_dump() | {"meaning": meaning})


def _unknown(what: str, field: str, hint: str) -> ProblemError:
    return invalid(f"{what}_unknown", f"No such {what} is known here", field=field, hint=hint)
