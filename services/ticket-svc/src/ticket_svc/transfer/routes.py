"""HTTP of imports."""

from collections.abc import Callable
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request

from patchbay_kit.errors import ProblemError
from patchbay_kit.http import TransactionalRoute, Uow, require
from ticket_svc.transfer.accounts import AccountImporter
from ticket_svc.transfer.assets import AssetImporter
from ticket_svc.transfer.contacts import ContactImporter
from ticket_svc.transfer.importing import Importer, run_import
from ticket_svc.transfer.schemas import ImportReport

router = APIRouter(
    prefix="/v1/imports",
    tags=["imports and exports"],
    route_class=TransactionalRoute,
    dependencies=[Depends(require("records.admin"))],
)
Kind = Literal["accounts", "contacts", "assets"]
_IMPORTERS: dict[Kind, Callable[[], Importer]] = {
    "accounts": AccountImporter,
    "contacts": ContactImporter,
    "assets": AssetImporter,
}
_EXAMPLE = "name,email1,phone\r\nACME,info@acme.example,+1 555 0100\r\n"
_CSV = {
    "requestBody": {
        "required": True,
        "content": {"text/csv": {"schema": {"type": "string"}, "example": _EXAMPLE}},
    }
}


@router.post("/{kind}", openapi_extra=_CSV, summary="Import records from CSV")
async def import_records(
    kind: Kind,
    request: Request,
    uow: Uow,
    dry_run: Annotated[
        bool, Query(description="say what would happen, and change nothing")
    ] = False,
    skip_errors: Annotated[
        bool, Query(description="import the other rows where some cannot be")
    ] = False,
) -> ImportReport:
    """UTF-8, separated by `,` or `;`, at most 10,000 rows and 5 MB; the columns are those of the
    exports. All or nothing: where a row cannot be imported, the answer is 422 `import_failed` with
    the `report`, unless `skip_errors` is asked for.

    A row is about the record of its `id`. Without one it is about the only active record that
    matches: an account by `name`; a contact of its account by `email1`, without that by `name`; an
    asset of its account by `serial_number`, without that by `name`. What matches none is created. A
    contact's or asset's account is named by `account_id` or `account_name`, an asset's location
    and department by id or name. An empty cell empties the field, a column that is left out leaves
    it. `custom.<key>` is a custom field.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "text/csv":
        raise ProblemError(
            415,
            "unsupported_media_type",
            "This is not CSV",
            field="Content-Type",
            hint="Send the file as text/csv.",
        )
    importer = _IMPORTERS[kind]()
    body = await request.body()
    return await run_import(uow, importer, body, dry_run=dry_run, skip_errors=skip_errors)
