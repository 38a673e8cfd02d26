"""Every list as CSV: whole, as the list itself is for its viewer, and refused as the list is."""

import asyncio
import csv
import io
from collections.abc import Callable
from types import SimpleNamespace
from typing import Annotated, Any, Literal

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI, Query, Request, Response
from pydantic import BaseModel

from patchbay_kit.errors import ProblemError, invalid
from patchbay_kit.http import Page, TransactionalRoute
from patchbay_kit.http.csv_columns import Columns
from patchbay_kit.http.direct import DirectRoute, answered_by
from patchbay_kit.http.lists_as_csv import TornListError, describe_lists, prefers_csv
from patchbay_kit.http.problems import install_problem_handlers

CSV = {"Accept": "text/csv"}


class Inner(BaseModel):
    id: str
    name: str | None


class Tree(BaseModel):
    name: str
    child: "Tree | None" = None


class Cat(BaseModel):
    kind: Literal["cat"]


class Dog(BaseModel):
    kind: Literal["dog"]


class Thing(BaseModel):
    id: int
    name: str
    owner: Inner
    place: Inner | None
    words: list[str]
    custom_fields: dict[str, Any]


NAMES = ("id", "name", "owner.id", "owner.name", "place.id", "place.name", "words", "custom_fields")


def thing(number: int, name: str | None = None) -> Thing:
    return Thing(
        id=number,
        name=name or f"thing {number}",
        owner=Inner(id="o", name=None),
        place=Inner(id="p", name="here") if number % 2 else None,
        words=["a", "b"],
        custom_fields={"tier": 1},
    )


class Shelf:
    """`count` things, whose later pages may go wrong. `asked` has the query of each page."""

    def __init__(self, count: int) -> None:
        self.things = [thing(number) for number in range(count)]
        self.asked: list[dict[str, str]] = []
        self.refuse_after: int | None = None
        self.refusal: Exception = ProblemError(401, "token_expired", "The token has expired")
        self.next: Callable[[int], str] = str

    def page(self, request: Request) -> Page[Thing]:
        query = dict(request.query_params)
        if self.refuse_after is not None and len(self.asked) >= self.refuse_after:
            raise self.refusal
        self.asked.append(query)
        found = [each for each in self.things if query.get("q", "") in each.name]
        start, limit = int(query.get("cursor", 0)), int(query["limit"])
        more = start + limit < len(found)
        return Page[Thing](
            items=found[start : start + limit],
            next_cursor=self.next(start + limit) if more else None,
        )


def app_of(shelf: Shelf) -> FastAPI:
    async def admit(request: Request) -> None:
        # What a page found out about its caller must not be there for the next one.
        assert not hasattr(request.state, "looked_up")
        request.state.looked_up = "somebody"

    router = APIRouter(
        prefix="/v1/things", route_class=TransactionalRoute, dependencies=[Depends(admit)]
    )
    hot = APIRouter(prefix="/v1/hot", route_class=DirectRoute)

    @router.get("")
    async def list_things(
        request: Request,
        limit: Annotated[int, Query(le=200)] = 50,
        cursor: str | None = None,
        q: str | None = None,
        tag: str | None = None,
    ) -> Page[Thing]:
        return shelf.page(request)

    @router.get("/{thing_id}/names")
    async def list_names(thing_id: str) -> list[str]:
        if thing_id == "none":
            raise ProblemError(404, "not_found", "No such thing")
        return ["=x", thing_id]

    @router.get("/one")
    async def read_one() -> Thing:
        return thing(1)

    @router.put("")
    async def find_things() -> Page[Thing]:
        return Page[Thing](items=[])

    async def directly(request: Request) -> Response:
        return Response(shelf.page(request).model_dump_json(), media_type="application/json")

    @hot.get("", response_model=Page[Thing])
    @answered_by(directly)
    async def list_hot(
        limit: int = 50,
        cursor: str | None = None,
        q: str | None = None,
        tag: str | None = None,
    ) -> Response:
        raise AssertionError("another stands in for it")

    app = FastAPI()
    # No transaction begins here, and nobody signs in.
    app.state.runtime = SimpleNamespace(db=None)
    install_problem_handlers(app)
    for each in (router, hot):
        app.router.routes.extend(each.routes)
    return app


def http_of(shelf: Shelf) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app_of(shelf))
    return httpx.AsyncClient(transport=transport, base_url="http://service.test", headers=CSV)


