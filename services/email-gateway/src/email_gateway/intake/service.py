"""Taking mail in.

Promise: the original is stored durably first; then one transaction writes the ledger row, the IMAP
cursor and the event. Only after its commit is the sender, or the mailbox, told. A crash in between
takes the mail in again, and the fingerprint makes it one.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Table, select, update

from email_gateway.intake.evidence import numbered
from email_gateway.intake.identity import Identity
from email_gateway.intake.raw import RawMail
from email_gateway.intake.reading import ReadMail, read_mails
from email_gateway.intake.tables import ReceivedMail, SeenUid
from email_gateway.outbound.tables import OutgoingMail
from patchbay_contracts import EmailBounced, EmailReceived, Reason, ReasonCode
from patchbay_kit.db import UnitOfWork, insert_many
from patchbay_kit.ids import new_id
from patchbay_kit.runtime import Runtime

_MAIL: Table = ReceivedMail.__table__  # type: ignore[attr-defined]  # set by SQLModel
_SEEN: Table = SeenUid.__table__  # type: ignore[attr-defined]
_OUTGOING: Table = OutgoingMail.__table__  # type: ignore[attr-defined]
# What reading a mail puts into its row.
_READ = ("fingerprint", "message_id", "sender", "subject", "automation", "state", "reasons")


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one raw mail: its id in the ledger, and whether it had been there before."""

    mail_id: str
    duplicate: bool
    quarantined: bool


