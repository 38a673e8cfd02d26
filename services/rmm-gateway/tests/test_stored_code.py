"""Where a stored security code may go."""

from typing import Any

CODE = "psg-code-1"


async def test_a_code_does_not_cross_the_internet_in_clear(worlds: Any) -> None:
    settings = {"env": "production", "secret_key": "k" * 40}
    body = {"name": "A", "base_url": "http://continuum.example", "psg_code": CODE}
    async with worlds(**settings) as world:
        refused = await world.http.post("/v1/connections", json=body)
        assert (refused.status_code, refused.json()["code"]) == (422, "base_url_forbidden")
        assert "in clear" in refused.json()["detail"]
        good = {**body, "base_url": "https://continuum.example"}
        assert (await world.http.post("/v1/connections", json=good)).status_code == 201


async def test_a_stored_code_is_not_sent_to_another_server(world: Any) -> None:
    made = await world.connect()
    path = f"/v1/connections/{made['id']}"
    for url in ("https://continuum.test", "http://evil.example", "http://continuum.test:81"):
        refused = await world.http.patch(path, json={"base_url": url})
        assert (refused.status_code, refused.json()["code"]) == (422, "psg_code_required")
        assert refused.json()["field"] == "/psg_code"
    moved = {"base_url": "https://continuum.test", "psg_code": CODE}
    assert (await world.http.patch(path, json=moved)).json()["state"] == "activating"
    deeper = await world.http.patch(path, json={"base_url": "https://continuum.test/psa"})
    assert deeper.status_code == 200
