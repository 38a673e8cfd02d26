"""Every route of every service refuses query parameters that its document does not name."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.routing import APIRoute

from patchbay_hub.services import SERVICES
from patchbay_kit.http.queries import QueryRoute
from patchbay_kit.runtime import ServiceDefinition
from patchbay_kit.testing.apps import app_of
from patchbay_kit.testing.harness import make_runtime


def _routes(found: Any) -> Iterator[APIRoute]:
    for route in found:
        included = getattr(route, "original_router", None)
        if included is not None:
            yield from _routes(included.routes)
        elif isinstance(route, APIRoute) and route.path.startswith("/v1/"):
            yield route


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
async def test_query_parameters_are_those_of_the_document(
    service: ServiceDefinition, sqlite_url: str
) -> None:
    async with make_runtime(service, sqlite_url, outgoing="catch") as runtime:
        with app_of(service, runtime) as app:
            paths = app.openapi()["paths"]
            routes = list(_routes(app.routes))
            assert len(routes) > 5
            for route in routes:
                assert isinstance(route, QueryRoute), route.path
                for method in route.methods:
                    described = paths[route.path_format][method.lower()].get("parameters", ())
                    names = {each["name"] for each in described if each["in"] == "query"}
                    assert names == route.query_names, route.path
