"""Dead letters over HTTP: read, send again, or give up. Permission `operations`."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response
from sqlalchemy import Row, select

from patchbay_kit.db.tables import dead_letter
from patchbay_kit.errors import not_found
from patchbay_kit.http.dependencies import PageParams, Reader, Uow, require
from patchbay_kit.http.ids import checked_id
from patchbay_kit.http.models import ResponseModel
from patchbay_kit.http.pagination import Page, keyset
from patchbay_kit.http.transaction import TransactionalRoute
from patchbay_kit.messaging import dead_letters
from patchbay_kit.messaging.dead_letters import DeadLetterState

_SUMMARY = [column for column in dead_letter.c if column.name != "body"]


class DeadLetter(ResponseModel):
    """A message that no retry could mend, and why."""

    id: str
    queue: str
    event_id: str
    event_type: str
    reason: str
    error: str
    attempts: int
    state: DeadLetterState
    parked_at: datetime
    decided_at: datetime | None
    decided_by: str | None


class DeadLetterDetail(DeadLetter):
    """The same with the message as it came."""

    body: str


def dead_letter_router(service: str) -> APIRouter:
    """The routes of one service's own dead letters."""
    router = APIRouter(
        prefix=f"/v1/dead-letters/{service}",
        tags=["dead letters"],
        route_class=TransactionalRoute,
        dependencies=[Depends(require("operations"))],
    )

    @router.get("")
    async def list_dead_letters(
        session: Reader,
        params: PageParams,
        state: Annotated[DeadLetterState | None, Query()] = None,
    ) -> Page[DeadLetter]:
        """Newest first."""
        statement = select(*_SUMMARY)
        if state is not None:
            statement = statement.where(dead_letter.c.state == state.value)
        rows = (await session.execute(keyset(statement, [dead_letter.c.id], params))).all()
        return params.page(rows, key=lambda row: (row.id,), item=DeadLetter.model_validate)

    @router.get("/{letter_id}")
    async def read_dead_letter(letter_id: str, session: Reader) -> DeadLetterDetail:
        """One letter with its message."""
        statement = select(dead_letter).where(
            dead_letter.c.id == checked_id(letter_id, "dead_letter")
        )
        row = (await session.execute(statement)).one_or_none()
        if row is None:
            raise not_found("dead_letter", letter_id)
        return _detail(row)

    @router.post("/{letter_id}/retry", status_code=204)
    async def retry_dead_letter(letter_id: str, uow: Uow) -> Response:
        """Send it to its queue again, once."""
        await dead_letters.retry(uow, checked_id(letter_id, "dead_letter"))
        return Response(status_code=204)

    @router.post("/{letter_id}/discard", status_code=204)
    async def discard_dead_letter(letter_id: str, uow: Uow) -> Response:
        """Give it up; the row stays readable."""
        await dead_letters.discard(uow, checked_id(letter_id, "dead_letter"))
        return Response(status_code=204)

    return router


def _detail(row: Row[Any]) -> DeadLetterDetail:
    fields = {**row._mapping, "body": row.body.decode("utf-8", "replace")}
    return DeadLetterDetail.model_validate(fields)
