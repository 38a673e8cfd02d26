"""Departments of accounts (S3-48): an account has one of a name, archived or not."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from patchbay_contracts import DepartmentCreated, DepartmentUpdated
from patchbay_kit.db import UnitOfWork
from patchbay_kit.errors import conflict
from patchbay_kit.http import PageRequest, keyset
from patchbay_kit.ids import new_id
from ticket_svc.accounts.belonging import active_account
from ticket_svc.departments.schemas import NewDepartment
from ticket_svc.departments.tables import Department
from ticket_svc.params import contains
from ticket_svc.records import apply, archive, differing, is_archived, restore

_DEPARTMENT: Table = Department.__table__  # type: ignore[attr-defined]  # set by SQLModel


async def create_department(uow: UnitOfWork, wanted: NewDepartment) -> Department:
    """A new department of an active account; DepartmentCreated. 409 `department_name_taken`."""
    await active_account(uow, wanted.account_id, exclusive=True)
    await _refuse_taken(uow.session, wanted.account_id, wanted.name)
    department = Department(id=new_id(), **wanted.model_dump(), created_at=uow.now)
    uow.session.add(department)
    await uow.session.flush()
    created = DepartmentCreated(
        department_id=department.id, account_id=department.account_id, name=department.name
    )
    uow.publish(created, subject=department.id, version=department.version)
    return department


async def change_department(
    uow: UnitOfWork, department: Department, changes: Mapping[str, Any]
) -> None:
    """Write what differs; DepartmentUpdated. 409 `department_name_taken`."""
    changed = differing(department, changes)
    if "name" in changed:
        await _refuse_taken(uow.session, department.account_id, changed["name"])
    _tell(uow, department, await apply(uow, department, changed))


async def archive_department(uow: UnitOfWork, department: Department) -> None:
    """Archive it: assets keep it, and it is not offered any more (S3-46)."""
    _tell(uow, department, await archive(uow, department))


async def restore_department(uow: UnitOfWork, department: Department) -> None:
    """It is offered again."""
    _tell(uow, department, await restore(uow, department))


async def page_of_departments(
    session: AsyncSession, account_id: str | None, q: str | None, archived: bool, page: PageRequest
) -> list[Department]:
    """Newest first, one more than the page holds; `q` is a part of the name."""
    statement = select(Department).where(is_archived(_DEPARTMENT.c.archived_at, archived))
    if account_id is not None:
        statement = statement.where(col(Department.account_id) == account_id)
    if q:
        statement = statement.where(_DEPARTMENT.c.name.ilike(contains(q), escape="\\"))
    statement = keyset(statement, [col(Department.id)], page)
    return list((await session.execute(statement)).scalars())


async def _refuse_taken(session: AsyncSession, account_id: str, name: str) -> None:
    same = (_DEPARTMENT.c.account_id == account_id, _DEPARTMENT.c.name == name)
    if await session.scalar(select(_DEPARTMENT.c.id).where(*same)) is not None:
        raise conflict(
            "department_name_taken",
            "The account has such a department already",
            detail=f"There is a department {name!r}.",
            field="/name",
            hint="Take another name, or restore the department if it is archived.",
        )


def _tell(uow: UnitOfWork, department: Department, changed: list[str]) -> None:
    if not changed:
        return
    updated = DepartmentUpdated(
        department_id=department.id,
        account_id=department.account_id,
        name=department.name,
        archived=department.archived_at is not None,
        changed=changed,
    )
    uow.publish(updated, subject=department.id, version=department.version)
