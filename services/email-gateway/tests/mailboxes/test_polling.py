"""Reading mailboxes of a real IMAP server: each mail once, whatever its flags and our crashes."""

import asyncio
import imaplib
import shutil
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import func, select

from email_gateway.imap.imap_tools_source import ImapToolsSource
from email_gateway.imap.port import MailSourceUnavailable
from email_gateway.mailboxes import polling, visiting
from email_gateway.mailboxes.leases import Leases
from email_gateway.mailboxes.polling import MailboxPoller
from email_gateway.mailboxes.tables import Mailbox
from patchbay_contracts import EmailReceived
from patchbay_kit.testing.servers.dovecot import Dovecot, ImapAccount
from patchbay_kit.testing.waiting import eventually

pytestmark = pytest.mark.integration


@dataclass
class Box:
    """An account, and a plain client to fill and to look at it."""

    server: Dovecot
    account: ImapAccount

    def client(self) -> imaplib.IMAP4:
        client = imaplib.IMAP4(self.account.host, self.account.port, timeout=20)
        client.login(self.account.username, self.account.password)
        return client

    def append(self, *mails: bytes, flags: str = "", folder: str = "INBOX") -> None:
        with self.client() as client:
            for mail in mails:
                status, text = client.append(folder, flags, "", mail)
                assert status == "OK", text

    def flags(self, uid: int) -> str:
        with self.client() as client:
            client.select("INBOX", readonly=True)
            _, data = client.uid("FETCH", str(uid), "(FLAGS)")
        return str(data)

    def reset_uidvalidity(self) -> None:
        """What a restore from backup does: same mails, another UIDVALIDITY."""
        maildir = self.server.maildir(self.account)
        for index in maildir.glob("dovecot*"):
            index.unlink()
        uidlist = maildir / "dovecot-uidlist"
        uidlist.write_text("3 V1234567 N1 G0123456789abcdef0123456789abcdef\n")
        shutil.chown(uidlist, maildir.owner(), maildir.group())


@pytest.fixture
def box(dovecot: Dovecot) -> Box:
    return Box(dovecot, dovecot.new_account())


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Where a server takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield int(server.getsockname()[1])


def body_of(box: Box, **changes: Any) -> dict[str, Any]:
    account = box.account
    login = {"username": account.username, "password": account.password}
    place = {"host": account.host, "port": account.port, "security": "none"}
    return {"name": "Box", "public_address": account.username, **place, **login, **changes}


async def add(gateway: Any, box: Box, **changes: Any) -> str:
    answer = await gateway.http.post("/v1/mailboxes", json=body_of(box, **changes))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def poller_of(gateway: Any) -> MailboxPoller:
    return MailboxPoller(gateway.runtime, gateway.intake, gateway.runtime.extras["mail_sources"])


async def poll(gateway: Any, poller: MailboxPoller | None = None) -> None:
    """Let every mailbox become due and be visited."""
    gateway.clock.advance(hours=1)
    while await (poller or poller_of(gateway)).step():
        pass


async def texts(gateway: Any) -> list[str]:
    return [each.new_text for each in await gateway.events(EmailReceived)]


@pytest.mark.covers("S4-03", "S4-48", "S4-46")
async def test_every_mail_is_taken_whether_read_or_not(
    gateway: Any, box: Box, make_letter: Any
) -> None:
    box.append(make_letter("unread", message_id="<1@x>"))
    box.append(make_letter("read", message_id="<2@x>"), flags="\\Seen")
    mailbox = await add(gateway, box)
    await poll(gateway)
    assert await texts(gateway) == ["unread", "read"]
    box.append(make_letter("later", message_id="<3@x>"), flags="\\Seen")
    await poll(gateway)
    await poll(gateway)
    assert await texts(gateway) == ["unread", "read", "later"]
    shown = await gateway.get(f"/v1/mailboxes/{mailbox}")
    assert (shown["state"], shown["last_uid"], shown["last_error"]) == ("reachable", 3, None)
    [event, *_] = await gateway.events(EmailReceived)
    assert (event.mailbox_id, event.via, event.addressed_as) == (mailbox, "imap", "to")