def rows_of(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline=""), strict=True))


@pytest.mark.parametrize("path", ["/v1/things", "/v1/hot"], ids=["plain", "direct"])
async def test_all_pages_are_one_file_in_the_order_of_the_list(path: str) -> None:
    shelf = Shelf(450)
    async with http_of(shelf) as http:
        answer = await http.get(path, params={"limit": 3, "tag": "x y&z"})
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    name = path.removeprefix("/v1/")
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}.csv"'
    assert answer.headers["Vary"] == "Accept"
    assert answer.text.count("\r\n") == answer.text.count("\n") == 451
    header, *rows = rows_of(answer.text)
    assert header == list(NAMES)
    assert rows[0] == ["0", "thing 0", "o", "", "", "", '["a","b"]', '{"tier":1}']
    assert rows[1][4:6] == ["p", "here"]
    assert [row[0] for row in rows] == [str(number) for number in range(450)]
    unrelated = {"limit": "200", "tag": "x y&z"}
    assert shelf.asked == [
        unrelated,
        {**unrelated, "cursor": "200"},
        {**unrelated, "cursor": "400"},
    ]


async def test_a_file_has_the_filters_of_the_list_and_goes_on_after_the_callers_cursor() -> None:
    shelf = Shelf(30)
    async with http_of(shelf) as http:
        found = rows_of((await http.get("/v1/things", params={"q": "1"})).text)
        rest = rows_of((await http.get("/v1/things", params={"cursor": "28"})).text)
        none = await http.get("/v1/things", params={"q": "nothing"})
    assert [row[0] for row in found[1:]] == [str(n) for n in range(30) if "1" in str(n)]
    assert [row[0] for row in rest[1:]] == ["28", "29"]
    assert none.text == ",".join(NAMES) + "\r\n"


async def test_a_plain_list_is_a_file_as_well_and_what_is_no_list_stays_json() -> None:
    async with http_of(Shelf(1)) as http:
        names = await http.get("/v1/things/t7/names")
        one = await http.get("/v1/things/one")
        found = await http.put("/v1/things")
        as_json = await http.get("/v1/things", params={"limit": 1}, headers={"Accept": "*/*"})
    assert names.text == "value\r\n'=x\r\nt7\r\n"
    assert names.headers["Content-Disposition"] == 'attachment; filename="things-names.csv"'
    for answer in (one, found, as_json):
        assert answer.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "'=1", '=";"'])
async def test_no_text_of_a_record_is_a_formula(text: str) -> None:
    shelf = Shelf(0)
    shelf.things = [thing(-5, text)]
    async with http_of(shelf) as http:
        (row,) = rows_of((await http.get("/v1/things")).text)[1:]
    assert row[:2] == ["-5", f"'{text}"]


@pytest.mark.parametrize(
    ("refusal", "status"),
    [
        (ProblemError(401, "token_expired", "The token has expired"), 401),
        (ProblemError(403, "permission_missing", "You may not do this"), 403),
        (invalid("not_sortable", "This list cannot be sorted so", field="sort"), 422),
        (ProblemError(503, "database_unavailable", "No database"), 503),
    ],
    ids=lambda value: value if isinstance(value, int) else "",
)
async def test_what_the_list_refuses_is_the_same_problem_document(
    refusal: Exception, status: int
) -> None:
    shelf = Shelf(3)
    shelf.refuse_after, shelf.refusal = 0, refusal
    async with http_of(shelf) as http:
        refused = await http.get("/v1/things")
        hot = await http.get("/v1/hot")
        as_json = await http.get("/v1/things", params={"limit": 9}, headers={"Accept": "*/*"})
        unknown = await http.get("/v1/things/none/names")
    for answer in (refused, hot):
        assert (answer.status_code, answer.headers["Content-Type"]) == (
            status,
            "application/problem+json",
        )
        assert answer.json() == as_json.json()
        assert "Content-Disposition" not in answer.headers
    assert (unknown.status_code, unknown.json()["code"]) == (404, "not_found")


class Client:
    """A client that sends nothing more, and stays until it leaves."""

    def __init__(self) -> None:
        self._left = asyncio.Event()
        self._asked = False

    def leave(self) -> None:
        self._left.set()

    async def __call__(self) -> dict[str, Any]:
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self._left.wait()
        return {"type": "http.disconnect"}


