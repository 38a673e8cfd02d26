"""HTTP of employees' access: `employees.admin` invites, the invited choose their password."""

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
from ticket_svc.employees import access
from ticket_svc.employees.schemas import Acceptance
from ticket_svc.employees.tables import Employee
from ticket_svc.invitations.mailing import mailing_of
from ticket_svc.invitations.schemas import (
    AccessView,
    InvitationMade,
    InvitationWanted,
    access_view,
)

router = APIRouter(
    prefix="/v1/employees",
    tags=["employees"],
    route_class=TransactionalRoute,
    dependencies=[Depends(require("employees.admin"))],
)
# For people who cannot sign in yet.
invitations_router = APIRouter(
    prefix="/v1/auth/invitations", tags=["auth"], route_class=TransactionalRoute
)


@router.get("/{employee_id}/access", summary="Whether an employee signs in")
async def read_access(employee_id: str, session: Reader) -> AccessView:
    """With a password, or soon with an invitation."""
    employee = await records.read(session, Employee, employee_id, "employee")
    return await access_view(session, employee)


@router.post(
    "/{employee_id}/invitation", status_code=201, summary="Invite an employee to choose a password"
)
async def create_invitation(
    employee_id: str,
    caller: Caller,
    uow: Uow,
    runtime: RuntimeDep,
    response: Response,
    body: InvitationWanted | None = None,
) -> InvitationMade:
    """Their first, or a new one: the old one is good until then. The link works once and for 72
    hours, and ends an earlier one.

    It is mailed to their first address as well, where PATCHBAY_MAIL_SECRET_KEY is set; `.../access`
    tells what became of the mail.
    """
    employee = await records.locked(uow, Employee, employee_id, "employee")
    wanted = body or InvitationWanted()
    made = await access.invite(uow, employee, caller, mailing_of(runtime), mail=wanted.mail)
    response.headers["Cache-Control"] = "no-store"
    return InvitationMade.model_validate(made)


@router.delete(
    "/{employee_id}/invitation", status_code=204, summary="Withdraw an employee's invitation"
)
async def delete_invitation(employee_id: str, caller: Caller, uow: Uow) -> Response:
    """The link is not good any more; a password stays. Repeating it changes nothing."""
    employee = await records.locked(uow, Employee, employee_id, "employee")
    await access.withdraw(uow, employee, caller)
    return Response(status_code=204)


@invitations_router.post("/accept", status_code=204, summary="Take up an employee's invitation")
async def accept_employee_invitation(body: Acceptance, uow: Uow) -> Response:
    """Sets the password with which they sign in from now on; at least 12 characters."""
    await access.accept(uow, body.token.get_secret_value(), body.password.get_secret_value())
    return Response(status_code=204)
