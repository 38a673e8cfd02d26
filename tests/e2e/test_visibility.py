"""Who may not see a ticket meets it in no service: only ticket-svc knows, and the others ask it."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from patchbay_kit.ids import new_id
from patchbay_kit.testing.system.api import Api, ApiError
from patchbay_kit.testing.system.base import System
from patchbay_kit.testing.system.mail import went_out
from patchbay_kit.testing.system.simulator import ticket_of
from patchbay_kit.testing.waiting import wait_until

PASSWORD = "correct horse battery"
ABOUT_TICKETS = ("/v1/mails", "/v1/alerts", "/v1/links/tickets", "/v1/remote-commands")


@pytest.fixture
def technician(system: System) -> Iterator[tuple[str, Api]]:
    """The id and the client of somebody who sees their own tickets only."""
    email = f"{new_id()}@desk.example"
    made = system.api.post("/v1/employees", {"name": "Mia", "email1": email})
    system.api.put(f"/v1/employees/{made['id']}/password", {"password": PASSWORD})
    with closing(system.api.signed_in_as(email, PASSWORD)) as api:
        yield made["id"], api


def _found(api: Api, ticket_id: str) -> dict[str, int]:
    """How much of the ticket somebody is shown by each service."""
    found = {path: len(api.items(path, ticket_id=ticket_id)) for path in ABOUT_TICKETS[1:]}
    found["/v1/mails"] = len(api.items("/v1/mails", ticket_id=ticket_id, direction="out"))
    return found


@pytest.mark.covers("S2-30")
def test_a_ticket_of_somebody_else_is_hidden_in_every_service_until_it_is_ones_own(
    system: System, remote: Any, technician: tuple[str, Api]
) -> None:
    raised = remote.simulator.raise_ticket("Hidden disk", siteId="S-V", siteName="Hidden")
    ticket_id = ticket_of(system, remote.connection_id, raised)["id"]
    (sent,) = went_out(system, ticket_id, "alert")
    system.api.post(f"/v1/tickets/{ticket_id}/complete")
    everything = {"/v1/mails": 1, "/v1/alerts": 1, "/v1/links/tickets": 1, "/v1/remote-commands": 1}
    wait_until(lambda: _found(system.api, ticket_id) == everything, timeout=30)
    mine, mia = technician

    assert _found(mia, ticket_id) == dict.fromkeys(ABOUT_TICKETS, 0)
    # Other tests left mails that are about no ticket, which every employee may decide on.
    shown = [each for path in ABOUT_TICKETS for each in mia.items(path)]
    assert [each for each in shown if each["ticket_id"] is not None] == []
    for path in ("", "/raw", "/explain"):
        with pytest.raises(ApiError) as refused:
            mia.get(f"/v1/mails/{sent['id']}{path}")
        assert refused.value.status == 404

    system.api.patch(f"/v1/tickets/{ticket_id}", {"manager_id": mine})
    assert _found(mia, ticket_id) == everything
    assert mia.get(f"/v1/mails/{sent['id']}")["id"] == sent["id"]