async def _call(app: FastAPI, receive: Any, send: Any) -> None:
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "method": "GET",
        "path": "/v1/things",
        "raw_path": b"/v1/things",
        "query_string": b"",
        "headers": [(b"accept", b"text/csv")],
    }
    await app(scope, receive, send)


@pytest.mark.parametrize(
    "refusal", [ProblemError(401, "token_expired", "Expired"), RuntimeError("boom")], ids=repr
)
async def test_what_goes_wrong_on_a_later_page_never_ends_the_file_properly(
    refusal: Exception,
) -> None:
    shelf, sent = Shelf(500), list[dict[str, Any]]()
    shelf.refuse_after, shelf.refusal = 1, refusal

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    with pytest.raises((TornListError, RuntimeError)):
        await _call(app_of(shelf), Client(), send)
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
    assert all(message["more_body"] for message in sent[1:])


async def test_a_page_that_is_followed_by_itself_is_not_read_for_ever() -> None:
    shelf = Shelf(700)
    shelf.next = lambda _position: "200"
    async with http_of(shelf) as http:
        with pytest.raises(TornListError):
            await http.get("/v1/things")
    assert len(shelf.asked) == 2


async def test_a_page_is_read_when_the_one_before_was_taken_and_none_after_the_client_left() -> (
    None
):
    shelf, read_so_far = Shelf(5_000), list[int]()
    receive = Client()

    async def send(message: dict[str, Any]) -> None:
        await asyncio.sleep(0)  # As a page's own reading does, it lets others have their turn.
        if message["type"] == "http.response.body":
            read_so_far.append(len(shelf.asked))
            if len(read_so_far) == 3:
                receive.leave()

    await _call(app_of(shelf), receive, send)
    assert read_so_far[:3] == [1, 2, 3]
    assert len(shelf.asked) <= 5


@pytest.mark.parametrize(
    ("accept", "csv_wanted"),
    [
        ("text/csv", True),
        ("TEXT/CSV; charset=utf-8", True),
        ("text/csv, application/json;q=0.9", True),
        ("text/csv, application/problem+json", True),
        ("text/csv, */*", True),
        ("text/csv;q=0.1, */*;q=0.1", True),
        ("text/*", True),
        ("", False),
        ("*/*", False),
        ("application/json, text/csv", False),
        ("text/csv;q=0.5, application/json", False),
        ("text/csv;q=0", False),
        ("text/csv;q=0, */*;q=0", False),
        ("text/csv;q=x", False),
        ("text/csv;q=nan", False),
        ("application/json, text/plain, */*", False),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", False),
        ("text/html", False),
        ("text/event-stream", False),
        (";;,=,q", False),
    ],
)
def test_csv_is_for_those_who_want_it_rather_than_json(accept: str, csv_wanted: bool) -> None:
    headers = [(b"accept", accept.encode())] if accept else []
    assert prefers_csv({"headers": headers}) is csv_wanted


def test_accept_may_come_in_several_headers() -> None:
    headers = [(b"accept", b"application/json;q=0.2"), (b"accept", b"text/csv")]
    assert prefers_csv({"headers": headers}) is True


@pytest.mark.parametrize(
    ("item", "names"),
    [
        (Thing, NAMES),
        (Tree, ("name", "child")),
        (Cat | Dog, ("value",)),
        (int, ("value",)),
        (dict[str, int], ("value",)),
    ],
    ids=["nested", "inside itself", "one of several", "no object", "any members"],
)
def test_columns_are_known_without_any_row(item: Any, names: tuple[str, ...]) -> None:
    assert Columns(item).names == names
    assert Columns(item).rows([]) == ""


def test_the_document_says_which_lists_there_are_as_csv() -> None:
    app = app_of(Shelf(0))
    document = app.openapi()
    describe_lists(document, app.routes)
    for path in ("/v1/things", "/v1/hot", "/v1/things/{thing_id}/names"):
        content = document["paths"][path]["get"]["responses"]["200"]["content"]
        assert set(content) == {"application/json", "text/csv"}
        assert content["text/csv"]["schema"] == {"$ref": "#/components/schemas/ListAsCsv"}
    assert content["text/csv"]["example"] == "value\r\n"
    assert document["components"]["schemas"]["ListAsCsv"]["type"] == "string"
    for path, method in (("/v1/things/one", "get"), ("/v1/things", "put")):
        assert "text/csv" not in document["paths"][path][method]["responses"]["200"]["content"]
