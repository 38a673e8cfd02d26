"""HTTP of API keys, for `api_keys.admin`."""

from fastapi import APIRouter, Depends, Response
from sqlalchemy import select
from sqlmodel import col

from patchbay_kit.errors import not_found
from patchbay_kit.http import (
    Caller,
    Page,
    PageParams,
    Reader,
    TransactionalRoute,
    Uow,
    keyset,
    require,
)
from patchbay_kit.http.ids import checked_id
from ticket_svc.rights import keys
from ticket_svc.rights.schemas import ApiKeyMade, ApiKeyView, NewApiKey
from ticket_svc.rights.tables import ApiKey
from ticket_svc.sign_ins.standing import forget_standings

router = APIRouter(
    prefix="/v1/api-keys",
    tags=["API keys"],
    route_class=TransactionalRoute,
    dependencies=[Depends(require("api_keys.admin"))],
)


@router.get("", summary="API keys, newest first")
async def list_keys(session: Reader, page: PageParams) -> Page[ApiKeyView]:
    """Revoked and expired ones too: what they did is still named after them."""
    statement = keyset(select(ApiKey), [col(ApiKey.id)], page)
    rows = (await session.execute(statement)).scalars()
    return page.page(list(rows), key=lambda row: (row.id,), item=ApiKeyView.model_validate)


@router.post("", status_code=201, summary="Make an API key")
async def create_key(body: NewApiKey, caller: Caller, uow: Uow, response: Response) -> ApiKeyMade:
    """`key` is shown this once. It is sent as `Authorization: Bearer pbk_...` to any service."""
    record, key = await keys.create(uow, body, caller)
    response.headers["Location"] = f"/v1/api-keys/{record.id}"
    response.headers["Cache-Control"] = "no-store"
    return ApiKeyMade(**ApiKeyView.model_validate(record).model_dump(), key=key)


@router.get("/{key_id}", summary="One API key")
async def read_key(key_id: str, session: Reader) -> ApiKeyView:
    """Without the key itself, which is not stored."""
    record = await session.get(ApiKey, checked_id(key_id, "api_key"))
    if record is None:
        raise not_found("api_key", key_id)
    return ApiKeyView.model_validate(record)


@router.delete(
    "/{key_id}",
    status_code=204,
    dependencies=[Depends(forget_standings)],
    summary="Revoke an API key",
)
async def revoke_key(key_id: str, uow: Uow) -> Response:
    """Here at once; elsewhere within half a minute. It stays listed."""
    record = await uow.session.get(ApiKey, checked_id(key_id, "api_key"), with_for_update=True)
    if record is None:
        raise not_found("api_key", key_id)
    await keys.revoke(uow, record)
    return Response(status_code=204)
