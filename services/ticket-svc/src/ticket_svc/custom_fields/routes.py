"""HTTP of custom fields: the desk reads, `records.admin` defines."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from patchbay_kit.http import Page, PageParams, Reader, TransactionalRoute, Uow, require
from ticket_svc import records
from ticket_svc.custom_fields import service
from ticket_svc.custom_fields.schemas import (
    CustomFieldChange,
    CustomFieldView,
    NewCustomField,
    RecordKind,
)
from ticket_svc.custom_fields.tables import CustomField
from ticket_svc.records import ArchivedQuery

router = APIRouter(
    prefix="/v1/custom-fields",
    tags=["custom fields"],
    route_class=TransactionalRoute,
    dependencies=[Depends(require("desk"))],
)
ADMIN = [Depends(require("records.admin"))]
WHAT = "custom_field"


@router.get("", summary="Custom fields, newest first")
async def list_custom_fields(
    session: Reader,
    page: PageParams,
    record: Annotated[RecordKind | None, Query()] = None,
    archived: ArchivedQuery = False,
) -> Page[CustomFieldView]:
    """`record` is the kind of record that has them."""
    fields = await service.page_of_fields(session, record, archived, page)
    return page.page(fields, key=lambda row: (row.id,), item=CustomFieldView.model_validate)


@router.post("", status_code=201, dependencies=ADMIN, summary="Define a custom field")
async def define_custom_field(
    body: NewCustomField, uow: Uow, response: Response
) -> CustomFieldView:
    """Records of the kind may have a value of it from now on."""
    field = await service.define(uow, body)
    return _view(field, response, location=f"/v1/custom-fields/{field.id}")


@router.get("/{custom_field_id}", summary="One custom field")
async def read_custom_field(
    custom_field_id: str, session: Reader, response: Response
) -> CustomFieldView:
    """The ETag is the version."""
    return _view(await records.read(session, CustomField, custom_field_id, WHAT), response)


@router.patch("/{custom_field_id}", dependencies=ADMIN, summary="Change a custom field")
async def patch_custom_field(
    custom_field_id: str, body: CustomFieldChange, request: Request, uow: Uow, response: Response
) -> CustomFieldView:
    """Label and choices. Record, key and kind stay, for values depend on them."""
    field = await records.locked(uow, CustomField, custom_field_id, WHAT, request)
    await service.change(uow, field, body.model_dump(exclude_unset=True))
    return _view(field, response)


@router.post("/{custom_field_id}/archive", dependencies=ADMIN, summary="Archive a custom field")
async def archive_custom_field(
    custom_field_id: str, request: Request, uow: Uow, response: Response
) -> CustomFieldView:
    """Values stay where they are; no record is given another one, they can only be removed."""
    field = await records.locked(uow, CustomField, custom_field_id, WHAT, request)
    await records.archive(uow, field)
    return _view(field, response)


@router.post("/{custom_field_id}/restore", dependencies=ADMIN, summary="Restore a custom field")
async def restore_custom_field(
    custom_field_id: str, request: Request, uow: Uow, response: Response
) -> CustomFieldView:
    """It is offered again."""
    field = await records.locked(uow, CustomField, custom_field_id, WHAT, request)
    await records.restore(uow, field)
    return _view(field, response)


def _view(
    field: CustomField, response: Response, *, location: str | None = None
) -> CustomFieldView:
    shown = CustomFieldView.model_validate(field)
    return records.answer(shown, response, field.version, location=location)
