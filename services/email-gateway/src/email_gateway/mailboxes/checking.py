"""A check on demand: the call is made outside of any transaction, its outcome stored in one."""

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import Field
from sqlalchemy import Row, Table, select, update

from email_gateway.imap.port import MailSourceAuthError, MailSourceError
from email_gateway.mailboxes.schemas import MailboxView
from email_gateway.mailboxes.sources import MailSources
from email_gateway.mailboxes.tables import Mailbox
from patchbay_kit.auth import Principal
from patchbay_kit.errors import PermanentError, not_found
from patchbay_kit.http import ResponseModel, RuntimeDep, require
from patchbay_kit.http.ids import checked_id
from patchbay_kit.http.queries import QueryRoute
from patchbay_kit.runtime import Runtime

# No unit of work around it: a mailbox may take half a minute to answer.
router = APIRouter(prefix="/v1/mailboxes", tags=["mailboxes"], route_class=QueryRoute)

_MAILBOX: Table = Mailbox.__table__  # type: ignore[attr-defined]  # set by SQLModel


class MailboxCheck(ResponseModel):
    """`code`: reachable, login_refused, unavailable or secret_unreadable."""

    ok: bool
    code: str
    detail: str | None = Field(description="what the server or the system said")
    mailbox: MailboxView


@router.post("/{mailbox_id}/check", summary="Connect now, log in and open the folder")
async def check_mailbox(
    mailbox_id: str,
    _admin: Annotated[Principal, Depends(require("mailboxes.admin"))],
    runtime: RuntimeDep,
) -> MailboxCheck:
    """A success makes a refused mailbox polled again; a failure is shown and changes no switch."""
    checked = checked_id(mailbox_id, "mailbox")
    async with runtime.db.read() as session:
        row = (await session.execute(select(_MAILBOX).where(_MAILBOX.c.id == checked))).first()
    if row is None:
        raise not_found("mailbox", mailbox_id)
    code, detail = await _look(runtime.extras["mail_sources"], row)
    view = await _note(runtime, row, detail)
    return MailboxCheck(ok=detail is None, code=code, detail=detail, mailbox=view)


async def _look(sources: MailSources, row: Row[tuple[object, ...]]) -> tuple[str, str | None]:
    try:
        source = await sources.open(row)
        try:
            await source.connect()
            await source.select(row.folder)
        finally:
            await source.close()
    except MailSourceAuthError as error:
        return "login_refused", str(error)
    except MailSourceError as error:
        return "unavailable", str(error)
    except PermanentError as error:
        return error.reason, str(error)
    return "reachable", None


async def _note(runtime: Runtime, row: Row[tuple[object, ...]], error: str | None) -> MailboxView:
    async with runtime.db.unit_of_work() as uow:
        if error is None:
            values = {
                "state": "reachable",
                "last_error": None,
                "auth_failures": 0,
                "last_success_at": uow.now,
                "next_poll_at": uow.now,
            }
        else:
            state = "refused" if row.state == "refused" else "degraded"
            values = {"state": state, "last_error": error}
        unchanged = (_MAILBOX.c.id == row.id) & (_MAILBOX.c.version == row.version)
        await uow.session.execute(update(_MAILBOX).where(unchanged).values(values))
        now = select(_MAILBOX).where(_MAILBOX.c.id == row.id)
        found = (await uow.session.execute(now)).first()
        if found is None:
            raise not_found("mailbox", row.id)
        return MailboxView.model_validate(found)
