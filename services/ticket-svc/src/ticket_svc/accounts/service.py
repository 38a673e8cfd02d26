"""Accounts with their mail domains: what may be changed, and who hears of it."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_contracts import AccountCreated, AccountRenamed, AccountUpdated
from patchbay_kit.db import UnitOfWork, insert_many
from patchbay_kit.errors import ProblemError, conflict, invalid, not_found
from patchbay_kit.ids import new_id
from ticket_svc.accounts import repository
from ticket_svc.accounts.own_company import own_company_of
from ticket_svc.accounts.rules import is_free_mail, normal_domain
from ticket_svc.accounts.schemas import AccountView, NewAccount
from ticket_svc.accounts.tables import Account, AccountDomain
from ticket_svc.custom_fields.service import check_custom_fields
from ticket_svc.desk.service import load_settings, refuse_support_address
from ticket_svc.records import apply, archive, differing, restore

_DOMAIN: Table = AccountDomain.__table__  # type: ignore[attr-defined]  # set by SQLModel
RECORD = "account"


async def create_account(uow: UnitOfWork, wanted: NewAccount) -> Account:
    """A new account; AccountCreated."""
    values = wanted.model_dump()
    await _check(uow.session, values)
    values["custom_fields"] = await check_custom_fields(
        uow.session, RECORD, {}, wanted.custom_fields
    )
    account = Account(id=new_id(), **values, created_at=uow.now)
    uow.session.add(account)
    await uow.session.flush()
    created = AccountCreated(account_id=account.id, name=account.name)
    uow.publish(created, subject=account.id, version=account.version)
    return account


async def change_account(
    uow: UnitOfWork, account: Account, changes: Mapping[str, Any]
) -> list[str]:
    """Write what differs; AccountUpdated, and with the next version AccountRenamed for a new name,
    which makes an auto-created account a real one (S1-114). The names of what changed.
    """
    wanted = dict(changes)
    if "custom_fields" in wanted:
        wanted["custom_fields"] = await check_custom_fields(
            uow.session, RECORD, account.custom_fields, wanted["custom_fields"]
        )
    wanted = differing(account, wanted)
    await _check(uow.session, wanted)
    if "name" in wanted:
        wanted["auto_created"] = False
    changed = await apply(uow, account, wanted)
    _tell(uow, account, changed)
    if "name" in changed:
        account.version += 1
        await uow.session.flush()
        renamed = AccountRenamed(account_id=account.id, name=account.name, auto_created=False)
        uow.publish(renamed, subject=account.id, version=account.version)
    return changed


async def archive_account(uow: UnitOfWork, account: Account) -> None:
    """Archive the locked account; 409 `own_company` for the one that tickets without any other get
    (S1-117).
    """
    settings = await load_settings(uow.session)
    if account.id == await own_company_of(uow.session, settings.own_account_id):
        raise conflict(
            "own_company",
            "Our own company cannot be archived",
            detail="Tickets that belong to no other account come to it.",
            hint="Choose another own company in the settings first.",
        )
    _tell(uow, account, await archive(uow, account))


async def restore_account(uow: UnitOfWork, account: Account) -> None:
    """Restore the locked account; 409 `account_merged` for one that went into another."""
    if account.merged_into_id is not None:
        raise conflict(
            "account_merged",
            "The account was merged into another one",
            detail=f"It went into {account.merged_into_id} with all that belonged to it.",
            hint="Undo the merge.",
        )
    _tell(uow, account, await restore(uow, account))


async def view_of(session: AsyncSession, account: Account) -> AccountView:
    """The account with what belongs to it."""
    contacts = await repository.contacts_of(session, account.id)
    main = contacts[0] if contacts and contacts[0].is_main else None
    others = contacts[1:] if main else contacts
    return AccountView.of(
        account,
        domains=await repository.domains_of(session, account.id),
        manager=await repository.employee_named(session, account.manager_id),
        main_contact=main,
        secondary_contacts=others[: repository.SHOWN_CONTACTS],
        main_location=await repository.main_location_of(session, account.id),
    )


async def put_domain(uow: UnitOfWork, account: Account, text: str) -> tuple[AccountDomain, bool]:
    """Give the account a mail domain; True where it is new, which is an AccountUpdated.

    409 `domain_taken` with the holder, 422 `domain_free_mail` for public providers (S4-18, S4-19),
    409 `account_archived`.
    """
    if account.archived_at is not None:
        raise conflict(
            "account_archived",
            "The account is archived",
            hint="Restore it first, or give the domain to the account that it was merged into.",
        )
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
    written = await insert_many(
        uow.session, _DOMAIN, [row], ignore_conflicts=True, returning=[_DOMAIN.c.domain]
    )
    holder = await uow.session.get_one(AccountDomain, domain)
    if holder.account_id != account.id:
        raise await _taken(uow, holder)
    if written:
        await _tell_domains(uow, account)
    return holder, bool(written)


async def delete_domain(uow: UnitOfWork, account: Account, text: str) -> None:
    """Take the domain from the account; 404 where it is not the account's."""
    domain = normal_domain(text) or text
    held = await uow.session.get(AccountDomain, domain)
    if held is None or held.account_id != account.id:
        raise not_found("domain", text[:253])
    await uow.session.delete(held)
    await _tell_domains(uow, account)


def checked_domain(text: str) -> str:
    """The domain in its normal form; 422 `domain_invalid`."""
    domain = normal_domain(text)
    if domain is None:
        raise invalid("domain_invalid", "This is not a mail domain", field="domain")
    return domain


async def _check(session: AsyncSession, values: Mapping[str, Any]) -> None:
    manager_id = values.get("manager_id")
    if manager_id is not None:
        manager = await repository.employee_named(session, manager_id)
        if manager is None or not manager.active:
            raise invalid("manager_unknown", "No such active employee", field="/manager_id")
    addresses = {name: values.get(name) for name in ("email1", "email2")}
    await refuse_support_address(session, **addresses)


async def _tell_domains(uow: UnitOfWork, account: Account) -> None:
    account.version += 1
    await uow.session.flush()
    _tell(uow, account, ["domains"])


def _tell(uow: UnitOfWork, account: Account, changed: list[str]) -> None:
    if not changed:
        return
    updated = AccountUpdated(
        account_id=account.id,
        name=account.name,
        auto_created=account.auto_created,
        archived=account.archived_at is not None,
        manager_id=account.manager_id,
        changed=changed,
    )
    uow.publish(updated, subject=account.id, version=account.version)


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
