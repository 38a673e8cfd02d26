"""HTTP of locations."""

from fastapi import APIRouter, Depends, Request, Response

from patchbay_kit.http import Page, PageParams, Reader, TransactionalRoute, Uow, require
from ticket_svc import records
from ticket_svc.accounts.belonging import locked_in_account
from ticket_svc.locations import service
from ticket_svc.locations.schemas import LocationChange, LocationView, NewLocation
from ticket_svc.locations.tables import Location
from ticket_svc.params import QueryId, QueryText
from ticket_svc.records import ArchivedQuery

router = APIRouter(
    prefix="/v1/locations",
    tags=["locations"],
    route_class=TransactionalRoute,
    dependencies=[Depends(require("desk"))],
)


@router.get("", summary="Locations, newest first")
async def list_locations(
    session: Reader,
    page: PageParams,
    account_id: QueryId = None,
    q: QueryText = None,
    archived: ArchivedQuery = False,
) -> Page[LocationView]:
    """`q` is a part of name, street or city. Only active ones are offered (S3-46)."""
    locations = await service.page_of_locations(session, account_id, q, archived, page)
    return page.page(locations, key=lambda row: (row.id,), item=LocationView.model_validate)


@router.post("", status_code=201, summary="Add a location")
async def create_location(body: NewLocation, uow: Uow, response: Response) -> LocationView:
    """A place of an account; its first one is its main one."""
    location = await service.create_location(uow, body)
    return _view(location, response, location=f"/v1/locations/{location.id}")


@router.get("/{location_id}", summary="One location")
async def read_location(location_id: str, session: Reader, response: Response) -> LocationView:
    """The ETag is the version."""
    return _view(await records.read(session, Location, location_id, "location"), response)


@router.patch("/{location_id}", summary="Change a location")
async def patch_location(
    location_id: str, body: LocationChange, request: Request, uow: Uow, response: Response
) -> LocationView:
    """Only what is sent changes. An imported one may be renamed: it is known by its machine group
    (S3-43).
    """
    location = await locked_in_account(uow, Location, location_id, "location", request)
    await service.change_location(uow, location, body.model_dump(exclude_unset=True))
    return _view(location, response)


@router.post("/{location_id}/main", summary="Convert a location to the main one")
async def convert_to_main(
    location_id: str, request: Request, uow: Uow, response: Response
) -> LocationView:
    """Assets without a location of their own stand there from now on (S3-39, S3-40)."""
    location = await locked_in_account(uow, Location, location_id, "location", request)
    await service.convert_to_main(uow, location)
    return _view(location, response)


@router.post("/{location_id}/archive", summary="Archive a location")
async def archive_location(
    location_id: str, request: Request, uow: Uow, response: Response
) -> LocationView:
    """Not offered any more. The main one cannot go while the account has another."""
    location = await locked_in_account(uow, Location, location_id, "location", request)
    await service.archive_location(uow, location)
    return _view(location, response)


@router.post("/{location_id}/restore", summary="Restore a location")
async def restore_location(
    location_id: str, request: Request, uow: Uow, response: Response
) -> LocationView:
    """It is offered again; it is the main one where the account has no other."""
    restored = await locked_in_account(uow, Location, location_id, "location", request)
    await service.restore_location(uow, restored)
    return _view(restored, response)


def _view(record: Location, response: Response, *, location: str | None = None) -> LocationView:
    shown = LocationView.model_validate(record)
    return records.answer(shown, response, record.version, location=location)
