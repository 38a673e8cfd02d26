"""Who of a ticket's external recipients is the same person: one is in the list once (S2-138)."""

from collections.abc import Iterable, Mapping
from typing import Protocol, TypeVar

from sqlalchemy import Table, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from ticket_svc.accounts.tables import Contact

_CONTACT: Table = Contact.__table__  # type: ignore[attr-defined]  # set by SQLModel


class Listed(Protocol):
    """An entry of a recipient list, wanted or written."""

    @property
    def name(self) -> str: ...
    @property
    def place(self) -> str: ...
    @property
    def list_name(self) -> str: ...
    @property
    def dedupe_key(self) -> str: ...
    @property
    def contact_id(self) -> str | None: ...
    @property
    def email(self) -> str | None: ...


L = TypeVar("L", bound=Listed)


async def contacts_behind(
    session: AsyncSession, account_id: str, entries: Iterable[Listed]
) -> dict[str, str]:
    """The account's contacts by those addresses of the entries that one of them alone has."""
    wanted = sorted({each.email for each in entries if each.email is not None})
    if not wanted:
        return {}
    columns = (_CONTACT.c.email1, _CONTACT.c.email2)
    statement = select(_CONTACT.c.id, *columns).where(
        _CONTACT.c.account_id == account_id,
        _CONTACT.c.archived_at.is_(None),
        or_(*(each.in_(wanted) for each in columns)),
    )
    holders: dict[str, set[str]] = {}
    for row in await session.execute(statement):
        for address in {row.email1, row.email2} & set(wanted):
            holders.setdefault(address, set()).add(row.id)
    return {address: min(ids) for address, ids in holders.items() if len(ids) == 1}


def same_person(one: Listed, other: Listed, behind: Mapping[str, str]) -> bool:
    """Whether both are one entry of one list: the same address, employee or role, or addresses of
    the same contact.
    """
    if one.list_name != other.list_name:
        return False
    if one.dedupe_key == other.dedupe_key:
        return True
    contact = _contact(one, behind)
    return contact is not None and contact == _contact(other, behind)


def each_once(entries: Iterable[L], behind: Mapping[str, str]) -> list[L]:
    """The first of each person."""
    kept: list[L] = []
    for each in entries:
        if not any(same_person(each, other, behind) for other in kept):
            kept.append(each)
    return kept


def _contact(entry: Listed, behind: Mapping[str, str]) -> str | None:
    return entry.contact_id or behind.get(entry.email or "")
