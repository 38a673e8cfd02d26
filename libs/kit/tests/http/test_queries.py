"""Query parameters that a route does not declare."""

from typing import Annotated

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI, Query, Response
from pydantic import BaseModel, Field

from patchbay_kit.http.problems import install_problem_handlers
from patchbay_kit.http.transaction import TransactionalRoute


class Filter(BaseModel):
    """Filters as a model; `of` is `from` for callers."""

    q: str | None = None
    of: str | None = Field(default=None, alias="from")


async def page(limit: int = 50, cursor: str | None = None) -> int:
    return limit


router = APIRouter(route_class=TransactionalRoute)


@router.get("/things")
async def things(
    _filter: Annotated[Filter, Query()], _page: Annotated[int, Depends(page)]
) -> Response:
    return Response()


@router.get("/things/{thing}")
async def thing(thing: str) -> Response:
    return Response()


@pytest.mark.parametrize(
    ("target", "refused"),
    [
        ("/things", []),
        ("/things?q=a&from=b&limit=1&cursor=c&q=", []),
        ("/things/1", []),
        ("/things?", []),
        ("/things?Q=a", ["Q"]),
        ("/things?of=b&limit=1&offset=2&offset=3", ["of", "offset"]),
        ("/things/1?expand", ["expand"]),
        ("/things?=1", [""]),
        ("/things?%ff=1&%E2%82%AC=1", None),
    ],
)
async def test_only_declared_query_parameters_are_taken(
    target: str, refused: list[str] | None
) -> None:
    app = FastAPI()
    app.include_router(router)
    install_problem_handlers(app)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://t") as http:
        answer = await http.get(target)
    if refused == []:
        assert answer.status_code == 200
        return
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")
    errors = answer.json()["errors"]
    assert {error["code"] for error in errors} == {"extra_forbidden"}
    if refused is not None:
        assert [error["field"] for error in errors] == [name or "query" for name in refused]
