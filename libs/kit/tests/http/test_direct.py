"""Routes that read their request themselves refuse and describe as FastAPI does."""

from typing import Annotated

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Query, Request, Response
from pydantic import Field

from patchbay_kit.http import RequestModel
from patchbay_kit.http.direct import DirectRoute, answered_by, read_query
from patchbay_kit.http.problems import install_problem_handlers


class Wanted(RequestModel):
    limit: int = Field(default=50, ge=1, le=200)
    names: list[str] = Field(default_factory=list, max_length=2)
    q: str | None = None


async def _direct(request: Request) -> Response:
    return Response(read_query(Wanted, request, "names").model_dump_json())


router = APIRouter(route_class=DirectRoute)


@router.get("/direct")
@answered_by(_direct)
async def direct(query: Annotated[Wanted, Query()]) -> Response:
    raise AssertionError("another stands in for it")


@router.get("/plain")
async def plain(query: Annotated[Wanted, Query()]) -> Response:
    return Response(query.model_dump_json())


@pytest.mark.parametrize(
    "query",
    [
        "",
        "limit=7&q=a%20b",
        "names=a&names=b",
        "names=a",
        "q=first&q=second",
        "limit=0",
        "limit=x&unknown=1",
        "names=a&names=b&names=c",
        "q=%20",
    ],
)
async def test_a_query_read_by_hand_is_that_of_fastapi_refusals_included(query: str) -> None:
    app = FastAPI()
    install_problem_handlers(app)
    app.include_router(router)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://service.test"
    ) as http:
        mine, theirs = [await http.get(f"/{name}?{query}") for name in ("direct", "plain")]
    assert mine.status_code == theirs.status_code
    assert mine.json() == theirs.json()
    assert (
        app.openapi()["paths"]["/direct"]["get"]["parameters"]
        == (app.openapi()["paths"]["/plain"]["get"]["parameters"])
    )
