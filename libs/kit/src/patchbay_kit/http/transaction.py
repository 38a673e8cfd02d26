"""One unit of work per changing request, committed before the first byte of the response.

Promise: what the caller is told has been stored; what raised has left nothing behind; a POST with
an Idempotency-Key takes effect once.
"""

from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Any, Self

from fastapi import Request, Response
from sqlalchemy.exc import SQLAlchemyError

from patchbay_kit.db import Database, UnitOfWork
from patchbay_kit.db.failures import CONNECT_ERRORS
from patchbay_kit.errors import ProblemError
from patchbay_kit.http.database_errors import (
    database_lost,
    database_problem,
    database_unavailable,
)
from patchbay_kit.http.idempotency import claim, idempotency_key_of
from patchbay_kit.http.identification import identify, runtime_of
from patchbay_kit.http.lists_as_csv import ListRoute

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

RouteHandler = Callable[[Request], Coroutine[Any, Any, Response]]


class Transaction:
    """A unit of work that begins when somebody first asks for it, and ends with the block."""

    def __init__(self, db: Database, actor: str | None) -> None:
        self._db = db
        self._actor = actor
        self._stack = AsyncExitStack()
        self._unit: UnitOfWork | None = None

    async def begin(self) -> UnitOfWork:
        """The unit of work; ProblemError 503 where there is no database."""
        if self._unit is None:
            unit = self._db.unit_of_work(actor=self._actor)
            try:
                self._unit = await self._stack.enter_async_context(unit)
            except CONNECT_ERRORS as error:
                raise (database_problem(error) or database_unavailable()) from error
        return self._unit

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            await self._stack.__aexit__(kind, error, traceback)
        except CONNECT_ERRORS as failure:
            if error is not None or isinstance(failure, SQLAlchemyError):
                raise
            # The driver's own time-outs and resets come unwrapped out of a commit.
            raise database_lost() from failure


class TransactionalRoute(ListRoute):
    """Route class of all our routers: see the module's promise. Safe methods run as they are.

    An exception rolls back. A returned response commits, whatever its status.
    """

    def get_route_handler(self) -> RouteHandler:
        handle = super().get_route_handler()
        if SAFE_METHODS.issuperset(self.methods or ()):
            return handle

        async def handle_in_transaction(request: Request) -> Response:
            return await _in_transaction(request, handle)

        return handle_in_transaction


async def _in_transaction(request: Request, handle: RouteHandler) -> Response:
    key = idempotency_key_of(request)
    # Before the transaction begins: a slow sender must not hold SQLite's only writer.
    body = await request.body()
    try:
        principal = await identify(request)
    except ProblemError:
        # The route decides whether it needs a caller: an expired token must not stop a sign-in.
        principal = None
    actor = principal.actor if principal else None
    async with Transaction(runtime_of(request).db, actor) as transaction:
        request.state.transaction = transaction
        if key is None:
            return await handle(request)
        unit = await transaction.begin()
        claimed = await claim(unit, request, actor=actor, key=key, body=body)
        if claimed.replay is not None:
            return claimed.replay
        response = await handle(request)
        await claimed.keep(response)
        return response
