"""HTTP of the fixed set of statuses with the desk's labels (X-19)."""

from fastapi import APIRouter, Depends
from pydantic import Field

from patchbay_kit.http import Reader, ResponseModel, TransactionalRoute, require
from ticket_svc.desk.statuses import Status, StatusClass, class_of
from ticket_svc.tickets.labels import load_labels

router = APIRouter(
    prefix="/v1/statuses",
    tags=["tickets"],
    route_class=TransactionalRoute,
    dependencies=[Depends(require("desk"))],
)


class StatusView(ResponseModel):
    """A status: the code never changes, the label is the desk's."""

    code: Status
    label: str = Field(examples=["In Progress"])
    status_class: StatusClass


@router.get("", summary="The statuses of tickets")
async def list_statuses(session: Reader) -> list[StatusView]:
    """In the order of work. Labels are renamed by the desk's settings."""
    labels = await load_labels(session)
    return [
        StatusView(code=each, label=labels.of("status", each), status_class=class_of(each))
        for each in Status
    ]
