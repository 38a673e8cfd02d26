"""Reading assets, each with where it stands and its department, in one statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select, Table, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_kit.errors import not_found
from patchbay_kit.http import PageRequest, keyset
from patchbay_kit.http.ids import checked_id
from ticket_svc.assets.schemas import AssetDepartment, AssetPlace, AssetView
from ticket_svc.assets.tables import Asset
from ticket_svc.departments.tables import Department
from ticket_svc.locations.tables import Location
from ticket_svc.params import contains
from ticket_svc.records import is_archived

_ASSET: Table = Asset.__table__  # type: ignore[attr-defined]  # set by SQLModel
_LOCATION: Table = Location.__table__  # type: ignore[attr-defined]
_DEPARTMENT: Table = Department.__table__  # type: ignore[attr-defined]
_OWN = _LOCATION.alias("own_location")
_MAIN = _LOCATION.alias("main_location")
_PARTS = frozenset({"location", "department"})


@dataclass(frozen=True, slots=True)
class AssetFilter:
    """What a list is narrowed to; None means any. `q` is a part of name or serial number."""

    account_id: str | None = None
    location_id: str | None = None
    department_id: str | None = None
    q: str | None = None
    archived: bool = False


async def page_of_assets(
    session: AsyncSession, wanted: AssetFilter, page: PageRequest
) -> Sequence[Row[Any]]:
    """Newest first, one more than the page holds. Assets that stand at a location because it is the
    main one are at it too.
    """
    statement = _with_parts().where(is_archived(_ASSET.c.archived_at, wanted.archived))
    if wanted.account_id is not None:
        statement = statement.where(_ASSET.c.account_id == wanted.account_id)
    if wanted.location_id is not None:
        of_main = select(_LOCATION.c.account_id).where(
            _LOCATION.c.id == wanted.location_id, _LOCATION.c.is_main
        )
        inherited = and_(_ASSET.c.location_id.is_(None), _ASSET.c.account_id.in_(of_main))
        statement = statement.where(or_(_ASSET.c.location_id == wanted.location_id, inherited))
    if wanted.department_id is not None:
        statement = statement.where(_ASSET.c.department_id == wanted.department_id)
    if wanted.q:
        columns = (_ASSET.c.name, _ASSET.c.serial_number)
        pattern = contains(wanted.q)
        statement = statement.where(or_(*(each.ilike(pattern, escape="\\") for each in columns)))
    return (await session.execute(keyset(statement, [_ASSET.c.id], page))).all()


async def read_asset(session: AsyncSession, asset_id: str) -> AssetView:
    """One asset; 404 `asset_not_found`."""
    statement = _with_parts().where(_ASSET.c.id == checked_id(asset_id, "asset"))
    row = (await session.execute(statement)).one_or_none()
    if row is None:
        raise not_found("asset", asset_id)
    return asset_view(row)


def asset_view(row: Row[Any]) -> AssetView:
    """A row of the list as the API shows it."""
    own = {name: getattr(row, name) for name in AssetView.model_fields.keys() - _PARTS}
    place = None
    if row.place_id is not None:
        inherited = row.place_id != row.location_id
        place = AssetPlace(id=row.place_id, name=row.place_name, inherited=inherited)
    department = None
    if row.department_name is not None:
        department = AssetDepartment(id=row.department_id, name=row.department_name)
    return AssetView(**own, location=place, department=department)


def _with_parts() -> Select[Any]:
    return select(
        _ASSET,
        func.coalesce(_OWN.c.id, _MAIN.c.id).label("place_id"),
        func.coalesce(_OWN.c.name, _MAIN.c.name).label("place_name"),
        _DEPARTMENT.c.name.label("department_name"),
    ).select_from(
        _ASSET.outerjoin(_OWN, _OWN.c.id == _ASSET.c.location_id)
        .outerjoin(_MAIN, and_(_MAIN.c.account_id == _ASSET.c.account_id, _MAIN.c.is_main))
        .outerjoin(_DEPARTMENT, _DEPARTMENT.c.id == _ASSET.c.department_id)
    )
