"""HTTP of lists: tickets, the numbers of the navigation pane, and saved views."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from patchbay_kit.errors import invalid
from patchbay_kit.http import (
    Caller,
    Page,
    PageParams,
    Reader,
    RuntimeDep,
    TransactionalRoute,
    Uow,
    check_if_match,
    etag,
    require,
)
from patchbay_kit.http.dependencies import permitted, signed_in
from patchbay_kit.http.direct import DirectRoute, answered_by, read_query
from patchbay_kit.http.identification import runtime_of
from ticket_svc import records
from ticket_svc.rights.dependencies import ViewerDep
from ticket_svc.rights.viewer import Viewer
from ticket_svc.tickets.schemas import TicketSummary, TicketView
from ticket_svc.views import saved
from ticket_svc.views.counting import count_tickets
from ticket_svc.views.listing import PageWanted, page_of_tickets
from ticket_svc.views.schemas import (
    Counts,
    CountsQuery,
    ListQuery,
    NewSavedView,
    SavedViewBody,
    SavedViewChange,
    unsortable,
)
from ticket_svc.views.single import ticket_json

tickets_router = APIRouter(
    prefix="/v1/tickets",
    tags=["tickets"],
    route_class=DirectRoute,
    dependencies=[Depends(require("desk"))],
)
router = APIRouter(
    prefix="/v1/views",
    tags=["views"],
    route_class=TransactionalRoute,
    dependencies=[Depends(require("desk"))],
)


async def _answer(request: Request) -> Response:
    viewer = Viewer(permitted(await signed_in(request), "desk"))
    query = read_query(ListQuery, request, "manager_id")
    return await list_tickets(query, viewer, runtime_of(request))


@tickets_router.get("", response_model=Page[TicketSummary], summary="Tickets, newest first")
@answered_by(_answer)
async def list_tickets(
    query: Annotated[ListQuery, Query()], viewer: ViewerDep, runtime: RuntimeDep
) -> Response:
    """Filters combine: all of them must hold. The Inbox is one list for everybody (S2-37);
    employees without `tickets.all` see what they manage (S2-30). A page may hold fewer than
    `limit`, or none, where few tickets among very many match: the list ends where `next_cursor`
    is null.
    """
    page = PageWanted(query.limit, query.cursor, runtime.secrets.derive("cursor /v1/tickets"))
    wanted = query if query.saved_view is None else await _saved(runtime, viewer, query)
    wrong = unsortable(wanted.view, wanted.q, wanted.sort)
    if wrong is not None:
        raise invalid("not_sortable", "This list cannot be sorted so", field="sort", detail=wrong)
    body = await page_of_tickets(runtime.db, viewer, wanted, page)
    return Response(body, media_type="application/json")


async def _saved(runtime: RuntimeDep, viewer: ViewerDep, query: ListQuery) -> ListQuery:
    """The query with what the saved view narrows beside it."""
    assert query.saved_view is not None  # noqa: S101  # the caller looked
    async with runtime.db.read() as session:
        view = await saved.find_view(session, viewer.principal, query.saved_view)
        named = query.model_dump(exclude_unset=True)
        return ListQuery.model_validate({**view.filter, **named})


@tickets_router.get("/counts", summary="The numbers of the navigation pane")
async def read_counts(
    query: Annotated[CountsQuery, Query()], viewer: ViewerDep, session: Reader
) -> Counts:
    """Of what the caller may see, for these managers or for all; merged tickets do not count."""
    return await count_tickets(session, viewer, query.manager_id)


async def _answer_one(request: Request) -> Response:
    viewer = Viewer(permitted(await signed_in(request), "desk"))
    return await read_ticket(request.path_params["ticket"], viewer, runtime_of(request))


# Behind "counts", which it would take for a ticket.
@tickets_router.get("/{ticket}", response_model=TicketView, summary="One ticket")
@answered_by(_answer_one)
async def read_ticket(ticket: str, viewer: ViewerDep, runtime: RuntimeDep) -> Response:
    """With its account, manager, asset, remote twin and recipients. The ETag is its version."""
    body, version = await ticket_json(runtime.db, viewer, ticket, runtime.clock())
    return Response(body, media_type="application/json", headers={"ETag": etag(version)})


@router.get("", summary="Saved views, newest first")
async def list_views(session: Reader, caller: Caller, page: PageParams) -> Page[SavedViewBody]:
    """The caller's own and the shared ones."""
    rows = await saved.page_of_views(session, caller, page)
    return page.page(rows, key=lambda row: (row.id,), item=SavedViewBody.model_validate)


@router.post("", status_code=201, summary="Save a view")
async def create_view(
    body: NewSavedView, caller: Caller, uow: Uow, response: Response
) -> SavedViewBody:
    """A named filter of the ticket list, to be used as `GET /v1/tickets?saved_view=<id>`."""
    view = await saved.save_view(uow, caller, body)
    response.headers["Location"] = f"/v1/views/{view.id}"
    response.headers["ETag"] = etag(view.version)
    return SavedViewBody.model_validate(view)


@router.get("/{view_id}", summary="One saved view")
async def read_view(
    view_id: str, session: Reader, caller: Caller, response: Response
) -> SavedViewBody:
    """Another's is there only if it is shared."""
    view = await saved.find_view(session, caller, view_id)
    response.headers["ETag"] = etag(view.version)
    return SavedViewBody.model_validate(view)


@router.patch("/{view_id}", summary="Change a saved view")
async def patch_view(
    view_id: str,
    body: SavedViewChange,
    request: Request,
    caller: Caller,
    uow: Uow,
    response: Response,
) -> SavedViewBody:
    """Its owner's to change. A filter is replaced as a whole."""
    view = await saved.lock_view(uow, caller, view_id)
    check_if_match(request, view.version)
    await records.apply(uow, view, saved.changes_of(body))
    response.headers["ETag"] = etag(view.version)
    return SavedViewBody.model_validate(view)


@router.delete("/{view_id}", status_code=204, summary="Forget a saved view")
async def delete_view(view_id: str, request: Request, caller: Caller, uow: Uow) -> Response:
    """Its owner's to delete. Tickets are not touched."""
    view = await saved.lock_view(uow, caller, view_id)
    check_if_match(request, view.version)
    await saved.forget_view(uow, view)
    return Response(status_code=204)
