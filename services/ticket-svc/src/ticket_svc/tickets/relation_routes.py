"""HTTP of tickets that have to do with each other, and of merging them."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from patchbay_kit.http import Caller, Reader, TransactionalRoute, Uow, require
from ticket_svc.rights.dependencies import ViewerDep
from ticket_svc.tickets import reading
from ticket_svc.tickets.actors import by
from ticket_svc.tickets.labels import load_labels
from ticket_svc.tickets.locking import lock_pair, other_ticket
from ticket_svc.tickets.merged import refuse_merged
from ticket_svc.tickets.merging import (
    check_mergeable,
    merge_tickets,
    merges_of,
    preview_merge,
)
from ticket_svc.tickets.related import relations_of
from ticket_svc.tickets.relating import relate, unrelate
from ticket_svc.tickets.relation_schemas import (
    MergePreview,
    MergeRequest,
    MergeView,
    NewRelation,
    RelationView,
)
from ticket_svc.tickets.unmerging import read_merge, undo_merge

router = APIRouter(
    prefix="/v1/tickets",
    tags=["tickets"],
    route_class=TransactionalRoute,
    dependencies=[Depends(require("desk"))],
)
merges_router = APIRouter(
    prefix="/v1/ticket-merges",
    tags=["tickets"],
    route_class=TransactionalRoute,
    dependencies=[Depends(require("desk"))],
)

Into = Annotated[str, Query(max_length=64, description="id or number", examples=["1000-1002"])]


@router.get("/{ticket}/relations", summary="Tickets that have to do with a ticket")
async def list_relations(ticket: str, session: Reader, viewer: ViewerDep) -> list[RelationView]:
    """Those that the caller sees, at most 200."""
    ticket_id, _ = await reading.resolve(session, ticket, viewer)
    return await relations_of(session, ticket_id, viewer, await load_labels(session))


@router.post("/{ticket}/relations", status_code=201, summary="Relate a ticket to another")
async def post_relation(
    ticket: str,
    body: NewRelation,
    request: Request,
    caller: Caller,
    viewer: ViewerDep,
    uow: Uow,
    response: Response,
) -> list[RelationView]:
    """A pair is related in one way. Parents and originals form no circle (422)."""
    row, other = await lock_pair(uow, ticket, body.ticket, request, viewer, "/ticket")
    await refuse_merged(uow.session, other, viewer)
    await relate(uow, row, other, body.kind, by(caller))
    response.headers["Location"] = f"/v1/tickets/{row.id}/relations/{other.id}"
    return await relations_of(uow.session, row.id, viewer, await load_labels(uow.session))


@router.delete(
    "/{ticket}/relations/{other}", status_code=204, summary="End the relation of two tickets"
)
async def delete_relation(
    ticket: str, other: str, request: Request, caller: Caller, viewer: ViewerDep, uow: Uow
) -> Response:
    """Whichever way it was made."""
    await reading.resolve(uow.session, other, viewer)
    row, there = await lock_pair(uow, ticket, other, request, viewer, "/ticket")
    await refuse_merged(uow.session, there, viewer)
    await unrelate(uow, row, there, by(caller))
    return Response(status_code=204)


@router.get("/{ticket}/merge-preview", summary="What merging a ticket into another would do")
async def read_merge_preview(
    ticket: str,
    into: Into,
    session: Reader,
    viewer: ViewerDep,
    allow_other_account: Annotated[bool, Query()] = True,
) -> MergePreview:
    """The refusals are those of the merge itself. It changes nothing."""
    source = await reading.find_row(session, ticket, viewer)
    await refuse_merged(session, source, viewer)
    target_id = await other_ticket(session, into, viewer, "into")
    target = await reading.find_row(session, target_id, viewer)
    await check_mergeable(session, viewer, source, target, allow_other_account=allow_other_account)
    return await preview_merge(session, source, target, await load_labels(session))


@router.post("/{ticket}/merge", status_code=201, summary="Merge a ticket into another")
async def post_merge(
    ticket: str,
    body: MergeRequest,
    request: Request,
    caller: Caller,
    viewer: ViewerDep,
    uow: Uow,
    response: Response,
) -> MergeView:
    """History, recipients, documents, tasks, appointments, charges and messages go to the other
    ticket, and so does later mail; relations are shown there. This one is closed, and its remote
    twin as with any close.
    """
    source, target = await lock_pair(uow, ticket, body.into, request, viewer, "/into")
    await check_mergeable(
        uow.session, viewer, source, target, allow_other_account=body.allow_other_account
    )
    view = await merge_tickets(uow, source, target, by(caller))
    response.headers["Location"] = f"/v1/ticket-merges/{view.id}"
    return view


@router.get("/{ticket}/merges", summary="Merges of a ticket")
async def list_merges(ticket: str, session: Reader, viewer: ViewerDep) -> list[MergeView]:
    """Into others, and of others into it, oldest first, at most 200. The id of a ticket that the
    caller may not see is null.
    """
    ticket_id, _ = await reading.resolve(session, ticket, viewer)
    return await merges_of(session, ticket_id, viewer)


@merges_router.get("/{merge_id}", summary="One merge of tickets")
async def get_merge(merge_id: str, session: Reader, viewer: ViewerDep) -> MergeView:
    """For those who see one of the two tickets; the other one is named to those who see it."""
    return await read_merge(session, merge_id, viewer)


@merges_router.post("/{merge_id}/undo", summary="Undo a merge of tickets")
async def post_undo(merge_id: str, caller: Caller, viewer: ViewerDep, uow: Uow) -> MergeView:
    """What was carried over goes back; what came later stays. For those who see both tickets. 409
    `merged_on` where the other ticket was merged itself meanwhile.
    """
    return await undo_merge(uow, merge_id, viewer, by(caller))
