"""Saved views: found, changed and forgotten."""

from typing import Any

from sqlalchemy import Row, Table, delete, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_kit.auth import Principal
from patchbay_kit.db import UnitOfWork
from patchbay_kit.errors import ProblemError, not_found
from patchbay_kit.http import PageRequest, keyset
from patchbay_kit.http.ids import checked_id
from patchbay_kit.ids import new_id
from ticket_svc.views.schemas import NewSavedView, SavedViewChange, TicketFilter
from ticket_svc.views.tables import SavedView

_VIEW: Table = SavedView.__table__  # type: ignore[attr-defined]  # set by SQLModel


async def page_of_views(session: AsyncSession, who: Principal, page: PageRequest) -> list[Row[Any]]:
    """The caller's own and the shared ones, newest first; one row more than the page holds."""
    statement = select(_VIEW).where(or_(_VIEW.c.owner_id == who.id, _VIEW.c.shared))
    return list((await session.execute(keyset(statement, [_VIEW.c.id], page))).all())


async def find_view(session: AsyncSession, who: Principal, view_id: str) -> SavedView:
    """One that the caller may use; 404 `saved_view_not_found`."""
    view = await session.get(SavedView, checked_id(view_id, "saved_view"))
    if view is None or not (view.shared or view.owner_id == who.id):
        raise not_found("saved_view", view_id)
    return view


async def lock_view(uow: UnitOfWork, who: Principal, view_id: str) -> SavedView:
    """One that the caller may change; 404, or 403 `not_your_view` for somebody else's."""
    view = await uow.session.get(SavedView, checked_id(view_id, "saved_view"), with_for_update=True)
    if view is None or not (view.shared or view.owner_id == who.id):
        raise not_found("saved_view", view_id)
    if view.owner_id != who.id:
        raise ProblemError(
            403,
            "not_your_view",
            "Somebody else made this view",
            hint="Save one of your own with the same filter.",
        )
    return view


async def save_view(uow: UnitOfWork, who: Principal, body: NewSavedView) -> SavedView:
    """A new one of the caller's."""
    view = SavedView(
        id=new_id(),
        owner_id=who.id,
        name=body.name,
        shared=body.shared,
        filter=_kept(body.filter),
        created_at=uow.now,
    )
    uow.session.add(view)
    await uow.session.flush()
    return view


def changes_of(body: SavedViewChange) -> dict[str, Any]:
    """What was sent, as the columns hold it."""
    changes = body.model_dump(exclude_unset=True, exclude={"filter"})
    if body.filter is not None:
        changes["filter"] = _kept(body.filter)
    return changes


async def forget_view(uow: UnitOfWork, view: SavedView) -> None:
    """Delete it; tickets are not touched."""
    await uow.session.execute(delete(_VIEW).where(_VIEW.c.id == view.id))


def _kept(wanted: TicketFilter) -> dict[str, Any]:
    return wanted.model_dump(mode="json", exclude_unset=True)
