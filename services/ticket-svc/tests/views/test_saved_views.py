"""Saved views: one's own and shared ones, used as a list."""

from typing import Any

from patchbay_kit.testing.harness import client, make_principal
from ticket_svc.definition import SERVICE


async def test_a_saved_view_is_a_list_that_parameters_go_before(desk: Any) -> None:
    account = await desk.account()
    one, two = await desk.ticket(account, subject="a"), await desk.ticket(account, subject="b")
    await desk.patch(f"/v1/tickets/{one['id']}", status="completed")
    made = await desk.http.post(
        "/v1/views", json={"name": "Done", "filter": {"view": "closed", "account_id": account}}
    )
    assert (made.status_code, made.headers["etag"]) == (201, '"1"')
    view = made.json()
    assert made.headers["location"] == f"/v1/views/{view['id']}"
    assert view["filter"] == {"view": "closed", "account_id": account}

    async def listed(**params: Any) -> list[str]:
        items = (await desk.get("/v1/tickets", saved_view=view["id"], **params))["items"]
        return [item["id"] for item in items]

    assert await listed() == [one["id"]]
    assert await listed(view="open") == [two["id"]]
    unfit = await desk.http.get(
        "/v1/tickets", params={"saved_view": view["id"], "sort": "inbox_since"}
    )
    assert (unfit.status_code, unfit.json()["field"]) == (422, "sort")


async def test_a_view_is_its_owners_to_change_and_a_shared_one_everybodys_to_use(
    desk: Any, runtime: Any
) -> None:
    mia, tim = make_principal({"desk"}), make_principal({"desk"})
    async with client(runtime, SERVICE, principal=mia) as her:
        body = {"name": "Mine", "filter": {"manager_id": ["me"]}}
        view = (await her.post("/v1/views", json=body)).json()
        path = f"/v1/views/{view['id']}"
        async with client(runtime, SERVICE, principal=tim) as his:
            assert (await his.get(path)).status_code == 404
            assert (await his.patch(path, json={"name": "x"})).status_code == 404
            used = await his.get("/v1/tickets", params={"saved_view": view["id"]})
            assert (used.status_code, used.json()["code"]) == (404, "saved_view_not_found")
            changed = await her.patch(path, json={"shared": True}, headers={"If-Match": '"1"'})
            assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')
            assert (await his.get(path)).json()["name"] == "Mine"
            assert [each["id"] for each in (await his.get("/v1/views")).json()["items"]] == [
                view["id"]
            ]
            refused = await his.patch(path, json={"name": "x"})
            assert (refused.status_code, refused.json()["code"]) == (403, "not_your_view")
            assert (await his.delete(path)).status_code == 403
        stale = await her.patch(path, json={"name": "y"}, headers={"If-Match": '"1"'})
        assert (stale.status_code, stale.json()["code"]) == (412, "version_mismatch")
        assert (await her.patch(path, json={"name": None})).status_code == 422
        bad = await her.patch(path, json={"filter": {"view": "all", "sort": "inbox_since"}})
        assert bad.status_code == 422
        assert (await her.delete(path)).status_code == 204
        assert (await her.get(path)).status_code == 404
