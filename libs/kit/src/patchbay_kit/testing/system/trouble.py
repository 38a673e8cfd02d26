"""Load that insists like the world does, and a killer that strikes at random moments in it.

Senders of mail and callers of the API repeat what was not answered; nothing else is repeated here.
"""

import random
import smtplib
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from patchbay_kit.ids import new_id
from patchbay_kit.testing.system.base import System
from patchbay_kit.testing.system.corpus import CorpusMail
from patchbay_kit.testing.system.mail import Postman, SmtpRefusedError
from patchbay_kit.testing.system.simulator import Simulator

PATIENCE = 120.0
_PAUSE = 0.2


@dataclass(frozen=True)
class Amounts:
    """How much one round does."""

    tickets: int = 200
    slices: int = 5
    mails: int = 40
    closes: int = 20
    kills: int = 2


@dataclass
class Trouble:
    """Rounds of load and kills on one system; what was promised is remembered for the judge."""

    system: System
    simulator: Simulator
    connection_id: str
    mails: Sequence[CorpusMail]
    amounts: Amounts
    seed: int
    completed: set[str] = field(default_factory=set)
    promised: dict[str, str] = field(default_factory=dict)
    killed: list[str] = field(default_factory=list)
    ended_alone: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)  # noqa: S311 - a run can be repeated
        self._deck: list[str] = []
        self._never = threading.Event()

    def round(self, number: int) -> list[str]:
        """One round; returns who was killed. Everything runs again when it ends."""
        jobs = [self._storm(number), self._post(number), self._close(number)]
        victims = [self._next_victim() for _ in range(self.amounts.kills)]
        with ThreadPoolExecutor() as pool:
            running: list[Future[None]] = [pool.submit(job) for job in jobs]
            self._kill(victims)
            self.system.start()
            for each in running:
                each.result(timeout=PATIENCE + 30)
        self._restart_what_ended()
        self.killed += victims
        return victims

    def _kill(self, victims: Sequence[str]) -> None:
        """Each at a moment of its own; it stays dead for a moment of its own.

        Some strike while others are still starting, some when all of them are at work again.
        """
        for name in victims:
            victim = self.system.killable()[name]
            if self._random.random() < 0.5:
                self.system.start()
            self._wait(self._random.uniform(0.05, 1.5))
            victim.kill9()
            self._wait(self._random.uniform(0.0, 1.0))
            victim.launch()

    def _restart_what_ended(self) -> None:
        """A process that ended by itself is started again, as a supervisor would; it is told."""
        ended = [name for name, each in self.system.killable().items() if not each.running]
        self.ended_alone += ended
        self.system.start()

    def _next_victim(self) -> str:
        """Everybody gets their turn before anybody gets a second one."""
        if not self._deck:
            self._deck = sorted(self.system.killable())
            self._random.shuffle(self._deck)
        return self._deck.pop()

    def _storm(self, number: int) -> Callable[[], None]:
        """Remote tickets in slices, from ten sites of this round, a tenth of them twice."""
        body = {
            "name": "storm",
            "seed": self.seed * 1000 + number,
            "tickets": self.amounts.tickets // self.amounts.slices,
            "sites": 7,
            "unknownSites": 3,
            "devicesPerSite": 2,
        }

        def work() -> None:
            for _ in range(self.amounts.slices):
                self.simulator.control("POST", "scenario", body)
                self._wait(0.5)

        return work

    def _post(self, number: int) -> Callable[[], None]:
        """Mails of this round and some of earlier ones again."""
        count = self.amounts.mails
        start = number * count % max(1, len(self.mails))
        mails = [*self.mails[start : start + count]]
        mails += self._random.choices(self.mails[: start + 1], k=count // 5)

        def work() -> None:
            with Postman(self.system.smtp_port) as postman:
                for mail in mails:
                    self._deliver(postman, mail)

        return work

    def _deliver(self, postman: Postman, mail: CorpusMail) -> None:
        def try_it() -> str:
            return postman.deliver(mail.raw, sender=mail.sender or "nobody@corpus.example")

        mail_id = self._insist(try_it)
        before = self.promised.setdefault(mail.name, mail_id)
        assert before == mail_id, f"{mail.name} became two mails: {before} and {mail_id}"

    def _insist(self, work: Callable[[], str]) -> str:
        for _ in range(int(PATIENCE / _PAUSE)):
            try:
                return work()
            except SmtpRefusedError as error:
                if error.code >= 500:
                    raise
            except (OSError, smtplib.SMTPException):
                pass
            self._wait(_PAUSE)
        return work()

    def _close(self, number: int) -> Callable[[], None]:
        """Complete random tickets; every fifth is reopened and completed again."""
        choice = random.Random(self.seed * 1000 + number)  # noqa: S311 - the same

        def work() -> None:
            api = self.system.api.signed_in_as(self.system.api.email, self.system.api.password)
            with api.patient(PATIENCE):
                for turn in range(self.amounts.closes):
                    ticket = self._open_ticket(api, choice)
                    if ticket is None:
                        self._wait(0.3)
                        continue
                    self.completed.add(ticket["remote"]["remote_ticket_id"])
                    again = ("reopen", "complete") if turn % 5 == 0 else ()
                    for what in ("complete", *again):
                        path = f"/v1/tickets/{ticket['id']}/{what}"
                        api.post(path, key=f"{what}-{new_id()}")
            api.close()

        return work

    def _open_ticket(self, api: Any, choice: random.Random) -> dict[str, Any] | None:
        page = api.get("/v1/tickets", view="open", connection_id=self.connection_id, limit=50)
        items: list[dict[str, Any]] = page["items"]
        return choice.choice(items) if items else None

    def _wait(self, seconds: float) -> None:
        self._never.wait(seconds)
