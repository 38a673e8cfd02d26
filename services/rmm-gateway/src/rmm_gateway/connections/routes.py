"""/v1/connections: set up, look at, switch on and off."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy import Row, select

from patchbay_kit.http import (
    Page,
    PageParams,
    Reader,
    TransactionalRoute,
    Uow,
    check_if_match,
    etag,
    keyset,
    require,
)
from patchbay_kit.http.ids import checked_id
from patchbay_kit.http.queries import QueryRoute
from rmm_gateway.connections import service
from rmm_gateway.connections.checking import check_connection
from rmm_gateway.connections.schemas import (
    ChangeOut,
    CheckOut,
    ConnectionIn,
    ConnectionOut,
    ConnectionPatch,
    EnableIn,
    EnablePreview,
    RejectedItemOut,
)
from rmm_gateway.connections.tables import CHANGE, CONNECTION
from rmm_gateway.connections.views import shown, shown_one
from rmm_gateway.dependencies import PartsDep
from rmm_gateway.ledger import rejected

ADMIN = [Depends(require("connections.admin"))]
READ = [Depends(require("desk"))]
# What it reads may be about tickets that others manage (S2-30).
READ_ALL = [*READ, Depends(require("tickets.all"))]

router = APIRouter(prefix="/v1/connections", tags=["connections"], route_class=TransactionalRoute)
# Without the request's transaction: nothing may be locked while the remote system is called.
checks = APIRouter(prefix="/v1/connections", tags=["connections"], route_class=QueryRoute)


async def _answer(uow: Uow, row: Row[Any], response: Response, parts: PartsDep) -> ConnectionOut:
    parts.wakes.set()
    response.headers["ETag"] = etag(row.version)
    return await shown_one(uow.session, row, uow.now)


async def _locked(uow: Uow, connection_id: str) -> Row[Any]:
    return await service.get(uow.session, checked_id(connection_id, "connection"), lock=True)


@router.get("", dependencies=READ)
async def list_connections(
    session: Reader, params: PageParams, parts: PartsDep
) -> Page[ConnectionOut]:
    """Every connection that was not removed, newest first."""
    statement = select(CONNECTION).where(CONNECTION.c.removed_at.is_(None))
    rows = (await session.execute(keyset(statement, [CONNECTION.c.id], params))).all()
    views = {v.id: v for v in await shown(session, rows, parts.runtime.clock())}
    return params.page(rows, key=lambda row: (row.id,), item=lambda row: views[row.id])


@router.post("", status_code=201, dependencies=ADMIN)
async def create_connection(
    body: ConnectionIn, uow: Uow, response: Response, parts: PartsDep
) -> ConnectionOut:
    """Set up a connection; ticket processing stays off until it is enabled (S1-23)."""
    row = await service.create(uow, parts.policy, body)
    response.headers["Location"] = f"/v1/connections/{row.id}"
    return await _answer(uow, row, response, parts)


@router.get("/{connection_id}", dependencies=READ)
async def read_connection(
    connection_id: str, session: Reader, response: Response, parts: PartsDep
) -> ConnectionOut:
    """One connection and how it stands."""
    row = await service.get(session, checked_id(connection_id, "connection"))
    response.headers["ETag"] = etag(row.version)
    return await shown_one(session, row, parts.runtime.clock())


@router.patch("/{connection_id}", dependencies=ADMIN)
async def change_connection(
    connection_id: str,
    body: ConnectionPatch,
    request: Request,
    uow: Uow,
    response: Response,
    parts: PartsDep,
) -> ConnectionOut:
    """Change what is given; takes effect at once (S1-45)."""
    row = await _locked(uow, connection_id)
    check_if_match(request, row.version)
    row = await service.edit(uow, parts.policy, row, body)
    return await _answer(uow, row, response, parts)


@router.delete("/{connection_id}", status_code=204, dependencies=ADMIN)
async def remove_connection(connection_id: str, request: Request, uow: Uow) -> Response:
    """Disconnect: the security code is erased, history stays."""
    row = await _locked(uow, connection_id)
    check_if_match(request, row.version)
    await service.remove(uow, row)
    return Response(status_code=204)


@router.get("/{connection_id}/enable-preview", dependencies=READ)
async def preview_enabling(connection_id: str, session: Reader, parts: PartsDep) -> EnablePreview:
    """What enabling ticket processing would import now (S1-43)."""
    row = await service.get(session, checked_id(connection_id, "connection"))
    return await service.preview(session, row, parts.runtime.clock())


@router.post("/{connection_id}/enable", dependencies=ADMIN)
async def enable_connection(
    connection_id: str,
    body: EnableIn,
    request: Request,
    uow: Uow,
    response: Response,
    parts: PartsDep,
) -> ConnectionOut:
    """Switch ticket processing on; without `confirm` 409 with the preview."""
    row = await _locked(uow, connection_id)
    check_if_match(request, row.version)
    row = await service.enable(uow, row, confirm=body.confirm)
    return await _answer(uow, row, response, parts)


@router.post("/{connection_id}/disable", dependencies=ADMIN)
async def disable_connection(
    connection_id: str, request: Request, uow: Uow, response: Response, parts: PartsDep
) -> ConnectionOut:
    """Switch ticket processing off: updates are still taken, and held."""
    row = await _locked(uow, connection_id)
    check_if_match(request, row.version)
    row = await service.disable(uow, row)
    return await _answer(uow, row, response, parts)


@router.post("/{connection_id}/refresh", status_code=202, dependencies=ADMIN)
async def refresh_connection(
    connection_id: str, uow: Uow, response: Response, parts: PartsDep
) -> ConnectionOut:
    """Look at the queue and download the inventory as soon as possible."""
    row = await service.refresh(uow, await _locked(uow, connection_id))
    return await _answer(uow, row, response, parts)


@checks.post("/{connection_id}/check", dependencies=ADMIN)
async def check_now(connection_id: str, parts: PartsDep) -> CheckOut:
    """Call the remote system now and say what it answered."""
    return await check_connection(parts, checked_id(connection_id, "connection"))


@router.get("/{connection_id}/audit", dependencies=ADMIN)
async def list_changes(connection_id: str, session: Reader, params: PageParams) -> Page[ChangeOut]:
    """Who did what to the connection, newest first; also of a removed one."""
    wanted = checked_id(connection_id, "connection")
    statement = select(CHANGE).where(CHANGE.c.connection_id == wanted)
    rows = (await session.execute(keyset(statement, [CHANGE.c.id], params))).all()
    return params.page(rows, key=lambda row: (row.id,), item=ChangeOut.model_validate)


@router.get("/{connection_id}/rejected-items", dependencies=READ_ALL)
async def list_rejected_items(
    connection_id: str,
    session: Reader,
    params: PageParams,
    state: Annotated[str | None, Query(pattern="^(open|discarded)$")] = None,
) -> Page[RejectedItemOut]:
    """What the remote system sent and could not be read, newest first."""
    wanted = checked_id(connection_id, "connection")
    statement, column = rejected.rejected_items(wanted, state)
    rows = (await session.execute(keyset(statement, [column], params))).all()
    return params.page(rows, key=lambda row: (row.id,), item=RejectedItemOut.model_validate)


@router.post("/{connection_id}/rejected-items/{item_id}/discard", dependencies=ADMIN)
async def discard_rejected_item(connection_id: str, item_id: str, uow: Uow) -> RejectedItemOut:
    """Acknowledge it; the row stays readable."""
    wanted = checked_id(connection_id, "connection")
    row = await rejected.discard_rejected(uow, wanted, checked_id(item_id, "rejected_item"))
    return RejectedItemOut.model_validate(row)
