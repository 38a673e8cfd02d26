"""What a database error means to the caller of an API."""

import traceback

from sqlalchemy.exc import (
    DBAPIError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    PendingRollbackError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from patchbay_kit.db.failures import sqlstate
from patchbay_kit.errors import ProblemError

# SQLAlchemy's, where a savepoint cannot be taken back since the connection is gone.
_BROKEN_IN_SAVEPOINT = "8s2b"
_UNIQUE_VIOLATION = "23505"
# Serialization failure, deadlock, lock time-out, statement time-out.
_BUSY = frozenset({"40001", "40P01", "55P03", "57014"})
# Connection lost, server shutting down or starting, too many connections.
_GONE_CLASSES = ("08", "57P", "53")


def database_problem(error: BaseException) -> ProblemError | None:
    """The problem to answer, or None where the error is a defect of ours."""
    if isinstance(error, PoolTimeoutError):
        return database_busy()
    if isinstance(error, PendingRollbackError):
        return database_lost() if error.code == _BROKEN_IN_SAVEPOINT else None
    if isinstance(error, OSError):
        return database_lost() if _is_of_driver(error) else None
    if not isinstance(error, DBAPIError):
        return None
    state = sqlstate(error)
    if isinstance(error, IntegrityError):
        return _conflicting() if _is_unique(error, state) else None
    if state in _BUSY or "database is locked" in str(error.orig):
        return database_busy()
    gone = error.connection_invalidated or state.startswith(_GONE_CLASSES)
    if gone or (not state and isinstance(error, InterfaceError | OperationalError)):
        return database_lost()
    return None


def database_unavailable() -> ProblemError:
    """503: nothing was done."""
    return ProblemError(
        503,
        "database_unavailable",
        "The database cannot be reached",
        detail="Nothing was changed.",
        hint="Try again in a few seconds.",
        headers={"Retry-After": "5"},
    )


def database_lost() -> ProblemError:
    """503 after the connection broke: if that was during the commit, nobody knows its outcome."""
    return ProblemError(
        503,
        "database_unavailable",
        "The connection to the database was lost",
        detail="Whether the change was made is not known.",
        hint="Repeat the request with the same Idempotency-Key, or read the present state first.",
        headers={"Retry-After": "5"},
    )


def database_busy() -> ProblemError:
    """503: rolled back because of others' work; the same request will likely succeed."""
    return ProblemError(
        503,
        "database_busy",
        "The database is busy",
        detail="Nothing was changed.",
        hint="Repeat the request.",
        headers={"Retry-After": "1"},
    )


def _is_of_driver(error: BaseException) -> bool:
    """The driver's own time-outs and resets come as Python's, so only their way tells."""
    frames = traceback.walk_tb(error.__traceback__)
    return any(frame.f_globals.get("__name__", "").startswith("asyncpg.") for frame, _ in frames)


def _is_unique(error: IntegrityError, state: str) -> bool:
    return state == _UNIQUE_VIOLATION or "UNIQUE constraint failed" in str(error.orig)


def _conflicting() -> ProblemError:
    return ProblemError(
        409,
        "conflicting_change",
        "Somebody else did this at the same time",
        detail="A record with the same key exists. Nothing was changed.",
        hint="Read the present state, then decide whether to repeat.",
    )
