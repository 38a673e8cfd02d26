"""Conformance suite of mail sources: every adapter, against a real Dovecot."""

import asyncio
import imaplib
import shutil
import threading
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from email_gateway.imap.imap_tools_source import ImapToolsSource
from email_gateway.imap.port import (
    FetchedMail,
    MailSource,
    MailSourceAuthError,
    MailSourceUnavailable,
)
from patchbay_kit.testing.servers.dovecot import Dovecot, ImapAccount
from patchbay_kit.testing.waiting import eventually

pytestmark = pytest.mark.integration

SMALL = b"From: jane@customer.example\r\nSubject: mail %d * x\r\n\r\nbody \xf6 %d\r\n"
ODD_FOLDERS = ["Quarantine Box", "Entwürfe & Co", 'He said "no"', "日本語", "a/b c", "[x] {2}"]

MakeSource = Callable[..., MailSource]


@dataclass
class Box:
    """An account of the test and a plain imaplib client to prepare and to check it."""

    server: Dovecot
    account: ImapAccount

    def client(self) -> imaplib.IMAP4:
        client = imaplib.IMAP4(self.account.host, self.account.port, timeout=20)
        client.login(self.account.username, self.account.password)
        return client

    def append(self, *mails: bytes, folder: str = "INBOX") -> None:
        with self.client() as client:
            for mail in mails:
                status, _ = client.append(
                    folder, "", imaplib.Time2Internaldate(1_700_000_000), mail
                )
                assert status == "OK"

    def drop_many(self, count: int) -> None:
        """Put mails into the Maildir directly: a thousand APPENDs would take seconds."""
        with self.client() as client:
            client.select("INBOX")  # makes the Maildir
        maildir = self.server.maildir(self.account)
        for number in range(count):
            path = maildir / "new" / f"{1_700_000_000 + number}.m{number}.test"
            path.write_bytes(SMALL % (number, number))
            self._own(path)

    def reset_uidvalidity(self) -> None:
        """What a restore from backup does: same mails, another UIDVALIDITY."""
        for index in self.server.maildir(self.account).glob("dovecot*"):
            index.unlink()
        uidlist = self.server.maildir(self.account) / "dovecot-uidlist"
        uidlist.write_text("3 V1234567 N1 G0123456789abcdef0123456789abcdef\n")
        self._own(uidlist)

    def flags(self, uid: int, folder: str = "INBOX") -> str:
        with self.client() as client:
            client.select(folder, readonly=True)
            _, data = client.uid("FETCH", str(uid), "(FLAGS)")
        return str(data)

    def _own(self, path: Path) -> None:
        maildir = self.server.maildir(self.account)
        shutil.chown(path, maildir.owner(), maildir.group())


@pytest.fixture
def box(dovecot: Dovecot) -> Box:
    return Box(dovecot, dovecot.new_account())


@pytest.fixture(params=[ImapToolsSource], ids=["imap-tools"])
async def make_source(request: pytest.FixtureRequest, box: Box) -> AsyncIterator[MakeSource]:
    """Builds sources of the adapter under test for the account; closes them afterwards."""
    made: list[MailSource] = []

    def make(**changes: object) -> MailSource:
        account = box.account
        options = {
            "host": account.host,
            "port": account.port,
            "username": account.username,
            "password": account.password,
            "security": "none",
        } | changes
        source: MailSource = request.param(**options)
        made.append(source)
        return source

    yield make
    for source in made:
        await source.close()


@pytest.fixture
async def source(make_source: MakeSource) -> MailSource:
    source = make_source()
    await source.connect()
    await source.select("INBOX")
    return source


async def test_mails_arrive_byte_for_byte_with_their_internal_date(
    box: Box, source: MailSource
) -> None:
    mails = [SMALL % (n, n) for n in range(3)]
    box.append(*mails)
    uids = await source.uids_since(0, 100)
    fetched = await source.fetch(uids)
    assert [mail.raw for mail in fetched] == mails
    assert [mail.uid for mail in fetched] == uids == sorted(uids)
    assert fetched[0].internaldate == datetime.fromtimestamp(1_700_000_000, UTC)
    assert not any(mail.oversize for mail in fetched)


