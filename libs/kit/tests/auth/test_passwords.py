"""Passwords are hashed with argon2id, off the event loop."""

import asyncio

import pytest

from patchbay_kit.auth import hash_password, passwords, verify_password
from patchbay_kit.errors import ProblemError


async def test_only_the_right_password_is_accepted() -> None:
    encoded = await hash_password("correct horse")
    assert encoded.startswith("$argon2id$")
    assert await verify_password("correct horse", encoded)
    assert not await verify_password("wrong horse", encoded)
    assert await hash_password("correct horse") != encoded


@pytest.mark.parametrize("password", ["", "nobody has this password", "\ud800", "x" * 5000])
async def test_an_unknown_user_never_gets_in(password: str) -> None:
    assert not await verify_password(password, None)


async def test_a_damaged_hash_is_a_refusal() -> None:
    assert not await verify_password("x", "not a hash")


async def test_an_unknown_user_takes_as_much_work_as_a_known_one() -> None:
    encoded = await hash_password("a password")
    await verify_password("warm up", None)
    loop = asyncio.get_running_loop()
    start = loop.time()
    await verify_password("b", encoded)
    known = loop.time() - start
    start = loop.time()
    await verify_password("b", None)
    assert loop.time() - start > known / 4


async def test_an_over_long_password_is_refused_before_any_work() -> None:
    with pytest.raises(ValueError, match="too long"):
        await hash_password("x" * 5000)


async def test_a_flood_of_sign_ins_is_refused_and_not_queued_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(passwords, "MAX_WAITING", 3)
    first = [asyncio.create_task(verify_password("x", None)) for _ in range(4)]
    answers = await asyncio.gather(*first, return_exceptions=True)
    assert answers[:3] == [False, False, False]
    assert isinstance(answers[3], ProblemError)
    assert answers[3].status == 503
    assert not await verify_password("x", None)
