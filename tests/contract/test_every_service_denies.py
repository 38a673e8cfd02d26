"""Every route of the services beside ticket-svc is for the desk, or for who holds more: what
ticket-svc's own matrix says of its routes in more detail.
"""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute

from patchbay_hub.services import SERVICES
from patchbay_kit.ids import new_id
from patchbay_kit.runtime import ServiceDefinition
from patchbay_kit.testing.apps import app_of
from patchbay_kit.testing.harness import bearer, make_principal, make_runtime

OTHERS = [service for service in SERVICES if service.name != "ticket-svc"]
# What is asked for where a wrong value would be refused before the caller is.
VALUES = {"kinds": "devices", "index": "0"}
# Suits the one route that looks at it before it looks at the caller.
BODY = {"enabled": True}
DESK = {"desk", "tickets.all"}
CHANGES = {"POST", "PUT", "PATCH", "DELETE"}
# What the desk itself changes; everything else that changes something needs a permission more.
FOR_THE_DESK = {
    "POST /v1/mails/{mail_id}/reprocess",
    "POST /v1/mails/{mail_id}/discard",
    "POST /v1/remote-commands/{command_id}/retry",
}


def _routes(found: Any) -> Iterator[tuple[str, str]]:
    for route in found:
        included = getattr(route, "original_router", None)
        if included is not None:
            yield from _routes(included.routes)
        elif isinstance(route, APIRoute) and route.path.startswith("/v1/"):
            yield from ((method, route.path) for method in route.methods)


def _filled(path: str) -> str:
    return re.sub(r"\{(\w+)\}", lambda found: VALUES.get(found[1], new_id()), path)


@pytest.mark.covers("S2-30")
@pytest.mark.parametrize("service", OTHERS, ids=lambda service: service.name)
async def test_nobody_without_the_permission_gets_further_than_the_door(
    service: ServiceDefinition, sqlite_url: str
) -> None:
    callers = {
        "anonymous": {},
        "customer": bearer(make_principal({"customer"}, kind="contact", account_id=new_id())),
        "nothing": bearer(make_principal({"tickets.all"})),
        "desk": bearer(make_principal(DESK)),
    }
    async with make_runtime(service, sqlite_url, outgoing="catch") as runtime:
        with app_of(service, runtime) as app:
            routes = sorted(_routes(app.routes))
            assert len(routes) > 5
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://s") as http:
                for method, path in routes:
                    sent: Any = {"json": BODY} if method in CHANGES else {}
                    told = {
                        who: (
                            await http.request(method, _filled(path), headers=headers, **sent)
                        ).status_code
                        for who, headers in callers.items()
                    }
                    route = f"{method} {path}"
                    assert told["anonymous"] == 401, route
                    assert told["customer"] == told["nothing"] == 403, route
                    if method in CHANGES and route not in FOR_THE_DESK:
                        assert told["desk"] == 403, route
