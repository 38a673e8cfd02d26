"""HTTP of customers' access: `employees.admin` gives and takes it, an invitation is taken up."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic import Field, SecretStr

from patchbay_kit.http import (
    Caller,
    Reader,
    RequestModel,
    ResponseModel,
    RuntimeDep,
    TransactionalRoute,
    Uow,
    require,
)
from ticket_svc import records
from ticket_svc.accounts.belonging import locked_in_account
from ticket_svc.accounts.tables import Contact
from ticket_svc.employees.schemas import NewPassword, Password
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


class AccessView(ResponseModel):
    """Whether a contact signs in."""

    has_password: bool
    invited_until: datetime | None = Field(description="when the last invitation ends or ended")


class InvitationMade(ResponseModel):
    """Shown this once: hand it to the contact, and to nobody else."""

    token: str
    url: str = Field(examples=["https://desk.example/portal/invitation#0QmZ..."])
    expires_at: datetime


class Acceptance(RequestModel):
    token: Annotated[SecretStr, Field(min_length=1, max_length=100)]
    password: Password


@router.get("/{contact_id}/access", summary="Whether a contact signs in")
async def read_access(contact_id: str, session: Reader) -> AccessView:
    """As a customer, for the portal."""
    contact = await records.read(session, Contact, contact_id, "contact")
    return AccessView(
        has_password=contact.password_hash is not None,
        invited_until=await access.invited_until(session, contact.id),
    )


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
    contact_id: str, caller: Caller, uow: Uow, runtime: RuntimeDep, response: Response
) -> InvitationMade:
    """The link lets them choose a password, once and for 72 hours. It ends an earlier one.

    It is not mailed: mail is stored and may be read by others.
    """
    contact = await locked_in_account(uow, Contact, contact_id, "contact")
    made = await access.invite(uow, contact, caller)
    response.headers["Cache-Control"] = "no-store"
    # After the #: browsers keep that to themselves, so that it is in nobody's log.
    url = f"{runtime.settings.public_url.rstrip('/')}/portal/invitation#{made.token}"
    return InvitationMade(token=made.token, url=url, expires_at=made.expires_at)


@invitations_router.post(
    "/accept", status_code=204, dependencies=CHANGES, summary="Take up an invitation"
)
async def accept_invitation(body: Acceptance, uow: Uow) -> Response:
    """Sets the password with which the contact signs in from now on; at least 12 characters."""
    await access.accept(uow, body.token.get_secret_value(), body.password.get_secret_value())
    return Response(status_code=204)
