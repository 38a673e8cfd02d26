"""Routes of hot paths that read their request themselves.

Their function is declared like any other, and is what OpenAPI describes; what answers does without
FastAPI's solving of dependencies, which costs more than reading a page of a list.
"""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError

from patchbay_kit.http.transaction import RouteHandler, TransactionalRoute

F = TypeVar("F", bound=Callable[..., Any])
M = TypeVar("M", bound=BaseModel)

_DIRECT = "answered_directly"


def answered_by(handler: Callable[[Request], Awaitable[Response]]) -> Callable[[F], F]:
    """Marks a route function that `handler` stands in for; it checks the caller itself."""

    def mark(function: F) -> F:
        setattr(function, _DIRECT, handler)
        return function

    return mark


class DirectRoute(TransactionalRoute):
    """Route class of routers with such functions; safe methods only."""

    def get_route_handler(self) -> RouteHandler:
        handler: RouteHandler | None = getattr(self.endpoint, _DIRECT, None)
        return handler or super().get_route_handler()


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
