"""What ticket-svc does once at start: the issuer's keys, the first administrator, our own company's account.

Safe to run in every replica at once: each piece is made under a unique key, and the loser takes what the winner made.
"""

import secrets
import sys

import structlog
from sqlalchemy import Table, select

from patchbay_kit.auth import TokenVerifier, hash_password
from patchbay_kit.db import UnitOfWork, insert_many
from patchbay_kit.errors import ConfigurationError
from patchbay_kit.ids import new_id
from patchbay_kit.runtime import Runtime
from patchbay_kit.settings import Environment
from ticket_svc.accounts.own_company import own_company_account
from ticket_svc.auth.keys import OwnKeys, load_keys
from ticket_svc.desk.service import load_settings, save_settings
from ticket_svc.employees.tables import Employee
from ticket_svc.settings import TicketSettings

log = structlog.get_logger(__name__)

_EMPLOYEE: Table = Employee.__table__  # type: ignore[attr-defined]  # set by SQLModel
DEFAULT_ADMIN = "admin@localhost"
MIN_PASSWORD = 12


def wire(runtime: Runtime) -> None:
    """Give the runtime its own key source; the keys are read by `on_ready`."""
    keys = OwnKeys()
    runtime.extras["own_keys"] = keys
    runtime.extras["verifier"] = TokenVerifier(keys)


async def on_ready(runtime: Runtime) -> None:
    """Run once the database answers. The new administrator's password, if one was generated, is left in
    `extras["first_admin"]` and printed when nobody takes it from there."""
    settings: TicketSettings = runtime.settings
    email, password, generated = _credentials(settings)
    password_hash = await hash_password(password)
    async with runtime.db.unit_of_work() as uow:
        keys = await load_keys(uow, runtime)
        created = await _first_administrator(uow, email, password_hash)
        await _desk_defaults(uow, settings)
    runtime.extras["own_keys"].set(keys)
    shown = password if created and generated else None
    runtime.extras["first_admin"] = {"email": email, "password": shown, "created": created}
    if shown is not None and not runtime.extras.get("quiet"):
        sys.stdout.write(f"first administrator: {email} one-time password: {shown}\n")
        sys.stdout.flush()


def _credentials(settings: TicketSettings) -> tuple[str, str, bool]:
    email = (settings.admin_email or DEFAULT_ADMIN).lower()
    if settings.admin_password is None:
        return email, secrets.token_urlsafe(18), True
    password = settings.admin_password.get_secret_value()
    if settings.env is not Environment.DEVELOPMENT and len(password) < MIN_PASSWORD:
        raise ConfigurationError(
            f"PATCHBAY_ADMIN_PASSWORD: at least {MIN_PASSWORD} characters outside development"
        )
    return email, password, False


async def _first_administrator(uow: UnitOfWork, email: str, password_hash: str) -> bool:
    """True where there was no employee at all and this one was made."""
    if await uow.session.scalar(select(_EMPLOYEE.c.id).limit(1)) is not None:
        return False
    employee_id = new_id()
    row = {
        "id": employee_id,
        "name": "Administrator",
        "email1": email,
        "active": True,
        "receives_all_mail": False,
        "permissions": ["*"],
        "password_hash": password_hash,
        "failed_sign_ins": 0,
        "version": 1,
        "created_at": uow.now,
    }
    await insert_many(uow.session, _EMPLOYEE, [row])
    await save_settings(uow, {"default_manager_id": employee_id})
    return True


async def _desk_defaults(uow: UnitOfWork, settings: TicketSettings) -> None:
    desk = await load_settings(uow.session)
    if desk.own_account_id is None:
        own = await own_company_account(uow, None, name=settings.company_name)
        await save_settings(uow, {"own_account_id": own})
    if desk.support_address == type(desk).model_fields["support_address"].default:
        await save_settings(uow, {"support_address": settings.support_address.lower()})
