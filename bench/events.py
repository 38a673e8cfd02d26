"""The events that the benchmarks feed in: about 1.5 kB each, like a monitoring alert."""

from datetime import UTC, datetime

import orjson

from patchbay_contracts import DeviceRef, RemoteOrigin, RemoteRef, RemoteTicketReceived
from patchbay_kit.ids import new_id

SITES = 200


def remote_ticket(number: int) -> bytes:
    """One RemoteTicketReceived as rmm-gateway publishes it."""
    remote_id = f"bench-{number}"
    data = RemoteTicketReceived(
        remote=RemoteRef(
            connection_id="0199aaaa-0000-7000-8000-000000000001",
            provider="continuum",
            remote_ticket_id=remote_id,
            number=str(number),
            url=f"https://rmm.example/tickets/{number}",
        ),
        origin=RemoteOrigin.ALERT,
        remote_site_id=f"site-{number % SITES}",
        site_name=f"Site {number % SITES}",
        device=DeviceRef(
            remote_device_id=f"device-{number % 1000}", name=f"PC-{number % 1000}", model="Model 5"
        ),
        summary=f"Disk C: is nearly full on PC-{number % 1000}",
        description="The disk has less than five per cent of its space left. " * 8,
        occurred_at=datetime.now(UTC),
    )
    envelope = {
        "specversion": "1.0",
        "id": new_id(),
        "source": "/services/rmm-gateway",
        "type": data.event_type,
        "subject": f"{data.remote.connection_id}/{remote_id}",
        "time": datetime.now(UTC),
        "datacontenttype": "application/json",
        "aggregateversion": 1,
        "data": data.model_dump(mode="json", exclude_none=True),
    }
    return orjson.dumps(envelope)
