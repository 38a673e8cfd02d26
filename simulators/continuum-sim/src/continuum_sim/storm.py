"""The storm scenario: many tickets at once, with everything that goes wrong in real life.

Unknown sites, two sites of one name, tickets without a site, unknown devices, updates delivered
twice, all shuffled. The same seed on a fresh simulator gives the same storm.
"""

from dataclasses import dataclass
from random import Random
from typing import Any

from continuum_sim.control_models import ScenarioSpec
from continuum_sim.demo_data import ALERTS
from continuum_sim.inventory import Inventory
from continuum_sim.models import DeviceSpec, SiteSpec, TicketSpec
from continuum_sim.queue import UpdateQueue
from continuum_sim.tickets import Desk

_ORIGINS = ("alert", "alert", "alert", "service_ticket", "noc_manual")


@dataclass(frozen=True, slots=True)
class _Site:
    id: str
    name: str
    devices: tuple[str, ...] = ()


class Storm:
    """One storm; `run` works inside the caller's transaction."""

    def __init__(
        self, spec: ScenarioSpec, inventory: Inventory, desk: Desk, queue: UpdateQueue
    ) -> None:
        self._spec = spec
        self._inventory = inventory
        self._desk = desk
        self._queue = queue
        self._random = Random(spec.seed)
        self._known = self._name_sites(spec.sites, f"ST{spec.seed}-", "Storm Site")
        self._unknown = self._name_sites(spec.unknown_sites, f"SU{spec.seed}-", "New Site")

    def run(self) -> dict[str, Any]:
        """Make sites, devices and tickets, queue them, and tell what a desk has to end up with."""
        self._fill_inventory()
        specs = [self._ticket(number) for number in range(self._spec.tickets)]
        updates = self._desk.record_tickets([TicketSpec.model_validate(spec) for spec in specs])
        same_seq, new_seq = self._deliver(updates)
        sites = [update.get("siteId") for update in updates]
        return {
            "tickets": len(updates),
            "deliveries": len(updates) + same_seq + new_seq,
            "duplicatesSameSeq": same_seq,
            "duplicatesNewSeq": new_seq,
            "siteIds": [site.id for site in self._known],
            "unknownSiteIds": sorted({s.id for s in self._unknown} & {s for s in sites if s}),
            "sameNameSiteIds": [
                [site.id for site in group[:2]]
                for group in (self._known, self._unknown)
                if len(group) > 1
            ],
            "ticketsWithoutSite": sites.count(None),
            "ticketIds": [update["ticketId"] for update in updates],
        }

    def _name_sites(self, count: int, prefix: str, name: str) -> list[_Site]:
        # The first two of each group carry one name, so that nothing may be keyed by name.
        names = [f"{name} {max(number, 1)}" for number in range(count)]
        per_site = self._spec.devices_per_site
        return [
            _Site(
                f"{prefix}{number:04d}",
                names[number],
                tuple(f"{prefix}{number:04d}-D{device:03d}" for device in range(per_site)),
            )
            for number in range(count)
        ]

    def _fill_inventory(self) -> None:
        self._inventory.put_sites(
            [SiteSpec.model_validate({"id": site.id, "name": site.name}) for site in self._known]
        )
        self._inventory.put_devices(
            [
                DeviceSpec.model_validate(
                    {"id": device, "siteId": site.id, "name": f"PC-{device}", "serial": device}
                )
                for site in self._known
                for device in site.devices
            ]
        )
        self._inventory.publish()

    def _ticket(self, number: int) -> dict[str, Any]:
        random, spec = self._random, self._spec
        summary, description = random.choice(ALERTS)
        ticket = {
            "origin": random.choice(_ORIGINS),
            "summary": f"{summary} #{number}",
            "description": description,
            "assigneeGroup": "NOC Team" if random.random() < 0.2 else "partner",
        }
        place = random.random()
        if place < spec.no_site_share:
            return ticket
        if self._unknown and place < spec.no_site_share + spec.unknown_site_share:
            site = random.choice(self._unknown)
            return {**ticket, "siteId": site.id, "siteName": site.name}
        site = random.choice(self._known)
        ticket["siteId"] = site.id
        if not site.devices:
            return ticket
        if random.random() < spec.unknown_device_share:
            name = f"GUEST-{number}"
            device = {"name": name, "serial": f"G{number}", "os": "Windows 11"}
            return {**ticket, "deviceId": f"X{number}", "deviceName": name, "device": device}
        return {**ticket, "deviceId": random.choice(site.devices)}

    def _deliver(self, updates: list[dict[str, Any]]) -> tuple[int, int]:
        """Queue all updates and the duplicates; half of these keep the seq, half get a new one."""
        doubled = [
            update for update in updates if self._random.random() < self._spec.duplicate_share
        ]
        same, new = doubled[::2], doubled[1::2]
        numbered = self._queue.number([*updates, *new])
        again = {update["ticketId"] for update in same}
        first_pass = zip(updates, numbered, strict=False)
        numbered += [pair for update, pair in first_pass if update["ticketId"] in again]
        positions = [position for position, _ in numbered]
        if self._spec.shuffle:
            self._random.shuffle(positions)
        payloads = [payload for _, payload in numbered]
        self._queue.put_payloads(zip(positions, payloads, strict=True))
        return len(same), len(new)
