from patchbay_kit.testing.harness import client, make_runtime, published
from ticket_svc.definition import SERVICE


async def test_smoke(database_url):
    async with (
        make_runtime(
            SERVICE, database_url, admin_email="a@x.test", admin_password="123456789012"
        ) as rt,
        client(rt, SERVICE) as http,
    ):
        a = await http.post("/v1/accounts", json={"name": "Acme", "email1": "Info@Acme.test"})
        assert a.status_code == 201, a.text
        t = await http.post("/v1/tickets", json={"account_id": a.json()["id"], "subject": "Hi"})
        assert t.status_code == 201, t.text
        print(t.text)
        i = t.json()["id"]
        r = await http.get("/v1/tickets?view=all&q=h%25")
        print(r.text)
        r = await http.get("/v1/tickets?view=all&q=Hi")
        assert len(r.json()["items"]) == 1
        for p in ["", "/history", "/explain", "/recipients"]:
            r = await http.get(f"/v1/tickets/{t.json()['number']}{p}")
            assert r.status_code == 200, r.text
            print(r.text)
        r = await http.patch(
            f"/v1/tickets/{i}",
            json={"priority": "high", "status": "completed"},
            headers={"If-Match": '"1"'},
        )
        print(r.text)
        assert r.status_code == 200
        r = await http.patch(
            f"/v1/tickets/{i}", json={"priority": "low"}, headers={"If-Match": '"1"'}
        )
        assert r.status_code == 412
        for p in ["reopen", "complete", "cancel", "inbox"]:
            r = await http.post(f"/v1/tickets/{i}/{p}")
            assert r.status_code == 200, r.text
        r = await http.post(f"/v1/tickets/{i}/notes", json={"text": "x"})
        assert r.status_code == 201, r.text
        r = await http.delete(f"/v1/tickets/{i}/inbox")
        assert r.status_code == 204, r.text
        r = await http.put(
            f"/v1/tickets/{i}/recipients",
            json={"external": [{"email": "B@x.test"}], "employees": [{"role": "ticket_manager"}]},
        )
        assert r.status_code == 200, r.text
        print(r.text)
        e = await http.post("/v1/employees", json={"name": "E", "email1": "A@x.test"})
        print(e.text)
        assert e.status_code == 201
        c = await http.post(
            "/v1/contacts", json={"name": "E", "account_id": a.json()["id"], "is_main": True}
        )
        assert c.status_code == 201, c.text
        s = await http.post("/v1/assets", json={"name": "E", "account_id": a.json()["id"]})
        assert s.status_code == 201, s.text
        d = await http.put(f"/v1/accounts/{a.json()['id']}/domains/Acme.test")
        assert d.status_code == 201, d.text
        for p in [
            "accounts",
            "contacts",
            "assets",
            "employees",
            "tickets",
            "accounts/" + a.json()["id"],
            "contacts/" + c.json()["id"],
            "assets/" + s.json()["id"],
            "employees/" + e.json()["id"],
        ]:
            r = await http.get(f"/v1/{p}")
            assert r.status_code == 200, r.text
        for e in await published(rt):
            print(e.type, e.aggregateversion, e.actor)
