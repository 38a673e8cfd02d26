"""Probes, metrics, dead letters, descriptions and what surrounds every request."""

import asyncio
import gc
from typing import Any

import httpx
import pytest
from openapi_spec_validator import validate
from prometheus_client.parser import text_string_to_metric_families

from patchbay_kit.bus import BusHealth
from patchbay_kit.db.tables import dead_letter, outbox
from patchbay_kit.http.openapi import merge_openapi
from patchbay_kit.messaging.dead_letters import Parked, park
from patchbay_kit.probes import ProbeApp
from patchbay_kit.testing.harness import client


def missing(answer: Any) -> set[str]:
    return {entry["name"] for entry in answer.json()["missing"]}


async def test_a_healthy_service_is_alive_and_ready(runtime: Any, notes: Any) -> None:
    async with client(runtime, notes.service, permissions=None) as http:
        for path in ("/livez", "/healthz", "/readyz"):
            assert (await http.get(path)).status_code == 200, path


async def test_readiness_names_what_is_missing(runtime: Any, notes: Any) -> None:
    async def late() -> None:
        raise RuntimeError("postgres://user:secret@host is late")

    async with client(runtime, notes.service, permissions=None) as http:
        runtime.bus.state = BusHealth(connected=False, detail="no broker")
        runtime.extras["readiness"] = {"start": late}
        answer = await http.get("/readyz")
        assert answer.status_code == 503
        assert missing(answer) == {"bus", "start"}
        assert "secret" not in answer.text
        runtime.bus.state = BusHealth(connected=True, blocked=True)
        runtime.extras["readiness"] = {}
        assert missing(await http.get("/readyz")) == {"bus"}
        runtime.bus.state = BusHealth(connected=True)
        assert (await http.get("/readyz")).status_code == 200


async def test_a_schema_behind_the_code_is_not_ready(sqlite_runtime: Any, notes: Any) -> None:
    async with sqlite_runtime.db.unit_of_work() as uow:
        connection = await uow.session.connection()
        await connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'older'")
    async with client(sqlite_runtime, notes.service, permissions=None) as http:
        assert missing(await http.get("/readyz")) == {"migrations"}


async def test_a_lost_database_shows_in_readiness_but_the_process_lives(
    sqlite_runtime: Any, notes: Any, free_address: str
) -> None:
    await sqlite_runtime.db.close()
    sqlite_runtime.db.__init__(free_address, service="notes-svc")
    async with client(sqlite_runtime, notes.service, permissions=None) as http:
        assert {"database", "migrations"} <= missing(await http.get("/readyz"))
        assert (await http.get("/livez")).status_code == 200
        assert 'patchbay_database_up{service="notes-svc"} 0.0' in (await http.get("/metrics")).text


def numbers(text: str) -> dict[tuple[str, str | None, str | None], float]:
    return {
        (sample.name, sample.labels.get("route"), sample.labels.get("status")): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.labels.get("service") == "notes-svc"
    }


async def test_metrics_count_requests_by_route_and_what_waits(runtime: Any, notes: Any) -> None:
    await park_letter(runtime)
    async with client(runtime, notes.service) as http:
        before = numbers((await http.get("/metrics")).text)
        made = (await http.post("/v1/notes", json={"text": "x"})).json()
        await http.get(f"/v1/notes/{made['id']}")
        await http.get("/v1/unknown/path")
        text = (await http.get("/metrics")).text
    values = numbers(text)
    for route, status in (("/v1/notes/{note_id}", "200"), ("/v1/notes", "201"), ("(none)", "404")):
        key = ("patchbay_http_request_seconds_count", route, status)
        assert values[key] - before.get(key, 0) == 1, key
    assert values["patchbay_outbox_rows", None, None] == 1
    assert values["patchbay_outbox_age_seconds", None, None] >= 0
    assert values["patchbay_dead_letters", None, None] == 1
    assert values["patchbay_bus_connected", None, None] == 1
    assert made["id"] not in text