@dataclass(frozen=True, slots=True)
class Intake:
    """Takes batches of mail in, from whatever entrance."""

    runtime: Runtime
    identity: Identity

    async def store(self, mails: Sequence[RawMail]) -> tuple[list[str], list[ReadMail]]:
        """Originals into the blob store, and everything read from them; nothing is in the ledger
        yet.
        """
        day = self.runtime.clock().date().isoformat()
        blobs, read = await asyncio.gather(
            self.runtime.blobs.put([mail.raw for mail in mails]),
            asyncio.to_thread(read_mails, mails, self.identity, day),
        )
        return blobs, read

    async def take_in(self, mails: Sequence[RawMail]) -> list[Taken]:
        """Store and record; returns once everything is durable."""
        blobs, read = await self.store(mails)
        async with self.runtime.db.unit_of_work() as uow:
            return await self.record(uow, blobs, read)

    async def record(
        self, uow: UnitOfWork, blobs: Sequence[str], read: Sequence[ReadMail]
    ) -> list[Taken]:
        """Ledger rows, seen UIDs and events, inside the caller's transaction."""
        ids: dict[str, str] = {}
        rows: list[dict[str, Any]] = []
        for blob, each in zip(blobs, read, strict=True):
            if each.fingerprint not in ids:
                ids[each.fingerprint] = new_id()
                rows.append(_row(uow, ids[each.fingerprint], blob, each))
        # One order for all gateways, so that two of them never wait for each other.
        rows.sort(key=lambda row: str(row["fingerprint"]))
        written = await insert_many(
            uow.session, _MAIL, rows, ignore_conflicts=True, returning=[_MAIL.c.id]
        )
        new = {row.id for row in written}
        await self._count_again(uow, read, ids, new)
        known = await self._ids(uow, [f for f, i in ids.items() if i not in new])
        await self._seen(uow, read)
        taken = []
        for each in read:
            mail_id = ids[each.fingerprint]
            fresh = mail_id in new
            if fresh:
                new.discard(mail_id)
                await self._publish(uow, mail_id, each)
            mail_id = known.get(each.fingerprint, mail_id)
            taken.append(Taken(mail_id, not fresh, each.quarantine is not None))
        return taken

    async def read_again(self, uow: UnitOfWork, row: Any, raw: bytes) -> bool:
        """Read a quarantined mail once more; False where it is still over a limit."""
        mail = RawMail(
            raw=raw,
            via=row.via,
            mailbox_id=row.mailbox_id,
            envelope_sender=row.envelope_sender,
            recipients=tuple(row.envelope_recipients),
            oversize=any(each["params"].get("headers_only") for each in row.reasons),
        )
        day = row.received_at.date().isoformat()
        (read,) = await asyncio.to_thread(read_mails, [mail], self.identity, day)
        if read.evidence is None:
            return False
        if await self._came_again(uow, row.id, read.fingerprint):
            reason = Reason(code=ReasonCode.MAIL_DUPLICATE).model_dump(mode="json")
            values = {"state": "discarded", "reasons": [*row.reasons, reason]}
        else:
            values = {name: _row(uow, row.id, row.blob, read)[name] for name in _READ}
            await self._publish(uow, row.id, read)
        await uow.session.execute(update(_MAIL).where(_MAIL.c.id == row.id).values(values))
        return True

    @staticmethod
    async def _came_again(uow: UnitOfWork, mail_id: str, fingerprint: str) -> bool:
        """Whether the same mail was delivered and read while this copy was quarantined."""
        where = (_MAIL.c.fingerprint == fingerprint) & (_MAIL.c.id != mail_id)
        return await uow.session.scalar(select(_MAIL.c.id).where(where)) is not None

    async def _publish(self, uow: UnitOfWork, mail_id: str, read: ReadMail) -> None:
        if read.evidence is None:
            return
        event = numbered(read.evidence.event, mail_id, uow.now)
        uow.publish(event, subject=mail_id, version=1)
        if event.bounce is not None:
            await self._report_bounce(uow, mail_id, event)

    async def _report_bounce(self, uow: UnitOfWork, mail_id: str, event: EmailReceived) -> None:
        original = event.bounce.original_message_id if event.bounce else None
        if event.bounce is None or original is None:
            return
        statement = select(_OUTGOING.c.id, _OUTGOING.c.ticket_id)
        sent = (
            await uow.session.execute(statement.where(_OUTGOING.c.message_id == original))
        ).first()
        if sent is not None:
            bounced = EmailBounced(
                mail_id=mail_id,
                bounced_mail_id=sent.id,
                ticket_id=sent.ticket_id,
                bounce=event.bounce,
            )
            uow.publish(bounced, subject=sent.id, version=2)

    @staticmethod
    async def _ids(uow: UnitOfWork, fingerprints: Sequence[str]) -> dict[str, str]:
        if not fingerprints:
            return {}
        statement = select(_MAIL.c.fingerprint, _MAIL.c.id)
        rows = await uow.session.execute(statement.where(_MAIL.c.fingerprint.in_(fingerprints)))
        return {row.fingerprint: row.id for row in rows}

    @staticmethod
    async def _count_again(
        uow: UnitOfWork, read: Sequence[ReadMail], ids: dict[str, str], new: set[str]
    ) -> None:
        """Raise `deliveries` of mails that came again, so that the ledger shows them too."""
        extra: dict[str, int] = {}
        for each in read:
            extra[each.fingerprint] = extra.get(each.fingerprint, 0) + 1
        for fingerprint, count in sorted(extra.items()):
            more = count - 1 if ids[fingerprint] in new else count
            if more:
                values = {"deliveries": _MAIL.c.deliveries + more}
                where = _MAIL.c.fingerprint == fingerprint
                await uow.session.execute(update(_MAIL).where(where).values(values))

    @staticmethod
    async def _seen(uow: UnitOfWork, read: Sequence[ReadMail]) -> None:
        rows = [
            {
                "mailbox_id": each.raw.mailbox_id,
                "uidvalidity": each.raw.uidvalidity,
                "uid": each.raw.uid,
                "fingerprint": each.fingerprint,
                "seen_at": uow.now,
            }
            for each in read
            if each.raw.via == "imap"
        ]
        await insert_many(uow.session, _SEEN, rows, ignore_conflicts=True)


def _row(uow: UnitOfWork, mail_id: str, blob: str, read: ReadMail) -> dict[str, Any]:
    evidence, raw = read.evidence, read.raw
    parsed = evidence.parsed if evidence else None
    reasons = []
    if read.quarantine is not None:
        params: dict[str, Any] = {
            "limit": str(read.quarantine.reason_code),
            "detail": read.quarantine.detail,
        }
        if raw.oversize or raw.withheld:
            params["headers_only"] = True
        reason = Reason(code=ReasonCode.MAIL_QUARANTINED, params=params)
        reasons.append(reason.model_dump(mode="json"))
    return {
        "id": mail_id,
        "fingerprint": read.fingerprint,
        "blob": blob,
        "size": len(raw.raw),
        "via": raw.via,
        "mailbox_id": raw.mailbox_id,
        "envelope_sender": raw.envelope_sender,
        "envelope_recipients": list(raw.recipients),
        "message_id": parsed.message_id if parsed else "",
        "sender": parsed.sender.email if parsed and parsed.sender else None,
        "subject": parsed.subject if parsed else "",
        "automation": str(evidence.classification.kind) if evidence else None,
        "state": "published" if parsed else "quarantined",
        "reasons": reasons,
        "deliveries": 1,
        "decision_version": 0,
        "received_at": uow.now,
    }
