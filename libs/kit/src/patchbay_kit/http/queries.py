"""Query parameters that a route does not have are refused, as unknown members of a body are: a
filter with a slip in its name must not give everything.
"""

from collections.abc import Iterator
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl

from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.types import Receive, Scope, Send


class QueryRoute(APIRoute):
    """Route class underneath all of ours: 422 for query parameters that it does not declare."""

    @cached_property
    def query_names(self) -> frozenset[str]:
        """The query parameters that there are."""
        return frozenset(_names(self.dependant))

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer where every query parameter is known."""
        self.check_query(scope["query_string"])
        await super().handle(scope, receive, send)

    def check_query(self, query: bytes) -> None:
        """RequestValidationError `extra_forbidden` for parameters that are not there."""
        if not query:
            return
        given = dict.fromkeys(
            name for name, _ in parse_qsl(query.decode("latin-1"), keep_blank_values=True)
        )
        unknown = [name for name in given if name not in self.query_names]
        if unknown:
            raise RequestValidationError([_refused(name) for name in unknown])


def _names(dependant: Dependant) -> Iterator[str]:
    for parameter in dependant.query_params:
        kind = parameter.field_info.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from (field.alias or name for name, field in kind.model_fields.items())
        else:
            yield parameter.alias
    for below in dependant.dependencies:
        yield from _names(below)


def _refused(name: str) -> dict[str, Any]:
    return {
        "type": "extra_forbidden",
        "loc": ("query", name[:100]),
        "msg": "Extra inputs are not permitted",
    }
