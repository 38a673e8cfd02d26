"""Signing in through an external OpenID Connect provider: its token for one of ours (RFC 8693).

Promise: only a verified address of exactly one active employee gets in. Nobody is made here, and
what they may do is said here: by the employee's record and the privilege groups that the mapping
names, which follow what the provider says at each sign-in.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Table, delete, or_, select

from patchbay_kit.auth import Principal
from patchbay_kit.db import UnitOfWork, insert_many
from patchbay_kit.errors import ProblemError, conflict
from ticket_svc.employees.tables import Employee
from ticket_svc.rights.giving import keep_an_administrator
from ticket_svc.rights.people import employee_now
from ticket_svc.rights.tables import PrivilegeGroup, PrivilegeGroupMember

_EMPLOYEE: Table = Employee.__table__  # type: ignore[attr-defined]  # set by SQLModel
_GROUP: Table = PrivilegeGroup.__table__  # type: ignore[attr-defined]
_MEMBER: Table = PrivilegeGroupMember.__table__  # type: ignore[attr-defined]


async def employee_of(uow: UnitOfWork, claims: Mapping[str, Any]) -> str:
    """The id of the employee whose address the provider has verified; 403 `employee_unknown`."""
    email = claims.get("email")
    if not isinstance(email, str) or claims.get("email_verified") is not True:
        raise _unknown("The identity provider has not verified an e-mail address of yours.")
    address = email.strip().lower()
    held = or_(_EMPLOYEE.c.email1 == address, _EMPLOYEE.c.email2 == address)
    statement = select(_EMPLOYEE.c.id).where(held, _EMPLOYEE.c.active).limit(2)
    ids = list((await uow.session.execute(statement)).scalars())
    if len(ids) != 1:
        raise _unknown("There is not exactly one active employee with your e-mail address.")
    return str(ids[0])


async def follow_groups(
    uow: UnitOfWork, employee_id: str, said: Any, mapping: Mapping[str, str]
) -> bool:
    """Put the employee into the mapped groups that the provider names, and out of the others.

    Groups that the mapping does not name are left alone. True where anything changed; 409
    `privilege_group_missing` where the mapping names one that there is not.
    """
    named = {str(each) for each in said} if isinstance(said, list) else set()
    wanted = {group for theirs, group in mapping.items() if theirs in named}
    rows = await uow.session.execute(
        select(_GROUP.c.id, _GROUP.c.name).where(_GROUP.c.name.in_(sorted(set(mapping.values()))))
    )
    ids = {row.name: row.id for row in rows}
    missing = sorted(wanted - set(ids))
    if missing:
        raise conflict(
            "privilege_group_missing",
            "A privilege group is missing",
            detail=f"PATCHBAY_OIDC_GROUPS names {missing[0]!r}, and there is no such group.",
            hint="Ask an administrator to add it.",
        )
    mine = _MEMBER.c.employee_id == employee_id
    among = _MEMBER.c.group_id.in_(sorted(ids.values()))
    held = set((await uow.session.execute(select(_MEMBER.c.group_id).where(mine, among))).scalars())
    due = {ids[name] for name in wanted}
    new = [{"group_id": each, "employee_id": employee_id} for each in sorted(due - held)]
    await insert_many(uow.session, _MEMBER, new, ignore_conflicts=True)
    ended = sorted(held - due)
    if ended:
        gone = _MEMBER.c.group_id.in_(ended)
        await uow.session.execute(delete(_MEMBER).where(mine, gone))
        await keep_an_administrator(uow.session)
    return bool(new or ended)


async def principal_of(uow: UnitOfWork, employee_id: str) -> Principal:
    """The employee as they are now."""
    found = await employee_now(uow.session, employee_id)
    if found is None:
        raise _unknown("You are no active employee any more.")
    return found


def _unknown(detail: str) -> ProblemError:
    return ProblemError(
        403,
        "employee_unknown",
        "You are not known here",
        detail=detail,
        hint="Ask an administrator to add you as an employee with this address.",
    )
