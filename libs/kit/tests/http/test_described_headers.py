"""Headers that our routes read and write, in the OpenAPI document."""

from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response

from patchbay_kit.http import RequestModel, ResponseModel, TransactionalRoute
from patchbay_kit.http.openapi import describe


class Thing(ResponseModel):
    id: str
    version: int


class NewThing(RequestModel):
    name: str


def _document() -> dict[str, Any]:
    router = APIRouter(prefix="/v1/things", route_class=TransactionalRoute)

    @router.post("", status_code=201)
    async def make(body: NewThing, response: Response) -> Thing: ...

    @router.get("/{thing}")
    async def read(thing: str, response: Response) -> Thing: ...

    @router.patch("/{thing}")
    async def change(thing: str, body: NewThing, request: Request, response: Response) -> Thing: ...

    @router.post("/{thing}/notes", status_code=201)
    async def note(thing: str, body: NewThing) -> Thing: ...

    @router.post("/{thing}/file", openapi_extra={"requestBody": {"content": {}}})
    async def upload(thing: str, request: Request) -> Thing: ...

    app = FastAPI()
    app.router.routes.extend(router.routes)
    return describe(app)


def _headers(document: dict[str, Any], method: str, path: str) -> tuple[list[str], list[str]]:
    operation = document["paths"][f"/v1/things{path}"][method]
    sent = [each["name"] for each in operation.get("parameters", []) if each["in"] == "header"]
    got = [name for each in operation["responses"].values() for name in each.get("headers", {})]
    return sent, got


def test_changes_are_guarded_and_posts_can_be_repeated() -> None:
    document = _document()
    assert _headers(document, "post", "") == (["Idempotency-Key"], ["ETag", "Location"])
    assert _headers(document, "get", "/{thing}") == ([], ["ETag"])
    assert _headers(document, "patch", "/{thing}") == (["If-Match"], ["ETag"])


def test_a_header_that_a_route_does_not_look_at_or_set_is_not_there() -> None:
    document = _document()
    assert _headers(document, "post", "/{thing}/notes") == (["Idempotency-Key"], [])
    assert _headers(document, "post", "/{thing}/file") == (["Idempotency-Key"], [])


def test_only_what_compares_versions_shows_the_error_of_another_one() -> None:
    document = _document()
    for method, path, shown in (("patch", "/{thing}", True), ("post", "/{thing}/notes", False)):
        answer = document["paths"][f"/v1/things{path}"][method]["responses"]["default"]
        examples = answer["content"]["application/problem+json"]["examples"]
        assert ("version_mismatch" in examples) is shown
