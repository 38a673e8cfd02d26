"""Passwords: argon2id (RFC 9106), in threads so that sign-ins never stop the event loop."""

import asyncio
import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from patchbay_kit.errors import ProblemError

T = TypeVar("T")

MAX_PASSWORD_BYTES = 1024
# Who waits longer than these take, some seconds, has gone away or is one of a flood.
MAX_WAITING = 100
# The second recommended option of RFC 9106, 4: 64 MiB, three passes, four lanes. A hash made with
# others is made again when its owner signs in.
_HASHER = PasswordHasher(
    time_cost=3, memory_cost=65_536, parallelism=4, hash_len=32, salt_len=16, type=Type.ID
)
# Each computation takes 64 MiB; two at a time bound what a flood of sign-ins can use.
_POOL = ThreadPoolExecutor(2, thread_name_prefix="argon2")
_waiting: set[object] = set()


async def hash_password(password: str) -> str:
    """The encoded hash, with salt and parameters; ValueError beyond MAX_PASSWORD_BYTES.

    ProblemError 503 while too many are waiting, as for `verify_password`.
    """
    if len(password.encode()) > MAX_PASSWORD_BYTES:
        raise ValueError("password too long")
    return await _compute(_HASHER.hash, password)


async def verify_password(password: str, encoded: str | None) -> bool:
    """Whether the password is right. None (no such user) takes as long and is False."""
    if len(password.encode("utf-8", "surrogatepass")) > MAX_PASSWORD_BYTES:
        return False
    return await _compute(_verify, password, encoded)


def needs_rehash(encoded: str) -> bool:
    """Whether the hash was made with weaker parameters than today's."""
    return _HASHER.check_needs_rehash(encoded)


async def _compute(function: Callable[..., T], *given: str | None) -> T:
    if len(_waiting) >= MAX_WAITING:
        raise ProblemError(
            503,
            "sign_in_busy",
            "Too many are signing in",
            hint="Try again in a few seconds.",
            headers={"Retry-After": "5"},
        )
    work = asyncio.get_running_loop().run_in_executor(_POOL, function, *given)
    _waiting.add(work)
    work.add_done_callback(_waiting.discard)
    return await work


def _verify(password: str, encoded: str | None) -> bool:
    try:
        matches = _HASHER.verify(encoded or _dummy(), password)
    except (VerificationError, InvalidHashError, UnicodeEncodeError):
        return False
    return matches and encoded is not None


@functools.cache
def _dummy() -> str:
    return _HASHER.hash("nobody has this password")
