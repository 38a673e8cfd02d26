"""RemoteTicketReceived to tickets, a batch at a time (S1-53 .. S1-61, S1-109 .. S1-117)."""

from collections.abc import Sequence
from datetime import UTC

from sqlalchemy import Table, select

from patchbay_contracts import (
    Channel,
    Envelope,
    Reason,
    ReasonCode,
    RemoteTicketReceived,
)
from patchbay_kit.db import UnitOfWork, key_in
from ticket_svc.accounts.directory import (
    account_facts,
    all_mail_employees,
    employee_ref,
)
from ticket_svc.accounts.own_company import own_company_account
from ticket_svc.assets.tables import Asset
from ticket_svc.desk.service import load_settings
from ticket_svc.links.service import Key, assets_by_device
from ticket_svc.remote.accounts import accounts_of
from ticket_svc.remote.rules import asset_for, device_lines, with_device_block
from ticket_svc.tickets.defaults import AccountDefaults, account_defaults
from ticket_svc.tickets.opening import NewTicket, open_tickets
from ticket_svc.tickets.people import default_employees
from ticket_svc.tickets.records import NewEntry
from ticket_svc.tickets.tables import Ticket

_TICKET: Table = Ticket.__table__  # type: ignore[attr-defined]  # set by SQLModel
_ASSET: Table = Asset.__table__  # type: ignore[attr-defined]

_IN_INBOX = Reason(code=ReasonCode.INBOX_EXTERNAL_CREATE)

Event = Envelope[RemoteTicketReceived]


async def take_in(uow: UnitOfWork, events: Sequence[Event]) -> list[NewTicket]:
    """Open a ticket for every remote ticket that has none yet; returns the new ones."""
    fresh = await _without_ticket(uow, events)
    if not fresh:
        return []
    settings = await load_settings(uow.session)
    own = await own_company_account(uow, settings.own_account_id)
    chosen = await accounts_of(uow, fresh, own)
    facts = await account_facts(uow.session, [account_id for account_id, _ in chosen])
    assets = await _assets(uow, fresh)
    default_manager = await employee_ref(uow.session, settings.default_manager_id)
    employees = default_employees(await all_mail_employees(uow.session))
    defaults = {
        account_id: account_defaults(account, default_manager, employees)
        for account_id, account in facts.items()
    }
    tickets = [
        _new_ticket(event, defaults[account_id], why, assets)
        for event, (account_id, why) in zip(fresh, chosen, strict=True)
    ]
    return await open_tickets(uow, tickets)


async def _without_ticket(uow: UnitOfWork, events: Sequence[Event]) -> list[Event]:
    """One event for each remote ticket that has no ticket, sorted so that workers lock in one
    order.
    """
    by_remote: dict[Key, Event] = {}
    for event in events:
        by_remote.setdefault(remote_key(event), event)
    columns = [_TICKET.c.connection_id, _TICKET.c.remote_ticket_id]
    statement = select(*columns).where(key_in(uow.session, columns, by_remote))
    found = await uow.session.execute(statement)
    for row in found:
        by_remote.pop((row[0], row[1]))
    return [by_remote[key] for key in sorted(by_remote)]


def remote_key(event: Event) -> Key:
    """(connection, remote ticket id): unique among tickets."""
    return event.data.remote.connection_id, event.data.remote.remote_ticket_id


async def _assets(uow: UnitOfWork, events: Sequence[Event]) -> dict[Key, tuple[str, str]]:
    """(asset id, its account id) by (connection, device)."""
    keys = {key for event in events if (key := _device_key(event)) is not None}
    by_link = await assets_by_device(uow.session, keys)
    if not by_link:
        return {}
    statement = select(_ASSET.c.id, _ASSET.c.account_id).where(
        key_in(uow.session, [_ASSET.c.id], sorted(set(by_link.values())))
    )
    accounts = {row.id: row.account_id for row in await uow.session.execute(statement)}
    return {key: (asset, accounts[asset]) for key, asset in by_link.items() if asset in accounts}


def _device_key(event: Event) -> Key | None:
    device = event.data.device
    if device is None or device.remote_device_id is None:
        return None
    return event.data.remote.connection_id, device.remote_device_id


def _new_ticket(
    event: Event,
    defaults: AccountDefaults,
    why_account: Reason,
    assets: dict[Key, tuple[str, str]],
) -> NewTicket:
    data, account = event.data, defaults.account
    key = _device_key(event)
    asset, asset_account = assets.get(key, (None, None)) if key else (None, None)
    asset_id, why_asset = asset_for(data.device, asset, asset_account, account.id)
    description, entries = _texts(event, asset_id)
    return NewTicket(
        subject=data.summary or "(no summary)",
        description=description,
        account_id=account.id,
        account_name=account.name,
        channel=Channel.RMM,
        occurred_at=data.occurred_at,
        actor=f"rmm:{data.remote.connection_id}",
        reasons=[*data.reasons, why_account, why_asset, *defaults.reasons, _IN_INBOX],
        manager=defaults.manager,
        asset_id=asset_id,
        priority=data.priority,
        remote=data.remote,
        remote_origin=str(data.origin),
        entries=entries,
        recipients=defaults.recipients,
        cause=event,
    )


def _texts(event: Event, asset_id: str | None) -> tuple[str, list[NewEntry]]:
    """Description and notes: the remote time always, device details where no asset is known."""
    data = event.data
    happened = data.occurred_at.astimezone(UTC)
    number = data.remote.number or data.remote.remote_ticket_id
    created = NewEntry(
        "remote_created",
        f"Created in the RMM as {number} at {happened:%Y-%m-%d %H:%M:%S} UTC.",
        data.occurred_at,
        data={"remote_ticket_id": data.remote.remote_ticket_id, "origin": str(data.origin)},
    )
    if data.device is None or asset_id is not None:
        return data.description, [created]
    details = NewEntry(
        "device_details",
        "\n".join(device_lines(data.device)),
        data.occurred_at,
        data=data.device.model_dump(exclude_none=True),
    )
    return with_device_block(data.description, data.device), [created, details]
