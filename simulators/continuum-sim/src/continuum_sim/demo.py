"""The demo scenario: a few sites, and something happening every few seconds.

Step n depends on the seed and n only, and n is stored, so a restart goes on with the next step.
"""

import asyncio
import json
from dataclasses import asdict, dataclass, replace
from random import Random

from continuum_sim.demo_data import ALERTS, DEVICES, REQUESTS, SITES, UNKNOWN_SITES
from continuum_sim.inventory import Inventory
from continuum_sim.models import DeviceSpec, ReturnReason, SiteSpec, TicketSpec
from continuum_sim.store import Store
from continuum_sim.tickets import Desk

_PLAN = "demo.plan"
_DEFAULT_INTERVAL = 20.0
_REASONS: tuple[ReturnReason, ...] = ("Work completed", "Approval Required", "Info Needed")


@dataclass(frozen=True, slots=True)
class DemoPlan:
    """The running demo: its seed, pace and progress."""

    seed: int
    interval_seconds: float
    steps: int = 0


class Demo:
    """Plays the demo; all writes run inside the caller's transaction."""

    def __init__(self, store: Store, inventory: Inventory, desk: Desk) -> None:
        self._store = store
        self._inventory = inventory
        self._desk = desk
        self.changed = asyncio.Event()

    def plan(self) -> DemoPlan | None:
        """Return the running demo, if one runs."""
        found = self._store.meta(_PLAN)
        return DemoPlan(**json.loads(found)) if found else None

    def begin(self, seed: int, interval_seconds: float | None) -> DemoPlan:
        """Start the demo, or go on with the stored one at the given pace."""
        plan = self.plan()
        if plan is None:
            plan = DemoPlan(seed, interval_seconds or _DEFAULT_INTERVAL)
            self._inventory.put_sites([SiteSpec.model_validate(site) for site in SITES])
            self._inventory.put_devices([DeviceSpec.model_validate(device) for device in DEVICES])
            self._inventory.publish()
        plan = replace(plan, interval_seconds=interval_seconds or plan.interval_seconds)
        self._save(plan)
        return plan

    def end(self) -> None:
        """Stop the demo; what it made stays."""
        self._save(None)

    def step(self) -> None:
        """Do the next step: mostly an alert, now and then something else."""
        plan = self.plan()
        if plan is None:
            return
        number = plan.steps + 1
        random = Random(f"{plan.seed}:{number}")
        if not (number % 8 == 0 and self._touch_an_open_ticket(random)):
            self._desk.raise_tickets([_ticket(random, number)])
        self._save(replace(plan, steps=number))

    def _touch_an_open_ticket(self, random: Random) -> bool:
        rows = self._store.rows(
            "SELECT id, assignee_group FROM ticket WHERE status = 'open'"
            " ORDER BY rowid DESC LIMIT 20"
        )
        if not rows:
            return False
        row = random.choice(rows)
        if row["assignee_group"] != "partner":
            self._desk.hand_back(row["id"], random.choice(_REASONS), "Please see our findings.")
        elif random.random() < 0.5:
            self._desk.write_note(row["id"], "The alert occurred again.", "console", None)
        else:
            self._desk.close(row["id"], "console", "The condition cleared by itself.", None)
        return True

    def _save(self, plan: DemoPlan | None) -> None:
        self._store.set_meta(_PLAN, json.dumps(asdict(plan)) if plan else None)
        self.changed.set()


def _ticket(random: Random, number: int) -> TicketSpec:
    if number % 6 == 0:
        site = random.choice(UNKNOWN_SITES)
        summary, description = random.choice(REQUESTS)
        place = {**site, "origin": "service_ticket"}
    else:
        device = random.choice(DEVICES)
        summary, description = random.choice(ALERTS)
        place = {"siteId": device["siteId"], "deviceId": device["id"], "origin": "alert"}
        summary = f"{summary} on {device['name']}"
    if number % 10 == 0:
        place["origin"] = "noc_manual"
    group = "NOC Team" if random.random() < 0.3 else "partner"
    return TicketSpec.model_validate(
        {**place, "summary": summary, "description": description, "assigneeGroup": group}
    )
