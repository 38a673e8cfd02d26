"""Routes of hot paths that read their request themselves.

Their function is declared like any other, and is what OpenAPI describes; what answers does without
FastAPI's solving of dependencies, which costs more than reading a page of a list.
"""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import orjson
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError

from patchbay_kit.auth import Principal
from patchbay_kit.errors import ProblemError
from patchbay_kit.http.identification import identify
from patchbay_kit.http.transaction import RouteHandler, TransactionalRoute

F = TypeVar("F", bound=Callable[..., Any])
M = TypeVar("M", bound=BaseModel)

Direct = Callable[[Request], Awaitable[Response | None]]
_DIRECT = "answered_directly"


def answered_by(handler: Direct) -> Callable[[F], F]:
    """Marks a route function that `handler` stands in for; it checks the caller itself.

    Where it gives None, having changed nothing, the route answers as if it were not marked: a
    handler need not know how requests are refused.
    """

    def mark(function: F) -> F:
        setattr(function, _DIRECT, handler)
        return function

    return mark


class DirectRoute(TransactionalRoute):
    """Route class of routers with such functions. Those of methods that change something begin
    their `Transaction` themselves.
    """

    def get_route_handler(self) -> RouteHandler:
        plain = super().get_route_handler()
        direct: Direct | None = getattr(self.endpoint, _DIRECT, None)
        if direct is None:
            return plain

        async def handle(request: Request) -> Response:
            answer = await direct(request)
            return await plain(request) if answer is None else answer

        return handle


async def read_body(model: type[M], request: Request) -> M | None:
    """The JSON body as FastAPI would give it, or None where it is not to the model's liking."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        return None
    try:
        return model.model_validate(orjson.loads(await request.body()))
    except (ValueError, RecursionError):
        # A ValidationError is one as well.
        return None


async def caller_with(permission: str, request: Request) -> Principal | None:
    """The signed-in caller, or None where they are to be refused."""
    try:
        principal = await identify(request)
    except ProblemError:
        return None
    return principal if principal is not None and principal.may(permission) else None


def read_query(model: type[M], request: Request, *lists: str) -> M:
    """The query parameters as `Annotated[model, Query()]` would give them, refusals included.

    `lists` are the parameters that may be repeated; of others the last one counts.
    """
    given: dict[str, Any] = dict(request.query_params)
    for name in lists:
        if name in given:
            given[name] = request.query_params.getlist(name)
    try:
        return model.model_validate(given)
    except ValidationError as error:
        found = error.errors(include_url=False)
        raise RequestValidationError(
            [{**each, "loc": ("query", *each["loc"])} for each in found]
        ) from None
