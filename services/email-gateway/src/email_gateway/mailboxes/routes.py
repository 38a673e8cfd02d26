"""Mailboxes over HTTP. Passwords go in and never come out."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field, SecretStr
from sqlalchemy import select

from email_gateway.mailboxes.tables import Mailbox
from patchbay_kit.auth import Principal
from patchbay_kit.db import UnitOfWork
from patchbay_kit.errors import conflict, not_found
from patchbay_kit.http import (
    Page,
    PageParams,
    Reader,
    RequestModel,
    ResponseModel,
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

router = APIRouter(prefix="/v1/mailboxes", route_class=TransactionalRoute, tags=["mailboxes"])

Admin = Annotated[Principal, Depends(require("mailboxes.admin"))]
Security = Literal["tls", "starttls", "none"]


class MailboxCreate(RequestModel):
    name: str = Field(min_length=1, max_length=200, examples=["Support"])
    public_address: str = Field(pattern=r"^[^@\s]+@[^@\s]+$", max_length=320)
    host: str = Field(min_length=1, max_length=255, examples=["imap.example.com"])
    port: int = Field(default=993, ge=1, le=65535)
    security: Security = "tls"
    username: str = Field(min_length=1, max_length=320)
    password: SecretStr = Field(min_length=1, max_length=4096)
    folder: str = Field(default="INBOX", min_length=1, max_length=255)
    active: bool = True
    poll_seconds: int = Field(default=30, ge=1, le=3600)


class MailboxChange(RequestModel):
    name: str | None = Field(default=None, min_length=1, max_length=200)
    host: str | None = Field(default=None, min_length=1, max_length=255)
    port: int | None = Field(default=None, ge=1, le=65535)
    security: Security | None = None
    username: str | None = Field(default=None, min_length=1, max_length=320)
    password: SecretStr | None = Field(default=None, min_length=1, max_length=4096)
    folder: str | None = Field(default=None, min_length=1, max_length=255)
    active: bool | None = None
    poll_seconds: int | None = Field(default=None, ge=1, le=3600)


class MailboxView(ResponseModel):
    id: str
    name: str
    public_address: str
    host: str
    port: int
    security: str
    username: str
    folder: str
    active: bool
    poll_seconds: int
    state: str = Field(description="new, reachable, degraded, or refused until it is changed")
    last_error: str | None
    last_success_at: datetime | None
    uidvalidity: int | None
    last_uid: int
    version: int
    created_at: datetime


@router.post("", status_code=201, summary="Add a mailbox")
async def create_mailbox(
    body: MailboxCreate, _admin: Admin, uow: Uow, runtime: RuntimeDep
) -> MailboxView:
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
    table = Mailbox.__table__  # type: ignore[attr-defined]  # set by SQLModel
    rows = (await session.execute(keyset(select(table), [table.c.id], params))).all()
    return params.page(rows, key=lambda row: (row.id,), item=MailboxView.model_validate)


@router.get("/{mailbox_id}", summary="One mailbox, with its state")
async def get_mailbox(
    mailbox_id: str, _admin: Admin, session: Reader, response: Response
) -> MailboxView:
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
    mailbox = await _locked(uow, mailbox_id)
    check_if_match(request, mailbox.version)
    for name, value in body.model_dump(exclude_unset=True, exclude={"password"}).items():
        if value is not None:
            setattr(mailbox, name, value)
    if body.password is not None:
        mailbox.sealed_password = runtime.secrets.seal(body.password.get_secret_value())
    mailbox.state, mailbox.auth_failures, mailbox.next_poll_at = "new", 0, uow.now
    mailbox.version += 1
    return MailboxView.model_validate(mailbox)


@router.delete("/{mailbox_id}", status_code=204, summary="Remove a mailbox; its mails stay")
async def delete_mailbox(mailbox_id: str, _admin: Admin, uow: Uow) -> None:
    await uow.session.delete(await _locked(uow, mailbox_id))


async def _locked(uow: UnitOfWork, mailbox_id: str) -> Mailbox:
    checked = checked_id(mailbox_id, "mailbox")
    mailbox = await uow.session.get(Mailbox, checked, with_for_update=True)
    if mailbox is None:
        raise not_found("mailbox", mailbox_id)
    return mailbox
