"""What an error of the database means: whose fault it is, and what may be told about it.

Error texts go to logs, so they hold neither parameters nor rows: both are customers' data.
"""

from typing import Any

import asyncpg
from sqlalchemy import Engine, event
from sqlalchemy.engine import Connection, ExceptionContext
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

# What can come out of the attempt to get a connection; asyncpg's own errors are not wrapped there.
CONNECT_ERRORS = (OSError, SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError)

# SQLSTATE: connection lost, shutting down or starting up, trouble of the machine below.
_AWAY_CLASSES = ("08", "57P", "58")
# Disk full, too many connections, a standby that takes no writes.
_AWAY_STATES = frozenset({"53100", "53300", "25006"})
# SQLite's BUSY, LOCKED, READONLY, IOERR, CORRUPT, FULL, CANTOPEN and NOTADB.
_AWAY_CODES = frozenset({5, 6, 8, 10, 11, 13, 14, 26})
_FAILED = "patchbay_failed_statement"


class SwallowedFailureError(RuntimeError):
    """A statement failed, nobody let the error through, and the unit was about to commit.

    PostgreSQL would answer such a COMMIT with a silent rollback. What may fail belongs into
    `session.begin_nested()`.
    """


class NestedUnitError(RuntimeError):
    """A unit of work was begun inside another one of the same task and database.

    SQLite has one writer, so the inner one would wait for the outer one for ever; on PostgreSQL
    they would commit apart. Pass the unit of work on, or let it end first.
    """


def sqlstate(error: BaseException) -> str:
    """PostgreSQL's five-character code, or an empty string."""
    return str(getattr(getattr(error, "orig", None), "sqlstate", None) or "")


def is_away(error: BaseException) -> bool:
    """Whether the database, and not the statement, is at fault: the same may work later."""
    if isinstance(error, PoolTimeoutError):
        return True
    if not isinstance(error, DBAPIError):
        return False
    if error.connection_invalidated:
        return True
    code = getattr(error.orig, "sqlite_errorcode", None)
    if code is not None:
        return code & 0xFF in _AWAY_CODES
    state = sqlstate(error)
    return state in _AWAY_STATES or state.startswith(_AWAY_CLASSES)


def is_refused_value(error: BaseException) -> bool:
    """Whether a value cannot be stored, now or later: class 22 of SQLSTATE, or a driver's no."""
    if isinstance(error, UnicodeEncodeError | OverflowError):
        return True
    if not isinstance(error, DBAPIError):
        return False
    cause = error.orig.__cause__ if error.orig else None
    return type(cause).__name__ == "DataError" or sqlstate(error).startswith("22")


def watch(engine: Engine) -> None:
    """Keep rows out of the engine's error texts and remember failed statements."""
    event.listen(engine, "handle_error", _on_error)
    event.listen(engine, "begin", _forget)
    event.listen(engine, "rollback_savepoint", _forget)


def has_failed(info: dict[Any, Any]) -> bool:
    """Whether a statement failed in the running transaction. `info` is the connection's."""
    return bool(info.get(_FAILED))


def _on_error(context: ExceptionContext) -> None:
    for error in (context.original_exception, context.sqlalchemy_exception):
        if isinstance(error, Exception) and error.args and isinstance(error.args[0], str):
            # The server adds the row: "Failing row contains (...)", "Key (email)=(...) exists".
            error.args = (error.args[0].partition("\nDETAIL:")[0], *error.args[1:])
    if context.connection is not None and not context.connection.invalidated:
        context.connection.info[_FAILED] = True


def _forget(connection: Connection, *_savepoint: Any) -> None:
    if not connection.invalidated:
        connection.info.pop(_FAILED, None)
