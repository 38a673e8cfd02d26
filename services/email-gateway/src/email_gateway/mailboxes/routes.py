"""Mailboxes over HTTP. Passwords go in and never come out."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy import select

from email_gateway.intake.seen import forget
from email_gateway.mailboxes.schemas import MailboxChange, MailboxCreate, MailboxView
from email_gateway.mailboxes.sources import MailSources
from email_gateway.mailboxes.tables import Mailbox
from patchbay_kit.auth import Principal
from patchbay_kit.db import UnitOfWork
from patchbay_kit.errors import conflict, invalid, not_found
from patchbay_kit.http import (
    Page,
    PageParams,
    Reader,
    RuntimeDep,
    TransactionalRoute,
    Uow,
    check_if_match,
    etag,
    keyset,
    require,
)
from patchbay_kit.http.ids import checked_id
from patchbay_kit.ids import new_id
from patchbay_kit.runtime import Runtime

router = APIRouter(prefix="/v1/mailboxes", route_class=TransactionalRoute, tags=["mailboxes"])

# What a cursor belongs to.
_PLACE = ("host", "port", "username", "folder")
# What the password is sent to, and how.
_SERVER = ("host", "port", "security")
Admin = Annotated[Principal, Depends(require("mailboxes.admin"))]


@router.post("", status_code=201, summary="Add a mailbox")
async def create_mailbox(
    body: MailboxCreate, _admin: Admin, uow: Uow, runtime: RuntimeDep
) -> MailboxView:
    """It is read from now on. An address has one mailbox: 409 `mailbox_exists`."""
    _sources(runtime).check(body.host, body.security)
    address = body.public_address.lower()
    held = select(Mailbox).where(Mailbox.public_address == address)  # type: ignore[arg-type]
    if (await uow.session.execute(held)).first() is not None:
        raise conflict("mailbox_exists", "This address has a mailbox", field="/public_address")
    values = body.model_dump(exclude={"password", "public_address"})
    mailbox = Mailbox(
        id=new_id(),
        public_address=address,
        sealed_password=runtime.secrets.seal(body.password.get_secret_value()),
        next_poll_at=uow.now,
        created_at=uow.now,
        **values,
    )
    uow.session.add(mailbox)
    return MailboxView.model_validate(mailbox)


@router.get("", summary="List mailboxes")
async def list_mailboxes(_admin: Admin, session: Reader, params: PageParams) -> Page[MailboxView]:
    """With the state of each: when it was read last, and what went wrong."""
    table = Mailbox.__table__  # type: ignore[attr-defined]  # set by SQLModel
    rows = (await session.execute(keyset(select(table), [table.c.id], params))).all()
    return params.page(rows, key=lambda row: (row.id,), item=MailboxView.model_validate)


@router.get("/{mailbox_id}", summary="One mailbox, with its state")
async def get_mailbox(
    mailbox_id: str, _admin: Admin, session: Reader, response: Response
) -> MailboxView:
    """Its password never leaves. The ETag is the version."""
    mailbox = await session.get(Mailbox, checked_id(mailbox_id, "mailbox"))
    if mailbox is None:
        raise not_found("mailbox", mailbox_id)
    response.headers["ETag"] = etag(mailbox.version)
    return MailboxView.model_validate(mailbox)


@router.patch("/{mailbox_id}", summary="Change a mailbox; it is tried again at once")
async def change_mailbox(
    mailbox_id: str,
    body: MailboxChange,
    request: Request,
    _admin: Admin,
    uow: Uow,
    runtime: RuntimeDep,
) -> MailboxView:
    """Only what is sent changes. If-Match guards against overwriting."""
    mailbox = await _locked(uow, mailbox_id)
    check_if_match(request, mailbox.version)
    if body.host is not None or body.security is not None:
        host, security = body.host or mailbox.host, body.security or mailbox.security
        _sources(runtime).check(host, security)
    changes = body.model_dump(exclude_unset=True, exclude={"password"}, exclude_none=True)
    if body.password is None and _changes(mailbox, changes, _SERVER):
        raise invalid(
            "password_required",
            "Another server needs the password again",
            field="/password",
            detail="a stored password is only sent to the server that it was entered for",
        )
    if _changes(mailbox, changes, _PLACE):
        mailbox.uidvalidity, mailbox.last_uid = None, 0
        await forget(uow, mailbox.id)
    for name, value in changes.items():
        setattr(mailbox, name, value)
    if body.password is not None:
        mailbox.sealed_password = runtime.secrets.seal(body.password.get_secret_value())
    mailbox.state, mailbox.auth_failures, mailbox.last_error = "new", 0, None
    mailbox.next_poll_at = uow.now
    mailbox.version += 1
    return MailboxView.model_validate(mailbox)


@router.delete("/{mailbox_id}", status_code=204, summary="Remove a mailbox; its mails stay")
async def delete_mailbox(mailbox_id: str, _admin: Admin, uow: Uow) -> None:
    """It is not read any more; what came through it stays as it is."""
    mailbox = await _locked(uow, mailbox_id)
    await forget(uow, mailbox.id)
    await uow.session.delete(mailbox)


def _sources(runtime: Runtime) -> MailSources:
    sources: MailSources = runtime.extras["mail_sources"]
    return sources


def _changes(mailbox: Mailbox, changes: dict[str, Any], names: Sequence[str]) -> bool:
    return any(
        changes.get(name, getattr(mailbox, name)) != getattr(mailbox, name) for name in names
    )


async def _locked(uow: UnitOfWork, mailbox_id: str) -> Mailbox:
    checked = checked_id(mailbox_id, "mailbox")
    mailbox = await uow.session.get(Mailbox, checked, with_for_update=True)
    if mailbox is None:
        raise not_found("mailbox", mailbox_id)
    return mailbox
