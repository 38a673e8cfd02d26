"""Defining custom fields, and checking the values that records are given."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from patchbay_kit.db import UnitOfWork, insert_many
from patchbay_kit.errors import conflict, invalid
from patchbay_kit.http import PageRequest, keyset
from patchbay_kit.ids import new_id
from ticket_svc.custom_fields.rules import Definition, ValueRefusedError, checked, merged
from ticket_svc.custom_fields.schemas import NewCustomField
from ticket_svc.custom_fields.tables import CustomField
from ticket_svc.records import apply, is_archived

_FIELD: Table = CustomField.__table__  # type: ignore[attr-defined]  # set by SQLModel


async def check_custom_fields(
    session: AsyncSession, record: str, current: Mapping[str, Any], values: Mapping[str, Any]
) -> dict[str, Any]:
    """What the record's `custom_fields` become when `values` are sent.

    `record` is account, contact, asset or ticket. 422 on `/custom_fields/<key>`:
    `custom_field_unknown`, `custom_field_archived` or `custom_field_invalid`.
    """
    if not values:
        return dict(current)
    found = await definitions_of(session, record)
    try:
        return merged(current, checked(found, values))
    except ValueRefusedError as error:
        raise invalid(
            error.code,
            "The custom field does not take this",
            field=f"/custom_fields/{_pointer(error.key)}",
            detail=str(error),
        ) from None


async def definitions_of(session: AsyncSession, record: str) -> list[Definition]:
    """Every field of a kind of record, in the order in which they were defined."""
    statement = select(_FIELD.c.key, _FIELD.c.kind, _FIELD.c.choices, _FIELD.c.archived_at).where(
        _FIELD.c.record == record
    )
    rows = await session.execute(statement.order_by(_FIELD.c.id))
    return [Definition(r.key, r.kind, tuple(r.choices), r.archived_at is None) for r in rows]


async def define(uow: UnitOfWork, wanted: NewCustomField) -> CustomField:
    """A new field; 409 `custom_field_taken` where the kind of record has the key, archived or
    not.
    """
    row = {
        "id": new_id(),
        **wanted.model_dump(),
        "archived_at": None,
        "version": 1,
        "created_at": uow.now,
    }
    written = await insert_many(
        uow.session, _FIELD, [row], ignore_conflicts=True, returning=[_FIELD.c.id]
    )
    if not written:
        raise conflict(
            "custom_field_taken",
            "There is such a field already",
            detail=f"The records of the kind {wanted.record!r} have a field {wanted.key!r}.",
            field="/key",
            hint="Take another key, or restore the field if it is archived.",
        )
    return await uow.session.get_one(CustomField, row["id"])


async def change(uow: UnitOfWork, field: CustomField, changes: Mapping[str, Any]) -> None:
    """Write what differs; 422 `choices_of_no_choice` where another kind is given choices."""
    if "choices" in changes and bool(changes["choices"]) != (field.kind == "choice"):
        raise invalid(
            "choices_of_no_choice",
            "A choice has choices, and nothing else has",
            field="/choices",
        )
    await apply(uow, field, changes)


async def page_of_fields(
    session: AsyncSession, record: str | None, archived: bool, page: PageRequest
) -> list[CustomField]:
    """Newest first, one more than the page holds."""
    statement = select(CustomField).where(is_archived(_FIELD.c.archived_at, archived))
    if record is not None:
        statement = statement.where(col(CustomField.record) == record)
    statement = keyset(statement, [col(CustomField.id)], page)
    return list((await session.execute(statement)).scalars())


def _pointer(key: str) -> str:
    """A key as a part of a JSON pointer (RFC 6901, section 3)."""
    return key.replace("~", "~0").replace("/", "~1")
