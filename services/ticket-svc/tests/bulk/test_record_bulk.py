"""Many accounts, contacts and assets at once."""

from typing import Any

from patchbay_contracts import AccountUpdated, AssetUpdated, ContactUpdated
from patchbay_kit.ids import new_id


def _statuses(answer: dict[str, Any]) -> list[int]:
    return [item["status"] for item in answer["items"]]


async def test_accounts_are_changed_archived_and_restored_together(desk: Any) -> None:
    ids = [await desk.account(name) for name in ("A", "B", "C")]
    own = (await desk.get("/v1/settings"))["own_account_id"]
    body = {"ids": [*ids, own, new_id(), "no id"], "action": {"kind": "archive"}}
    archived = await desk.post("/v1/accounts/bulk", **body, if_match={ids[2]: 7})
    assert _statuses(archived) == [200, 200, 412, 409, 404, 404]
    assert archived["items"][3]["problem"]["code"] == "own_company"
    assert [(await desk.get(f"/v1/accounts/{each}"))["archived_at"] is None for each in ids] == [
        False,
        False,
        True,
    ]
    assert len(await desk.events(AccountUpdated)) == 2
    for action in ({"kind": "restore"}, {"kind": "change", "fields": {"phone": "+1 555 0100"}}):
        answer = await desk.post("/v1/accounts/bulk", ids=ids, action=action)
        assert _statuses(answer) == [200, 200, 200]
    accounts = [await desk.get(f"/v1/accounts/{each}") for each in ids]
    assert {(each["archived_at"], each["phone"]) for each in accounts} == {(None, "+1 555 0100")}
    assert [item["version"] for item in answer["items"]] == [e["version"] for e in accounts]


async def test_contacts_of_several_accounts_are_archived_together_and_a_bad_one_stays(
    desk: Any,
) -> None:
    accounts = [await desk.account(name) for name in ("A", "B")]
    ids = [await desk.contact(each, f"ann{n}@x.example") for n in (1, 2) for each in accounts]
    archive = {"kind": "archive"}
    assert _statuses(await desk.post("/v1/contacts/bulk", ids=ids[:1], action=archive)) == [200]
    main = {"kind": "change", "fields": {"is_main": True}}
    answer = await desk.post("/v1/contacts/bulk", ids=ids, action=main)
    assert _statuses(answer) == [409, 200, 200, 200]
    now = [(await desk.get(f"/v1/contacts/{each}"))["is_main"] for each in ids]
    # Of two in one account the later one is it: as by calls one after the other.
    assert now == [False, False, True, True]
    assert len(await desk.events(ContactUpdated)) == 5
    again = await desk.http.post(
        "/v1/contacts/bulk", json={"ids": [*ids, new_id()], "action": archive, "atomic": True}
    )
    assert (again.status_code, _statuses(again.json())) == (409, [424, 424, 424, 424, 404])
    assert (await desk.get(f"/v1/contacts/{ids[3]}"))["archived_at"] is None


async def test_assets_are_changed_together_and_keep_to_their_account(desk: Any) -> None:
    account, other = await desk.account("A"), await desk.account("B")
    ids = [
        (await desk.post("/v1/assets", account_id=each, name="SRV"))["id"]
        for each in (account, other)
    ]
    department = await desk.post("/v1/departments", account_id=account, name="Sales")
    change = {"kind": "change", "fields": {"department_id": department["id"]}}
    answer = await desk.post("/v1/assets/bulk", ids=ids, action=change)
    assert _statuses(answer) == [200, 422]
    assert answer["items"][1]["problem"]["code"] == "department_of_other_account"
    assert answer["items"][1]["problem"]["field"] == "/department_id"
    assert len(await desk.events(AssetUpdated)) == 1
    for kind in ("archive", "restore"):
        answer = await desk.post("/v1/assets/bulk", ids=ids, action={"kind": kind})
        assert _statuses(answer) == [200, 200]
