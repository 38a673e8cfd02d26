"""Contacts from CSV."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Table, and_, or_, select

from patchbay_kit.db import UnitOfWork, key_in
from ticket_svc.accounts.contact_schemas import ContactChange, NewContact
from ticket_svc.accounts.contacts import add_contact, change_contact
from ticket_svc.accounts.tables import Account, Contact
from ticket_svc.transfer.importing import Outcome
from ticket_svc.transfer.lines import Line, RowRefusedError
from ticket_svc.transfer.matching import Accounts, Matches, ids_in

_CONTACT: Table = Contact.__table__  # type: ignore[attr-defined]  # set by SQLModel
FIELDS = ("name", "title", "email1", "email2", "phone", "is_main")
# Account, column and what stands there.
Key = tuple[str, str, str]


class ContactImporter:
    """A row without an id is the one contact of its account with its `email1`, without that the one
    of its name, or a new one.
    """

    record = "contact"
    columns = frozenset({"id", "account_id", "account_name", *FIELDS})
    ignored = frozenset({"archived_at", "created_at"})
    flags = frozenset({"is_main"})

    def __init__(self) -> None:
        self._accounts = Accounts()
        self._matches: Matches[Contact, Key] = Matches("contact")

    async def prepare(self, uow: UnitOfWork, lines: Sequence[Line]) -> None:
        """Lock the accounts that the lines name, and then their contacts."""
        by_id = key_in(uow.session, [_CONTACT.c.id], sorted(ids_in(lines, "id")))
        owners = (await uow.session.execute(select(_CONTACT.c.account_id).where(by_id))).scalars()
        await self._accounts.lock(uow, lines, owners)
        statement = select(Contact).where(
            or_(
                by_id,
                and_(
                    key_in(uow.session, [_CONTACT.c.account_id], self._accounts.ids),
                    _CONTACT.c.archived_at.is_(None),
                    or_(
                        key_in(uow.session, [_CONTACT.c.email1], _texts(lines, "email1")),
                        key_in(uow.session, [_CONTACT.c.name], _texts(lines, "name")),
                    ),
                ),
            )
        )
        statement = statement.order_by(_CONTACT.c.id).with_for_update(key_share=True)
        for contact in (await uow.session.execute(statement)).scalars():
            keys = [(contact.account_id, "name", contact.name)]
            if contact.email1 is not None:
                keys.append((contact.account_id, "email1", contact.email1))
            self._matches.add(contact, *keys, offered=contact.archived_at is None)

    async def write(self, uow: UnitOfWork, line: Line) -> Outcome:
        """Create or change the contact; it stays with its account."""
        account = self._accounts.named_by(line)
        key = _key(account, line)
        contact = self._matches.target(line.id_in("id"), key, key[1] if key else "name")
        if contact is None:
            if account is None:
                raise RowRefusedError("value_missing", "An account is needed.", "account_id")
            line.values["account_id"] = account.id
            body = line.body(NewContact, ("account_id", *FIELDS), {})
            await add_contact(uow, account, body)
            return "created"
        if account is not None and account.id != contact.account_id:
            raise RowRefusedError(
                "contact_of_other_account", "A contact stays with its account.", "account_id"
            )
        change = line.body(ContactChange, FIELDS, {})
        changed = await change_contact(uow, contact, change.model_dump(exclude_unset=True))
        return "updated" if changed else "unchanged"


def _key(account: Account | None, line: Line) -> Key | None:
    if account is None:
        return None
    email: Any = line.values.get("email1")
    if email:
        return account.id, "email1", email.lower()
    name = line.values.get("name")
    return (account.id, "name", name) if name else None


def _texts(lines: Sequence[Line], column: str) -> list[str]:
    found = {line.values[column] for line in lines if line.values.get(column)}
    return sorted({text.lower() for text in found} if column == "email1" else found)
