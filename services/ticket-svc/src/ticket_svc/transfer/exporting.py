"""Exports: whole lists with the columns of their import, as long as they are.

Promise: a page is in memory at a time, read in a session of its own, so that a slow reader holds
nothing back. The first page is read before the answer begins, so that what cannot be read is a
problem document and no torn file.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi.responses import StreamingResponse
from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_kit.cells import write_rows
from patchbay_kit.db import Database, key_in
from patchbay_kit.http import PageRequest
from patchbay_kit.http.pagination import CursorValue
from ticket_svc.accounts.tables import Account
from ticket_svc.custom_fields.service import definitions_of
from ticket_svc.transfer.rules import CUSTOM

BATCH = 500
Cells = Mapping[str, Any]

_ACCOUNT: Table = Account.__table__  # type: ignore[attr-defined]  # set by SQLModel


@dataclass(frozen=True, slots=True)
class Listing:
    """A list to export: `read` gives one row more than the page holds, newest first, and `cells` a
    row's values.

    `account_name` is looked up where it is a column. `record` is the kind of record whose custom
    fields are columns as well.
    """

    columns: Sequence[str]
    read: Callable[[AsyncSession, PageRequest], Awaitable[Sequence[Any]]]
    cells: Callable[[Any], Cells]
    record: str


async def export(db: Database, name: str, listing: Listing) -> StreamingResponse:
    """The whole list as a file."""
    async with db.read() as session:
        fields = await definitions_of(session, listing.record)
    columns = [*listing.columns, *(CUSTOM + field.key for field in fields if field.active)]
    batches = _batches(db, listing)
    nothing: Sequence[Cells] = ()
    first = await anext(batches, nothing)

    async def text() -> AsyncIterator[str]:
        yield write_rows([columns]) + _text(columns, first)
        async for batch in batches:
            yield _text(columns, batch)

    disposition = f'attachment; filename="{name}.csv"'
    return StreamingResponse(
        text(),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": disposition},
    )


async def _batches(db: Database, listing: Listing) -> AsyncIterator[Sequence[Cells]]:
    after: tuple[CursorValue, ...] | None = None
    while True:
        async with db.read() as session:
            rows = await listing.read(session, PageRequest(BATCH, after, b""))
            shown = rows[:BATCH]
            cells = [{**listing.cells(row)} for row in shown]
            if "account_name" in listing.columns:
                await _name_accounts(session, cells)
            after = (shown[-1].id,) if len(rows) > BATCH else None
        yield cells
        if after is None:
            return


async def _name_accounts(session: AsyncSession, rows: Iterable[dict[str, Any]]) -> None:
    listed = list(rows)
    ids = {row["account_id"] for row in listed if row["account_id"] is not None}
    statement = select(_ACCOUNT.c.id, _ACCOUNT.c.name).where(
        key_in(session, [_ACCOUNT.c.id], sorted(ids))
    )
    names = {row.id: row.name for row in await session.execute(statement)}
    for row in listed:
        row["account_name"] = names.get(row["account_id"])


def _text(columns: Sequence[str], rows: Sequence[Cells]) -> str:
    return write_rows([_cell(row, column) for column in columns] for row in rows)


def _cell(row: Cells, column: str) -> Any:
    if column.startswith(CUSTOM):
        return row["custom_fields"].get(column.removeprefix(CUSTOM))
    return row[column]
