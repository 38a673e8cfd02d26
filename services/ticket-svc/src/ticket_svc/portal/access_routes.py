"""HTTP of customers' access: `employees.admin` gives and takes it, an invitation is taken up."""

from fastapi import APIRouter, Depends, Response

from patchbay_kit.http import (
    Caller,
    Reader,
    RuntimeDep,
    TransactionalRoute,
    Uow,
    require,
)
from ticket_svc import records
from ticket_svc.accounts.belonging import locked_in_account
from ticket_svc.accounts.tables import Contact
from ticket_svc.employees.schemas import Acceptance, NewPassword
from ticket_svc.invitations.mailing import mailing_of
from ticket_svc.invitations.schemas import (
    AccessView,
    InvitationMade,
    InvitationWanted,
    access_view,
)
from ticket_svc.invitations.service import end
from ticket_svc.portal import access
from ticket_svc.sign_ins.standing import forget_standings

router = APIRouter(
    prefix="/v1/contacts",
    tags=["customers' access"],
    route_class=TransactionalRoute,
    dependencies=[Depends(require("employees.admin"))],
)
# For people who cannot sign in yet.
invitations_router = APIRouter(
    prefix="/v1/portal/invitations", tags=["portal"], route_class=TransactionalRoute
)
CHANGES = [Depends(forget_standings)]


@router.get("/{contact_id}/access", summary="Whether a contact signs in")
async def read_access(contact_id: str, session: Reader) -> AccessView:
    """As a customer, for the portal."""
    contact = await records.read(session, Contact, contact_id, "contact")
    return await access_view(session, contact)


@router.delete(
    "/{contact_id}/access",
    status_code=204,
    dependencies=CHANGES,
    summary="Let a contact sign in no more",
)
async def delete_access(contact_id: str, uow: Uow) -> Response:
    """Ends what they are signed in to, within seconds. Repeating it changes nothing."""
    contact = await locked_in_account(uow, Contact, contact_id, "contact")
    await access.withdraw(uow, contact)
    return Response(status_code=204)


@router.put(
    "/{contact_id}/password",
    status_code=204,
    dependencies=CHANGES,
    summary="Set a contact's password",
)
async def put_password(contact_id: str, body: NewPassword, uow: Uow) -> Response:
    """At least 12 characters. They sign in at `POST /v1/auth/token` and see their account's
    tickets. 409 where an employee has the address.
    """
    contact = await locked_in_account(uow, Contact, contact_id, "contact")
    await access.set_password(uow, contact, body.password.get_secret_value())
    return Response(status_code=204)


@router.post("/{contact_id}/invitation", status_code=201, summary="Invite a contact to sign in")
async def create_invitation(
    contact_id: str,
    caller: Caller,
    uow: Uow,
    runtime: RuntimeDep,
    response: Response,
    body: InvitationWanted | None = None,
) -> InvitationMade:
    """The link lets them choose a password, once and for 72 hours. It ends an earlier one.

    It is mailed to their first address as well, where PATCHBAY_MAIL_SECRET_KEY is set; `.../access`
    tells what became of the mail.
    """
    contact = await locked_in_account(uow, Contact, contact_id, "contact")
    wanted = body or InvitationWanted()
    made = await access.invite(uow, contact, caller, mailing_of(runtime), mail=wanted.mail)
    response.headers["Cache-Control"] = "no-store"
    return InvitationMade.model_validate(made)


@router.delete(
    "/{contact_id}/invitation", status_code=204, summary="Withdraw a contact's invitation"
)
async def delete_invitation(contact_id: str, uow: Uow) -> Response:
    """The link is not good any more; a password stays. Repeating it changes nothing."""
    contact = await locked_in_account(uow, Contact, contact_id, "contact")
    await end(uow.session, contact.id)
    return Response(status_code=204)


@invitations_router.post(
    "/accept", status_code=204, dependencies=CHANGES, summary="Take up an invitation"
)
async def accept_invitation(body: Acceptance, uow: Uow) -> Response:
    """Sets the password with which the contact signs in from now on; at least 12 characters."""
    await access.accept(uow, body.token.get_secret_value(), body.password.get_secret_value())
    return Response(status_code=204)
