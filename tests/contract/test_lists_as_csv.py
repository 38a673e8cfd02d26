"""Every list of every service is there as CSV, with a column for each field of its items."""

from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute

from patchbay_hub.services import SERVICES
from patchbay_kit.ids import new_id
from patchbay_kit.runtime import Runtime, ServiceDefinition
from patchbay_kit.testing.apps import app_of
from patchbay_kit.testing.harness import bearer, client, make_principal, make_runtime

CSV = {"Accept": "text/csv"}
Schema = Mapping[str, Any]


def _lists(document: Schema) -> Iterator[tuple[str, Schema, Schema]]:
    """Path, operation and schema of the items of each route that answers a list."""
    schemas = document["components"]["schemas"]
    for path, routes in document["paths"].items():
        content = routes.get("get", {}).get("responses", {}).get("200", {}).get("content", {})
        answer = content.get("application/json", {}).get("schema", {})
        answer = schemas.get(str(answer.get("$ref")).rpartition("/")[2], answer)
        if "next_cursor" in answer.get("properties", {}):
            answer = answer["properties"]["items"]
        if answer.get("type") == "array":
            yield path, routes["get"], answer["items"]


def _columns(item: Schema, schemas: Mapping[str, Schema], above: str = "") -> list[str]:
    """What the document says of an item, an object inside it with a dot."""
    found: list[str] = []
    for name, field in schemas[item["$ref"].rpartition("/")[2]]["properties"].items():
        inner = next((each for each in (field, *field.get("anyOf", ())) if "$ref" in each), None)
        target = schemas[inner["$ref"].rpartition("/")[2]] if inner else {}
        if inner and "properties" in target:
            found += _columns(inner, schemas, f"{above}{name}.")
        else:
            found.append(above + name)
    return found


@pytest.fixture(params=SERVICES, ids=lambda service: service.name)
async def running(request: pytest.FixtureRequest, sqlite_url: str) -> Any:
    """A service on an empty database, with no mail server."""
    service: ServiceDefinition = request.param
    async with make_runtime(service, sqlite_url, outgoing="catch") as runtime:
        yield service, runtime


async def test_every_list_is_csv_with_a_column_for_each_field(
    running: tuple[ServiceDefinition, Runtime],
) -> None:
    service, runtime = running
    with app_of(service, runtime) as app:
        document = app.openapi()
        known = {route.path for route in app.router.routes if isinstance(route, APIRoute)}
    lists = list(_lists(document))
    assert len(lists) >= 2
    async with client(runtime, service) as http:
        for path, operation, item in lists:
            assert path in known
            if path.startswith("/v1/portal"):
                continue  # For customers alone: ticket-svc's own tests look at it as one.
            names = _columns(item, document["components"]["schemas"])
            described = operation["responses"]["200"]["content"]["text/csv"]
            assert described["example"] == ",".join(names) + "\r\n", path
            if "{" in path:
                await _is_refused_alike(http, path)
                continue
            answer = await http.get(path, headers=CSV)
            assert answer.status_code == 200, (path, answer.text)
            assert answer.headers["Content-Type"] == "text/csv; charset=utf-8", path
            assert answer.headers["Content-Disposition"].endswith('.csv"'), path
            header, *rows = answer.text.split("\r\n")
            assert header.split(",") == names, path
            as_json = (await http.get(path)).json()
            items = as_json if isinstance(as_json, list) else as_json["items"]
            assert len(rows) >= len(items), path
            await _needs_somebody(runtime, service, path)


async def _is_refused_alike(http: httpx.AsyncClient, path: str) -> None:
    nothing = "/".join(new_id() if step.startswith("{") else step for step in path.split("/"))
    as_csv, as_json = [await http.get(nothing, headers=each) for each in (CSV, {})]
    assert as_csv.status_code == as_json.status_code, path
    if as_json.status_code != 200:
        assert as_csv.headers["Content-Type"] == "application/problem+json"
        assert as_csv.json()["code"] == as_json.json()["code"]


async def _needs_somebody(runtime: Runtime, service: ServiceDefinition, path: str) -> None:
    """Neither for strangers nor for those who may do nothing."""
    async with client(runtime, service, permissions=None) as http:
        assert (await http.get(path, headers=CSV)).status_code == 401, path
        powerless = bearer(make_principal(()))
        refused = await http.get(path, headers={**CSV, **powerless})
        assert refused.status_code == (await http.get(path, headers=powerless)).status_code, path
