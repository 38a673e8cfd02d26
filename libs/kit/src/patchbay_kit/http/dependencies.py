"""What route functions ask for: the caller, the unit of work, a reading session, the runtime."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated, Any

from fastapi import Depends, Query, Request
from fastapi.security import HTTPBearer
from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_kit.auth import Principal
from patchbay_kit.auth.tokens import unauthenticated
from patchbay_kit.db import UnitOfWork
from patchbay_kit.db.failures import CONNECT_ERRORS
from patchbay_kit.errors import ProblemError
from patchbay_kit.http.database_errors import database_unavailable
from patchbay_kit.http.identification import identify, runtime_of
from patchbay_kit.http.pagination import DEFAULT_LIMIT, MAX_LIMIT, PageRequest, decode_cursor
from patchbay_kit.http.transaction import Transaction
from patchbay_kit.runtime import Runtime

_BEARER = HTTPBearer(auto_error=False, bearerFormat="JWT", description="POST /v1/auth/token")


async def caller(request: Request, _scheme: Annotated[Any, Depends(_BEARER)] = None) -> Principal:
    """The authenticated caller; 401 otherwise."""
    return await signed_in(request)


async def signed_in(request: Request) -> Principal:
    """The same without a dependency."""
    principal = await identify(request)
    if principal is None:
        raise unauthenticated("authentication_required", "This needs a signed-in caller.")
    return principal


Caller = Annotated[Principal, Depends(caller)]


def require(permission: str) -> Callable[..., Awaitable[Principal]]:
    """A dependency: the caller, who must hold `permission`; 403 `permission_missing` otherwise."""

    async def check(principal: Caller) -> Principal:
        return permitted(principal, permission)

    return check


def permitted(principal: Principal, permission: str) -> Principal:
    """The caller, who must hold `permission`; 403 `permission_missing` otherwise."""
    if not principal.may(permission):
        raise ProblemError(
            403,
            "permission_missing",
            "You may not do this",
            detail=f"This needs the permission {permission!r}.",
            hint="Ask an administrator for it.",
            extra={"permission": permission},
        )
    return principal


async def unit_of_work(request: Request) -> UnitOfWork:
    """The request's unit of work; it commits after the route function, before the response."""
    transaction = getattr(request.state, "transaction", None)
    if not isinstance(transaction, Transaction):
        raise TypeError(
            "Uow needs an APIRouter(route_class=TransactionalRoute) and a method that changes"
        )
    return await transaction.begin()


async def reader(request: Request) -> AsyncIterator[AsyncSession]:
    """A session for reading; 503 where there is no database."""
    async with runtime_of(request).db.read() as session:
        try:
            await session.connection()
        except CONNECT_ERRORS as error:
            raise database_unavailable() from error
        yield session


# No dependency is a plain function: FastAPI would run it in a thread of its own.
async def page_request(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
    cursor: Annotated[str | None, Query(max_length=1000)] = None,
) -> PageRequest:
    """The page that the caller wants; 422 `cursor_invalid` for a cursor that is not ours."""
    # A cursor is good for the list that it came from, not for another one.
    secret = runtime_of(request).secrets.derive(f"cursor {request.url.path}")
    return PageRequest(limit, decode_cursor(cursor, secret) if cursor else None, secret)


async def runtime_dependency(request: Request) -> Runtime:
    """The runtime of the service that answers this request."""
    return runtime_of(request)


Uow = Annotated[UnitOfWork, Depends(unit_of_work)]
# Ends with the route function, so that a slow client does not keep a connection.
Reader = Annotated[AsyncSession, Depends(reader, scope="function")]
PageParams = Annotated[PageRequest, Depends(page_request)]
RuntimeDep = Annotated[Runtime, Depends(runtime_dependency)]
