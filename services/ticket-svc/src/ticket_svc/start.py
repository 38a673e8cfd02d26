"""What ticket-svc does at start: the issuer's keys, the first administrator, our own company.

Safe to run in every replica at once: each piece is made under a unique key, and the loser takes
what the winner made.
"""

import base64
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Table, and_, select, update

from patchbay_kit.auth import TokenVerifier, hash_password
from patchbay_kit.db import UnitOfWork, insert_many
from patchbay_kit.errors import ConfigurationError
from patchbay_kit.ids import new_id
from patchbay_kit.runtime import Runtime
from patchbay_kit.secretbox import SecretBox
from patchbay_kit.settings import Environment
from ticket_svc.accounts.own_company import own_company_account
from ticket_svc.desk.service import claim_setting, load_settings, save_settings
from ticket_svc.employees.rules import EVERYTHING, MIN_PASSWORD
from ticket_svc.employees.tables import Employee
from ticket_svc.settings import TicketSettings
from ticket_svc.sqlite_case import fold_every_alphabet

if TYPE_CHECKING:
    from patchbay_kit.auth.oidc import OidcProvider

_EMPLOYEE: Table = Employee.__table__  # type: ignore[attr-defined]  # set by SQLModel
DEFAULT_ADMIN = "admin@localhost"


def wire(runtime: Runtime) -> None:
    """Give an API its own key source; the keys are read by `on_ready`."""
    if not runtime.has_api:
        return
    if not runtime.db.is_postgres:
        fold_every_alphabet(runtime.db.engine)
    from ticket_svc.auth.keys import OwnKeys
    from ticket_svc.auth.verifier import FreshVerifier
    from ticket_svc.live.tail import LiveTail
    from ticket_svc.sign_ins.standing import Standings
    from ticket_svc.tickets.creating_together import opening_together

    keys = OwnKeys(runtime)
    standings = Standings()
    tokens = TokenVerifier(keys)
    keys.on_gone = tokens.forget
    runtime.extras["own_keys"] = keys
    runtime.extras["standings"] = standings
    runtime.extras["live"] = LiveTail(runtime.db)
    runtime.extras["opening"] = opening_together(runtime.db)
    runtime.extras["oidc"] = _provider(runtime.settings)
    runtime.extras["tokens"] = tokens
    runtime.extras["verifier"] = FreshVerifier(tokens, standings, runtime.db)


def _provider(settings: TicketSettings) -> "OidcProvider | None":
    if settings.oidc_issuer is None or settings.oidc_client_id is None:
        return None
    from patchbay_kit.auth.oidc import OidcProvider

    return OidcProvider(
        settings.oidc_issuer,
        settings.oidc_client_id,
        allow_private=settings.private_targets_allowed,
        allow_plain=settings.env is Environment.DEVELOPMENT,
    )


async def on_ready(runtime: Runtime) -> None:
    """Run once the database answers.

    The administrator's one-time password, while nobody has used it, is left in
    `extras["first_admin"]` and printed when nobody takes it from there.
    """
    settings: TicketSettings = runtime.settings
    chosen = _chosen_password(settings)
    async with runtime.db.unit_of_work() as uow:
        admin = await _administrator(uow, runtime.secrets, settings, chosen)
        await _desk_defaults(uow, settings)
    if runtime.has_api:
        await _open_keys(runtime)
    runtime.extras["first_admin"] = {
        "email": admin.email,
        "password": admin.one_time_password,
        "created": admin.created,
    }
    if admin.one_time_password is not None and not runtime.extras.get("quiet"):
        sys.stdout.write(
            f"first administrator: {admin.email} one-time password: {admin.one_time_password}\n"
        )
        sys.stdout.flush()


async def _open_keys(runtime: Runtime) -> None:
    # A worker answers nobody: it has no use for the keys, nor for cryptography's 10 MiB.
    from ticket_svc.auth.keys import load_keys

    async with runtime.db.unit_of_work() as uow:
        keys = await load_keys(uow, runtime)
    runtime.extras["own_keys"].set(keys)


def _chosen_password(settings: TicketSettings) -> str | None:
    if settings.admin_password is None:
        return None
    password = settings.admin_password.get_secret_value()
    if settings.env is not Environment.DEVELOPMENT and len(password) < MIN_PASSWORD:
        raise ConfigurationError(
            f"PATCHBAY_ADMIN_PASSWORD: at least {MIN_PASSWORD} characters outside development"
        )
    return password


@dataclass(frozen=True, slots=True)
class _Administrator:
    email: str
    one_time_password: str | None = None
    created: bool = False


async def _administrator(
    uow: UnitOfWork, secrets: SecretBox, settings: TicketSettings, chosen: str | None
) -> _Administrator:
    """The first administrator, made where there is no employee at all.

    A generated password that nobody has used yet is shown again at every start, so that being
    killed between writing and showing it locks nobody out.
    """
    email = (settings.admin_email or DEFAULT_ADMIN).lower()
    columns = (_EMPLOYEE.c.id, _EMPLOYEE.c.email1, _EMPLOYEE.c.one_time)
    rows = (await uow.session.execute(select(*columns).limit(2))).all()
    if not rows:
        return await _first_administrator(uow, secrets, email, chosen)
    if len(rows) > 1 or not rows[0].one_time:
        return _Administrator(email)
    shown = None if chosen else _one_time_password(secrets, rows[0].id)
    values = {
        "password_hash": await hash_password(chosen or _one_time_password(secrets, rows[0].id)),
        "one_time": shown is not None,
    }
    # Somebody may sign in right now: what they used stays.
    unused = and_(_EMPLOYEE.c.id == rows[0].id, _EMPLOYEE.c.one_time)
    await uow.session.execute(update(_EMPLOYEE).where(unused).values(values))
    return _Administrator(rows[0].email1 or email, shown)


async def _first_administrator(
    uow: UnitOfWork, secrets: SecretBox, email: str, chosen: str | None
) -> _Administrator:
    employee_id = new_id()
    if not await claim_setting(uow, "first_administrator_id", employee_id):
        return _Administrator(email)
    shown = None if chosen else _one_time_password(secrets, employee_id)
    row = {
        "id": employee_id,
        "name": "Administrator",
        "email1": email,
        "active": True,
        "receives_all_mail": False,
        "permissions": [EVERYTHING],
        "password_hash": await hash_password(chosen or _one_time_password(secrets, employee_id)),
        "one_time": shown is not None,
        "version": 1,
        "created_at": uow.now,
    }
    await insert_many(uow.session, _EMPLOYEE, [row])
    await save_settings(uow, {"default_manager_id": employee_id})
    return _Administrator(email, shown, created=True)


def _one_time_password(secrets: SecretBox, employee_id: str) -> str:
    """The same in every replica and at every start, so that none spoils what another showed."""
    secret = secrets.derive(f"one-time password of {employee_id}")
    return base64.urlsafe_b64encode(secret[:18]).decode()


async def _desk_defaults(uow: UnitOfWork, settings: TicketSettings) -> None:
    desk = await load_settings(uow.session)
    if desk.own_account_id is None:
        own = await own_company_account(uow, None, name=settings.company_name)
        await save_settings(uow, {"own_account_id": own})
    if desk.support_address == type(desk).model_fields["support_address"].default:
        await save_settings(uow, {"support_address": settings.support_address.lower()})
