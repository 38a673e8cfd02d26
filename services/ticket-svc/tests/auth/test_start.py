"""The first administrator: made once, and never locked out."""

import asyncio
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from patchbay_kit.auth import TokenVerifier
from patchbay_kit.errors import ProblemError
from patchbay_kit.testing.harness import client, make_runtime
from ticket_svc.auth.keys import OwnKeys
from ticket_svc.definition import SERVICE
from ticket_svc.employees.tables import Employee
from ticket_svc.start import on_ready

KEY = {"secret_key": "a key that is at least 32 characters long"}


async def _sign_in(runtime: Any, password: str) -> httpx.Response:
    async with client(runtime, SERVICE, permissions=None) as http:
        body = {"email": "admin@localhost", "password": password}
        return await http.post("/v1/auth/token", json=body)


async def test_a_one_time_password_is_shown_at_every_start_until_somebody_uses_it(
    database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A start that is killed between writing the password and showing it locks nobody out."""
    for _ in range(2):
        async with make_runtime(SERVICE, database_url, **KEY) as runtime:
            first = runtime.extras["first_admin"]
    assert first["email"] == "admin@localhost"
    assert f"one-time password: {first['password']}" in capsys.readouterr().out
    async with make_runtime(SERVICE, database_url, **KEY) as runtime:
        assert (await _sign_in(runtime, first["password"])).status_code == 200
    capsys.readouterr()
    async with make_runtime(SERVICE, database_url, **KEY) as runtime:
        assert runtime.extras["first_admin"]["password"] is None
        assert (await _sign_in(runtime, first["password"])).status_code == 200
        assert "one-time" not in capsys.readouterr().out


async def test_a_chosen_password_is_never_shown(
    database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    chosen = {"admin_email": "Boss@desk.example", "admin_password": "a long enough password"}
    async with make_runtime(SERVICE, database_url, **chosen) as runtime:
        assert runtime.extras["first_admin"]["password"] is None
        async with client(runtime, SERVICE, permissions=None) as http:
            body = {"email": "boss@desk.example", "password": chosen["admin_password"]}
            token = (await http.post("/v1/auth/token", json=body)).json()["access_token"]
            headers = {"Authorization": f"Bearer {token}"}
            assert (await http.get("/v1/auth/me", headers=headers)).json()["permissions"] == ["*"]
    assert "password" not in capsys.readouterr().out.replace("has_password", "")


async def test_a_password_chosen_later_replaces_one_that_nobody_used(database_url: str) -> None:
    async with make_runtime(SERVICE, database_url, **KEY):
        pass
    chosen = {**KEY, "admin_password": "chosen afterwards"}
    async with make_runtime(SERVICE, database_url, **chosen) as runtime:
        assert runtime.extras["first_admin"]["password"] is None
        assert (await _sign_in(runtime, "chosen afterwards")).status_code == 200


async def test_replicas_that_start_at_once_make_one_administrator_and_one_company(
    database_url: str,
) -> None:
    async with make_runtime(SERVICE, database_url, **KEY) as runtime:
        async with runtime.db.unit_of_work() as uow:
            for table in ("employee", "desk_setting", "account", "signing_key"):
                await uow.session.execute(SERVICE_TABLES[table].delete())
        await asyncio.gather(*(on_ready(runtime) for _ in range(4)))
        shown = runtime.extras["first_admin"]["password"]
        async with runtime.db.read() as session:
            employees = (await session.execute(select(Employee.__table__.c.id))).all()
        async with client(runtime, SERVICE) as http:
            accounts = (await http.get("/v1/accounts")).json()["items"]
        assert (len(employees), len(accounts)) == (1, 1)
        assert shown is None or (await _sign_in(runtime, shown)).status_code == 200


SERVICE_TABLES = dict(SERVICE.metadata.tables)


async def test_a_token_is_not_called_bad_before_a_key_was_read(database_url: str) -> None:
    async with make_runtime(SERVICE, database_url, **KEY) as runtime:
        first = runtime.extras["first_admin"]
        token = (await _sign_in(runtime, first["password"])).json()["access_token"]
        with pytest.raises(ProblemError) as refused:
            await TokenVerifier(OwnKeys(runtime)).verify(token)
        assert (refused.value.status, refused.value.code) == (503, "starting")
        assert (await TokenVerifier(runtime.extras["own_keys"]).verify(token)).kind == "employee"
