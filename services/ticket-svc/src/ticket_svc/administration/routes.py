"""HTTP of the desk's settings: the desk reads, `settings.admin` writes."""

from fastapi import APIRouter, Depends

from patchbay_kit.http import Reader, TransactionalRoute, Uow, require
from ticket_svc.administration.schemas import SettingsChange
from ticket_svc.administration.service import change_settings
from ticket_svc.desk.schemas import DeskSettings
from ticket_svc.desk.service import load_settings

router = APIRouter(
    prefix="/v1/settings",
    tags=["settings"],
    route_class=TransactionalRoute,
    dependencies=[Depends(require("desk"))],
)


@router.get("", summary="The desk's settings")
async def read_settings(session: Reader) -> DeskSettings:
    """With the defaults of what nobody has set."""
    return await load_settings(session)


@router.patch(
    "", dependencies=[Depends(require("settings.admin"))], summary="Change the desk's settings"
)
async def patch_settings(body: SettingsChange, uow: Uow) -> DeskSettings:
    """Only what is sent changes, and it acts at once.

    The support address may be nobody else's address (S4-49).
    """
    return await change_settings(uow, body.model_dump(exclude_unset=True))
