"""The parts of one simulator, built once."""

import asyncio
import contextlib
import logging
import secrets
import sqlite3
from typing import Any

from continuum_sim.clock import SimClock, stamp
from continuum_sim.commands import Commands
from continuum_sim.demo import Demo
from continuum_sim.faults import FaultSchedule
from continuum_sim.inventory import Inventory
from continuum_sim.journal import Journal
from continuum_sim.psg import PsgCode
from continuum_sim.queue import UpdateQueue
from continuum_sim.settings import CONTRACT, Settings
from continuum_sim.store import StateFileError, Store
from continuum_sim.tickets import Desk

_log = logging.getLogger(__name__)


class StartRefusedError(Exception):
    """The simulator cannot start with these settings; the text says why."""


class Simulator:
    """One simulated Continuum tenant."""

    def __init__(self, settings: Settings) -> None:
        try:
            self.store = Store(settings.state_file)
        except StateFileError as error:
            raise StartRefusedError(str(error)) from error
        self.clock = SimClock(self.store, settings.wall_clock)
        self.psg = PsgCode(self.store, self.clock)
        self.inventory = Inventory(self.store, self.clock)
        self.queue = UpdateQueue(self.store, self.clock, settings.lease_seconds)
        self.desk = Desk(self.store, self.clock, self.queue, settings.public_url)
        self.commands = Commands(self.store, self.desk)
        self.journal = Journal(self.store, self.clock)
        self.faults = FaultSchedule(self.store)
        self.demo = Demo(self.store, self.inventory, self.desk)
        self._stopping = asyncio.Event()
        self._start(settings)

    def _start(self, settings: Settings) -> None:
        with self.store.transaction():
            if settings.scenario == "demo":
                self.demo.begin(settings.seed, settings.interval_seconds)
            elif settings.scenario == "none":
                self.demo.end()
            code = settings.psg_code or self.psg.code
            if not code and self.demo.plan():
                code = secrets.token_urlsafe(12)
            if code and code != self.psg.code:
                self.psg.change(code, None)
        if not code:
            self.close()
            raise StartRefusedError("A PSG code is needed; only the demo makes one up.")

    def close(self) -> None:
        """Close the state file."""
        self.store.close()

    def stop(self) -> None:
        """Tell loops and injected delays to end."""
        self._stopping.set()

    async def pause(self, seconds: float) -> None:
        """Wait in real time, or until the simulator stops."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()

    async def run_demo(self) -> None:
        """Do a step of the demo each interval, while there is a demo, until `stop`."""
        while not self._stopping.is_set():
            plan = self.demo.plan()
            self.demo.changed.clear()
            if await self._stopped_or_changed(plan.interval_seconds if plan else None):
                continue
            try:
                with self.store.transaction():
                    self.demo.step()
            except sqlite3.Error:
                _log.exception("A step of the demo failed; the next interval tries it again.")

    async def _stopped_or_changed(self, seconds: float | None) -> bool:
        waits = [
            asyncio.create_task(self._stopping.wait()),
            asyncio.create_task(self.demo.changed.wait()),
        ]
        try:
            done, _ = await asyncio.wait(
                waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            for wait in waits:
                wait.cancel()
        return bool(done)

    def state(self) -> dict[str, Any]:
        """Return a summary; it does not carry the PSG code."""
        tickets = self.store.rows("SELECT status, count(*) AS n FROM ticket GROUP BY status")
        by_status = {row["status"]: row["n"] for row in tickets}
        snapshots = self.store.rows("SELECT kind, generated_at FROM snapshot")
        pending = self.psg.pending_until
        plan = self.demo.plan()
        return {
            "contract": CONTRACT,
            "now": self.clock.stamp(),
            "clockFrozen": self.clock.frozen,
            "psgPendingUntil": stamp(pending) if pending else None,
            "scenario": "demo" if plan else "none",
            "demoSteps": plan.steps if plan else 0,
            "sites": self.store.value("SELECT count(*) FROM site"),
            "devices": self.store.value("SELECT count(*) FROM device"),
            "tickets": {
                "open": by_status.get("open", 0),
                "closed": by_status.get("closed", 0),
            },
            "queue": self.queue.sizes(),
            "snapshots": {row["kind"]: row["generated_at"] for row in snapshots},
            "faultsWaiting": len(self.faults.waiting()),
            **self.journal.count(),
        }
