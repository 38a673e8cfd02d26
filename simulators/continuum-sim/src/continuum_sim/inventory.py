"""Sites, devices and their hourly XML snapshots (S1-35, S1-88).

A list is generated when it is first asked for and then once each simulated hour. What changes in
between is not in it, though tickets may already name it. A removal shows only as an absence.
"""

import json
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from xml.sax.saxutils import quoteattr

from continuum_sim.clock import SimClock, parse, stamp
from continuum_sim.models import DeviceSpec, SiteSpec
from continuum_sim.store import Store

ListKind = Literal["sites", "devices"]
_ROOTS: dict[ListKind, str] = {"sites": "Sites", "devices": "Devices"}
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One generated list."""

    generated_at: datetime
    xml: str


class Inventory:
    """The console's sites and devices, and the lists made of them."""

    def __init__(self, store: Store, clock: SimClock) -> None:
        self._store = store
        self._clock = clock

    def put_sites(self, specs: list[SiteSpec]) -> list[str]:
        """Add or replace sites and return their ids; runs inside the caller's transaction."""
        self._refresh_if_due()
        first = self._store.take_numbers("site", len(specs))
        rows = []
        for offset, spec in enumerate(specs):
            values = spec.model_dump(by_alias=True)
            values["id"] = spec.id or f"S{first + offset:05d}"
            rows.append((values["id"], spec.name, _element("Site", values)))
        self._store.execute_many(
            "INSERT OR REPLACE INTO site (id, name, xml) VALUES (?, ?, ?)", rows
        )
        return [row[0] for row in rows]

    def put_devices(self, specs: list[DeviceSpec]) -> list[str]:
        """Add or replace devices and return their ids; runs inside the caller's transaction."""
        self._refresh_if_due()
        first = self._store.take_numbers("device", len(specs))
        rows = []
        for offset, spec in enumerate(specs):
            values = spec.model_dump(by_alias=True)
            values["id"] = spec.id or f"D{first + offset:06d}"
            ordered = {"id": values.pop("id"), "siteId": values.pop("siteId"), **values}
            xml = _element("Device", ordered)
            data = json.dumps({key: value for key, value in ordered.items() if value})
            rows.append((ordered["id"], spec.site_id, spec.name, data, xml))
        self._store.execute_many(
            "INSERT OR REPLACE INTO device (id, site_id, name, data, xml) VALUES (?, ?, ?, ?, ?)",
            rows,
        )
        return [row[0] for row in rows]

    def remove_site(self, site_id: str) -> bool:
        """Remove a site; its devices and tickets stay as they are."""
        self._refresh_if_due()
        return self._store.execute("DELETE FROM site WHERE id = ?", (site_id,)) == 1

    def remove_device(self, device_id: str) -> bool:
        """Remove a device."""
        self._refresh_if_due()
        return self._store.execute("DELETE FROM device WHERE id = ?", (device_id,)) == 1

    def snapshot(self, kind: ListKind, site_id: str | None = None) -> Snapshot:
        """Return the current list; runs inside the caller's transaction."""
        self._refresh_if_due()
        if self._generated_at(kind) is None:
            self._generate(kind, self._clock.now())
        generated_at = self._generated_at(kind) or self._clock.now()
        rows = self._store.rows(
            "SELECT xml FROM snapshot_row WHERE kind = :kind"
            " AND (:site IS NULL OR site_id = :site) ORDER BY id",
            {"kind": kind, "site": site_id},
        )
        root = _ROOTS[kind]
        lines = [
            '<?xml version="1.0" encoding="UTF-8"?>',
            f'<{root} generatedAt="{stamp(generated_at)}">',
            *(row[0] for row in rows),
            f"</{root}>",
        ]
        return Snapshot(generated_at, "\n".join(lines))

    def publish(self) -> None:
        """Generate both lists now, without waiting for the hour."""
        for kind in _ROOTS:
            self._generate(kind, self._clock.now())

    def _generated_at(self, kind: ListKind) -> datetime | None:
        found = self._store.value("SELECT generated_at FROM snapshot WHERE kind = ?", (kind,))
        return parse(found) if found else None

    def _refresh_if_due(self) -> None:
        # Called before every write as well, so a list made late still shows the state of the hour.
        now = self._clock.now()
        hour = now - timedelta(minutes=now.minute, seconds=now.second, microseconds=now.microsecond)
        for kind in _ROOTS:
            generated_at = self._generated_at(kind)
            if generated_at is not None and generated_at < hour:
                self._generate(kind, hour)

    def _generate(self, kind: ListKind, moment: datetime) -> None:
        self._store.execute("DELETE FROM snapshot_row WHERE kind = ?", (kind,))
        if kind == "sites":
            self._store.execute(
                "INSERT INTO snapshot_row (kind, id, xml) SELECT 'sites', id, xml FROM site"
            )
        else:
            self._store.execute(
                "INSERT INTO snapshot_row (kind, id, site_id, xml)"
                " SELECT 'devices', id, site_id, xml FROM device"
            )
        self._store.execute(
            "INSERT OR REPLACE INTO snapshot (kind, generated_at) VALUES (?, ?)",
            (kind, stamp(moment)),
        )


def _element(tag: str, values: dict[str, str | None]) -> str:
    """Write one record; characters that XML cannot carry become U+FFFD."""
    attributes = (
        f"{name}={quoteattr(_NOT_XML.sub(chr(0xFFFD), value))}"
        for name, value in values.items()
        if value is not None
    )
    return f"  <{tag} {' '.join(attributes)}/>"
