"""HTTP of alerts: the ledger for the desk, preferences for the person they are about."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from notifier.alerts import repository, service
from notifier.alerts.rules import AlertState
from notifier.alerts.schemas import AlertView, ExplainedReason, NewPreference, Preference
from notifier.alerts.tables import ALERT, Alert, AlertPreference
from patchbay_contracts import Reason, explanation
from patchbay_kit.auth import Principal
from patchbay_kit.errors import ProblemError, not_found
from patchbay_kit.http import (
    Caller,
    Page,
    PageParams,
    Reader,
    Sight,
    SightDep,
    TransactionalRoute,
    Uow,
    check_if_match,
    etag,
    keyset,
    require,
)
from patchbay_kit.http.ids import checked_id

router = APIRouter(prefix="/v1/alerts", tags=["alerts"], route_class=TransactionalRoute)
DESK = [Depends(require("desk"))]
QueryText = Annotated[str | None, Query(max_length=64)]


@router.get("", dependencies=DESK)
async def list_alerts(
    session: Reader,
    sight: SightDep,
    params: PageParams,
    ticket_id: QueryText = None,
    person_id: QueryText = None,
    state: AlertState | None = None,
) -> Page[AlertView]:
    """The ledger, newest first.

    Without `tickets.all`: alerts to oneself, or about the one ticket of `ticket_id` if it is
    theirs.
    """
    own = await sight.bounds(ticket_id, ALERT.c.person_key == sight.principal.actor)
    wanted = repository.alerts(ticket_id, person_id, state).where(*own)
    statement = keyset(wanted, [ALERT.c.id], params)
    rows = (await session.execute(statement)).all()
    return params.page(rows, key=lambda row: (row.id,), item=_view)


@router.get("/{alert_id}", dependencies=DESK)
async def read_alert(alert_id: str, session: Reader, sight: SightDep) -> AlertView:
    """One alert."""
    alert = await repository.find_alert(session, checked_id(alert_id, "alert"))
    if alert is None or not await _may_see(sight, alert):
        raise not_found("alert", alert_id)
    return _view(alert)


@router.get("/preferences/{employee_id}")
async def read_alert_preference(
    employee_id: str, caller: Caller, response: Response, session: Reader
) -> Preference:
    """Whether a person gets alerts: one's own, or anybody's with `employees.admin`."""
    known = _own(caller, employee_id)
    row = await repository.find_preference(session, known)
    return _preference(row or known, response)


@router.put("/preferences/{employee_id}")
async def change_alert_preference(
    employee_id: str,
    body: NewPreference,
    caller: Caller,
    request: Request,
    response: Response,
    uow: Uow,
) -> Preference:
    """Switch a person's alerts on or off; acts from the next event on (X-12)."""
    row = await service.lock_preference(uow, _own(caller, employee_id))
    check_if_match(request, row.version)
    return _preference(service.choose(uow, row, enabled=body.enabled), response)


async def _may_see(sight: Sight, alert: Alert) -> bool:
    return alert.person_key == sight.principal.actor or await sight.sees(alert.ticket_id)


def _own(caller: Principal, employee_id: str) -> str:
    known = checked_id(employee_id, "employee")
    own = caller.kind == "employee" and caller.id == known
    if not own and not caller.may("employees.admin"):
        raise ProblemError(
            403,
            "permission_missing",
            "You may not do this",
            detail="Preferences of others need the permission 'employees.admin'.",
            extra={"permission": "employees.admin"},
        )
    return known


def _preference(row: AlertPreference | str, response: Response) -> Preference:
    if isinstance(row, str):
        shown = Preference(employee_id=row, enabled=True, version=0)
    else:
        shown = Preference.model_validate(row)
    response.headers["ETag"] = etag(shown.version)
    return shown


def _view(row: Any) -> AlertView:
    reasons = [Reason.model_validate(reason) for reason in row.reasons]
    fields = {name: getattr(row, name) for name in AlertView.model_fields if name != "reasons"}
    return AlertView(**fields, reasons=[_explained(reason) for reason in reasons])


def _explained(reason: Reason) -> ExplainedReason:
    told = explanation(reason.code)
    return ExplainedReason(
        code=reason.code, params=reason.params, meaning=told.meaning, remedy=told.remedy
    )
