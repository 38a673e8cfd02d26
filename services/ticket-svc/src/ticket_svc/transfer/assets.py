"""Assets from CSV."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Table, and_, or_, select

from patchbay_kit.db import UnitOfWork, key_in
from ticket_svc.accounts.tables import Account
from ticket_svc.assets.schemas import AssetChange, NewAsset
from ticket_svc.assets.service import add_asset, change_asset
from ticket_svc.assets.tables import Asset
from ticket_svc.departments.tables import Department
from ticket_svc.locations.tables import Location
from ticket_svc.transfer.importing import Outcome
from ticket_svc.transfer.lines import Line, RowRefusedError
from ticket_svc.transfer.matching import Accounts, Matches, ids_in

_ASSET: Table = Asset.__table__  # type: ignore[attr-defined]  # set by SQLModel
_LOCATION: Table = Location.__table__  # type: ignore[attr-defined]
_DEPARTMENT: Table = Department.__table__  # type: ignore[attr-defined]
_PLAIN = ("name", "kind", "serial_number", "manufacturer", "note")
FIELDS = (*_PLAIN, "location_id", "department_id")
_BLANKS: dict[str, Any] = {"kind": "", "note": ""}
_PARTS = {"location": _LOCATION, "department": _DEPARTMENT}
# Account, column and what stands there.
Key = tuple[str, str, str]


class AssetImporter:
    """A row without an id is the one asset of its account with its serial number, without that the
    one of its name, or a new one. Location and department are named by id or by name.
    """

    record = "asset"
    columns = frozenset({"id", "account_id", "account_name", "location", "department", *FIELDS})
    ignored = frozenset({"archived_at", "created_at"})
    flags: frozenset[str] = frozenset()

    def __init__(self) -> None:
        self._accounts = Accounts()
        self._matches: Matches[Asset, Key] = Matches("asset")
        self._parts: dict[Key, list[str]] = {}

    async def prepare(self, uow: UnitOfWork, lines: Sequence[Line]) -> None:
        """Lock the accounts that the lines name, and then their assets."""
        by_id = key_in(uow.session, [_ASSET.c.id], sorted(ids_in(lines, "id")))
        owners = (await uow.session.execute(select(_ASSET.c.account_id).where(by_id))).scalars()
        await self._accounts.lock(uow, lines, owners)
        own = key_in(uow.session, [_ASSET.c.account_id], self._accounts.ids)
        named = or_(
            key_in(uow.session, [_ASSET.c.serial_number], _texts(lines, "serial_number")),
            key_in(uow.session, [_ASSET.c.name], _texts(lines, "name")),
        )
        offered = and_(own, _ASSET.c.archived_at.is_(None), named)
        statement = select(Asset).where(or_(by_id, offered)).order_by(_ASSET.c.id)
        for asset in (
            await uow.session.execute(statement.with_for_update(key_share=True))
        ).scalars():
            keys = [(asset.account_id, "name", asset.name)]
            if asset.serial_number is not None:
                keys.append((asset.account_id, "serial_number", asset.serial_number))
            self._matches.add(asset, *keys, offered=asset.archived_at is None)
        for what, table in _PARTS.items():
            await self._prepare_parts(uow, what, table, _texts(lines, what))

    async def write(self, uow: UnitOfWork, line: Line) -> Outcome:
        """Create or change the asset; it stays with its account."""
        account = self._accounts.named_by(line)
        key = _key(account, line)
        asset = self._matches.target(line.id_in("id"), key, key[1] if key else "name")
        if asset is None:
            if account is None:
                raise RowRefusedError("value_missing", "An account is needed.", "account_id")
            self._name_parts(account.id, line)
            line.values["account_id"] = account.id
            await add_asset(uow, account, line.body(NewAsset, ("account_id", *FIELDS), _BLANKS))
            return "created"
        if account is not None and account.id != asset.account_id:
            raise RowRefusedError(
                "asset_of_other_account", "An asset stays with its account.", "account_id"
            )
        self._name_parts(asset.account_id, line)
        body = line.body(AssetChange, FIELDS, _BLANKS)
        changed = await change_asset(uow, asset, body.model_dump(exclude_unset=True))
        return "updated" if changed else "unchanged"

    async def _prepare_parts(
        self, uow: UnitOfWork, what: str, table: Table, names: Sequence[str]
    ) -> None:
        if not names:
            return
        statement = select(table.c.id, table.c.account_id, table.c.name).where(
            key_in(uow.session, [table.c.account_id], self._accounts.ids),
            key_in(uow.session, [table.c.name], names),
            table.c.archived_at.is_(None),
        )
        for row in await uow.session.execute(statement):
            self._parts.setdefault((row.account_id, what, row.name), []).append(row.id)

    def _name_parts(self, account_id: str, line: Line) -> None:
        """Put the ids of the location and department that the line names by their names."""
        for what in _PARTS:
            if what not in line.values or line.values.get(f"{what}_id"):
                continue
            name = line.values[what]
            found = self._parts.get((account_id, what, name), []) if name else [None]
            if len(found) != 1:
                code = f"{what}_ambiguous" if found else f"{what}_unknown"
                count = len(found) or "no"
                raise RowRefusedError(code, f"The account has {count} such active {what}.", what)
            line.values[f"{what}_id"] = found[0]


def _key(account: Account | None, line: Line) -> Key | None:
    for column in ("serial_number", "name"):
        if account is not None and line.values.get(column):
            return account.id, column, line.values[column]
    return None


def _texts(lines: Sequence[Line], column: str) -> list[str]:
    return sorted({line.values[column] for line in lines if line.values.get(column)})
