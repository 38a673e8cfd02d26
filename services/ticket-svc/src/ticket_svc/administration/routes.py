"""HTTP of the desk's settings: the desk reads, `settings.admin` writes."""

from fastapi import APIRouter, Depends, Request, Response

from patchbay_kit.http import Reader, TransactionalRoute, Uow, check_if_match, etag, require
from ticket_svc.administration.schemas import SettingsChange
from ticket_svc.administration.service import change_settings
from ticket_svc.desk.schemas import DeskSettings
from ticket_svc.desk.service import (
    count_change,
    load_settings,
    lock_settings,
    settings_version,
)

router = APIRouter(
    prefix="/v1/settings",
    tags=["settings"],
    route_class=TransactionalRoute,
    dependencies=[Depends(require("desk"))],
)


@router.get("", summary="The desk's settings")
async def read_settings(session: Reader, response: Response) -> DeskSettings:
    """With the defaults of what nobody has set."""
    response.headers["ETag"] = etag(await settings_version(session))
    return await load_settings(session)


@router.patch(
    "", dependencies=[Depends(require("settings.admin"))], summary="Change the desk's settings"
)
async def patch_settings(
    body: SettingsChange, request: Request, uow: Uow, response: Response
) -> DeskSettings:
    """Only what is sent changes, and it acts at once.

    The support address may be nobody else's address (S4-49).
    """
    version = await lock_settings(uow)
    check_if_match(request, version)
    before = await load_settings(uow.session)
    after = await change_settings(uow, body.model_dump(exclude_unset=True))
    if after != before:
        version += 1
        await count_change(uow, version)
    response.headers["ETag"] = etag(version)
    return after
