"""HTTP of contracts: the desk reads, `contracts.admin` writes."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from patchbay_kit.http import (
    Page,
    PageParams,
    Reader,
    RuntimeDep,
    TransactionalRoute,
    Uow,
    require,
)
from ticket_svc.accounts.belonging import locked_in_account
from ticket_svc.contracts import reading, service
from ticket_svc.contracts.reading import ContractFilter, contract_view
from ticket_svc.contracts.schemas import ContractChange, ContractView, Kind, NewContract
from ticket_svc.contracts.tables import Contract
from ticket_svc.params import QueryId, QueryText
from ticket_svc.records import ArchivedQuery, answer, read

router = APIRouter(
    prefix="/v1/contracts",
    tags=["contracts"],
    route_class=TransactionalRoute,
    dependencies=[Depends(require("desk"))],
)
ADMIN = [Depends(require("contracts.admin"))]


@router.get("", summary="Contracts, newest first")
async def list_contracts(
    session: Reader,
    page: PageParams,
    runtime: RuntimeDep,
    account_id: QueryId = None,
    kind: Annotated[Kind | None, Query()] = None,
    closed: Annotated[bool | None, Query()] = None,
    archived: ArchivedQuery = False,
    q: QueryText = None,
) -> Page[ContractView]:
    """`q` is a part of the name. Each comes with its warnings (X-21)."""
    wanted = ContractFilter(account_id, kind, closed, archived, q)
    contracts = await reading.page_of_contracts(session, wanted, page)
    today = runtime.clock().date()
    return page.page(
        contracts, key=lambda row: (row.id,), item=lambda row: contract_view(row, today)
    )


@router.post("", status_code=201, dependencies=ADMIN, summary="Add a contract")
async def create_contract(body: NewContract, uow: Uow, response: Response) -> ContractView:
    """An account has one default contract: a new one ends the old one's time."""
    contract = await service.create(uow, body)
    return _answer(contract, uow, response, location=f"/v1/contracts/{contract.id}")


@router.get("/{contract_id}", summary="One contract")
async def read_contract(
    contract_id: str, session: Reader, runtime: RuntimeDep, response: Response
) -> ContractView:
    """The ETag is the version, which counts up with what is used of a block."""
    contract = await read(session, Contract, contract_id, "contract")
    return answer(contract_view(contract, runtime.clock().date()), response, contract.version)


@router.patch("/{contract_id}", dependencies=ADMIN, summary="Change a contract")
async def patch_contract(
    contract_id: str, body: ContractChange, request: Request, uow: Uow, response: Response
) -> ContractView:
    """Only what is sent changes; a contract stays with its account and keeps its kind."""
    contract = await _locked(contract_id, request, uow)
    await service.change(uow, contract, body.model_dump(exclude_unset=True))
    return _answer(contract, uow, response)


@router.post("/{contract_id}/close", dependencies=ADMIN, summary="Close a contract")
async def close_contract(
    contract_id: str, request: Request, uow: Uow, response: Response
) -> ContractView:
    """Nothing new is billed to it: 422 `contract_closed` where somebody tries."""
    contract = await _locked(contract_id, request, uow)
    await service.close(uow, contract)
    return _answer(contract, uow, response)


@router.post("/{contract_id}/reopen", dependencies=ADMIN, summary="Reopen a contract")
async def reopen_contract(
    contract_id: str, request: Request, uow: Uow, response: Response
) -> ContractView:
    """It can be billed to again."""
    contract = await _locked(contract_id, request, uow)
    await service.reopen(uow, contract)
    return _answer(contract, uow, response)


@router.post("/{contract_id}/archive", dependencies=ADMIN, summary="Archive a contract")
async def archive_contract(
    contract_id: str, request: Request, uow: Uow, response: Response
) -> ContractView:
    """It stays where it is named, and is the default of its account no more."""
    contract = await _locked(contract_id, request, uow)
    await service.archive(uow, contract)
    return _answer(contract, uow, response)


@router.post("/{contract_id}/restore", dependencies=ADMIN, summary="Restore a contract")
async def restore_contract(
    contract_id: str, request: Request, uow: Uow, response: Response
) -> ContractView:
    """It is offered again."""
    contract = await _locked(contract_id, request, uow)
    await service.restore(uow, contract)
    return _answer(contract, uow, response)


async def _locked(contract_id: str, request: Request, uow: Uow) -> Contract:
    return await locked_in_account(uow, Contract, contract_id, "contract", request)


def _answer(
    contract: Contract, uow: Uow, response: Response, *, location: str | None = None
) -> ContractView:
    view = contract_view(contract, uow.now.date())
    return answer(view, response, contract.version, location=location)
