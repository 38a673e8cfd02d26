"""One service's database:

units of work for changes, sessions for reads, and the only place that commits.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from patchbay_kit.clock import Clock, utc_now
from patchbay_kit.db.engine import LOCK_TIMEOUT_MS, WRITE_OPTION, create_engine
from patchbay_kit.db.failures import NestedUnitError, SwallowedFailureError, has_failed
from patchbay_kit.db.uow import UnitOfWork

# Longer than one of those before may wait for the file's lock.
TURN_SECONDS = 3 * LOCK_TIMEOUT_MS / 1000


class Database:
    """Owns the engine.

    `on_events` is called after a commit that wrote to the outbox, to wake the relay.
    """

    def __init__(
        self, url: str, *, service: str, pool_size: int = 8, clock: Clock = utc_now
    ) -> None:
        self.engine: AsyncEngine = create_engine(
            url, pool_size=pool_size, application_name=f"patchbay-{service}"
        )
        self.url = url
        self.service = service
        self.clock = clock
        self.on_events: Callable[[], None] = lambda: None
        self.is_postgres = self.engine.dialect.name == "postgresql"
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False, autoflush=False)
        # SQLite has one writer; queueing here is fair and cheap where waiting on its file lock is
        # neither.
        self._writer = None if self.is_postgres else asyncio.Lock()
        # The tasks that are in a unit of work.
        self._inside: set[asyncio.Task[Any] | None] = set()

    @asynccontextmanager
    async def unit_of_work(self, *, actor: str | None = None) -> AsyncIterator[UnitOfWork]:
        """A transaction that commits when the block ends and rolls back when it raises.

        SwallowedFailureError, and nothing committed, where a statement failed outside of a
        savepoint and the block ended well all the same. NestedUnitError where the task is in a unit
        of work already, as routes with the dependency `Uow` or an Idempotency-Key are.
        """
        async with AsyncExitStack() as stack:
            stack.enter_context(self._only_one())
            if self._writer is not None:
                await stack.enter_async_context(_turn(self._writer))
            session = await stack.enter_async_context(self._sessions())
            connection = await session.connection(execution_options={WRITE_OPTION: True})
            unit = UnitOfWork(session=session, service=self.service, now=self.clock(), actor=actor)
            try:
                yield unit
                wake = unit.has_events
                await unit.flush()
                if has_failed(connection.info):
                    raise SwallowedFailureError("a statement failed and its error was swallowed")
                await session.commit()
            except BaseException:
                await session.rollback()
                raise
        if wake:
            self.on_events()

    @contextmanager
    def _only_one(self) -> Iterator[None]:
        task = asyncio.current_task()
        if task in self._inside:
            raise NestedUnitError("a unit of work was begun inside another one")
        self._inside.add(task)
        try:
            yield
        finally:
            self._inside.discard(task)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """A session for reading; nothing that it does is kept."""
        async with self._sessions() as session:
            try:
                yield session
            finally:
                await session.rollback()

    async def ping(self) -> None:
        """Raise what the driver raises if the database does not answer."""
        async with self.read() as session:
            await session.execute(text("SELECT 1"))

    async def close(self) -> None:
        """Close every connection."""
        await self.engine.dispose()

    async def scalar(self, statement: Any) -> Any:
        """One value, read outside of any unit of work."""
        async with self.read() as session:
            return await session.scalar(statement)


@asynccontextmanager
async def _turn(writer: asyncio.Lock) -> AsyncIterator[None]:
    """Hold the lock; the error of an exhausted pool where those before do not end."""
    try:
        async with asyncio.timeout(TURN_SECONDS):
            await writer.acquire()
    except TimeoutError:
        raise PoolTimeoutError("others are writing for too long") from None
    try:
        yield
    finally:
        writer.release()
