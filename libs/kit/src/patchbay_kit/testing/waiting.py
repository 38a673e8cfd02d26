"""Waiting for a condition with a deadline, instead of sleeping for a guessed time."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, cast, overload

T = TypeVar("T")


@overload
async def eventually(
    predicate: Callable[[], Awaitable[T]],
    *,
    timeout: float = ...,
    interval: float = ...,
    message: str = ...,
) -> T: ...


@overload
async def eventually(
    predicate: Callable[[], T],
    *,
    timeout: float = ...,
    interval: float = ...,
    message: str = ...,
) -> T: ...


async def eventually(
    predicate: Callable[[], T | Awaitable[T]],
    *,
    timeout: float = 10.0,
    interval: float = 0.02,
    message: str = "",
) -> T:
    """Call `predicate` (plain or async) until its result is true, and return that result.

    An AssertionError inside it counts as "not yet", so it may hold several asserts. After
    `timeout` seconds raises AssertionError with `message`, the last result and the last cause.
    """
    deadline = time.monotonic() + timeout
    while True:
        failure: AssertionError | None = None
        last: object = None
        try:
            outcome = predicate()
            last = await cast("Awaitable[T]", outcome) if inspect.isawaitable(outcome) else outcome
        except AssertionError as error:
            failure = error
        if failure is None and last:
            return cast("T", last)
        if time.monotonic() >= deadline:
            raise AssertionError(_report(timeout, message, last, failure)) from failure
        await asyncio.sleep(interval)


def wait_until(
    predicate: Callable[[], T], *, timeout: float, interval: float = 0.02, message: str = ""
) -> T:
    """The same for code without an event loop, such as the private servers."""
    deadline = time.monotonic() + timeout
    while not (last := predicate()):
        if time.monotonic() >= deadline:
            raise AssertionError(_report(timeout, message, last, None))
        time.sleep(interval)  # noqa: TID251 - the one place where a wait has to sleep
    return last


def _report(timeout: float, message: str, last: object, failure: AssertionError | None) -> str:
    what = message or "the condition"
    return f"{what} did not come true within {timeout:g} s; last: {failure or repr(last)}"


def wait_while_moving(look: Callable[[], Any], *, timeout: float, interval: float = 0.1) -> None:
    """Wait until `look` finds nothing; AssertionError after `timeout` seconds without a change."""
    found = look()
    since = time.monotonic()
    while found:
        if time.monotonic() - since > timeout:
            raise AssertionError(f"for {timeout:g} s still undone: {found}")
        time.sleep(interval)  # noqa: TID251  # this is the waiting itself
        again = look()
        if again != found:
            found, since = again, time.monotonic()
