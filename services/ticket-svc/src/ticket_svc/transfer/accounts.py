"""Accounts from CSV."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Table, and_, or_, select

from patchbay_kit.db import UnitOfWork, key_in
from ticket_svc.accounts.schemas import AccountChange, NewAccount
from ticket_svc.accounts.service import change_account, create_account
from ticket_svc.accounts.tables import Account
from ticket_svc.transfer.importing import Outcome
from ticket_svc.transfer.lines import Line, RowRefusedError
from ticket_svc.transfer.matching import Matches, ids_in

_ACCOUNT: Table = Account.__table__  # type: ignore[attr-defined]  # set by SQLModel
FIELDS = ("name", "manager_id", "email1", "email2", "phone", "fax", "website", "note")
_BLANKS: dict[str, Any] = {"note": ""}


class AccountImporter:
    """A row without an id is the one account of its name that is not archived, or a new one."""

    record = "account"
    columns = frozenset({"id", *FIELDS})
    ignored = frozenset({"auto_created", "archived_at", "created_at"})
    flags: frozenset[str] = frozenset()

    def __init__(self) -> None:
        self._matches: Matches[Account, str] = Matches("account")

    async def prepare(self, uow: UnitOfWork, lines: Sequence[Line]) -> None:
        """Lock every account that the lines name."""
        ids = ids_in(lines, "id")
        names = {line.values["name"] for line in lines if _named(line)}
        named = and_(
            key_in(uow.session, [_ACCOUNT.c.name], sorted(names)), _ACCOUNT.c.archived_at.is_(None)
        )
        statement = select(Account).where(
            or_(key_in(uow.session, [_ACCOUNT.c.id], sorted(ids)), named)
        )
        statement = statement.order_by(_ACCOUNT.c.id).with_for_update(key_share=True)
        for account in (await uow.session.execute(statement)).scalars():
            self._matches.add(account, account.name, offered=account.archived_at is None)

    async def write(self, uow: UnitOfWork, line: Line) -> Outcome:
        """Create or change the account."""
        account = self._matches.target(line.id_in("id"), line.values.get("name"), "name")
        if account is None:
            await create_account(uow, line.body(NewAccount, FIELDS, _BLANKS))
            return "created"
        if account.merged_into_id is not None:
            raise RowRefusedError(
                "account_merged", f"It was merged into {account.merged_into_id}.", "id"
            )
        body = line.body(AccountChange, FIELDS, _BLANKS)
        changed = await change_account(uow, account, body.model_dump(exclude_unset=True))
        return "updated" if changed else "unchanged"


def _named(line: Line) -> bool:
    return not line.values.get("id") and bool(line.values.get("name"))
