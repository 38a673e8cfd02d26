"""Every list as CSV: `Accept: text/csv` on the list's own route.

Promise: the rows are those that the route itself gives to this caller with these filters, page by
page until there is no next one. A page is in memory at a time, read in a request of its own that
checks the caller anew, so that a slow reader holds nothing open. A file that cannot be finished is
torn off, so that nobody takes it for whole.
"""

from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, get_args, get_origin
from urllib.parse import parse_qsl, urlencode

import orjson
from fastapi.responses import StreamingResponse
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute
from starlette.types import Message, Receive, Scope, Send

from patchbay_kit.http.csv_columns import Columns
from patchbay_kit.http.pagination import MAX_LIMIT, Page
from patchbay_kit.http.queries import QueryRoute

MEDIA_TYPE = "text/csv"
_DESCRIBED = "ListAsCsv"
_DESCRIPTION = (
    "UTF-8, separated by commas, rows end with CRLF. All pages of the list: `limit` does not count."
    " The columns are the fields of an item, those of an object inside with a dot; lists and"
    " objects of any members are JSON. A text that a spreadsheet would take for a formula begins"
    " with an apostrophe. A connection that breaks off means that the file is not whole."
)


class TornListError(RuntimeError):
    """There is no going on to the next page of a list, and the answer has begun."""


@dataclass(frozen=True, slots=True)
class _Page:
    items: list[Any]
    cursor: str | None


class ListRoute(QueryRoute):
    """Route class underneath all of ours: a GET that answers `Page[...]` or a list does so as CSV
    for those who want that rather than JSON.
    """

    @cached_property
    def columns(self) -> Columns | None:
        """Those of the list that the route answers; None where it answers no list."""
        item = _item_of(self.response_model) if "GET" in (self.methods or ()) else None
        return None if item is None else Columns(item)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as CSV what is asked for as CSV."""
        if scope["method"] != "GET" or not prefers_csv(scope) or self.columns is None:
            await super().handle(scope, receive, send)
            return
        self.check_query(scope["query_string"])
        first = await self._ask(scope, None)
        if first.status != 200:
            await first.send_on(send)
            return
        response = StreamingResponse(
            self._text(scope, self.columns, first.page()),
            media_type=f"{MEDIA_TYPE}; charset=utf-8",
            headers={
                "Content-Disposition": f'attachment; filename="{self._file_name}"',
                "Vary": "Accept",
            },
        )
        # Metrics and logs name what answers by its route's path: files are not slow pages.
        scope["route"] = _File(f"{self.path} as CSV")
        await response(scope, receive, send)

    @property
    def _file_name(self) -> str:
        steps = [step for step in self.path.split("/") if step not in ("", "v1")]
        return "-".join(step for step in steps if not step.startswith("{")) + ".csv"

    async def _text(self, scope: Scope, columns: Columns, page: _Page) -> AsyncIterator[str]:
        yield columns.header() + columns.rows(page.items)
        while page.cursor is not None:
            answer = await self._ask(scope, page.cursor)
            if answer.status != 200:
                raise TornListError(f"{self.path}: a later page answered {answer.status}")
            here, page = page.cursor, answer.page()
            if page.cursor == here:
                raise TornListError(f"{self.path}: a page is followed by itself")
            yield columns.rows(page.items)

    async def _ask(self, scope: Scope, cursor: str | None) -> "_Answer":
        """The route's own answer for the page after `cursor`, or for the first one."""
        query = scope["query_string"]
        if get_origin(self.response_model) is not list:
            query = _query_of_page(query, cursor)
        # Of the caller, nothing that an earlier page found out: rights may go in between.
        asked = {**scope, "route": self, "query_string": query, "state": {}}
        answer = _Answer()
        await APIRoute.handle(self, asked, _no_body, answer.take)
        return answer


@dataclass(frozen=True, slots=True)
class _File:
    path: str


class _Answer:
    """What a route sends."""

    def __init__(self) -> None:
        self._start: Message = {}
        self._body: list[bytes] = []

    async def take(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
        elif message["type"] == "http.response.body":
            self._body.append(message.get("body", b""))

    @property
    def status(self) -> int:
        status: int = self._start["status"]
        return status

    def page(self) -> _Page:
        """The list, or the page of one."""
        body = orjson.loads(b"".join(self._body))
        if isinstance(body, list):
            return _Page(body, None)
        return _Page(body["items"], body["next_cursor"])

    async def send_on(self, send: Send) -> None:
        """As it came."""
        await send(self._start)
        await send({"type": "http.response.body", "body": b"".join(self._body)})


def prefers_csv(scope: Scope) -> bool:
    """Whether the request wants CSV rather than JSON (RFC 9110, 12.5.1); JSON breaks ties."""
    accept = b",".join(value for name, value in scope["headers"] if name == b"accept")
    if b"text/" not in accept.lower():
        return False  # Most requests: nothing else that they accept can be CSV.
    ranges = dict(_range(each) for each in accept.decode("latin-1").lower().split(","))
    return _wanted(ranges, "text/csv", "text/*") > _wanted(
        ranges, "application/json", "application/*"
    )


def describe_lists(document: dict[str, Any], routes: Iterable[BaseRoute]) -> None:
    """Add to an OpenAPI document what `ListRoute` answers beside what the routes declare."""
    for route in routes:
        if isinstance(route, ListRoute) and route.include_in_schema and route.columns is not None:
            answer = document["paths"][route.path_format]["get"]["responses"]["200"]
            answer["content"][MEDIA_TYPE] = {
                "schema": {"$ref": f"#/components/schemas/{_DESCRIBED}"},
                "example": route.columns.header(),
            }
            schemas = document.setdefault("components", {}).setdefault("schemas", {})
            schemas[_DESCRIBED] = {
                "type": "string",
                "title": "A list as CSV",
                "description": _DESCRIPTION,
            }


def _item_of(answered: Any) -> Any:
    if get_origin(answered) is list:
        return get_args(answered)[0]
    if isinstance(answered, type) and issubclass(answered, Page):
        return get_args(answered.model_fields["items"].annotation)[0]
    return None


def _query_of_page(query: bytes, cursor: str | None) -> bytes:
    """With the largest page, after `cursor` or after the caller's own."""
    replaced = {"limit"} if cursor is None else {"limit", "cursor"}
    given = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    kept = [(name, value) for name, value in given if name not in replaced]
    after = [] if cursor is None else [("cursor", cursor)]
    return urlencode([*kept, ("limit", str(MAX_LIMIT)), *after]).encode()


async def _no_body() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


def _range(text: str) -> tuple[str, float]:
    media, *parameters = (part.strip() for part in text.split(";"))
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            return media, _quality(value)
    return media, 1.0


def _quality(text: str) -> float:
    try:
        return min(max(float(text), 0.0), 1.0)
    except ValueError:
        return 0.0


def _wanted(ranges: Mapping[str, float], media: str, family: str) -> tuple[float, int]:
    """How much, and how exactly it was named: the most exact range counts."""
    for exactness, name in ((2, media), (1, family), (0, "*/*")):
        if name in ranges:
            quality = ranges[name]
            return quality, exactness if quality else 0
    return 0.0, 0
