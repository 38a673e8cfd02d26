"""Changing contracts. The account is locked first, for it has one default contract."""

from typing import Any

from sqlalchemy import select
from sqlmodel import col

from patchbay_contracts import ContractCreated, ContractExhausted, ContractUpdated
from patchbay_kit.db import UnitOfWork
from patchbay_kit.errors import invalid
from patchbay_kit.ids import new_id
from ticket_svc import records
from ticket_svc.accounts.belonging import active_account
from ticket_svc.contracts.reading import check_open
from ticket_svc.contracts.rules import crosses
from ticket_svc.contracts.schemas import NewContract
from ticket_svc.contracts.tables import Contract

BLOCK = "block_hours"


async def create(uow: UnitOfWork, wanted: NewContract) -> Contract:
    """A new open contract; ContractCreated."""
    await active_account(uow, wanted.account_id, exclusive=wanted.is_default)
    _check_terms(wanted)
    if wanted.is_default:
        await _end_default(uow, wanted.account_id)
    contract = Contract(id=new_id(), **wanted.model_dump(), created_at=uow.now)
    uow.session.add(contract)
    await uow.session.flush()
    created = ContractCreated(**_facts(contract))
    uow.publish(created, subject=contract.id, version=contract.version)
    return contract


async def change(uow: UnitOfWork, contract: Contract, wanted: dict[str, Any]) -> None:
    """Write what differs from the locked contract; ContractUpdated."""
    changes = records.differing(contract, wanted)
    _check_terms(_Terms({**contract.model_dump(), **changes}))
    if changes.get("is_default"):
        check_open(contract)
        await _end_default(uow, contract.account_id)
    _tell(uow, contract, await records.apply(uow, contract, changes))


async def close(uow: UnitOfWork, contract: Contract) -> None:
    """Nothing new is billed to it; repeating it changes nothing."""
    if contract.closed_at is None:
        await records.apply(uow, contract, {"closed_at": uow.now})
        _tell(uow, contract, ["closed"])


async def reopen(uow: UnitOfWork, contract: Contract) -> None:
    """It can be billed to again; repeating it changes nothing."""
    if contract.closed_at is not None:
        await records.apply(uow, contract, {"closed_at": None})
        _tell(uow, contract, ["closed"])


async def archive(uow: UnitOfWork, contract: Contract) -> None:
    """It stays where it is named, and is nobody's default any more."""
    _tell(uow, contract, await records.archive(uow, contract, is_default=False))


async def restore(uow: UnitOfWork, contract: Contract) -> None:
    """It is offered again."""
    _tell(uow, contract, await records.restore(uow, contract))


async def use_minutes(uow: UnitOfWork, contract: Contract, minutes: int, charge_id: str) -> None:
    """Add to what is used of a locked block, or give back; nothing for the other kinds.

    ContractExhausted once for each time that a charge takes the last of it.
    """
    if contract.kind != BLOCK or minutes == 0:
        return
    before = contract.used_minutes
    changed = await records.apply(uow, contract, {"used_minutes": before + minutes})
    _tell(uow, contract, changed)
    if crosses(contract.block_minutes, before, contract.used_minutes):
        contract.version += 1
        await uow.session.flush()
        exhausted = ContractExhausted(**_facts(contract), charge_id=charge_id)
        uow.publish(exhausted, subject=contract.id, version=contract.version)


class _Terms:
    """The terms as they would be."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.kind = values["kind"]
        self.starts_on = values["starts_on"]
        self.ends_on = values["ends_on"]
        self.block_minutes = values["block_minutes"]


def _check_terms(terms: NewContract | _Terms) -> None:
    if (terms.kind == BLOCK) != (terms.block_minutes is not None):
        title = "needs" if terms.kind == BLOCK else "has no"
        raise invalid(
            "block_minutes_missing" if terms.kind == BLOCK else "block_minutes_not_allowed",
            f"A contract of this kind {title} block of minutes",
            field="/block_minutes",
        )
    if terms.starts_on and terms.ends_on and terms.ends_on < terms.starts_on:
        raise invalid(
            "contract_ends_before_start", "It would end before it starts", field="/ends_on"
        )


async def _end_default(uow: UnitOfWork, account_id: str) -> None:
    """The account is locked, so there is one at most, and nobody makes another meanwhile."""
    statement = select(Contract).where(
        col(Contract.account_id) == account_id, col(Contract.is_default)
    )
    for former in (await uow.session.execute(statement.with_for_update(key_share=True))).scalars():
        _tell(uow, former, await records.apply(uow, former, {"is_default": False}))


def _tell(uow: UnitOfWork, contract: Contract, changed: list[str]) -> None:
    if not changed:
        return
    updated = ContractUpdated(
        **_facts(contract),
        closed=contract.closed_at is not None,
        archived=contract.archived_at is not None,
        changed=changed,
    )
    uow.publish(updated, subject=contract.id, version=contract.version)


def _facts(contract: Contract) -> dict[str, Any]:
    names = {
        "account_id",
        "name",
        "kind",
        "starts_on",
        "ends_on",
        "block_minutes",
        "used_minutes",
    }
    return {"contract_id": contract.id, **contract.model_dump(include=names)}
