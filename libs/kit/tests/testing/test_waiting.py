"""Waiting helpers: they return what came true, or say what did not."""

import pytest

from patchbay_kit.testing.waiting import eventually, wait_until


async def test_eventually_returns_the_first_true_result() -> None:
    results = iter([None, 0, "here"])

    assert await eventually(lambda: next(results), interval=0) == "here"


async def test_eventually_awaits_an_async_predicate_and_retries_its_failed_asserts() -> None:
    calls: list[int] = []

    async def third_time() -> bool:
        calls.append(1)
        assert len(calls) == 3
        return True

    assert await eventually(third_time, interval=0)


async def test_eventually_names_what_did_not_happen_and_the_last_result() -> None:
    with pytest.raises(AssertionError, match=r"the ticket did not come true .* last: \[\]"):
        await eventually(list, timeout=0.01, message="the ticket")


async def test_eventually_lets_other_errors_through_at_once() -> None:
    def broken() -> bool:
        raise KeyError("typo")

    with pytest.raises(KeyError, match="typo"):
        await eventually(broken)


def test_wait_until_has_a_deadline() -> None:
    with pytest.raises(AssertionError, match="the port did not come true"):
        wait_until(lambda: False, timeout=0.01, message="the port")