EVENT_IDS = [f"00000000-0000-7000-8000-00000000000{n}" for n in range(3)]


async def park_letter(runtime: Any, count: int = 1) -> None:
    letters = [
        Parked("notes-svc.desk", EVENT_IDS[n], "account.renamed.v1", b'{"a": 1}', "bad", "why", 6)
        for n in range(count)
    ]
    async with runtime.db.unit_of_work() as uow:
        await park(uow.session, letters, uow.now)


async def test_a_dead_letter_can_be_read_and_sent_again_once(runtime: Any, notes: Any) -> None:
    await park_letter(runtime, 3)
    path = "/v1/dead-letters/notes-svc"
    async with client(runtime, notes.service, permissions=["operations"]) as http:
        page = (await http.get(path, params={"limit": 2, "state": "parked"})).json()
        rest = (await http.get(path, params={"limit": 2, "cursor": page["next_cursor"]})).json()
        shown = [item["event_id"] for item in page["items"] + rest["items"]]
        assert shown == EVENT_IDS[::-1]
        letter = page["items"][0]
        detail = (await http.get(f"{path}/{letter['id']}")).json()
        assert (detail["body"], detail["reason"], detail["error"]) == ('{"a": 1}', "bad", "why")
        again = await http.post(f"{path}/{letter['id']}/retry")
        twice = await http.post(f"{path}/{letter['id']}/retry")
        assert (again.status_code, twice.status_code) == (204, 409)
        assert twice.json()["code"] == "dead_letter_decided"
        decided = (await http.get(path, params={"state": "retried"})).json()["items"]
        assert decided[0]["decided_by"].startswith("employee:")
    async with runtime.db.read() as session:
        [row] = (await session.execute(outbox.select())).all()
    assert (row.queue, row.id, row.payload) == ("notes-svc.desk", EVENT_IDS[2], '{"a": 1}')


async def test_a_discarded_dead_letter_stays_readable(runtime: Any, notes: Any) -> None:
    await park_letter(runtime)
    letter = await runtime.db.scalar(dead_letter.select().with_only_columns(dead_letter.c.id))
    path = f"/v1/dead-letters/notes-svc/{letter}"
    async with client(runtime, notes.service, permissions=["operations"]) as http:
        assert (await http.post(f"{path}/discard")).status_code == 204
        assert (await http.get(path)).json()["state"] == "discarded"


async def test_dead_letters_need_the_operations_permission(sqlite_runtime: Any, notes: Any) -> None:
    async with client(sqlite_runtime, notes.service, permissions=["desk"]) as http:
        assert (await http.get("/v1/dead-letters/notes-svc")).status_code == 403
    async with client(sqlite_runtime, notes.service) as http:
        for letter in ("none", "00000000-0000-7000-8000-000000000000"):
            for method, end in (("GET", ""), ("POST", "/retry")):
                path = f"/v1/dead-letters/notes-svc/{letter}{end}"
                assert (await http.request(method, path)).status_code == 404


async def test_the_api_describes_itself(sqlite_runtime: Any, notes: Any) -> None:
    async with client(sqlite_runtime, notes.service, permissions=None) as http:
        document = (await http.get("/openapi.notes-svc.json")).json()
        schema = (await http.get("/schemas/account.renamed.v1.json")).json()
        unknown = await http.get("/schemas/never.heard.v1.json")
        merged = await http.get("/openapi.json")
    validate(document)
    create = document["paths"]["/v1/notes"]["post"]
    ref = create["responses"]["default"]["content"]["application/problem+json"]["schema"]["$ref"]
    assert ref == "#/components/schemas/Problem"
    assert "HTTPValidationError" not in str(document)
    assert schema["title"] == "AccountRenamed"
    assert unknown.status_code == 404
    assert merged.json()["openapi"].startswith("3.1")


