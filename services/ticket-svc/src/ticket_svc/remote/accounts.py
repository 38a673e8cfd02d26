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
from ticket_svc.accounts.tables import Account
from ticket_svc.accounts.temporary import create_temporary
from ticket_svc.links.service import Key, accounts_by_site
from ticket_svc.remote.rules import auto_account_name

ACCOUNT: Table = Account.__table__  # type: ignore[attr-defined]  # set by SQLModel

Event = Envelope[RemoteTicketReceived]


async def accounts_of(
    uow: UnitOfWork, events: Sequence[Event], own_account_id: str
) -> list[tuple[str, Reason]]:
    """Account id and reason for each event, in order."""
    sites = {key: event for event in events if (key := site_key(event)) is not None}
    by_link = await accounts_by_site(uow.session, sites)
    unknown = {key: event for key, event in sites.items() if key not in by_link}
    temporary, created = await _temporary_accounts(uow, unknown)
    answers: list[tuple[str, Reason]] = []
    for event in events:
        key = site_key(event)
        if key is None:
            answers.append((own_account_id, Reason(code=ReasonCode.ACCOUNT_OWN_COMPANY)))
            continue
        params = {"remote_site_id": key[1], "site": event.data.site_name or ""}
        if key in by_link:
            code, account_id = ReasonCode.ACCOUNT_BY_SITE_LINK, by_link[key]
        elif key in created:
            created.discard(key)
            code, account_id = ReasonCode.ACCOUNT_AUTO_CREATED, temporary[key]
        else:
            code, account_id = ReasonCode.ACCOUNT_AUTO_REUSED, temporary[key]
        answers.append((account_id, Reason(code=code, params=params)))
    return answers


def site_key(event: Event) -> Key | None:
    """(connection, remote site id), or None for a ticket without a site (S1-117)."""
    site = event.data.remote_site_id
    return (event.data.remote.connection_id, site) if site else None


async def _temporary_accounts(
    uow: UnitOfWork, unknown: dict[Key, Event]
) -> tuple[dict[Key, str], set[Key]]:
    """Account id by site key, and the keys whose account was made just now."""
    if not unknown:
        return {}, set()
    found = await _existing(uow, list(unknown))
    missing = sorted(key for key in unknown if key not in found)
    if not missing:
        return found, set()
    created = await create_temporary(uow, {key: _name(key, unknown[key]) for key in missing})
    for key, account_id in created.items():
        _announce(uow, account_id, key, unknown[key])
    if len(created) < len(missing):
        found |= await _existing(uow, [key for key in missing if key not in created])
    return found | created, set(created)


async def _existing(uow: UnitOfWork, keys: list[Key]) -> dict[Key, str]:
    statement = select(
        ACCOUNT.c.origin_connection_id, ACCOUNT.c.origin_site_id, ACCOUNT.c.id
    ).where(key_in(uow.session, [ACCOUNT.c.origin_connection_id, ACCOUNT.c.origin_site_id], keys))
    return {(row[0], row[1]): row[2] for row in await uow.session.execute(statement)}


def _name(key: Key, event: Event) -> str:
    return auto_account_name(event.data.remote.provider, event.data.site_name or key[1])[:300]


def _announce(uow: UnitOfWork, account_id: str, key: Key, event: Event) -> None:
    site_name = event.data.site_name or key[1]
    data = AccountCreated(
        account_id=account_id,
        name=_name(key, event),
        auto_created=True,
        origin=SiteOrigin(
            connection_id=key[0],
            provider=event.data.remote.provider,
            remote_site_id=key[1],
            site_name=site_name,
        ),
    )
    uow.publish(data, subject=account_id, version=1, cause=event)
