"""Upper and lower case of every alphabet on SQLite, which by itself knows that of ASCII alone.

Lists compare `lower(..)` with what is looked for; PostgreSQL goes by the database's locale.
"""

from typing import Any

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine


def fold_every_alphabet(engine: AsyncEngine) -> None:
    """Let `lower` on the engine's new connections be Python's."""

    @event.listens_for(engine.sync_engine, "connect")
    def _connected(connection: Any, _record: Any) -> None:
        connection.create_function("lower", 1, _lower, deterministic=True)


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value
