"""Callers as the database knows them now. None: may not call any more."""

from datetime import datetime

from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_kit.auth import Principal
from ticket_svc.accounts.tables import Account, Contact
from ticket_svc.employees.holding import held_by
from ticket_svc.employees.tables import Employee
from ticket_svc.rights.tables import ApiKey

_EMPLOYEE: Table = Employee.__table__  # type: ignore[attr-defined]  # set by SQLModel
_CONTACT: Table = Contact.__table__  # type: ignore[attr-defined]
_ACCOUNT: Table = Account.__table__  # type: ignore[attr-defined]
_KEY: Table = ApiKey.__table__  # type: ignore[attr-defined]

# What every customer may, and nobody else is given.
CUSTOMER = "customer"


async def employee_now(session: AsyncSession, employee_id: str) -> Principal | None:
    """An active employee, with what they and their groups may do."""
    columns = (_EMPLOYEE.c.id, _EMPLOYEE.c.name, _EMPLOYEE.c.email1, _EMPLOYEE.c.email2)
    statement = select(*columns).where(_EMPLOYEE.c.id == employee_id, _EMPLOYEE.c.active)
    row = (await session.execute(statement)).one_or_none()
    if row is None:
        return None
    permissions = await held_by(session, employee_id)
    return Principal(row.id, "employee", row.name, row.email1 or row.email2, permissions)


async def contact_now(session: AsyncSession, contact_id: str) -> Principal | None:
    """A customer: a contact with a password, of an account that is neither archived nor merged."""
    columns = (_CONTACT.c.id, _CONTACT.c.name, _CONTACT.c.email1, _CONTACT.c.email2)
    statement = (
        select(*columns, _CONTACT.c.account_id)
        .join(_ACCOUNT, _ACCOUNT.c.id == _CONTACT.c.account_id)
        .where(
            _CONTACT.c.id == contact_id,
            _CONTACT.c.password_hash.is_not(None),
            _CONTACT.c.archived_at.is_(None),
            _ACCOUNT.c.archived_at.is_(None),
            _ACCOUNT.c.merged_into_id.is_(None),
        )
    )
    row = (await session.execute(statement)).one_or_none()
    if row is None:
        return None
    permissions = frozenset({CUSTOMER})
    email = row.email1 or row.email2
    return Principal(row.id, "contact", row.name, email, permissions, row.account_id)


async def key_now(session: AsyncSession, digest: str, now: datetime) -> Principal | None:
    """A program with a key that is neither revoked nor expired."""
    statement = select(_KEY.c.id, _KEY.c.name, _KEY.c.scopes, _KEY.c.expires_at).where(
        _KEY.c.digest == digest, _KEY.c.revoked_at.is_(None)
    )
    row = (await session.execute(statement)).one_or_none()
    if row is None or (row.expires_at is not None and row.expires_at <= now):
        return None
    return Principal(row.id, "api_key", row.name, None, frozenset(row.scopes))
