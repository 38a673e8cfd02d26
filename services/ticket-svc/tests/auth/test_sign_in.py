"""Signing in, and one's own password."""

from typing import Any

from patchbay_kit.db.tables import idempotency_key


async def test_too_many_failures_lock_the_employee_and_a_new_password_unlocks(desk: Any) -> None:
    mia = await desk.employee("Mia", "mia@desk.example", password="correct horse battery")
    wrong = {"email": "mia@desk.example", "password": "wrong"}
    for _ in range(10):
        assert (await desk.http.post("/v1/auth/token", json=wrong)).status_code == 401
    right = {**wrong, "password": "correct horse battery"}
    locked = await desk.http.post("/v1/auth/token", json=right)
    assert (locked.status_code, locked.json()["code"]) == (429, "locked")
    await desk.http.put(f"/v1/employees/{mia}/password", json={"password": right["password"]})
    assert (await desk.http.post("/v1/auth/token", json=right)).status_code == 200


async def test_one_changes_ones_own_password_by_the_old_one(desk: Any) -> None:
    await desk.employee("Mia", "mia@desk.example", password="correct horse battery")
    body = {"email": "mia@desk.example", "password": "correct horse battery"}
    token = (await desk.http.post("/v1/auth/token", json=body)).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    change = {"old_password": "no", "new_password": "another long password"}
    refused = await desk.http.post("/v1/auth/password", json=change, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (422, "password_wrong")
    change["old_password"] = body["password"]
    accepted = await desk.http.post("/v1/auth/password", json=change, headers=headers)
    assert accepted.status_code == 204
    body["password"] = change["new_password"]
    assert (await desk.http.post("/v1/auth/token", json=body)).status_code == 200


async def test_an_idempotency_key_on_signing_in_keeps_nothing_and_holds_nobody_up(
    desk: Any,
) -> None:
    headers = {"Idempotency-Key": "k"}
    wrong = {"email": "admin@desk.example", "password": "wrong"}
    right = {**wrong, "password": "a long enough password"}
    for body, status in ((wrong, 401), (right, 200), (wrong, 401), (right, 200)):
        answer = await desk.http.post("/v1/auth/token", json=body, headers=headers)
        assert answer.status_code == status
        assert "Idempotency-Replayed" not in answer.headers
    assert answer.headers["Cache-Control"] == "no-store"
    assert await desk.rows(idempotency_key) == []


async def test_unknown_and_wrong_look_alike(desk: Any) -> None:
    answers = [
        await desk.http.post("/v1/auth/token", json={"email": email, "password": "wrong"})
        for email in ("admin@desk.example", "nobody@desk.example", "%", "")
    ]
    assert [answer.status_code for answer in answers] == [401, 401, 401, 422]
    bodies = [{**answer.json(), "instance": None} for answer in answers[:3]]
    assert bodies[0] == bodies[1] == bodies[2]
