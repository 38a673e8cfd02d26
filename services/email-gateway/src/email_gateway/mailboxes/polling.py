"""Fetching mailboxes over IMAP by UID, never by the unread flag.

Promise: a mail that cannot be read is quarantined, one mailbox that fails or is slow never
stops another, and a wrong password pauses only its own.
"""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import structlog

from email_gateway.imap.port import MailSourceAuthError, MailSourceUnavailable
from email_gateway.intake.service import Intake
from email_gateway.mailboxes.leases import ChangedMeanwhileError, Claimed, Leases
from email_gateway.mailboxes.sources import MailSources
from email_gateway.mailboxes.visiting import Visit
from patchbay_kit.errors import PermanentError
from patchbay_kit.runtime import Runtime
from patchbay_kit.workers.lifecycle import pause

log = structlog.get_logger(__name__)

TICK = 1.0
STRICT_AUTH_FAILURES = 3
# A visit hands a full mailbox back after this long, so that a stop or a change is heard.
VISIT_SECONDS = 15.0
# Several times within a lease: one renewal may be late.
RENEW_SECONDS = 15.0
# Each takes a thread and the memory of a chunk of mail.
MAX_VISITS = 32


@dataclass
class MailboxPoller:
    """A loop that visits every mailbox that is due; several replicas share them by lease."""

    runtime: Runtime
    intake: Intake
    sources: MailSources
    name: str = "mailboxes"
    _visits: "set[asyncio.Task[bool]]" = field(default_factory=set)

    async def run(self, stop: asyncio.Event) -> None:
        """Until stopped; visits under way end then, and what they had not recorded comes again."""
        try:
            while not stop.is_set():
                try:
                    await self._start_due()
                except Exception as error:  # noqa: BLE001  # the loop must outlive its database
                    log.warning("mailboxes.not_claimed", error=str(error), kind=_kind(error))
                await pause(TICK, stop)
        finally:
            for visit in self._visits:
                visit.cancel()
            await asyncio.gather(*self._visits, return_exceptions=True)

    async def step(self) -> bool:
        """Visit what is due and wait for it; True where one of them may have more."""
        return any([await visit for visit in await self._start_due()])

    async def _start_due(self) -> "list[asyncio.Task[bool]]":
        room = MAX_VISITS - len(self._visits)
        if room <= 0:
            return []
        claimed = await Leases(self.runtime.db).claim(room)
        visits = [asyncio.create_task(self._visit(each)) for each in claimed]
        self._visits.update(visits)
        for visit in visits:
            visit.add_done_callback(self._visits.discard)
        return visits

    async def _visit(self, claimed: Claimed) -> bool:
        row, leases = claimed.row, Leases(self.runtime.db)
        more, values = False, {"state": "reachable", "last_error": None, "auth_failures": 0}
        try:
            more = await self._fetch(claimed, leases)
        except ChangedMeanwhileError:
            log.info("mailbox.changed_meanwhile", mailbox_id=row.id)
        except (MailSourceAuthError, PermanentError) as error:
            failures = row.auth_failures + 1
            state = "refused" if failures >= STRICT_AUTH_FAILURES else "degraded"
            values = {"state": state, "last_error": str(error), "auth_failures": failures}
        except asyncio.CancelledError:
            await leases.release(claimed, {}, at_once=True)
            raise
        except Exception as error:  # noqa: BLE001  # whatever it is, the other mailboxes go on
            values = {"state": "degraded", "last_error": str(error) or _kind(error)}
            if not isinstance(error, MailSourceUnavailable | OSError):
                log.error("mailbox.broken", mailbox_id=row.id, error=str(error), kind=_kind(error))
        if values["last_error"]:
            log.warning("mailbox.failed", mailbox_id=row.id, state=values["state"])
        await self._release(leases, claimed, values, more)
        return more

    async def _release(
        self, leases: Leases, claimed: Claimed, values: dict[str, Any], more: bool
    ) -> None:
        try:
            await leases.release(claimed, values, at_once=more)
        except Exception as error:  # noqa: BLE001  # the lease ends by itself
            log.warning("mailbox.not_released", mailbox_id=claimed.row.id, kind=_kind(error))

    async def _fetch(self, claimed: Claimed, leases: Leases) -> bool:
        deadline = asyncio.get_running_loop().time() + VISIT_SECONDS
        source = await self.sources.open(claimed.row)
        holding = asyncio.create_task(self._hold(leases, claimed))
        try:
            await source.connect()
            visit = Visit(self.runtime, self.intake, leases, claimed, source)
            return await visit.run(deadline)
        finally:
            holding.cancel()
            await asyncio.gather(holding, return_exceptions=True)
            await source.close()

    async def _hold(self, leases: Leases, claimed: Claimed) -> None:
        """Renew the lease until cancelled: a large mail may take longer than a lease."""
        held = True
        while held:
            await asyncio.sleep(RENEW_SECONDS)
            try:
                held = await leases.renew(claimed)
            except Exception as error:  # noqa: BLE001  # the database may be back for the next one
                log.warning("mailbox.not_renewed", mailbox_id=claimed.row.id, kind=_kind(error))


def _kind(error: Exception) -> str:
    return type(error).__name__
