"""RemoteTicketReceived to tickets, a batch at a time (S1-53 .. S1-61, S1-109 .. S1-117)."""

from collections.abc import Sequence
from datetime import UTC

from patchbay_contracts import (
    Channel,
    Envelope,
    Reason,
    ReasonCode,
    RemoteTicketReceived,
)
from patchbay_kit.db import UnitOfWork
from ticket_svc.links.service import Key
from ticket_svc.remote.accounts import accounts_of
from ticket_svc.remote.rules import asset_for, device_lines, with_device_block
from ticket_svc.remote.surroundings import Given, Surroundings, surroundings_of
from ticket_svc.tickets.defaults import AccountDefaults, account_defaults
from ticket_svc.tickets.opening import NewTicket, open_tickets
from ticket_svc.tickets.people import default_employees
from ticket_svc.tickets.records import NewEntry

_IN_INBOX = Reason(code=ReasonCode.INBOX_EXTERNAL_CREATE)

Event = Envelope[RemoteTicketReceived]


async def take_in(uow: UnitOfWork, events: Sequence[Event]) -> list[Key]:
    """Open a ticket for every remote ticket that has none yet; returns the keys of those of them
    about which something came earlier.
    """
    by_remote: dict[Key, Event] = {}
    for event in events:
        by_remote.setdefault(remote_key(event), event)
    around = await surroundings_of(uow.session, [_given(event) for event in by_remote.values()])
    # Sorted, so that workers lock in one order.
    fresh = [by_remote[key] for key in sorted(by_remote) if key not in around.known]
    chosen = await accounts_of(uow, fresh, around)
    employees = default_employees(around.readers)
    defaults = {
        account.id: account_defaults(account, around.default_manager, employees)
        for account, _ in chosen
    }
    tickets = [
        _new_ticket(event, defaults[account.id], why, around)
        for event, (account, why) in zip(fresh, chosen, strict=True)
    ]
    opened = await open_tickets(uow, tickets, numbers=around.numbers)
    keys = [(t.remote.connection_id, t.remote.remote_ticket_id) for t in opened if t.remote]
    return [key for key in keys if key in around.pending]


def remote_key(event: Event) -> Key:
    """(connection, remote ticket id): unique among tickets."""
    return event.data.remote.connection_id, event.data.remote.remote_ticket_id


def _given(event: Event) -> Given:
    device = _device_key(event)
    return *remote_key(event), event.data.remote_site_id or None, device[1] if device else None


def _device_key(event: Event) -> Key | None:
    device = event.data.device
    if device is None or device.remote_device_id is None:
        return None
    return event.data.remote.connection_id, device.remote_device_id


def _new_ticket(
    event: Event,
    defaults: AccountDefaults,
    why_account: Reason,
    around: Surroundings,
) -> NewTicket:
    data, account = event.data, defaults.account
    key = _device_key(event)
    asset, asset_account = around.assets.get(key, (None, None)) if key else (None, None)
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
        contract_id=account.contract_id,
        awaits_dispatch=around.dispatch,
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
