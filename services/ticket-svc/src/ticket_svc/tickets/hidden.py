"""History entries that name another ticket: not to those who may not see that one (S2-30)."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_kit.http import Page
from ticket_svc.rights.viewer import Viewer
from ticket_svc.tickets.schemas import HistoryItem
from ticket_svc.tickets.seeing import visible_ids

_HIDDEN = "Something with another ticket, which you may not see."


async def without_hidden(
    session: AsyncSession, viewer: Viewer, page: Page[HistoryItem]
) -> Page[HistoryItem]:
    """The page, with what it says of tickets that the viewer may not see blanked."""
    named = {item.id: _named(item.data) for item in page.items}
    ids = {each for each in named.values() if each is not None}
    hidden = ids - await visible_ids(session, viewer, ids)
    if not hidden:
        return page
    items = [_blank(item) if named[item.id] in hidden else item for item in page.items]
    return page.model_copy(update={"items": items})


def _named(data: dict[str, Any]) -> str | None:
    """The id of the other ticket that an entry is about."""
    about = data.get("new") or data.get("old")
    if data.get("field") in ("merged", "merged_into_id"):
        return about if isinstance(about, str) else None
    if data.get("field") == "relations" and isinstance(about, dict):
        return str(about.get("ticket_id"))
    return None


def _blank(item: HistoryItem) -> HistoryItem:
    return item.model_copy(update={"text": _HIDDEN, "data": {"field": item.data["field"]}})
