"""Routes that read their request themselves refuse and describe as FastAPI does."""

from types import SimpleNamespace
from typing import Annotated

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Query, Request, Response
from pydantic import Field

from patchbay_kit.http import RequestModel
from patchbay_kit.http.direct import DirectRoute, answered_by, read_body, read_query
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


class Given(RequestModel):
    name: str


async def _directly(request: Request) -> Response | None:
    given = await read_body(Given, request)
    return None if given is None else Response("direct")


@router.post("/things")
@answered_by(_directly)
async def post_thing(given: Given) -> Response:
    return Response("plain")


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


@pytest.mark.parametrize(
    ("body", "kind", "status", "answer"),
    [
        (b'{"name": "a"}', "application/json; charset=utf-8", 200, "direct"),
        (b'{"name": "a"}', "application/merge-patch+json", 200, "plain"),
        (b'{"name": 1}', "application/json", 422, "validation_failed"),
        (b'{"name": "a", "more": 1}', "application/json", 422, "validation_failed"),
        (b'{"name": "a"', "application/json", 422, ""),
        (b"\xff", "application/json", 400, ""),
        (b"[" * 100_000, "application/json", 400, ""),
        (b"", "application/json", 422, "validation_failed"),
    ],
)
async def test_what_a_handler_does_not_answer_the_route_answers_as_ever(
    body: bytes, kind: str, status: int, answer: str
) -> None:
    app = FastAPI()
    # No transaction begins here, and nobody signs in.
    app.state.runtime = SimpleNamespace(db=None)
    install_problem_handlers(app)
    app.include_router(router)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://service.test"
    ) as http:
        got = await http.post("/things", content=body, headers={"content-type": kind})
    assert (got.status_code, answer in got.text) == (status, True)
    described = app.openapi()["paths"]["/things"]["post"]
    assert described["requestBody"]["content"]["application/json"]["schema"]["$ref"]
