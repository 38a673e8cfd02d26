"""Documents over HTTP: files of tickets and accounts."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from patchbay_contracts import DocumentAdded
from patchbay_kit.errors import ProblemError
from patchbay_kit.http import PageRequest
from patchbay_kit.ids import new_id
from patchbay_kit.runtime import Runtime
from patchbay_kit.testing.harness import client, make_principal, make_runtime
from ticket_svc.definition import SERVICE
from ticket_svc.documents.reading import (
    DocumentFilter,
    find_document,
    page_of_documents,
    ticket_parts,
)
from ticket_svc.documents.tables import Document
from ticket_svc.rights.viewer import Viewer

LIMIT = 5_500_000
PNG = b"\x89PNG\r\n\x1a\nrest"


@pytest.fixture
async def runtime(database_url: str, tmp_path: Path) -> AsyncIterator[Runtime]:
    """ticket-svc with a place for files."""
    values = {"admin_email": "admin@desk.example", "admin_password": "a long enough password"}
    async with make_runtime(
        SERVICE, database_url, blob_dir=tmp_path / "blobs", document_max_bytes=LIMIT, **values
    ) as built:
        yield built


async def upload(http: Any, path: str, content: bytes = PNG, **params: Any) -> Any:
    """The answer to a file sent to `path`."""
    return await http.post(path, content=content, params={"name": "scan.png", **params})


@pytest.mark.covers("S2-16", "S2-72")
async def test_a_file_of_a_ticket_is_kept_given_back_and_logged(desk: Any) -> None:
    ticket = await desk.ticket()
    made = await upload(
        desk.http, f"/v1/tickets/{ticket['number']}/documents", name="../Köln\n1.png", public=True
    )
    assert made.status_code == 201, made.text
    body = made.json()
    assert (body["name"], body["media_type"], body["size"]) == ("Köln 1.png", "image/png", 12)
    assert made.headers["ETag"] == '"1"'
    assert await desk.get(made.headers["Location"]) == body
    file = await desk.http.get(f"{made.headers['Location']}/content")
    assert file.content == PNG
    headers = file.headers
    assert headers["Content-Type"] == "image/png"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in headers["Content-Security-Policy"]
    assert headers["Content-Disposition"] == (
        "attachment; filename=\"K_ln 1.png\"; filename*=UTF-8''K%C3%B6ln%201%2Epng"
    )
    (entry,) = await desk.history(ticket["id"], kind="document")
    assert (entry["text"], entry["public"]) == ("Document: Köln 1.png", True)
    (added,) = await desk.events(DocumentAdded)
    assert (added.data.ticket_id, added.data.size) == (ticket["id"], 12)
    async with desk.runtime.db.read() as session:
        assert len((await ticket_parts(session, ticket["id"]))["documents"]) == 1


async def test_a_document_is_renamed_hidden_archived_and_restored(desk: Any) -> None:
    ticket = await desk.ticket()
    tickets = f"/v1/tickets/{ticket['id']}/documents"
    made = (await upload(desk.http, tickets)).json()
    path = f"/v1/documents/{made['id']}"
    changed = await desk.patch(path, name="a/b.png", public=True)
    assert (changed["name"], changed["public"], changed["version"]) == ("b.png", True, 2)
    assert (await desk.patch(path, name="b.png"))["version"] == 2
    stale = await desk.http.patch(path, json={"public": False}, headers={"If-Match": '"1"'})
    assert stale.status_code == 412
    unusable = await desk.http.patch(path, json={"name": "/.."})
    assert unusable.json()["code"] == "name_unusable"
    assert (await desk.post(f"{path}/archive"))["archived_at"] is not None
    assert (await desk.post(f"{path}/archive"))["version"] == 3
    assert (await desk.get(tickets))["items"] == []
    assert len((await desk.get(tickets, archived=True))["items"]) == 1
    await desk.post(f"{path}/restore")
    changes = [e["data"]["change"] for e in await desk.history(ticket["id"], kind="document")]
    assert changes == ["added", "changed", "archived", "restored"]


async def test_an_account_has_documents_of_its_own_and_those_of_its_tickets(desk: Any) -> None:
    account = await desk.account()
    ticket = await desk.ticket(account)
    own = await upload(desk.http, f"/v1/accounts/{account}/documents", b"a;b", name="list.csv")
    assert own.status_code == 201, own.text
    assert (own.json()["media_type"], own.json()["ticket_id"]) == ("text/csv; charset=utf-8", None)
    its = (await upload(desk.http, f"/v1/tickets/{ticket['id']}/documents")).json()
    listed = (await desk.get(f"/v1/accounts/{account}/documents"))["items"]
    found = await desk.get(f"/v1/accounts/{account}/documents", q="LIST.c")
    assert [each["name"] for each in found["items"]] == ["list.csv"]
    assert (await desk.get(f"/v1/tickets/{ticket['id']}/documents", q="l_st"))["items"] == []
    assert [each["id"] for each in listed] == [its["id"], own.json()["id"]]
    missing = await upload(desk.http, f"/v1/accounts/{new_id()}/documents")
    assert missing.status_code == 404
    assert (await desk.http.get(f"/v1/accounts/{new_id()}/documents")).status_code == 404


async def test_what_cannot_be_kept_is_refused_and_nothing_of_it_stays(desk: Any) -> None:
    ticket = await desk.ticket()
    path = f"/v1/tickets/{ticket['id']}/documents"
    assert (await upload(desk.http, path, b"x" * 5_200_000)).status_code == 201
    large = await upload(desk.http, path, b"x" * (LIMIT + 1))
    assert (large.status_code, large.json()["code"]) == (413, "body_too_large")
    empty = await upload(desk.http, path, b"")
    assert (empty.status_code, empty.json()["code"]) == (422, "document_empty")
    unusable = await upload(desk.http, path, name="..")
    assert (unusable.status_code, unusable.json()["code"]) == (422, "name_unusable")
    assert (await desk.http.post(path, content=PNG)).status_code == 422
    elsewhere = await upload(desk.http, f"/v1/tickets/{new_id()}/documents")
    assert elsewhere.status_code == 404
    async with client(desk.runtime, SERVICE, permissions=None) as nobody:
        assert (await upload(nobody, path)).status_code == 401
        assert (await upload(nobody, path, b"x" * 5_200_000)).status_code == 413
    assert len((await desk.get(path))["items"]) == 1


async def test_an_upload_with_the_same_key_happens_once(desk: Any) -> None:
    path = f"/v1/tickets/{(await desk.ticket())['id']}/documents"
    for _ in range(2):
        made = await desk.http.post(
            path, content=PNG, params={"name": "x.png"}, headers={"Idempotency-Key": "one"}
        )
        assert made.status_code == 201
    assert len((await desk.get(path))["items"]) == 1


async def test_a_store_that_fails_is_said_and_no_document_is_without_its_file(
    desk: Any, tmp_path: Path
) -> None:
    path = f"/v1/tickets/{(await desk.ticket())['id']}/documents"
    made = (await upload(desk.http, path)).json()
    for file in (tmp_path / "blobs").rglob("*"):
        if file.is_file():
            file.unlink()
    gone = await desk.http.get(f"/v1/documents/{made['id']}/content")
    assert (gone.status_code, gone.json()["code"]) == (503, "document_store_unavailable")
    (tmp_path / "blobs").rename(tmp_path / "away")
    (tmp_path / "blobs").write_text("in the way")
    refused = await upload(desk.http, path, b"other")
    assert (refused.status_code, refused.json()["code"]) == (503, "document_store_unavailable")
    assert len((await desk.get(path))["items"]) == 1


@pytest.mark.covers("S2-27")
async def test_who_does_not_see_the_ticket_sees_no_document_of_it(desk: Any) -> None:
    mia = await desk.employee("Mia", "mia@desk.example")
    account = await desk.account()
    others = await desk.ticket(account)
    tickets = f"/v1/tickets/{others['id']}/documents"
    hidden = (await upload(desk.http, tickets)).json()
    own = (await upload(desk.http, f"/v1/accounts/{account}/documents")).json()
    async with client(desk.runtime, SERVICE, principal=make_principal({"desk"}, id=mia)) as http:
        path = f"/v1/documents/{hidden['id']}"
        answers = [
            await http.get(path),
            await http.get(f"{path}/content"),
            await http.patch(path, json={"public": True}),
            await http.post(f"{path}/archive"),
            await http.post(f"{path}/restore"),
            await http.get(tickets),
            await upload(http, tickets),
        ]
        assert [each.status_code for each in answers] == [404] * 7
        listed = (await http.get(f"/v1/accounts/{account}/documents")).json()["items"]
        assert [each["id"] for each in listed] == [own["id"]]


async def test_customers_read_public_documents_of_their_own_account_only(desk: Any) -> None:
    account, other = await desk.account(), await desk.account("Other")
    ticket, foreign = await desk.ticket(account), await desk.ticket(other)
    made = {}
    for name, path, public in (
        ("internal", f"/v1/tickets/{ticket['id']}/documents", False),
        ("public", f"/v1/tickets/{ticket['id']}/documents", True),
        ("archived", f"/v1/tickets/{ticket['id']}/documents", True),
        ("foreign", f"/v1/tickets/{foreign['id']}/documents", True),
        ("account's", f"/v1/accounts/{account}/documents", True),
        ("account's internal", f"/v1/accounts/{account}/documents", False),
        ("other account's", f"/v1/accounts/{other}/documents", True),
    ):
        made[(await upload(desk.http, path, public=public)).json()["id"]] = name
    archived = next(each for each, name in made.items() if name == "archived")
    await desk.post(f"/v1/documents/{archived}/archive")
    ann = Viewer(make_principal((), kind="contact", account_id=account))
    async with desk.runtime.db.read() as session:
        for document_id, name in made.items():
            if name in {"public", "account's"}:
                assert (await find_document(session, ann, document_id)).id == document_id
                continue
            with pytest.raises(ProblemError, match="document_not_found"):
                await find_document(session, ann, document_id)
        page = PageRequest(50, None, b"secret")
        listed = await page_of_documents(session, ann, DocumentFilter(), page)
        assert [made[each.id] for each in listed] == ["account's", "public"]
        parts = await ticket_parts(session, ticket["id"], public_only=True)
        assert [made[each.id] for each in parts["documents"]] == ["public"]
    assert len(await desk.rows(Document)) == 7
