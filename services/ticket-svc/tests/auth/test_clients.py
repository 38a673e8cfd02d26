"""Too many failures from one client stop it, whatever addresses it names, and nobody else."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from patchbay_kit.clock import utc_now
from patchbay_kit.testing.apps import app_of
from patchbay_kit.testing.harness import make_runtime
from ticket_svc.auth.housekeeping import rotate_keys
from ticket_svc.definition import SERVICE
from ticket_svc.sign_ins.clients import network_of
from ticket_svc.sign_ins.tables import SignInAttempt, SignInClient

PASSWORD = "correct horse battery"
ADMIN = {"admin_email": "a@desk.example", "admin_password": PASSWORD}


@contextmanager
def calling_from(app: Any, host: str) -> Iterator[httpx.AsyncClient]:
    yield httpx.AsyncClient(
        transport=httpx.ASGITransport(app, client=(host, 40_000)), base_url="http://service.test"
    )


async def attempt(app: Any, host: str, email: str, password: str = "wrong") -> httpx.Response:
    with calling_from(app, host) as http:
        return await http.post("/v1/auth/token", json={"email": email, "password": password})


async def test_a_client_is_stopped_for_the_rest_of_a_quarter_of_an_hour(
    database_url: str, make_desk: Any
) -> None:
    ahead = timedelta(0)

    def clock() -> datetime:
        return utc_now() + ahead

    async with make_runtime(
        SERVICE, database_url, clock=clock, sign_in_failures=5, **ADMIN
    ) as runtime:
        with app_of(SERVICE, runtime) as app:
            guesses = [await attempt(app, "203.0.113.7", f"x{n}@desk.example") for n in range(6)]
            assert [each.status_code for each in guesses] == [401] * 5 + [429]
            problem = guesses[-1].json()
            assert (problem["code"], problem["status"]) == ("client_locked", 429)
            assert 0 < int(guesses[-1].headers["Retry-After"]) <= 900
            stopped = await attempt(app, "203.0.113.7", "a@desk.example", PASSWORD)
            assert stopped.json()["code"] == "client_locked"
            assert (
                await attempt(app, "203.0.113.8", "a@desk.example", PASSWORD)
            ).status_code == 200
            desk = make_desk(runtime, None)
            # What a stopped client tries locks nobody's address.
            assert len(await desk.rows(SignInAttempt)) == 6
            assert "203.0.113" not in str(await desk.rows(SignInClient))
            ahead = timedelta(minutes=15, seconds=1)
            assert (await attempt(app, "203.0.113.7", "x9@desk.example")).status_code == 401
            assert (
                await attempt(app, "203.0.113.7", "a@desk.example", PASSWORD)
            ).status_code == 200
            ahead *= 2
            await rotate_keys(runtime)
            assert await desk.rows(SignInClient) == []


async def test_a_good_sign_in_neither_counts_nor_forgives(database_url: str) -> None:
    async with make_runtime(SERVICE, database_url, sign_in_failures=3, **ADMIN) as runtime:
        with app_of(SERVICE, runtime) as app:

            async def status(email: str, password: str = "wrong") -> int:
                return (await attempt(app, "203.0.113.7", email, password)).status_code

            assert [await status("a@desk.example", PASSWORD) for _ in range(8)] == [200] * 8
            assert [await status("x@desk.example"), await status("y@desk.example")] == [401, 401]
            assert await status("a@desk.example", PASSWORD) == 200
            assert [await status("x@desk.example"), await status("y@desk.example")] == [401, 429]


async def test_attempts_at_once_are_no_more_guesses(database_url: str) -> None:
    async with make_runtime(SERVICE, database_url, sign_in_failures=5, **ADMIN) as runtime:
        with app_of(SERVICE, runtime) as app:
            answers = await asyncio.gather(
                *(attempt(app, "2001:db8::1", f"x{n}@desk.example") for n in range(12))
            )
            statuses = [each.status_code for each in answers]
            assert (statuses.count(401), statuses.count(429)) == (5, 7)
            # The same network of 64 bits, and another one.
            for host, expected in (("2001:db8::2:ffff", 429), ("2001:db8:0:1::1", 401)):
                assert (await attempt(app, host, "z@desk.example")).status_code == expected


async def test_no_limit_is_a_limit_of_zero(sqlite_url: str, make_desk: Any) -> None:
    async with make_runtime(SERVICE, sqlite_url, sign_in_failures=0, **ADMIN) as runtime:
        with app_of(SERVICE, runtime) as app:
            assert (await attempt(app, "203.0.113.7", "x@desk.example")).status_code == 401
        assert await make_desk(runtime, None).rows(SignInClient) == []


@pytest.mark.parametrize(
    ("host", "network"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("unknown", "unknown"),
    ],
)
def test_a_client_is_an_ipv4_address_or_an_ipv6_network(host: str, network: str) -> None:
    assert network_of(host) == network
