"""Charges as the API shows them."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Table, case, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from patchbay_kit.http import PageRequest, keyset
from ticket_svc.charges.rules import money_text, quantity_text
from ticket_svc.charges.schemas import ChargeSaved, ChargeTotals, ChargeView
from ticket_svc.charges.tables import Charge
from ticket_svc.contracts.reading import warning_views
from ticket_svc.contracts.rules import remaining_minutes
from ticket_svc.contracts.tables import Contract
from ticket_svc.params import matching
from ticket_svc.parts import with_visible_ticket
from ticket_svc.rights.viewer import Viewer

_CHARGE: Table = Charge.__table__  # type: ignore[attr-defined]  # set by SQLModel
_TEXTS = {"quantity", "unit_price", "amount"}


@dataclass(frozen=True, slots=True)
class ChargeFilter:
    """What a list is narrowed to; None means any. `since` is inclusive, `until` exclusive; `q` is a
    part of the description.
    """

    ticket_id: str | None = None
    account_id: str | None = None
    contract_id: str | None = None
    employee_id: str | None = None
    kind: str | None = None
    billable: bool | None = None
    since: datetime | None = None
    until: datetime | None = None
    q: str | None = None


_SAME = ("ticket_id", "account_id", "contract_id", "employee_id", "kind", "billable")


async def page_of_charges(
    session: AsyncSession, viewer: Viewer, wanted: ChargeFilter, page: PageRequest
) -> list[Charge]:
    """Newest first, one more than the page holds."""
    statement = select(Charge)
    for name in _SAME:
        if getattr(wanted, name) is not None:
            statement = statement.where(_CHARGE.c[name] == getattr(wanted, name))
    if wanted.since is not None:
        statement = statement.where(_CHARGE.c.performed_at >= wanted.since)
    if wanted.until is not None:
        statement = statement.where(_CHARGE.c.performed_at < wanted.until)
    if wanted.q:
        statement = statement.where(matching([_CHARGE.c.description], wanted.q))
    statement = with_visible_ticket(statement, _CHARGE.c.ticket_id, viewer)
    statement = keyset(statement, [col(Charge.id)], page)
    return list((await session.execute(statement)).scalars())


def charge_view(charge: Charge) -> ChargeView:
    """With money and quantity as decimal texts."""
    return ChargeView(**_members(charge))


def charge_saved(charge: Charge, contract: Contract | None, today: date) -> ChargeSaved:
    """With what its contract warns of as of `today`."""
    return ChargeSaved(
        **_members(charge),
        warnings=warning_views(contract, today) if contract is not None else [],
        remaining_minutes=remaining_minutes(contract) if contract is not None else None,
    )


async def ticket_parts(session: AsyncSession, ticket_id: str) -> dict[str, Any]:
    """`charges`: what is charged on the ticket in all."""
    billable = _CHARGE.c.billable
    worked = func.coalesce(_CHARGE.c.minutes, 0)
    statement = select(
        func.count(),
        func.coalesce(func.sum(worked), 0),
        func.coalesce(func.sum(case((billable, worked), else_=0)), 0),
        func.coalesce(func.sum(_CHARGE.c.amount), 0),
        func.coalesce(func.sum(case((billable, _CHARGE.c.amount), else_=0)), 0),
    ).where(_CHARGE.c.ticket_id == ticket_id)
    count, minutes, billable_minutes, amount, billable_amount = (
        int(value) for value in (await session.execute(statement)).one()
    )
    totals = ChargeTotals(
        count=count,
        minutes=minutes,
        billable_minutes=billable_minutes,
        amount=money_text(amount),
        billable_amount=money_text(billable_amount),
    )
    return {"charges": totals}


def _members(charge: Charge) -> dict[str, Any]:
    plain = charge.model_dump(include=set(ChargeView.model_fields) - _TEXTS)
    return plain | {
        "quantity": quantity_text(charge.quantity),
        "unit_price": money_text(charge.unit_price),
        "amount": money_text(charge.amount),
    }
