"""The mails that the benchmark delivers: about 1.5 kB each, half new and half replies.

Half of the replies name the Message-ID of a mail before them, half a ticket number.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import format_datetime
from pathlib import Path

from patchbay_kit.clock import utc_now

CONTACTS = 400
ACCOUNTS = 100
SUPPORT = "support@msp.example"
_TEXT = (
    'Hello,\n\nsince this morning the scanner in room {room} says "no connection" and the\n'
    "files do not reach the shared folder any more. We restarted it twice, which\n"
    "did not help. Could somebody have a look before the weekend? We need it for\n"
    "the month's invoices, so anything before Friday noon would be fine.\n\n"
    "Best regards\n{name}\n"
)
_REPLY = (
    "Thank you, that was quick. It worked for an hour and now the display in\n"
    "room {room} shows the same message again, with the code 0x{room:04x} this time.\n\n"
    "Regards\n{name}\n\n"
    "On Tue, 10 Nov 2026 at 09:12, Support wrote:\n"
    "> we have changed the address of the scanner in the network and it answers\n"
    "> again. Please try once more and tell us if it does not reach the folder.\n"
    "> Your support team\n"
)


@dataclass(frozen=True, slots=True)
class Letter:
    """`answers`: the Message-ID that it names; `number`: the ticket number in its subject."""

    index: int
    contact: int
    answers: str = ""
    number: str = ""


def address(contact: int) -> str:
    """Even contacts are known by their address, odd ones by their domain."""
    return f"person{contact}@client{contact % ACCOUNTS}.example"


def message_id(run: str, index: int) -> str:
    return f"<{run}.{index}.CAJ9xQ2v8Zb7Kf3@mail.client{index % ACCOUNTS}.example>"


def first_letters(count: int) -> list[Letter]:
    """New conversations only; their ticket numbers serve the others."""
    return [Letter(index, index % CONTACTS) for index in range(count)]


def letters(run: str, count: int, numbers: Sequence[tuple[int, str]]) -> list[Letter]:
    """`numbers`: ticket numbers with the contact whose ticket each is."""
    made: list[Letter] = []
    for index in range(count):
        if index % 2 == 0:
            made.append(Letter(index, (index // 2) % CONTACTS))
        elif index % 4 == 1:
            made.append(Letter(index, made[-1].contact, answers=message_id(run, index - 1)))
        else:
            contact, number = numbers[index % len(numbers)]
            made.append(Letter(index, contact, number=number))
    return made


def raw(run: str, letter: Letter) -> bytes:
    """The mail as a server stores it."""
    name = f"Person {letter.contact}"
    reply = bool(letter.answers or letter.number)
    subject = f"The scanner in room {letter.index} does not scan"
    if letter.number:
        subject = f"[{letter.number}] {subject}"
    date = format_datetime(utc_now())
    client = f"mail.client{letter.contact % ACCOUNTS}.example"
    lines = [
        f"Return-Path: <{address(letter.contact)}>",
        f"Received: from {client} ({client} [192.0.2.{letter.contact % 250}])",
        f"\tby mx.msp.example (Postfix) with ESMTPS id 4Vx{letter.index:06d}",
        f"\tfor <{SUPPORT}>; {date}",
        f"Received: from [10.1.2.{letter.contact % 250}] (unknown [10.1.2.3])",
        f"\tby {client} (Postfix) with ESMTPSA id 5Ab{letter.index:06d};",
        f"\t{date}",
        f"Date: {date}",
        f"From: {name} <{address(letter.contact)}>",
        f"To: Support <{SUPPORT}>",
        f"Subject: {'Re: ' if reply else ''}{subject}",
        f"Message-ID: {message_id(run, letter.index)}",
    ]
    if letter.answers:
        lines += [f"In-Reply-To: {letter.answers}", f"References: {letter.answers}"]
    lines += [
        "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Thunderbird/140.0",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=UTF-8; format=flowed",
        "Content-Transfer-Encoding: 8bit",
        "Content-Language: en-GB",
    ]
    text = (_REPLY if reply else _TEXT).format(room=letter.index, name=name)
    return ("\r\n".join(lines) + "\r\n\r\n" + text.replace("\n", "\r\n")).encode()


def deliver(maildir: Path, mails: Sequence[bytes], run: str) -> None:
    """Put mails into a Maildir as a delivery agent does; its owner is whoever owns the parent."""
    owner = maildir.parent.stat()
    for folder in (maildir, *(maildir / part for part in ("cur", "new", "tmp"))):
        if not folder.exists():
            folder.mkdir()
            os.chown(folder, owner.st_uid, owner.st_gid)
    written = [maildir / "tmp" / f"{run}.{index:06d}.bench" for index in range(len(mails))]
    for temporary, mail in zip(written, mails, strict=True):
        temporary.write_bytes(mail)
        os.chown(temporary, owner.st_uid, owner.st_gid)
    # All are there before a reader sees the first.
    for temporary in written:
        temporary.rename(maildir / "new" / temporary.name)
