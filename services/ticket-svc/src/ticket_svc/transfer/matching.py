"""Which record a row of an import is about: the one of its id, or the only one of its key."""

from collections.abc import Hashable, Iterable
from typing import Generic, TypeVar

from sqlalchemy import Table, and_, or_, select

from patchbay_kit.db import UnitOfWork, key_in
from ticket_svc.accounts.tables import Account
from ticket_svc.records import Record
from ticket_svc.transfer.lines import Line, RowRefusedError

R = TypeVar("R", bound=Record)
K = TypeVar("K", bound=Hashable)

_ACCOUNT: Table = Account.__table__  # type: ignore[attr-defined]  # set by SQLModel


class Matches(Generic[R, K]):
    """The records that a file can be about. Each is the target of one row only."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._by_id: dict[str, R] = {}
        self._by_key: dict[K, list[R]] = {}
        self._seen: set[Hashable] = set()

    def add(self, record: R, *keys: K, offered: bool) -> None:
        """A record, found by its id and where it is not archived by its keys as well."""
        self._by_id[record.id] = record
        for key in keys if offered else ():
            self._by_key.setdefault(key, []).append(record)

    def by_id(self, record_id: str) -> R | None:
        """The record of an id."""
        return self._by_id.get(record_id)

    def target(self, record_id: str | None, key: K | None, column: str) -> R | None:
        """The record that a row is about; None for a new one. `column` is what the key is from.

        RowRefusedError where there is no record of the id, where several have the key, and where
        another row was about the same.
        """
        found = self._found(record_id, key, column)
        same: Hashable = key if found is None else found.id
        if same is not None:
            if same in self._seen:
                raise RowRefusedError(
                    "row_repeated", f"Another row is about the same {self._what}.", column
                )
            self._seen.add(same)
        return found

    def _found(self, record_id: str | None, key: K | None, column: str) -> R | None:
        if record_id is not None:
            if record_id not in self._by_id:
                raise RowRefusedError(
                    f"{self._what}_unknown", f"There is no {self._what} with this id.", "id"
                )
            return self._by_id[record_id]
        candidates = self._by_key.get(key, []) if key is not None else []
        if len(candidates) > 1:
            raise RowRefusedError(
                f"{self._what}_ambiguous",
                f"There are {len(candidates)} of it: say which by its id.",
                column,
            )
        return candidates[0] if candidates else None


class Accounts:
    """The accounts that rows name by `account_id` or `account_name`, locked in one order."""

    def __init__(self) -> None:
        self._names: dict[str, list[Account]] = {}
        self._by_id: dict[str, Account] = {}

    @property
    def ids(self) -> list[str]:
        """The ids of all that are locked, in order."""
        return sorted(self._by_id)

    async def lock(self, uow: UnitOfWork, lines: Iterable[Line], also: Iterable[str]) -> None:
        """Lock what the lines name, and the accounts with the ids `also`."""
        listed = list(lines)
        ids = ids_in(listed, "account_id") | set(also)
        names = {line.values["account_name"] for line in listed if line.values.get("account_name")}
        named = and_(
            key_in(uow.session, [_ACCOUNT.c.name], sorted(names)), _ACCOUNT.c.archived_at.is_(None)
        )
        statement = select(Account).where(
            or_(key_in(uow.session, [_ACCOUNT.c.id], sorted(ids)), named)
        )
        statement = statement.order_by(_ACCOUNT.c.id).with_for_update(key_share=True)
        for account in (await uow.session.execute(statement)).scalars():
            self._by_id[account.id] = account
            if account.archived_at is None:
                self._names.setdefault(account.name, []).append(account)

    def named_by(self, line: Line) -> Account | None:
        """The account that the line names; None where it names none.

        RowRefusedError where there is none of it, or several.
        """
        account_id = line.id_in("account_id")
        if account_id is not None:
            if account_id not in self._by_id:
                raise RowRefusedError("account_unknown", "No such account.", "account_id")
            return self._by_id[account_id]
        name = line.values.get("account_name")
        if name is None:
            return None
        found = self._names.get(name, [])
        if len(found) == 1:
            return found[0]
        if found:
            message = f"There are {len(found)} accounts of this name: say which by account_id."
            raise RowRefusedError("account_ambiguous", message, "account_name")
        raise RowRefusedError("account_unknown", "No such active account.", "account_name")


def ids_in(lines: Iterable[Line], column: str) -> set[str]:
    """The ids in a column; what is no id is left to the writing of its row."""
    found = set()
    for line in lines:
        try:
            record_id = line.id_in(column)
        except RowRefusedError:
            continue
        if record_id is not None:
            found.add(record_id)
    return found
