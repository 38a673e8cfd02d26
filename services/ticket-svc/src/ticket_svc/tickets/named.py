"""The ticket that a path names by its id or its number: read, or locked to be changed.

Promise: for those who may not see it, it is not there.
"""

import re
from typing import Any
from uuid import UUID

from fastapi import Request
from sqlalchemy import ColumnElement, Row, Table, select
from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_kit.db import UnitOfWork
from patchbay_kit.errors import ProblemError, not_found
from patchbay_kit.http import check_if_match
from ticket_svc.rights.viewer import Viewer
from ticket_svc.tickets.merged import refuse_merged
from ticket_svc.tickets.tables import Ticket

_TICKET: Table = Ticket.__table__  # type: ignore[attr-defined]  # set by SQLModel
_NUMBER = re.compile(r"[0-9]{4}-[0-9]{4}")


async def visible_ticket(session: AsyncSession, viewer: Viewer, key: str) -> Row[Any]:
    """The ticket's row; 404 `ticket_not_found`."""
    statement = select(_TICKET).where(named(key), *viewer.conditions())
    row = (await session.execute(statement)).one_or_none()
    if row is None:
        raise ticket_not_found(key)
    return row


async def lock_visible(
    uow: UnitOfWork, viewer: Viewer, key: str, request: Request | None = None
) -> Row[Any]:
    """The same, locked to be changed; 409 `ticket_merged`, and 412 where the request's If-Match
    names another version.
    """
    statement = select(_TICKET).where(named(key), *viewer.conditions()).with_for_update()
    row = (await uow.session.execute(statement)).one_or_none()
    if row is None:
        raise ticket_not_found(key)
    await refuse_merged(uow.session, row, viewer)
    if request is not None:
        check_if_match(request, row.version)
    return row


def named(key: str) -> ColumnElement[bool]:
    """The condition on a ticket; 404 for what names none."""
    if is_number(key):
        return _TICKET.c.number == key
    ticket_id = id_of(key)
    if ticket_id is None:
        raise ticket_not_found(key)
    return _TICKET.c.id == ticket_id


def is_number(key: str) -> bool:
    """Whether it looks like the number of a ticket (S2-106)."""
    return _NUMBER.fullmatch(key) is not None


def id_of(key: str) -> str | None:
    """The id as the database writes it, or None where it is none."""
    try:
        return str(UUID(key))
    except ValueError:
        return None


def ticket_not_found(key: str) -> ProblemError:
    """404; the key may be any text from a path."""
    return not_found("ticket", key[:64])
