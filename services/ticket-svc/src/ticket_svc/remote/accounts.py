"""Which account a remote ticket belongs to:

by site link, else the site's temporary account, else our own company.

Promise: one temporary account per (connection, remote site id), however many workers meet the site
at once (ruling C-01).
"""

from collections.abc import Sequence

from sqlalchemy import Table, select

from patchbay_contracts import (
    AccountCreated,
    Envelope,
    Reason,
    ReasonCode,
    RemoteTicketReceived,
    SiteOrigin,
)
from patchbay_kit.db import UnitOfWork, key_in
from ticket_svc.accounts.own_company import own_company_account
from ticket_svc.accounts.tables import Account
from ticket_svc.accounts.temporary import create_temporary
from ticket_svc.desk.service import load_settings
from ticket_svc.links.service import Key
from ticket_svc.remote.rules import auto_account_name
from ticket_svc.remote.surroundings import Surroundings
from ticket_svc.tickets.directory import AccountFacts, account_facts

ACCOUNT: Table = Account.__table__  # type: ignore[attr-defined]  # set by SQLModel

Event = Envelope[RemoteTicketReceived]


async def accounts_of(
    uow: UnitOfWork, events: Sequence[Event], around: Surroundings
) -> list[tuple[AccountFacts, Reason]]:
    """Account and reason for each event, in order."""
    found = around.temporary | around.linked
    sites = {key: event for event in events if (key := site_key(event)) is not None}
    created = await _temporary_accounts(
        uow, {key: event for key, event in sites.items() if key not in found}, found
    )
    answers: list[tuple[AccountFacts, Reason]] = []
    for event in events:
        key = site_key(event)
        if key is None:
            around.own = around.own or await _own_company(uow)
            answers.append((around.own, Reason(code=ReasonCode.ACCOUNT_OWN_COMPANY)))
            continue
        if key in around.linked:
            code = ReasonCode.ACCOUNT_BY_SITE_LINK
        elif key in created:
            created.discard(key)
            code = ReasonCode.ACCOUNT_AUTO_CREATED
        else:
            code = ReasonCode.ACCOUNT_AUTO_REUSED
        params = {"remote_site_id": key[1], "site": event.data.site_name or ""}
        answers.append((found[key], Reason(code=code, params=params)))
    return answers


async def _own_company(uow: UnitOfWork) -> AccountFacts:
    """The account of ours where there is no setting and no account yet, or the chosen one is not
    there.
    """
    account_id = await own_company_account(uow, None)
    return (await account_facts(uow.session, [account_id]))[account_id]


def site_key(event: Event) -> Key | None:
    """(connection, remote site id), or None for a ticket without a site (S1-117)."""
    site = event.data.remote_site_id
    return (event.data.remote.connection_id, site) if site else None


async def _temporary_accounts(
    uow: UnitOfWork, missing: dict[Key, Event], found: dict[Key, AccountFacts]
) -> set[Key]:
    """Put the accounts of the missing sites into `found`; returns the keys of those made now."""
    if not missing:
        return set()
    templates = (await load_settings(uow.session)).temporary_account_names
    names = {key: _name(missing[key], templates.get(key[0])) for key in sorted(missing)}
    created = await create_temporary(uow, names)
    for key, account_id in created.items():
        _announce(uow, account_id, names[key], missing[key])
        found[key] = AccountFacts(account_id, names[key], None, None)
    if others := [key for key in missing if key not in created]:
        # Another worker met the site in the same moment.
        ids = await _existing(uow, others)
        facts = await account_facts(uow.session, ids.values())
        found |= {key: facts[account_id] for key, account_id in ids.items()}
    return set(created)


async def _existing(uow: UnitOfWork, keys: list[Key]) -> dict[Key, str]:
    statement = select(
        ACCOUNT.c.origin_connection_id, ACCOUNT.c.origin_site_id, ACCOUNT.c.id
    ).where(key_in(uow.session, [ACCOUNT.c.origin_connection_id, ACCOUNT.c.origin_site_id], keys))
    return {(row[0], row[1]): row[2] for row in await uow.session.execute(statement)}


def _name(event: Event, template: str | None) -> str:
    return auto_account_name(event.data.remote.provider, _site_name(event), template)


def _site_name(event: Event) -> str:
    return event.data.site_name or event.data.remote_site_id or ""


def _announce(uow: UnitOfWork, account_id: str, name: str, event: Event) -> None:
    remote, site_id = event.data.remote, event.data.remote_site_id or ""
    data = AccountCreated(
        account_id=account_id,
        name=name,
        auto_created=True,
        origin=SiteOrigin(
            connection_id=remote.connection_id,
            provider=remote.provider,
            remote_site_id=site_id,
            site_name=_site_name(event),
        ),
    )
    uow.publish(data, subject=account_id, version=1, cause=event)