async def test_fetching_does_not_mark_a_mail_as_read(box: Box, source: MailSource) -> None:
    box.append(SMALL % (1, 1))
    (uid,) = await source.uids_since(0, 100)
    await source.fetch([uid])
    assert "Seen" not in box.flags(uid)


async def test_only_uids_above_the_given_one_are_listed_lowest_first(
    box: Box, source: MailSource
) -> None:
    box.append(*[SMALL % (n, n) for n in range(4)])
    uids = await source.uids_since(0, 100)
    assert await source.uids_since(uids[1], 100) == uids[2:]
    assert await source.uids_since(0, 2) == uids[:2]
    assert await source.uids_since(uids[-1], 100) == []


async def test_a_mailbox_of_1500_mails_is_read_completely(
    box: Box, make_source: MakeSource
) -> None:
    box.drop_many(1_500)
    source = make_source()
    await source.connect()
    state = await source.select("INBOX")
    uids = await source.uids_since(0, 5_000)
    assert len(uids) == 1_500
    assert state.uidnext > max(uids)
    fetched = await source.fetch(uids)
    assert len({mail.raw for mail in fetched}) == 1_500
    await source.mark_done(uids)
    assert "Seen" in box.flags(uids[-1])


async def test_done_mails_carry_seen_and_our_keyword(box: Box, source: MailSource) -> None:
    box.append(SMALL % (1, 1), SMALL % (2, 2))
    uids = await source.uids_since(0, 100)
    await source.mark_done(uids[:1])
    assert "\\\\Seen" in box.flags(uids[0])
    assert "$PatchbayDone" in box.flags(uids[0])
    assert "Seen" not in box.flags(uids[1])


@pytest.mark.parametrize("folder", ODD_FOLDERS)
async def test_mails_move_to_folders_with_odd_names(
    box: Box, source: MailSource, make_source: MakeSource, folder: str
) -> None:
    box.append(SMALL % (1, 1))
    await source.move(await source.uids_since(0, 10), folder)
    assert await source.uids_since(0, 10) == []
    other = make_source()
    await other.connect()
    await other.select(folder)
    (moved,) = await other.fetch(await other.uids_since(0, 10))
    assert moved.raw == SMALL % (1, 1)


