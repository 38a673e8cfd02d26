"""A storm of remote tickets: doubled, shuffled, from unknown sites and sites of one name."""

import os
import time
from collections.abc import Iterator
from typing import Any

import pytest

from patchbay_kit.testing.reports import report
from patchbay_kit.testing.system.base import System
from patchbay_kit.testing.system.judging import Judge
from patchbay_kit.testing.system.mail import until
from patchbay_kit.testing.system.simulator import Simulator, connect

# The cluster's storm is a breeze unless the full proof is asked for: see test_kills.
FULL = int(os.environ.get("PATCHBAY_FAULT_ROUNDS", "0")) >= 20
TICKETS = {"embedded": 10_000, "cluster": 10_000 if FULL else 1_000}
SITES = {"sites": 180, "unknownSites": 20, "devicesPerSite": 5}
SEED = 20260115
Answer = dict[str, Any]


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    """A remote system of this test's own."""
    with Simulator(lease=30) as fresh:
        yield fresh


def storm(simulator: Simulator, tickets: int) -> Answer:
    body = {"name": "storm", "seed": SEED, "tickets": tickets, "duplicateShare": 0.1, **SITES}
    answer: Answer = simulator.control("POST", "scenario", body)
    return answer


@pytest.mark.timeout(1200)
@pytest.mark.covers("S1-61", "S1-110", "S1-111")
def test_a_storm_makes_exactly_one_ticket_each_and_one_account_for_each_unknown_site(
    system: System, simulator: Simulator, request: pytest.FixtureRequest
) -> None:
    connection_id = connect(system, simulator, "storm", enabled=False)
    first = storm(simulator, 1)
    link_known_sites(system, connection_id, first["siteIds"])
    system.api.post(f"/v1/connections/{connection_id}/enable", {"confirm": True})
    started = time.monotonic()

    answer = storm(simulator, TICKETS[system.form] - 1)
    simulator.wait_until_drained(timeout=300)
    system.wait_until_quiet(timeout=120)

    seconds = time.monotonic() - started
    findings = Judge(system, simulator, connection_id).judge(
        linked_sites=first["siteIds"], completed=(), mails=()
    )
    report(request, f"storm of {answer['deliveries']} updates, {system.form}: {findings}")
    rate = TICKETS[system.form] / seconds
    report(request, f"  at rest after {seconds:.0f} s, {rate:.0f} tickets a second")
    assert not findings.wrong, findings
    assert findings.checked["remote tickets"] == TICKETS[system.form]
    assert findings.checked["temporary accounts"] == len(answer["unknownSiteIds"]) == 20
    twins = {account_of(system, connection_id, site) for site in answer["sameNameSiteIds"][1]}
    assert len(twins) == 2
    system.api.delete(f"/v1/connections/{connection_id}")


def link_known_sites(system: System, connection_id: str, sites: list[str]) -> None:
    """An account of their own for each, so that only the unknown ones get a temporary one."""

    def listed() -> bool:
        query = "SELECT count(*) AS n FROM catalogue_site"
        where = f" WHERE connection_id = '{connection_id}'"
        return bool(system.rows("link-svc", query + where)[0]["n"] == len(sites))

    until(listed, "the sites in the catalogue", timeout=30)
    accounts = [system.api.post("/v1/accounts", {"name": f"Account of {s}"}) for s in sites]
    system.wait_until_quiet()
    for site, account in zip(sites, accounts, strict=True):
        system.api.post(
            "/v1/links/sites",
            {
                "connection_id": connection_id,
                "remote_site_id": site,
                "account_id": account["id"],
            },
        )
    system.wait_until_quiet()


def account_of(system: System, connection_id: str, site: str) -> str:
    (link,) = system.api.items("/v1/links/sites", connection_id=connection_id, remote_site_id=site)
    return str(link["account_id"])
