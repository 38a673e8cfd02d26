"""Property: links of sites and devices end as their newest version says, whatever comes when."""

import random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from patchbay_contracts import DeviceLinked, DeviceUnlinked
from patchbay_kit.ids import new_id
from patchbay_kit.testing.harness import make_envelope
from patchbay_kit.testing.orders import any_order, batches
from ticket_svc.links.tables import DeviceLinkView, SiteLinkView


def _device(connection: str, device: str, asset_id: str, version: int, *, linked: bool) -> Any:
    fields: dict[str, Any] = {"connection_id": connection, "remote_device_id": device}
    data = (
        DeviceLinked(**fields, device_name=device, asset_id=asset_id)
        if linked
        else DeviceUnlinked(**fields, asset_id=asset_id)
    )
    return make_envelope(data, subject=f"{connection}/{device}", version=version)


@pytest.mark.slow
@pytest.mark.any_order("DeviceLinked", "DeviceUnlinked", "SiteLinked", "SiteUnlinked")
@given(chance=st.randoms(use_true_random=False), size=st.integers(1, 12))
@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
async def test_any_order_and_repetition_of_links_ends_as_the_newest_says(
    desk: Any, rmm_class: Any, chance: random.Random, size: int
) -> None:
    rmm = rmm_class()
    here, (first, second) = rmm.connection, (new_id(), new_id())
    once = [
        _device(here, "D1", first, 1, linked=True),
        _device(here, "D1", first, 2, linked=False),
        _device(here, "D1", second, 3, linked=True),
        _device(here, "D2", first, 1, linked=True),
        _device(here, "D2", first, 2, linked=False),
        rmm.site_linked(first, version=1),
        rmm.site_unlinked(first, version=2),
        rmm.site_linked(second, version=3),
        rmm.site_linked(first, "S2", version=1),
        rmm.site_unlinked(first, "S2", version=2),
    ]
    for batch in batches(any_order(once, chance), size):
        await desk.take(*batch)
    devices = {
        row["remote_device_id"]: (row["asset_id"], row["version"])
        for row in await desk.rows(DeviceLinkView)
        if row["connection_id"] == here
    }
    sites = {
        row["remote_site_id"]: (row["account_id"], row["version"])
        for row in await desk.rows(SiteLinkView)
        if row["connection_id"] == here
    }
    assert devices == {"D1": (second, 3), "D2": (None, 2)}
    assert sites == {"S1": (second, 3), "S2": (None, 2)}
