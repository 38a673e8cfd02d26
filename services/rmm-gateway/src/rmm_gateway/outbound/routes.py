"""/v1/remote-commands: what was asked of remote systems, and how it went."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from sqlalchemy import Row, false, select
from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_kit.errors import not_found
from patchbay_kit.http import (
    Page,
    PageParams,
    Reader,
    Sight,
    SightDep,
    TransactionalRoute,
    Uow,
    keyset,
    require,
)
from patchbay_kit.http.ids import checked_id
from rmm_gateway.dependencies import PartsDep
from rmm_gateway.outbound import repository, service
from rmm_gateway.outbound.rules import CommandState
from rmm_gateway.outbound.schemas import CommandDetail, CommandOut
from rmm_gateway.outbound.tables import COMMAND
from rmm_gateway.outbound.views import detailed, shown

router = APIRouter(
    prefix="/v1/remote-commands",
    tags=["remote commands"],
    route_class=TransactionalRoute,
    dependencies=[Depends(require("desk"))],
)


@router.get("")
async def list_remote_commands(
    session: Reader,
    sight: SightDep,
    params: PageParams,
    state: Annotated[CommandState | None, Query()] = None,
    connection_id: Annotated[UUID | None, Query()] = None,
    ticket_id: Annotated[str | None, Query(max_length=64)] = None,
) -> Page[CommandOut]:
    """Newest first. Without `tickets.all`: those of the ticket of `ticket_id`, if it is theirs."""
    statement = select(COMMAND).where(*await sight.bounds(ticket_id, false()))
    if state is not None:
        statement = statement.where(COMMAND.c.state == state.value)
    if connection_id is not None:
        statement = statement.where(COMMAND.c.connection_id == str(connection_id))
    if ticket_id is not None:
        statement = statement.where(COMMAND.c.ticket_id == ticket_id)
    rows = (await session.execute(keyset(statement, [COMMAND.c.id], params))).all()
    return params.page(rows, key=lambda row: (row.id,), item=shown)


@router.get("/{command_id}")
async def read_remote_command(command_id: str, session: Reader, sight: SightDep) -> CommandDetail:
    """One command: its reasons, its attempts and what comes next."""
    row = await _visible(session, sight, command_id)
    return await detailed(session, row)


@router.post("/{command_id}/retry")
async def retry_remote_command(
    command_id: str, uow: Uow, sight: SightDep, parts: PartsDep
) -> CommandDetail:
    """Try a failed command again; after an unknown outcome the remote is looked at first."""
    await _visible(uow.session, sight, command_id)
    row = await service.retry_by_hand(uow, checked_id(command_id, "remote_command"))
    parts.wakes.set()
    return await detailed(uow.session, row)


async def _visible(session: AsyncSession, sight: Sight, command_id: str) -> Row[Any]:
    """The command; 404 also where its ticket is not the caller's to see (S2-30)."""
    row = await repository.one(session, checked_id(command_id, "remote_command"))
    if row is None or not await sight.sees(row.ticket_id):
        raise not_found("remote_command", command_id)
    return row