async def test_a_large_mail_is_fetched_unchanged(box: Box, source: MailSource) -> None:
    line = b"x" * 76 + b"\r\n"
    mail = b"Subject: large\r\n\r\n" + line * (24 * 1024 * 1024 // len(line))
    box.append(mail)
    (fetched,) = await source.fetch(await source.uids_since(0, 10))
    assert fetched.raw == mail


async def test_a_mail_over_the_limit_comes_as_oversize_with_its_header_only(
    box: Box, make_source: MakeSource
) -> None:
    box.append(b"Subject: big\r\n\r\n" + b"x" * 5_000, SMALL % (1, 1))
    source = make_source(max_bytes=1_000)
    await source.connect()
    await source.select("INBOX")
    big, small = await source.fetch(await source.uids_since(0, 10))
    assert big.oversize
    assert big.raw == b"Subject: big\r\n\r\n"
    assert not small.oversize
    assert small.raw == SMALL % (1, 1)


async def test_a_25_mb_attachment_does_not_stop_the_mails_behind_it(
    box: Box, source: MailSource
) -> None:
    line = b"QUJD" * 19 + b"\r\n"
    box.append(b"Subject: 25 MB\r\n\r\n" + line * (34 * 1024 * 1024 // len(line)), SMALL % (1, 1))
    big, small = await source.fetch(await source.uids_since(0, 10))
    assert (big.oversize, small.oversize) == (True, False)


async def test_a_vanished_mail_is_missing_and_the_others_come(box: Box, source: MailSource) -> None:
    box.append(SMALL % (1, 1), SMALL % (2, 2))
    first, second = await source.uids_since(0, 10)
    with box.client() as client:
        client.select("INBOX")
        client.uid("STORE", str(first), "+FLAGS", "(\\Deleted)")
        client.expunge()
    assert [mail.uid for mail in await source.fetch([first, second])] == [second]


async def test_a_changed_uidvalidity_is_reported(box: Box, make_source: MakeSource) -> None:
    box.append(SMALL % (1, 1))
    source = make_source()
    await source.connect()
    before = await source.select("INBOX")
    await source.close()
    box.reset_uidvalidity()
    await source.connect()
    after = await source.select("INBOX")
    assert after.uidvalidity == 1_234_567 != before.uidvalidity
    assert len(await source.fetch(await source.uids_since(0, 10))) == 1


async def test_a_wrong_password_is_an_authentication_error(make_source: MakeSource) -> None:
    source = make_source(password="wrong")
    with pytest.raises(MailSourceAuthError) as refused:
        await source.connect()
    assert "wrong" not in str(refused.value)


async def test_nobody_listening_is_unavailable_not_an_authentication_error(
    make_source: MakeSource, unused_tcp_port: int
) -> None:
    with pytest.raises(MailSourceUnavailable):
        await make_source(port=unused_tcp_port).connect()


async def test_tls_against_a_plain_server_is_unavailable(make_source: MakeSource) -> None:
    with pytest.raises(MailSourceUnavailable):
        await make_source(security="tls", command_timeout=3.0).connect()


async def test_a_missing_folder_is_an_error_that_names_it(source: MailSource) -> None:
    with pytest.raises(MailSourceUnavailable, match="Nowhere"):
        await source.select("Nowhere")


async def test_new_mail_ends_the_wait(box: Box, source: MailSource) -> None:
    waiting = asyncio.create_task(source.wait(30.0))
    await asyncio.to_thread(box.append, SMALL % (1, 1))
    assert await asyncio.wait_for(waiting, 10.0) is True
    assert len(await source.uids_since(0, 10)) == 1


async def test_a_wait_without_news_ends_in_time(source: MailSource) -> None:
    start = time.monotonic()
    assert await source.wait(0.5) is False
    assert time.monotonic() - start < 5.0


async def test_a_server_that_dies_during_the_wait_is_noticed_at_once(
    box: Box, source: MailSource
) -> None:
    waiting = asyncio.create_task(source.wait(300.0))
    await eventually(_has_thread, message="the wait has begun")
    start = time.monotonic()
    await asyncio.to_thread(box.server.kill9)
    with pytest.raises(MailSourceUnavailable):
        await asyncio.wait_for(waiting, 20.0)
    assert time.monotonic() - start < 10.0


async def test_a_server_that_dies_between_fetch_and_move_costs_nothing(
    box: Box, source: MailSource
) -> None:
    box.append(SMALL % (1, 1))
    uids = await source.uids_since(0, 10)
    await source.fetch(uids)
    await asyncio.to_thread(box.server.kill9)
    with pytest.raises(MailSourceUnavailable):
        await source.move(uids, "Done")
    await asyncio.to_thread(box.server.ensure_running)
    await source.connect()
    await source.select("INBOX")
    assert len(await source.fetch(await source.uids_since(0, 10))) == 1


async def test_a_server_that_falls_silent_runs_into_the_deadline(
    box: Box, make_source: MakeSource
) -> None:
    source = make_source(command_timeout=1.0)
    await source.connect()
    await source.select("INBOX")
    box.server.pause()
    try:
        with pytest.raises(MailSourceUnavailable):
            await asyncio.wait_for(source.uids_since(0, 10), 10.0)
    finally:
        box.server.resume()


async def test_a_cancelled_wait_frees_its_thread(source: MailSource) -> None:
    waiting = asyncio.create_task(source.wait(300.0))
    await eventually(_has_thread)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await source.close()
    await eventually(lambda: not _has_thread(), message="the thread has ended")


async def test_after_a_loss_every_call_fails_until_connected_again(
    box: Box, source: MailSource
) -> None:
    await source.close()
    for call in (source.uids_since(0, 1), source.fetch([1]), source.wait(1.0)):
        with pytest.raises(MailSourceUnavailable):
            await call
    await source.connect()
    await source.select("INBOX")
    mails: list[FetchedMail] = await source.fetch([])
    assert mails == []


def _has_thread() -> bool:
    return any(thread.name.startswith("imap-") for thread in threading.enumerate())