def test_merging_keeps_every_path_and_renames_only_different_schemas() -> None:
    def service(title: str, path: str, kind: str) -> dict[str, Any]:
        ref = {"$ref": "#/components/schemas/Item"}
        content = {"application/json": {"schema": ref}}
        answer = {"description": "ok", "content": content}
        return {
            "openapi": "3.1.0",
            "info": {"title": title, "version": "1"},
            "paths": {path: {"get": {"responses": {"200": answer}}}, "/livez": {}},
            "components": {"schemas": {"Item": {"type": kind}, "Same": {"type": "null"}}},
        }

    merged = merge_openapi([service("Tickets", "/a", "string"), service("Links", "/b", "integer")])
    validate(merged)
    assert set(merged["paths"]) == {"/a", "/b", "/livez"}
    assert set(merged["components"]["schemas"]) == {"Item", "Links_Item", "Same"}
    second = merged["paths"]["/b"]["get"]["responses"]["200"]["content"]["application/json"]
    assert second["schema"] == {"$ref": "#/components/schemas/Links_Item"}


async def test_every_answer_carries_ids_and_security_headers(
    sqlite_runtime: Any, notes: Any
) -> None:
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    async with client(sqlite_runtime, notes.service) as http:
        plain = await http.get("/livez", headers={"X-Request-Id": "bad id\x7f"})
        traced = await http.get(
            "/v1/none", headers={"X-Request-Id": "req-1", "traceparent": parent}
        )
    assert traced.headers["x-request-id"] == "req-1"
    assert traced.headers["traceparent"].split("-")[1] == parent.split("-")[1]
    assert traced.headers["traceparent"] != parent
    assert len(plain.headers["x-request-id"]) == 36
    for answer in (plain, traced):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["content-security-policy"]


async def test_concurrent_requests_keep_their_own_ids(sqlite_runtime: Any, notes: Any) -> None:
    async with client(sqlite_runtime, notes.service) as http:
        answers = await asyncio.gather(
            *(http.get("/v1/none", headers={"X-Request-Id": f"r-{n}"}) for n in range(20))
        )
    found = [answer.json()["instance"] for answer in answers]
    assert found == [f"urn:request:r-{n}" for n in range(20)]


@pytest.mark.parametrize(
    ("path", "status"), [("/livez", 200), ("/readyz", 200), ("/metrics", 200), ("/v1/notes", 404)]
)
async def test_a_worker_serves_probes_only(
    sqlite_runtime: Any, notes: Any, path: str, status: int
) -> None:
    app = ProbeApp(sqlite_runtime, "notes-svc", notes.service.package)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://probe.test"
    ) as http:
        answer = await http.get(path)
        assert (await http.post(path)).status_code == 404
    assert answer.status_code == status


async def test_a_worker_that_is_not_ready_names_what_is_missing(
    sqlite_runtime: Any, notes: Any
) -> None:
    sqlite_runtime.bus.state = BusHealth(connected=False, detail="no broker")
    app = ProbeApp(sqlite_runtime, "notes-svc", notes.service.package)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://probe.test"
    ) as http:
        refused = await http.get("/readyz")
        without = await http.get("/readyz?exclude=bus")
    assert refused.status_code == 503
    assert refused.headers["retry-after"] == "5"
    assert refused.json()["missing"] == [{"name": "bus", "detail": "no broker"}]
    assert without.status_code == 200


async def test_an_app_keeps_each_route_once_however_often_it_answers(
    sqlite_runtime: Any, notes: Any
) -> None:
    def routes() -> set[int]:
        gc.collect()
        return {
            id(each) for each in gc.get_objects() if type(each).__name__.endswith("RouteContext")
        }

    before = routes()
    async with client(sqlite_runtime, notes.service, permissions=None) as http:
        assert (await http.get("/livez")).status_code == 200
        assert (await http.get("/nowhere")).status_code == 404
    assert routes() <= before
