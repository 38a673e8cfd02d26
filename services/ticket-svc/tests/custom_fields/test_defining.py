"""Defining custom fields over HTTP, and giving records values of them."""

from typing import Any

from patchbay_kit.testing.harness import client
from ticket_svc.definition import SERVICE

PATH = "/v1/custom-fields"


async def _define(desk: Any, record: str, key: str, kind: str = "text", **more: Any) -> Any:
    return await desk.post(PATH, record=record, key=key, label=key.title(), kind=kind, **more)


async def test_a_field_is_defined_once_for_a_kind_of_record_and_keeps_its_key(desk: Any) -> None:
    rack = await _define(desk, "asset", "rack", "choice", choices=["A", "B"])
    path = f"{PATH}/{rack['id']}"
    assert await desk.get(path) == rack
    again = {"record": "asset", "key": "rack", "label": "x", "kind": "text"}
    taken = await desk.http.post(PATH, json=again)
    assert (taken.status_code, taken.json()["code"]) == (409, "custom_field_taken")
    other = await _define(desk, "account", "rack")
    changed = await desk.patch(path, label="Cabinet", choices=["B", "C"])
    assert (changed["label"], changed["choices"], changed["version"]) == ("Cabinet", ["B", "C"], 2)
    assert (await desk.patch(path, label="Cabinet"))["version"] == 2
    stale = await desk.http.patch(path, json={"label": "x"}, headers={"If-Match": '"1"'})
    assert stale.status_code == 412
    for body in ({"key": "x"}, {"kind": "text"}, {"choices": []}, {"label": None}):
        assert (await desk.http.patch(path, json=body)).status_code == 422
    without = await desk.http.patch(f"{PATH}/{other['id']}", json={"choices": ["A"]})
    assert without.json()["code"] == "choices_of_no_choice"
    listed = (await desk.get(PATH, record="asset"))["items"]
    assert [each["id"] for each in listed] == [rack["id"]]
    await desk.post(f"{path}/archive")
    assert (await desk.get(PATH, record="asset"))["items"] == []
    assert len((await desk.get(PATH, record="asset", archived=True))["items"]) == 1
    assert (await desk.post(f"{path}/restore"))["archived_at"] is None


async def test_bad_definitions_are_refused(desk: Any) -> None:
    good = {"record": "asset", "key": "rack", "label": "Rack", "kind": "choice", "choices": ["A"]}
    for bad in (
        {"record": "employee"},
        {"kind": "color"},
        {"kind": "text"},
        {"choices": []},
        {"choices": ["A", "A"]},
        {"key": "Rack"},
        {"key": "r" * 61},
        {"label": ""},
    ):
        assert (await desk.http.post(PATH, json={**good, **bad})).status_code == 422, bad


async def test_the_desk_reads_definitions_and_who_administers_records_writes_them(
    desk: Any,
) -> None:
    field = await _define(desk, "asset", "rack")
    async with client(desk.runtime, SERVICE, permissions={"desk"}) as http:
        assert (await http.get(PATH)).status_code == 200
        body = {"record": "asset", "key": "x", "label": "X", "kind": "text"}
        path = f"{PATH}/{field['id']}"
        for answer in (
            await http.post(PATH, json=body),
            await http.patch(path, json={"label": "x"}),
            await http.post(f"{path}/archive"),
            await http.post(f"{path}/restore"),
        ):
            assert (answer.status_code, answer.json()["permission"]) == (403, "records.admin")


async def test_records_take_values_of_the_fields_that_are_defined_for_them(desk: Any) -> None:
    for record in ("account", "contact", "asset"):
        await _define(desk, record, "tier", "number")
        await _define(desk, record, "note2")
    account = await desk.post("/v1/accounts", name="ACME", custom_fields={"tier": 1})
    account_id = account["id"]
    contact = await desk.post(
        "/v1/contacts", account_id=account_id, name="Ann", custom_fields={"tier": 1}
    )
    asset = await desk.post(
        "/v1/assets", account_id=account_id, name="SRV", custom_fields={"tier": 1}
    )
    for kind, record in (("accounts", account), ("contacts", contact), ("assets", asset)):
        path = f"/v1/{kind}/{record['id']}"
        assert record["custom_fields"] == {"tier": 1}
        both = await desk.patch(path, custom_fields={"note2": "x"})
        assert (both["custom_fields"], both["version"]) == ({"tier": 1, "note2": "x"}, 2)
        assert (await desk.patch(path, custom_fields={"tier": 1}))["version"] == 2
        one = await desk.patch(path, custom_fields={"tier": None})
        assert one["custom_fields"] == {"note2": "x"}
        wrong = await desk.http.patch(path, json={"custom_fields": {"tier": "one"}})
        assert (wrong.status_code, wrong.json()["field"]) == (422, "/custom_fields/tier")
        unknown = await desk.http.patch(path, json={"custom_fields": {"a/b": 1}})
        assert unknown.json()["code"] == "custom_field_unknown"
        assert unknown.json()["field"] == "/custom_fields/a~1b"
        assert (await desk.http.patch(path, json={"custom_fields": None})).status_code == 422


async def test_a_value_outlives_the_archiving_of_its_field(desk: Any) -> None:
    field = await _define(desk, "account", "tier", "number")
    account = await desk.account(custom_fields={"tier": 1})
    await desk.post(f"{PATH}/{field['id']}/archive")
    path = f"/v1/accounts/{account}"
    assert (await desk.get(path))["custom_fields"] == {"tier": 1}
    refused = await desk.http.patch(path, json={"custom_fields": {"tier": 2}})
    assert (refused.status_code, refused.json()["code"]) == (422, "custom_field_archived")
    assert (await desk.patch(path, custom_fields={"tier": None}))["custom_fields"] == {}
