"""Statements on alerts and preferences."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Select, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from notifier.alerts.rules import AlertState
from notifier.alerts.tables import ALERT, PREFERENCE, SETTING, Alert, AlertPreference
from patchbay_kit.db import insert_many

Rows = Sequence[dict[str, Any]]


async def add_alerts(session: AsyncSession, rows: Rows) -> set[str]:
    """Write the ledger; returns the ids of alerts that were not in it before."""
    new = await insert_many(session, ALERT, rows, ignore_conflicts=True, returning=[ALERT.c.id])
    return {row.id for row in new}


async def switched_off(session: AsyncSession, employee_ids: Collection[str]) -> set[str]:
    """Which of these people do not want alerts."""
    statement = select(PREFERENCE.c.employee_id).where(
        PREFERENCE.c.employee_id.in_(employee_ids), PREFERENCE.c.enabled.is_(False)
    )
    return set((await session.execute(statement)).scalars()) if employee_ids else set()


async def lock_alerts(session: AsyncSession, request_ids: Collection[str]) -> Sequence[Alert]:
    """Alerts by their request ids, locked."""
    statement = (
        select(Alert)
        .where(ALERT.c.request_id.in_(request_ids))
        .order_by(ALERT.c.id)
        .with_for_update()
    )
    return (await session.execute(statement)).scalars().all()


def alerts(ticket_id: str | None, person_id: str | None, state: AlertState | None) -> Select[Any]:
    """The ledger; None does not restrict."""
    statement = select(ALERT)
    if ticket_id is not None:
        statement = statement.where(ALERT.c.ticket_id == ticket_id)
    if person_id is not None:
        statement = statement.where(ALERT.c.person_key == f"employee:{person_id}")
    if state is not None:
        statement = statement.where(ALERT.c.state == state.value)
    return statement


async def find_alert(session: AsyncSession, alert_id: str) -> Alert | None:
    """One alert."""
    return await session.get(Alert, alert_id)


async def find_preference(session: AsyncSession, employee_id: str) -> AlertPreference | None:
    """What a person chose, if anything."""
    return await session.get(AlertPreference, employee_id)


async def lock_preference(session: AsyncSession, first: dict[str, Any]) -> AlertPreference:
    """What a person chose, locked; `first` is the row where there is none yet."""
    await insert_many(session, PREFERENCE, [first], ignore_conflicts=True)
    statement = (
        select(AlertPreference)
        .where(PREFERENCE.c.employee_id == first["employee_id"])
        .with_for_update()
    )
    return (await session.execute(statement)).scalar_one()


async def keep_setting(session: AsyncSession, name: str, value: str) -> None:
    """Write a setting."""
    row = {"name": name, "value": value}
    await insert_many(session, SETTING, [row], ignore_conflicts=True)
    await session.execute(
        update(SETTING).where(SETTING.c.name == name, SETTING.c.value != value).values(value=value)
    )


async def setting(session: AsyncSession, name: str) -> str | None:
    """A setting, once it was written."""
    value: str | None = await session.scalar(select(SETTING.c.value).where(SETTING.c.name == name))
    return value
