"""HTTP of who gets the mail of a ticket (S2-117 .. S2-138)."""

from fastapi import APIRouter, Depends, Request, Response

from patchbay_kit.http import Caller, Reader, TransactionalRoute, Uow, require
from ticket_svc.rights.dependencies import ViewerDep
from ticket_svc.tickets import reading
from ticket_svc.tickets.actors import by
from ticket_svc.tickets.candidates import candidates_of
from ticket_svc.tickets.named import lock_visible
from ticket_svc.tickets.recipient_schemas import (
    Candidates,
    NewRecipientRequest,
    RecipientLists,
    Recipients,
    Subscription,
)
from ticket_svc.tickets.recipients import add_recipient, remove_recipient, replace_recipients
from ticket_svc.tickets.repository import recipients_of
from ticket_svc.tickets.subscribing import subscribe, unsubscribe

router = APIRouter(
    prefix="/v1/tickets",
    tags=["tickets"],
    route_class=TransactionalRoute,
    dependencies=[Depends(require("desk"))],
)


@router.get("/{ticket}/recipients", summary="Who gets the mail of a ticket")
async def read_recipients(ticket: str, session: Reader, viewer: ViewerDep) -> RecipientLists:
    """Roles are shown with whoever holds them now (S2-126)."""
    return await reading.list_recipients(session, ticket, viewer)


@router.put("/{ticket}/recipients", summary="Set who gets the mail of a ticket")
async def put_recipients(
    ticket: str, body: Recipients, request: Request, caller: Caller, viewer: ViewerDep, uow: Uow
) -> RecipientLists:
    """Replaces both lists; a person is in each of them once (S2-138).

    409 `support_address_taken`.
    """
    row = await lock_visible(uow, viewer, ticket, request)
    await replace_recipients(uow, row, body, by(caller))
    return reading.lists_of(await recipients_of(uow.session, row.id))


@router.post("/{ticket}/recipients", status_code=201, summary="Add a recipient to a ticket")
async def post_recipient(
    ticket: str,
    body: NewRecipientRequest,
    request: Request,
    caller: Caller,
    viewer: ViewerDep,
    uow: Uow,
    response: Response,
) -> RecipientLists:
    """Somebody who is a recipient already is moved to the place, and to the address given; nobody
    is in a list twice, a contact neither with the one nor with the other address.

    422 where the contact or account has no address or is archived; 409 `support_address_taken`.
    """
    row = await lock_visible(uow, viewer, ticket, request)
    added = await add_recipient(uow, row, body, by(caller))
    response.headers["Location"] = f"/v1/tickets/{row.id}/recipients/{added}"
    return reading.lists_of(await recipients_of(uow.session, row.id))


@router.get("/{ticket}/recipients/candidates", summary="Whom a ticket's mail could go to")
async def read_candidates(ticket: str, session: Reader, viewer: ViewerDep) -> Candidates:
    """The account and its contacts, the employees and the roles (S2-126 .. S2-128)."""
    row = await reading.find_row(session, ticket, viewer)
    return await candidates_of(session, row)


@router.delete(
    "/{ticket}/recipients/{recipient_id}",
    status_code=204,
    summary="Take a recipient from a ticket",
)
async def delete_recipient(
    ticket: str, recipient_id: str, request: Request, caller: Caller, viewer: ViewerDep, uow: Uow
) -> Response:
    """An entry of either list, by its id."""
    row = await lock_visible(uow, viewer, ticket, request)
    await remove_recipient(uow, row, recipient_id, by(caller))
    return Response(status_code=204)


@router.post("/{ticket}/subscription", summary="Subscribe oneself to a ticket's mail")
async def post_subscription(
    ticket: str, request: Request, caller: Caller, viewer: ViewerDep, uow: Uow
) -> Subscription:
    """For employees (S2-137); repeating it changes nothing."""
    row = await lock_visible(uow, viewer, ticket, request)
    await subscribe(uow, row, caller)
    return Subscription(subscribed=True)


@router.delete("/{ticket}/subscription", summary="Unsubscribe oneself from a ticket's mail")
async def delete_subscription(
    ticket: str, request: Request, caller: Caller, viewer: ViewerDep, uow: Uow
) -> Subscription:
    """Also of the mail that one gets in a role; others in the role still get theirs (S2-137)."""
    row = await lock_visible(uow, viewer, ticket, request)
    await unsubscribe(uow, row, caller)
    return Subscription(subscribed=False)
