"""Connections: set up, changed, switched; and how they stand after each call.

Promise: a change, its audit row and its event are one transaction and act at once (S1-45).
"""

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_contracts import ConnectionState, ConnectionStateChanged
from patchbay_kit.db import UnitOfWork
from patchbay_kit.errors import ProblemError, conflict, invalid, not_found
from patchbay_kit.ids import new_id
from rmm_gateway.connections import repository
from rmm_gateway.connections.rules import Standing, after_failure, after_success, retry_after
from rmm_gateway.connections.schemas import ConnectionIn, ConnectionPatch, EnablePreview
from rmm_gateway.ledger import service as ledger
from rmm_gateway.policy import ConnectionPolicy
from rmm_gateway.providers.base import ProviderError

ConnectionRow = Row[Any]


async def get(session: AsyncSession, connection_id: str, *, lock: bool = False) -> Row[Any]:
    """The connection, or a 404 problem."""
    row = await repository.one(session, connection_id, lock=lock)
    if row is None:
        raise not_found("connection", connection_id)
    return row


async def create(uow: UnitOfWork, policy: ConnectionPolicy, wanted: ConnectionIn) -> Row[Any]:
    """Set a connection up; with a code it starts as activating (S1-15)."""
    code = wanted.psg_code.get_secret_value() if wanted.psg_code else None
    secret = policy.secret(code)
    await _refuse_shared_secret(uow, secret["secret_hash"], None)
    values: dict[str, Any] = {
        **wanted.model_dump(exclude={"psg_code"}),
        **secret,
        **_fresh(uow.now, configured=code is not None),
        "id": new_id(),
        "base_url": policy.base_url(wanted.base_url),
        "ticket_processing": False,
        "version": 1,
        "event_version": 0,
        "snapshot": 0,
        "draining": False,
        "created_at": uow.now,
        "updated_at": uow.now,
    }
    await repository.add(uow, values)
    shown = wanted.model_dump(exclude={"psg_code"})
    await repository.audit(uow, values["id"], "created", {**shown, "psg_code": _said(code)})
    return await announce(uow, await get(uow.session, values["id"]))


async def edit(
    uow: UnitOfWork, policy: ConnectionPolicy, row: Row[Any], patch: ConnectionPatch
) -> Row[Any]:
    """Change what the patch names. Another code or address starts activation anew."""
    given = patch.model_dump(exclude_unset=True, exclude={"psg_code"})
    values = {k: v for k, v in given.items() if v is not None}
    if "base_url" in values:
        values["base_url"] = policy.base_url(values["base_url"])
        _refuse_stored_code(row, values["base_url"], patch)
    changes = {
        key: {"before": row._mapping[key], "after": value}
        for key, value in values.items()
        if row._mapping[key] != value
    }
    if "psg_code" in patch.model_fields_set:
        code = patch.psg_code.get_secret_value() if patch.psg_code else None
        secret = policy.secret(code)
        if secret["secret_hash"] != row.secret_hash:
            await _refuse_shared_secret(uow, secret["secret_hash"], row.id)
            values.update(secret)
            changes["psg_code"] = {"after": _said(code)}
    if not changes:
        return row
    if {"psg_code", "base_url"} & changes.keys():
        configured = values.get("secret_hash", row.secret_hash) is not None
        values.update(_fresh(uow.now, configured=configured))
    if values.get("inventory_sync") or "inventory_interval" in changes:
        values["inventory_due_at"] = uow.now
    if "poll_interval" in changes:
        values["poll_due_at"] = uow.now
    changed = await repository.change(
        uow, row.id, **values, version=row.version + 1, updated_at=uow.now
    )
    await repository.audit(uow, row.id, "changed", changes)
    if changed.state != row.state or changed.inventory_sync != row.inventory_sync:
        changed = await announce(uow, changed)
    return changed


async def remove(uow: UnitOfWork, row: Row[Any]) -> None:
    """Disconnect: the secret is erased, the ledger and the history stay (S1-46)."""
    gone = await repository.change(
        uow,
        row.id,
        secret_sealed=None,
        secret_hash=None,
        ticket_processing=False,
        inventory_sync=False,
        draining=False,
        state=ConnectionState.NOT_CONFIGURED.value,
        state_since=uow.now,
        state_detail="removed",
        removed_at=uow.now,
        updated_at=uow.now,
        version=row.version + 1,
    )
    await repository.audit(uow, row.id, "removed", {})
    await announce(uow, gone)


async def preview(session: AsyncSession, row: Row[Any], now: datetime) -> EnablePreview:
    """What enabling would do now."""
    cutoff = now - timedelta(days=row.import_cutoff_days)
    counts = await ledger.count_held(session, row.id, cutoff)
    warnings = []
    if row.state != ConnectionState.REACHABLE:
        warnings.append("not_reachable")
    if not row.inventory_sync:
        warnings.append("inventory_off")
    if row.last_inventory_at is None:
        warnings.append("inventory_never_downloaded")
    return EnablePreview(
        held=counts.held,
        would_import=counts.would_import,
        too_old=counts.too_old,
        oldest_held_at=counts.oldest,
        cutoff_at=cutoff,
        import_cutoff_days=row.import_cutoff_days,
        warnings=warnings,
    )


