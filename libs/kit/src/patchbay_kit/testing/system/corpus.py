"""The collection of real mails beside the workspace, and what became of them as a table."""

import email.utils
import json
import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from email.parser import BytesHeaderParser
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from patchbay_kit.testing.sources import ROOT
from patchbay_kit.testing.system.base import System
from patchbay_kit.testing.system.mail import Postman
from patchbay_kit.testing.waiting import wait_until

FOLDER = Path(os.environ.get("PATCHBAY_MAIL_CORPUS", ROOT.parent / "shared" / "mail-corpus"))
ABSENT = f"the mail corpus is not at {FOLDER}: NO REAL MAIL WAS TRIED"
OUTCOMES = ("created", "filed", "undecided", "ignored", "quarantined")
_KINDS = ("mail", "bounce")
_SENDERS = 4
# What every mail server takes as an envelope sender.
_PLAIN_ADDRESS = re.compile(r"[a-z0-9._+=-]{1,60}@[a-z0-9-]+(\.[a-z0-9-]+)+")


@dataclass(frozen=True)
class CorpusMail:
    """One file: `name` is its path below the corpus."""

    name: str
    raw: bytes

    @cached_property
    def sender(self) -> str:
        """Its From address, as far as the standard library finds a plain one."""
        header = BytesHeaderParser().parsebytes(self.raw).get("From", "")
        address = email.utils.parseaddr(str(header))[1].lower()
        return address if _PLAIN_ADDRESS.fullmatch(address) else ""


@cache
def corpus() -> tuple[CorpusMail, ...]:
    """Every mail and bounce of the manifest; empty where the corpus is absent."""
    manifest = FOLDER / "manifest.jsonl"
    if not manifest.exists():
        return ()
    entries = map(json.loads, manifest.read_text(encoding="utf-8").splitlines())
    names = [entry["id"] for entry in entries if entry["kind"] in _KINDS]
    return tuple(CorpusMail(name, (FOLDER / name).read_bytes()) for name in names)


def introduce(system: System, mails: Iterable[CorpusMail], *, every: int = 2) -> int:
    """Make contacts of every second sender, in ten accounts; returns how many."""
    senders = sorted({mail.sender for mail in mails} - {""})[::every]
    accounts = [
        system.api.post("/v1/accounts", {"name": f"Corpus customer {number}"})["id"]
        for number in range(10)
    ]
    made = 0
    for number, address in enumerate(senders):
        account = accounts[number % len(accounts)]
        body = {"account_id": account, "name": f"Sender {number}", "email1": address}
        answer = system.api.request("POST", "/v1/contacts", json=body)
        made += answer.is_success  # An odd address may be refused; its owner stays unknown.
    return made


def deliver(system: System, mails: Sequence[CorpusMail]) -> list[str]:
    """Hand all over on several connections; their ids in the ledger, in order."""

    def share(number: int) -> list[str]:
        with Postman(system.smtp_port) as postman:
            return [
                postman.deliver(mail.raw, sender=mail.sender or "nobody@corpus.example")
                for mail in mails[number::_SENDERS]
            ]

    with ThreadPoolExecutor(_SENDERS) as pool:
        shares = list(pool.map(share, range(_SENDERS)))
    ids = [""] * len(mails)
    for number, some in enumerate(shares):
        ids[number::_SENDERS] = some
    return ids


def ledger(system: System, ids: Iterable[str] | None = None) -> dict[str, dict[str, Any]]:
    """Entries of received mail by id: those named, or all."""
    wanted = None if ids is None else set(ids)
    entries = system.api.items("/v1/mails", direction="in")
    return {each["id"]: each for each in entries if wanted is None or each["id"] in wanted}


def wait_until_decided(system: System, count: int, *, timeout: float) -> None:
    """Wait until the ledger has at least `count` mails and every one of them is decided on."""

    def done() -> bool:
        query = "SELECT state, count(*) AS n FROM received_mail GROUP BY state"
        by_state = {row["state"]: row["n"] for row in system.rows("email-gateway", query)}
        return sum(by_state.values()) >= count and "published" not in by_state

    wait_until(done, timeout=timeout, interval=0.3, message=f"{count} mails decided on")


def table(title: str, entries: Iterable[Mapping[str, Any]]) -> str:
    """Outcome, count and the most frequent first reasons, as lines of text."""
    found = list(entries)
    by_outcome = Counter(str(each["state"]) for each in found)
    lines = [f"{title}: {len(found)} mails"]
    for outcome in (*OUTCOMES, *sorted(set(by_outcome) - set(OUTCOMES))):
        of_this = [each for each in found if each["state"] == outcome]
        first = Counter(each["reasons"][0]["code"] for each in of_this if each["reasons"])
        why = ", ".join(f"{code} {count}" for code, count in first.most_common(5))
        lines.append(f"  {outcome:<12}{by_outcome[outcome]:>6}  {why}")
    return "\n".join(lines)