async def test_a_mail_is_marked_read_only_after_the_commit(
    gateway: Any, box: Box, make_letter: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    box.append(make_letter())
    mailbox = await add(gateway, box)

    async def crash(*_: Any, **__: Any) -> None:
        raise RuntimeError("crash before the commit")

    with monkeypatch.context() as patch:
        patch.setattr(Leases, "advance", crash)
        await poll(gateway)
    assert "\\Seen" not in box.flags(1)
    assert await gateway.events() == []
    shown = await gateway.get(f"/v1/mailboxes/{mailbox}")
    assert (shown["state"], shown["last_uid"]) == ("degraded", 0)
    await poll(gateway)
    assert "\\Seen" in box.flags(1)
    assert len(await gateway.events(EmailReceived)) == 1


async def test_a_crash_between_commit_and_mark_takes_nothing_twice(
    gateway: Any, box: Box, make_letter: Any
) -> None:
    box.append(make_letter("one", message_id="<1@x>"), make_letter("two", message_id="<2@x>"))
    await add(gateway, box)

    class CutAtMark(ImapToolsSource):
        async def mark_done(self, uids: Any) -> None:
            raise MailSourceUnavailable("cut")

    sources = gateway.runtime.extras["mail_sources"]
    cut = type(sources)(_opener(CutAtMark), sources.secrets, True)
    await poll(gateway, MailboxPoller(gateway.runtime, gateway.intake, cut))
    assert len(await gateway.events(EmailReceived)) == 2
    assert "\\Seen" not in box.flags(1)
    box.append(make_letter("three", message_id="<3@x>"))
    await poll(gateway)
    assert await texts(gateway) == ["one", "two", "three"]
    assert [row.deliveries for row in await gateway.received()] == [1, 1, 1]


def _opener(kind: Any) -> Any:
    def open_source(row: Any, password: str, *, address: str | None) -> Any:
        return kind(row.host, row.port, row.username, password, security=row.security)

    return open_source


async def test_another_uidvalidity_gives_no_doubles(
    gateway: Any, box: Box, make_letter: Any
) -> None:
    box.append(make_letter("one", message_id="<1@x>"), make_letter("two", message_id="<2@x>"))
    mailbox = await add(gateway, box)
    await poll(gateway)
    before = (await gateway.get(f"/v1/mailboxes/{mailbox}"))["uidvalidity"]
    box.reset_uidvalidity()
    box.append(make_letter("three", message_id="<3@x>"))
    await poll(gateway)
    after = await gateway.get(f"/v1/mailboxes/{mailbox}")
    assert after["uidvalidity"] == 1234567 != before
    assert sorted(await texts(gateway)) == ["one", "three", "two"]
    assert sorted(row.deliveries for row in await gateway.received()) == [1, 2, 2]


async def test_another_folder_is_read_even_where_numbers_are_the_same(
    gateway: Any, box: Box, make_letter: Any
) -> None:
    box.append(make_letter("in the inbox", message_id="<1@x>"))
    with box.client() as client:
        client.create("Tickets")
    box.append(make_letter("in the folder", message_id="<2@x>"), folder="Tickets")
    mailbox = await add(gateway, box)
    await poll(gateway)
    await gateway.http.patch(f"/v1/mailboxes/{mailbox}", json={"folder": "Tickets"})
    await poll(gateway)
    assert await texts(gateway) == ["in the inbox", "in the folder"]


async def test_a_mailbox_that_is_broken_stops_no_other(
    gateway: Any, box: Box, make_letter: Any
) -> None:
    closed = Box(box.server, box.server.new_account())
    broken = await add(gateway, closed, host="127.0.0.1", port=1)
    odd = await add(gateway, box, public_address="odd@msp.example", folder="No such folder")
    box.append(make_letter())
    good = await add(gateway, box)
    await poll(gateway)
    states = {
        each["id"]: (each["state"], bool(each["last_error"]))
        for each in (await gateway.get("/v1/mailboxes"))["items"]
    }
    assert states == {
        broken: ("degraded", True),
        odd: ("degraded", True),
        good: ("reachable", False),
    }
    assert len(await gateway.events(EmailReceived)) == 1


async def test_a_slow_mailbox_holds_no_other_up(
    any_gateways: Any, box: Box, make_letter: Any, silent_port: int
) -> None:
    box.append(make_letter("first", message_id="<1@x>"))
    async with any_gateways() as gateway:
        slow = await add(gateway, Box(box.server, box.server.new_account()), port=silent_port)
        quick = await add(gateway, box, poll_seconds=1)

        async def visited() -> bool:
            return bool((await gateway.get(f"/v1/mailboxes/{quick}"))["state"] == "reachable")

        async def both() -> bool:
            return await texts(gateway) == ["first", "second"]

        async with gateway.running():
            # The next visit is due so long after the end of this one: before, time must not move.
            await eventually(visited)
            assert await texts(gateway) == ["first"]
            box.append(make_letter("second", message_id="<2@x>"))
            gateway.clock.advance(seconds=2)
            await eventually(both)
            assert (await gateway.get(f"/v1/mailboxes/{slow}"))["state"] == "new"
            assert await _leased(gateway)


async def test_a_wrong_password_pauses_the_mailbox_until_somebody_changes_it(
    gateway: Any, box: Box, make_letter: Any
) -> None:
    box.append(make_letter())
    mailbox = await add(gateway, box, password="wrong-password-5")
    states = []
    for _ in range(4):
        await poll(gateway)
        shown = await gateway.get(f"/v1/mailboxes/{mailbox}")
        states.append(shown["state"])
        assert "wrong-password-5" not in shown["last_error"]
    assert states == ["degraded", "degraded", "refused", "refused"]
    assert await Leases(gateway.runtime.db).claim() == []
    password = {"password": box.account.password}
    answer = await gateway.http.patch(f"/v1/mailboxes/{mailbox}", json=password)
    assert (answer.json()["state"], answer.json()["last_error"]) == ("new", None)
    await poll(gateway)
    assert len(await gateway.events(EmailReceived)) == 1


async def test_a_check_that_succeeds_wakes_a_refused_mailbox(
    gateway: Any, box: Box, make_letter: Any
) -> None:
    mailbox = await add(gateway, box, password="wrong-password-5")
    for _ in range(3):
        await poll(gateway)
    refused = await gateway.http.post(f"/v1/mailboxes/{mailbox}/check")
    assert (refused.json()["ok"], refused.json()["code"]) == (False, "login_refused")
    assert refused.json()["mailbox"]["state"] == "refused"
    password = {"password": box.account.password}
    await gateway.http.patch(f"/v1/mailboxes/{mailbox}", json=password)
    good = await gateway.http.post(f"/v1/mailboxes/{mailbox}/check")
    assert (good.json()["ok"], good.json()["mailbox"]["state"]) == (True, "reachable")


@pytest.mark.covers("S4-43")
async def test_while_it_is_off_mail_stays_where_it_is_and_comes_later(
    gateway: Any, box: Box, make_letter: Any
) -> None:
    mailbox = await add(gateway, box, active=False)
    box.append(make_letter())
    await poll(gateway)
    assert await gateway.events() == []
    assert "\\Seen" not in box.flags(1)
    await gateway.http.patch(f"/v1/mailboxes/{mailbox}", json={"active": True})
    await poll(gateway)
    assert len(await gateway.events(EmailReceived)) == 1


@pytest.mark.covers("S4-43", "S4-44")
async def test_a_switch_that_comes_during_a_visit_counts_at_once(
    gateway: Any, box: Box, make_letter: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    box.append(make_letter())
    mailbox = await add(gateway, box)
    store = type(gateway.intake).store

    async def switched_off_meanwhile(self: Any, mails: Any) -> Any:
        await gateway.http.patch(f"/v1/mailboxes/{mailbox}", json={"active": False})
        return await store(self, mails)

    with monkeypatch.context() as patch:
        patch.setattr(type(gateway.intake), "store", switched_off_meanwhile)
        await poll(gateway)
    assert await gateway.events() == []
    assert "\\Seen" not in box.flags(1)
    shown = await gateway.get(f"/v1/mailboxes/{mailbox}")
    assert (shown["active"], shown["last_uid"]) == (False, 0)


async def test_a_visit_that_ends_late_does_not_undo_a_change(gateway: Any, box: Box) -> None:
    mailbox = await add(gateway, box)
    leases = Leases(gateway.runtime.db)
    [claimed] = await leases.claim()
    await gateway.http.patch(f"/v1/mailboxes/{mailbox}", json={"name": "New"})
    late = {"state": "refused", "last_error": "old password", "auth_failures": 3}
    await leases.release(claimed, late, at_once=False)
    assert (await gateway.get(f"/v1/mailboxes/{mailbox}"))["state"] == "new"
    assert len(await leases.claim()) == 1


async def test_two_pollers_share_the_mailboxes(gateway: Any, box: Box, make_letter: Any) -> None:
    box.append(*(make_letter(f"{n}", message_id=f"<{n}@x>") for n in range(20)))
    await add(gateway, box)
    gateway.clock.advance(hours=1)
    await asyncio.gather(poller_of(gateway).step(), poller_of(gateway).step())
    assert len(await gateway.events(EmailReceived)) == 20
    assert {row.deliveries for row in await gateway.received()} == {1}


async def test_a_mail_over_the_limit_is_quarantined_and_the_others_go_on(
    any_gateways: Any, box: Box, make_letter: Any
) -> None:
    big = make_letter("x " * 5_000, message_id="<big@x>")
    box.append(big, make_letter("small", message_id="<small@x>"))
    async with any_gateways(mail_max_bytes=5_000) as gateway:
        await add(gateway, box)
        await poll(gateway)
        first, second = await gateway.received()
        assert (first.state, second.state) == ("quarantined", "published")
        assert first.reasons[0]["params"]["limit"] == "raw_too_large"
        assert await texts(gateway) == ["small"]
        answer = await gateway.http.post(f"/v1/mails/{first.id}/reprocess")
        assert answer.status_code == 422


async def test_a_full_mailbox_is_read_in_slices_that_hear_a_stop(
    gateway: Any, box: Box, make_letter: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(visiting, "CHUNK", 5)
    monkeypatch.setattr(polling, "VISIT_SECONDS", 0.0)
    box.append(*(make_letter(f"{n}", message_id=f"<{n}@x>") for n in range(12)))
    await add(gateway, box)
    gateway.clock.advance(hours=1)
    poller = poller_of(gateway)
    assert await poller.step() is True
    assert len(await gateway.events(EmailReceived)) == 5
    await poll(gateway, poller)
    assert len(await gateway.events(EmailReceived)) == 12


async def test_a_stop_gives_the_mailbox_back(gateway: Any, box: Box, silent_port: int) -> None:
    await add(gateway, box, port=silent_port)
    async with gateway.running():
        await eventually(lambda: _leased(gateway))
    assert not await _leased(gateway)


async def _leased(gateway: Any) -> bool:
    """Whether any mailbox is being visited."""
    leased_by = Mailbox.__table__.c.leased_by  # type: ignore[attr-defined]
    statement = select(func.count(leased_by))
    return bool(await gateway.runtime.db.scalar(statement))


async def test_a_server_that_dies_is_told_and_read_again_later(
    gateway: Any, box: Box, make_letter: Any
) -> None:
    box.append(make_letter())
    mailbox = await add(gateway, box)
    box.server.kill9()
    await poll(gateway)
    assert (await gateway.get(f"/v1/mailboxes/{mailbox}"))["state"] == "degraded"
    box.server.start()
    await poll(gateway)
    assert (await gateway.get(f"/v1/mailboxes/{mailbox}"))["state"] == "reachable"
    assert len(await gateway.events(EmailReceived)) == 1
