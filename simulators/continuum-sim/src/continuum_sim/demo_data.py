"""Invented sites, devices and messages of the demo."""

from typing import Any

SITES: list[dict[str, Any]] = [
    {
        "id": "1001",
        "name": "Alder Dental - Main Street",
        "address": "12 Main Street, Springfield",
        "phone": "+1 555 0100",
        "domain": "alder-dental.example",
    },
    {
        "id": "1002",
        "name": "Alder Dental - Riverside",
        "address": "3 Quay Road, Springfield",
        "phone": "+1 555 0101",
        "domain": "alder-dental.example",
    },
    {
        "id": "1003",
        "name": "Birch Logistics",
        "address": "Dock 7, Port Road, Shelbyville",
        "phone": "+1 555 0110",
        "domain": "birch-logistics.example",
    },
    {
        "id": "1004",
        "name": "Cedar & Partner",
        "address": "Lindenstraße 5, Neustadt",
        "phone": "+49 555 0120",
        "domain": "cedar-partner.example",
    },
]


def _device(number: int, site: str, name: str, kind: str, system: str) -> dict[str, Any]:
    return {
        "id": str(number),
        "siteId": site,
        "name": name,
        "serial": f"SN-{number}",
        "manufacturer": "Exemplar",
        "model": "Tower 5" if kind == "server" else "Book 3",
        "os": system,
        "ip": f"192.0.2.{number % 250}",
        "mac": f"00:00:5e:00:53:{number % 256:02x}",
        "type": kind,
    }


DEVICES: list[dict[str, Any]] = [
    _device(5001, "1001", "ALDER-DC01", "server", "Windows Server 2022"),
    _device(5002, "1001", "ALDER-FRONT1", "workstation", "Windows 11"),
    _device(5003, "1002", "ALDER-XRAY", "workstation", "Windows 11"),
    _device(5004, "1003", "BIRCH-SQL01", "server", "Windows Server 2019"),
    _device(5005, "1003", "BIRCH-SCAN3", "workstation", "Windows 11"),
    _device(5006, "1004", "CEDAR-NAS", "server", "Debian 12"),
]

UNKNOWN_SITES: list[dict[str, Any]] = [
    {"siteId": "1099", "siteName": "Dogwood Clinic (new)"},
    {},
]

ALERTS: list[tuple[str, str]] = [
    (
        "Disk C: below 5 % free",
        "Free space fell below the threshold of 5 % at the last three checks.",
    ),
    (
        "Backup failed",
        "The nightly image backup ended with an error: the target was not reachable.",
    ),
    ("Service stopped: Print Spooler", "The service stopped and two restarts did not help."),
    ("Agent offline", "The agent has not reported for 30 minutes."),
    ("Memory usage above 95 %", "Average over 15 minutes. Largest process: sqlservr.exe."),
    ("Antivirus definitions out of date", "The definitions are older than seven days."),
]

REQUESTS: list[tuple[str, str]] = [
    ("Cannot print from the front desk", "A user called the service desk: nothing comes out."),
    ("New starter on Monday", "Please prepare an account and a notebook."),
    ("VPN drops every hour", "Reported by telephone, three users concerned."),
]
