"""Charging work, expenses and parts (S2-13), billed to a contract (X-21).

Promise: the minutes used of a block of hours are changed with the charge, under the contract's
lock, so they are exact however many charge at once. Locked in the order ticket, contracts, charge.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from patchbay_contracts import ChargeAdded, ChargeRemoved, ChargeUpdated
from patchbay_kit.db import UnitOfWork
from patchbay_kit.errors import invalid
from patchbay_kit.ids import new_id
from ticket_svc import records
from ticket_svc.charges import rules
from ticket_svc.charges.schemas import NewCharge
from ticket_svc.charges.tables import Charge
from ticket_svc.contracts.reading import check_open, contract_named
from ticket_svc.contracts.service import use_minutes
from ticket_svc.contracts.tables import Contract
from ticket_svc.parts import active_people, as_told
from ticket_svc.tickets.actors import By
from ticket_svc.tickets.editing import record_change
from ticket_svc.tickets.records import NewEntry

_TERMS = {"description", "quantity", "unit_price", "billable"}
_FACTS = {"ticket_id", "account_id", "contract_id", "employee_id", "kind", "minutes", "amount"}
_DIGITS = {"quantity": 3, "unit_price": 2}


async def add(
    uow: UnitOfWork, ticket: Row[Any], wanted: NewCharge, who: By, employee_id: str | None
) -> tuple[Charge, Contract | None]:
    """A charge on the locked ticket, and its contract. 422 where the contract takes nothing new.

    `employee_id` did the work where the request names nobody.
    """
    contract = await _billed_to(uow, ticket, wanted.contract_id)
    if wanted.employee_id is not None:
        await active_people(uow.session, [wanted.employee_id], "/employee_id")
    values = _stored(wanted.model_dump(exclude_none=True))
    charge = Charge(
        **{"employee_id": employee_id, "performed_at": uow.now, "quantity": rules.ONE, **values},
        id=new_id(),
        ticket_id=ticket.id,
        account_id=ticket.account_id,
        created_by=who.actor,
        created_at=uow.now,
    )
    charge.contract_id = contract.id if contract is not None else None
    charge.amount = _amount(charge)
    uow.session.add(charge)
    await uow.session.flush()
    if contract is not None:
        await use_minutes(uow, contract, _counted(charge), charge.id)
    data = {"change": "added", **_shown(charge.model_dump(include=_FACTS | _TERMS))}
    await _note(uow, ticket, charge, "added", data, who, at=charge.performed_at)
    uow.publish(ChargeAdded(**_facts(charge)), subject=charge.id, version=charge.version)
    return charge, contract


async def change(
    uow: UnitOfWork, ticket: Row[Any], charge: Charge, wanted: dict[str, Any], who: By
) -> Contract | None:
    """Write what differs; a block gets back what is not used any more. Returns the contract.

    422 `contract_closed` where the charge is, or would be, under a closed contract.
    """
    changes = records.differing(charge, _stored(wanted))
    contracts = await _lock_contracts(uow, charge.contract_id, changes.get("contract_id"))
    former = contracts.get(charge.contract_id)
    if not changes:
        return former
    await _check(uow, charge, changes, former)
    old = charge.model_dump(include={*changes, "amount"})
    used = _counted(charge)
    for name, value in changes.items():
        setattr(charge, name, value)
    changes["amount"] = charge.amount = _amount(charge)
    charge.version += 1
    await uow.session.flush()
    contract = contracts.get(charge.contract_id)
    await _move_use(uow, charge, (former, used), contract)
    changed = sorted(name for name, value in changes.items() if old[name] != value)
    data = {
        "change": "changed",
        "old": _shown({name: old[name] for name in changed}),
        "new": _shown({name: changes[name] for name in changed}),
    }
    await _note(uow, ticket, charge, "changed", data, who)
    updated = ChargeUpdated(**_facts(charge), changed=changed)
    uow.publish(updated, subject=charge.id, version=charge.version)
    return contract


async def remove(uow: UnitOfWork, ticket: Row[Any], charge: Charge, who: By) -> None:
    """Take the charge back; the history keeps it. 422 `contract_closed`."""
    contract = (await _lock_contracts(uow, charge.contract_id)).get(charge.contract_id)
    if contract is not None:
        check_open(contract)
        await use_minutes(uow, contract, -_counted(charge), charge.id)
    data = {"change": "removed", **_shown(charge.model_dump(include=_FACTS | _TERMS))}
    await _note(uow, ticket, charge, "removed", data, who)
    uow.publish(ChargeRemoved(**_facts(charge)), subject=charge.id, version=charge.version + 1)
    await uow.session.delete(charge)
    await uow.session.flush()


async def _billed_to(uow: UnitOfWork, ticket: Row[Any], named: str | None) -> Contract | None:
    contract_id = named or ticket.contract_id
    if contract_id is None:
        return None
    await _lock_contracts(uow, contract_id)
    return await contract_named(uow.session, contract_id, ticket.account_id)


async def _lock_contracts(uow: UnitOfWork, *ids: str | None) -> dict[str | None, Contract]:
    """Those that are there, locked in the order of their ids."""
    found: dict[str | None, Contract] = {}
    for contract_id in sorted({each for each in ids if each is not None}):
        contract = await uow.session.get(
            Contract, contract_id, with_for_update=records.LOCK, populate_existing=True
        )
        if contract is not None:
            found[contract_id] = contract
    return found


async def _check(
    uow: UnitOfWork, charge: Charge, changes: Mapping[str, Any], former: Contract | None
) -> None:
    for name in ("minutes", "quantity"):
        if name in changes and (name == "minutes") != (charge.kind == "work"):
            raise invalid(f"{name}_not_allowed", f"{charge.kind} has no {name}", field=f"/{name}")
    if former is not None:
        check_open(former)
    if "contract_id" in changes:
        await contract_named(uow.session, changes["contract_id"], charge.account_id)
    if changes.get("employee_id") is not None:
        await active_people(uow.session, [changes["employee_id"]], "/employee_id")


async def _move_use(
    uow: UnitOfWork, charge: Charge, before: tuple[Contract | None, int], now: Contract | None
) -> None:
    former, used = before
    counted = _counted(charge)
    if former is now and now is not None:
        await use_minutes(uow, now, counted - used, charge.id)
        return
    if former is not None:
        await use_minutes(uow, former, -used, charge.id)
    if now is not None:
        await use_minutes(uow, now, counted, charge.id)


async def _note(
    uow: UnitOfWork,
    ticket: Row[Any],
    charge: Charge,
    what: str,
    data: dict[str, Any],
    who: By,
    at: datetime | None = None,
) -> None:
    size = f"{charge.minutes} minutes" if charge.kind == "work" else _amount_text(charge)
    text = f"{charge.kind.capitalize()} {what}: {size}."
    entry = NewEntry("charge", text, at or uow.now, data={"charge_id": charge.id, **data})
    await record_change(uow, ticket, entry, "charges", who)


def _stored(values: Mapping[str, Any]) -> dict[str, Any]:
    """Request values as the table has them."""
    return {
        name: rules.from_decimal(value, _DIGITS[name]) if name in _DIGITS else value
        for name, value in values.items()
    }


def _shown(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values of the table as history shows them."""
    texts = {"quantity": rules.quantity_text, "unit_price": rules.money_text}
    texts["amount"] = rules.money_text
    return as_told(
        {name: texts[name](value) if name in texts else value for name, value in values.items()}
    )


def _amount(charge: Charge) -> int:
    return rules.amount(
        charge.kind,
        minutes=charge.minutes,
        quantity=charge.quantity,
        unit_price=charge.unit_price,
    )


def _amount_text(charge: Charge) -> str:
    return rules.money_text(charge.amount)


def _counted(charge: Charge) -> int:
    return rules.counted_minutes(charge.kind, minutes=charge.minutes, billable=charge.billable)


def _facts(charge: Charge) -> dict[str, Any]:
    return {"charge_id": charge.id, **charge.model_dump(include=_FACTS | {"billable"})}
