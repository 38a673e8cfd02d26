"""Accounts with their contacts and mail domains: what may be changed, and who hears of it."""

from typing import Any

from patchbay_contracts import AccountCreated, AccountRenamed
from patchbay_kit.db import UnitOfWork, insert_many
from patchbay_kit.errors import ProblemError, invalid, not_found
from patchbay_kit.ids import new_id
from ticket_svc.accounts import repository
from ticket_svc.accounts.rules import is_free_mail, normal_domain
from ticket_svc.accounts.schemas import NewAccount, NewContact
from ticket_svc.accounts.tables import Account, AccountDomain, Contact
from ticket_svc.desk.service import refuse_support_address


async def create_account(uow: UnitOfWork, wanted: NewAccount) -> Account:
    """A new account; AccountCreated."""
    await _check(uow, wanted.model_dump())
    account = Account(id=new_id(), **wanted.model_dump(), created_at=uow.now)
    uow.session.add(account)
    await uow.session.flush()
    created = AccountCreated(account_id=account.id, name=account.name)
    uow.publish(created, subject=account.id, version=account.version)
    return account


async def lock_account(uow: UnitOfWork, account_id: str) -> Account:
    """The account's record, locked; 404 `account_not_found`."""
    account = await uow.session.get(Account, account_id, with_for_update=True)
    if account is None:
        raise not_found("account", account_id)
    return account


async def change_account(uow: UnitOfWork, account: Account, changes: dict[str, Any]) -> None:
    """Write what differs. A new name makes an auto-created account a real one (S1-114)."""
    differing = {name: new for name, new in changes.items() if getattr(account, name) != new}
    if not differing:
        return
    await _check(uow, differing)
    for name, value in differing.items():
        setattr(account, name, value)
    account.version += 1
    if "name" in differing:
        account.auto_created = False
        renamed = AccountRenamed(account_id=account.id, name=account.name, auto_created=False)
        uow.publish(renamed, subject=account.id, version=account.version)
    await uow.session.flush()


async def put_domain(uow: UnitOfWork, account: Account, text: str) -> tuple[AccountDomain, bool]:
    """Give the account a mail domain; True where it is new.

    409 `domain_taken` with the holder, 422 `domain_free_mail` for public providers (S4-18, S4-19).
    """
    domain = checked_domain(text)
    if is_free_mail(domain):
        raise invalid(
            "domain_free_mail",
            "Anybody can have an address there",
            field="domain",
            detail=f"{domain} is a public mail provider, so it cannot stand for one account.",
            hint="Add the people's addresses as contacts instead.",
        )
    row = {"domain": domain, "account_id": account.id}
    table = AccountDomain.__table__  # type: ignore[attr-defined]  # set by SQLModel
    written = await insert_many(
        uow.session, table, [row], ignore_conflicts=True, returning=[table.c.domain]
    )
    holder = await uow.session.get_one(AccountDomain, domain)
    if holder.account_id != account.id:
        raise await _taken(uow, holder)
    return holder, bool(written)


async def delete_domain(uow: UnitOfWork, account: Account, text: str) -> None:
    """Take the domain from the account; 404 where it is not the account's."""
    domain = normal_domain(text) or text
    held = await uow.session.get(AccountDomain, domain)
    if held is None or held.account_id != account.id:
        raise not_found("domain", text[:253])
    await uow.session.delete(held)


def checked_domain(text: str) -> str:
    """The domain in its normal form; 422 `domain_invalid`."""
    domain = normal_domain(text)
    if domain is None:
        raise invalid("domain_invalid", "This is not a mail domain", field="domain")
    return domain


async def create_contact(uow: UnitOfWork, wanted: NewContact) -> Contact:
    """A new contact of an account that is there."""
    account = await uow.session.get(Account, wanted.account_id, with_for_update=True)
    if account is None:
        raise invalid("account_unknown", "No such account", field="/account_id")
    await refuse_support_address(uow.session, email1=wanted.email1, email2=wanted.email2)
    if wanted.is_main:
        await _end_main_contact(uow, wanted.account_id)
    contact = Contact(id=new_id(), **wanted.model_dump(), created_at=uow.now)
    uow.session.add(contact)
    await uow.session.flush()
    return contact


async def lock_contact(uow: UnitOfWork, contact_id: str) -> Contact:
    """The contact's record, locked after its account's; 404 `contact_not_found`."""
    found = await uow.session.get(Contact, contact_id)
    if found is None:
        raise not_found("contact", contact_id)
    await lock_account(uow, found.account_id)
    await uow.session.refresh(found, with_for_update=True)
    return found


async def change_contact(uow: UnitOfWork, contact: Contact, changes: dict[str, Any]) -> None:
    """Write what differs; a new main contact ends the old one's time."""
    differing = {name: new for name, new in changes.items() if getattr(contact, name) != new}
    if not differing:
        return
    addresses = {name: differing.get(name) for name in ("email1", "email2")}
    await refuse_support_address(uow.session, **addresses)
    if differing.get("is_main"):
        await _end_main_contact(uow, contact.account_id)
    for name, value in differing.items():
        setattr(contact, name, value)
    contact.version += 1
    await uow.session.flush()


async def _check(uow: UnitOfWork, values: dict[str, Any]) -> None:
    manager_id = values.get("manager_id")
    if manager_id is not None and not await repository.active_employee(uow.session, manager_id):
        raise invalid("manager_unknown", "No such active employee", field="/manager_id")
    addresses = {name: values.get(name) for name in ("email1", "email2")}
    await refuse_support_address(uow.session, **addresses)


async def _end_main_contact(uow: UnitOfWork, account_id: str) -> None:
    for contact in await repository.main_contacts(uow.session, account_id):
        contact.is_main = False
        contact.version += 1


async def _taken(uow: UnitOfWork, holder: AccountDomain) -> ProblemError:
    account = await uow.session.get_one(Account, holder.account_id)
    return ProblemError(
        409,
        "domain_taken",
        "The domain belongs to another account",
        detail=f"{holder.domain} belongs to {account.name!r}.",
        field="domain",
        hint="Take it from that account first.",
        extra={"account_id": account.id, "account_name": account.name},
    )