async def enable(uow: UnitOfWork, row: Row[Any], *, confirm: bool) -> Row[Any]:
    """Switch ticket processing on; held tickets are imported from now on (S1-43)."""
    if row.ticket_processing:
        return row
    if row.state == ConnectionState.NOT_CONFIGURED:
        raise conflict(
            "connection_not_configured",
            "The connection has no security code yet",
            hint="Set psg_code first.",
        )
    seen = await preview(uow.session, row, uow.now)
    if not confirm:
        raise ProblemError(
            409,
            "confirmation_required",
            "Enabling imports tickets; confirm it",
            hint="Read the preview and send confirm: true.",
            extra={"preview": seen.model_dump(mode="json")},
        )
    told = {"held": seen.held, "would_import": seen.would_import, "too_old": seen.too_old}
    changed = await repository.change(
        uow,
        row.id,
        ticket_processing=True,
        draining=True,
        cutoff_at=seen.cutoff_at,
        poll_due_at=uow.now,
        version=row.version + 1,
        updated_at=uow.now,
    )
    await repository.audit(uow, row.id, "enabled", told)
    return await announce(uow, changed)


async def disable(uow: UnitOfWork, row: Row[Any]) -> Row[Any]:
    """Switch ticket processing off: updates are still taken, and held (C-13)."""
    if not row.ticket_processing:
        return row
    changed = await repository.change(
        uow,
        row.id,
        ticket_processing=False,
        draining=False,
        version=row.version + 1,
        updated_at=uow.now,
    )
    await repository.audit(uow, row.id, "disabled", {})
    return await announce(uow, changed)


async def refresh(uow: UnitOfWork, row: Row[Any]) -> Row[Any]:
    """Poll and download the inventory as soon as possible."""
    return await repository.change(uow, row.id, poll_due_at=uow.now, inventory_due_at=uow.now)


async def succeeded(uow: UnitOfWork, row: Row[Any], **values: Any) -> Row[Any]:
    """Note that the remote answered as it should; `values` are further columns to set."""
    return await _stand(uow, row, after_success(), {"failures": 0, "last_error": None, **values})


async def failed(uow: UnitOfWork, row: Row[Any], error: ProviderError, **values: Any) -> Row[Any]:
    """Note that a call failed, and when to try again."""
    standing = after_failure(error, row.activating_since, uow.now)
    failures = row.failures + 1
    delay = retry_after(error, failures, row.poll_interval)
    quiet = standing.state is ConnectionState.ACTIVATING
    noted = {
        "failures": failures,
        "last_error": row.last_error if quiet else str(error),
        "last_error_at": row.last_error_at if quiet else uow.now,
        "poll_due_at": uow.now + timedelta(seconds=delay),
    }
    return await _stand(uow, row, standing, {**noted, **values})


async def _stand(
    uow: UnitOfWork, row: Row[Any], standing: Standing, values: dict[str, Any]
) -> Row[Any]:
    values = {**values, "activating_since": standing.activating_since}
    values["state_detail"] = standing.detail
    if standing.state.value == row.state:
        return await repository.change(uow, row.id, **values)
    values |= {"state": standing.state.value, "state_since": uow.now}
    return await announce(uow, await repository.change(uow, row.id, **values))


async def announce(uow: UnitOfWork, row: Row[Any]) -> Row[Any]:
    """Publish how the connection stands; returns the row with its new event version."""
    row = await repository.change(uow, row.id, event_version=row.event_version + 1)
    data = ConnectionStateChanged(
        connection_id=row.id,
        name=row.name,
        provider=row.provider,
        state=ConnectionState(row.state),
        inventory_sync=row.inventory_sync,
        ticket_processing=row.ticket_processing,
        detail=row.state_detail,
    )
    uow.publish(data, subject=row.id, version=row.event_version)
    return row


async def _refuse_shared_secret(
    uow: UnitOfWork, secret_hash: str | None, connection_id: str | None
) -> None:
    if secret_hash is None:
        return
    holder = await repository.holder_of_secret(uow.session, secret_hash)
    if holder is not None and holder.id != connection_id:
        raise conflict(
            "psg_code_in_use",
            "Another connection has this security code",
            field="/psg_code",
            detail=f"It belongs to the connection {holder.name!r}.",
        )


def _refuse_stored_code(row: Row[Any], base_url: str, patch: ConnectionPatch) -> None:
    """A stored code is only sent to the server that it was entered for."""
    if row.secret_sealed is None or "psg_code" in patch.model_fields_set:
        return
    if urlsplit(row.base_url)[:2] != urlsplit(base_url)[:2]:
        raise invalid(
            "psg_code_required",
            "Another server needs the security code again",
            field="/psg_code",
            hint="Send psg_code together with base_url.",
        )


def _fresh(now: datetime, *, configured: bool) -> dict[str, Any]:
    state = ConnectionState.ACTIVATING if configured else ConnectionState.NOT_CONFIGURED
    return {
        "state": state.value,
        "state_since": now,
        "state_detail": None,
        "activating_since": now if configured else None,
        "failures": 0,
        "inventory_failures": 0,
        "last_error": None,
        "last_error_at": None,
        "poll_due_at": now,
        "inventory_due_at": now,
    }


def _said(code: str | None) -> str:
    return "none" if code is None else "changed"
