"""Contracts as the API shows them, and what others ask of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from patchbay_kit.db import key_in
from patchbay_kit.errors import ProblemError, invalid
from patchbay_kit.http import PageRequest, keyset
from ticket_svc.accounts.belonging import belonging
from ticket_svc.contracts import rules
from ticket_svc.contracts.schemas import ContractView, WarningView
from ticket_svc.contracts.tables import Contract
from ticket_svc.params import contains
from ticket_svc.records import is_archived

_CONTRACT: Table = Contract.__table__  # type: ignore[attr-defined]  # set by SQLModel
_COMPUTED = {"warnings", "remaining_minutes"}


@dataclass(frozen=True, slots=True)
class ContractFilter:
    """What a list is narrowed to; None means any."""

    account_id: str | None = None
    kind: str | None = None
    closed: bool | None = None
    archived: bool = False
    q: str | None = None


async def page_of_contracts(
    session: AsyncSession, wanted: ContractFilter, page: PageRequest
) -> list[Contract]:
    """Newest first, one more than the page holds."""
    statement = select(Contract).where(is_archived(_CONTRACT.c.archived_at, wanted.archived))
    if wanted.account_id is not None:
        statement = statement.where(col(Contract.account_id) == wanted.account_id)
    if wanted.kind is not None:
        statement = statement.where(col(Contract.kind) == wanted.kind)
    if wanted.closed is not None:
        closed_at = col(Contract.closed_at)
        statement = statement.where(
            closed_at.is_not(None) if wanted.closed else closed_at.is_(None)
        )
    if wanted.q:
        statement = statement.where(col(Contract.name).ilike(contains(wanted.q), escape="\\"))
    statement = keyset(statement, [col(Contract.id)], page)
    return list((await session.execute(statement)).scalars())


def contract_view(contract: Contract, today: date) -> ContractView:
    """With its warnings as of `today`."""
    return ContractView(
        **contract.model_dump(include=set(ContractView.model_fields) - _COMPUTED),
        remaining_minutes=rules.remaining_minutes(contract),
        warnings=warning_views(contract, today),
    )


def warning_views(contract: Contract, today: date) -> list[WarningView]:
    """What there is to say before billing to it (X-21)."""
    return [WarningView.model_validate(each) for each in rules.warnings(contract, today)]


async def contract_named(session: AsyncSession, contract_id: str, account_id: str) -> Contract:
    """A contract that something new of the account may be billed to (X-21).

    422 `contract_unknown`, `contract_of_other_account`, `contract_archived`, `contract_closed`.
    """
    contract = await belonging(session, Contract, contract_id, account_id, "contract")
    check_open(contract)
    return contract


def check_open(contract: Contract) -> None:
    """422 `contract_closed`, `contract_archived`."""
    if contract.archived_at is not None:
        raise invalid("contract_archived", "The contract is archived", field="/contract_id")
    if contract.closed_at is not None:
        raise contract_closed()


def contract_closed() -> ProblemError:
    """422 where a closed contract is chosen."""
    return invalid(
        "contract_closed",
        "The contract is closed",
        field="/contract_id",
        hint="Reopen it, or choose an open contract of the account.",
    )


async def default_contracts(session: AsyncSession, account_ids: Iterable[str]) -> dict[str, str]:
    """The contract that new tickets of each account get, by account id (X-21).

    Accounts without an open default are left out.
    """
    ids = sorted(set(account_ids))
    if not ids:
        return {}
    statement = select(_CONTRACT.c.account_id, _CONTRACT.c.id).where(
        key_in(session, [_CONTRACT.c.account_id], ids),
        _CONTRACT.c.is_default,
        _CONTRACT.c.closed_at.is_(None),
        _CONTRACT.c.archived_at.is_(None),
    )
    return {row.account_id: row.id for row in await session.execute(statement)}


async def contract_of(
    session: AsyncSession, contract_id: str | None, today: date
) -> ContractView | None:
    """The contract of a ticket, for the ticket's page (S2-05)."""
    contract = await session.get(Contract, contract_id) if contract_id is not None else None
    return contract_view(contract, today) if contract is not None else None
