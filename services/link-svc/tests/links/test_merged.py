"""Links of merged accounts."""

import random
from itertools import permutations
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from link_svc.desk.tables import Asset
from patchbay_contracts import (
    AccountMerged,
    AccountRenamed,
    AccountUnmerged,
    AssetUpdated,
    SiteLinked,
)
from patchbay_kit.ids import new_id
from patchbay_kit.testing.harness import make_envelope, published
from patchbay_kit.testing.orders import any_order, batches


def merged(account: Any, into: Any, *, version: int = 2) -> Any:
    data = AccountMerged(
        account_id=account.data.account_id,
        into_account_id=into.data.account_id,
        into_name=into.data.name,
        merge_id=new_id(),
    )
    return make_envelope(data, subject=data.account_id, version=version)


def unmerged(account: Any, into: Any, *, version: int = 3) -> Any:
    data = AccountUnmerged(
        account_id=account.data.account_id,
        from_account_id=into.data.account_id,
        name=account.data.name,
        merge_id=new_id(),
    )
    return make_envelope(data, subject=data.account_id, version=version)


async def site_links(desk: Any) -> dict[str, str]:
    """Account id by remote site id."""
    items = (await desk.get("/v1/links/sites")).json()["items"]
    return {item["remote_site_id"]: item["account_id"] for item in items}


@pytest.mark.covers("S1-115")
async def test_site_links_go_with_their_account_and_come_back_when_the_merge_is_undone(
    runtime: Any, take: Any, desk: Any, events: Any
) -> None:
    temporary, real = events.account("Temporary", site="s1"), events.account("Real", site="s2")
    await take(temporary, real)
    await take(merged(temporary, real))
    assert await site_links(desk) == {"s1": real.data.account_id, "s2": real.data.account_id}
    *_, told = [e for e in await published(runtime) if isinstance(e.data, SiteLinked)]
    assert (told.data.account_id, told.aggregateversion) == (real.data.account_id, 3)
    await take(unmerged(temporary, real))
    assert (await site_links(desk))["s1"] == temporary.data.account_id


@pytest.mark.covers("S1-115")
async def test_any_order_of_a_merge_and_its_undoing_ends_the_same(
    take: Any, desk: Any, new_events: Any
) -> None:
    for order in permutations(range(4)):
        events = new_events()
        temporary, real = events.account("Temporary", site="s1"), events.account("Real")
        other = events.account("Other")
        story = [
            temporary,
            merged(temporary, real),
            unmerged(temporary, real),
            merged(temporary, other, version=4),
        ]
        for step in order:
            await take(story[step])
        query = {"connection_id": events.connection}
        (link,) = (await desk.get("/v1/links/sites", params=query)).json()["items"]
        assert link["account_id"] == other.data.account_id, order


async def test_a_link_that_a_person_has_changed_since_stays_when_the_merge_is_undone(
    take: Any, desk: Any, events: Any
) -> None:
    temporary, real = events.account("Temporary", site="s1"), events.account("Real")
    chosen = events.account("Chosen")
    await take(temporary, real, chosen, events.sites(["s1"]))
    await take(merged(temporary, real))
    body = {
        "connection_id": events.connection,
        "remote_site_id": "s1",
        "account_id": chosen.data.account_id,
    }
    assert (await desk.post("/v1/links/sites", json=body)).status_code == 200
    body["account_id"] = temporary.data.account_id
    refused = await desk.post("/v1/links/sites", json=body)
    assert (refused.status_code, refused.json()["code"]) == (422, "account_merged")
    await take(unmerged(temporary, real))
    assert await site_links(desk) == {"s1": chosen.data.account_id}


async def test_a_removal_that_is_undone_after_a_merge_links_to_the_account_that_stands(
    take: Any, desk: Any, events: Any
) -> None:
    temporary, real = events.account("Temporary", site="s1"), events.account("Real")
    await take(temporary, real, events.sites(["s1"]))
    (link,) = (await desk.get("/v1/links/sites")).json()["items"]
    operation = (await desk.delete(f"/v1/links/sites/{link['id']}")).json()
    await take(merged(temporary, real))
    undone = await desk.post(f"/v1/links/operations/{operation['id']}/undo")
    assert (undone.status_code, undone.json()["relinked"]) == (200, 1)
    assert await site_links(desk) == {"s1": real.data.account_id}
    await take(unmerged(temporary, real))
    assert await site_links(desk) == {"s1": temporary.data.account_id}


async def test_a_site_that_is_linked_again_by_an_account_merged_before_follows_it(
    take: Any, desk: Any, events: Any
) -> None:
    first, real = events.account("First", site="s1"), events.account("Real")
    await take(first, real, events.sites(["s1"]))
    (link,) = (await desk.get("/v1/links/sites")).json()["items"]
    await desk.delete(f"/v1/links/sites/{link['id']}")
    second = events.account("Second", site="s1")
    await take(merged(second, real))
    await take(second)
    assert await site_links(desk) == {"s1": real.data.account_id}


async def test_a_chain_of_merges_is_followed_to_its_end(take: Any, desk: Any, events: Any) -> None:
    first, second, third = (events.account(name) for name in ("First", "Second", "Third"))
    late = events.account("Late", site="s1")
    await take(merged(late, first), merged(first, second), merged(second, third))
    await take(late)
    assert await site_links(desk) == {"s1": third.data.account_id}
    for undone, expected in ((second, second), (first, first), (late, late)):
        await take(unmerged(undone, third))
        assert await site_links(desk) == {"s1": expected.data.account_id}


@pytest.mark.slow
@pytest.mark.any_order(
    "AccountRenamed", "AccountMerged", "AccountUnmerged", "AssetCreated", "AssetUpdated"
)
@given(chance=st.randoms(use_true_random=False), size=st.integers(1, 12))
@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
async def test_any_order_and_repetition_of_the_desks_events_ends_as_the_newest_says(
    take: Any, desk: Any, runtime: Any, new_events: Any, chance: random.Random, size: int
) -> None:
    events = new_events()
    temporary, real = events.account("Temporary", site="s1"), events.account("Real")
    other, asset = events.account("Other"), events.asset("SRV-01")
    names = {"account_id": other.data.account_id, "auto_created": False}
    once = [
        *(temporary, real, other, asset),
        merged(temporary, real),
        unmerged(temporary, real),
        merged(temporary, other, version=4),
        *(
            make_envelope(AccountRenamed(name=f"Other {n}", **names), subject="x", version=n)
            for n in (2, 3)
        ),
        *(_asset_updated(asset, f"SRV-0{n}", version=n) for n in (2, 3)),
    ]
    for batch in batches(any_order(once, chance), size):
        await take(*batch)
    query = {"connection_id": events.connection}
    (link,) = (await desk.get("/v1/links/sites", params=query)).json()["items"]
    assert (link["account_id"], link["account_name"]) == (other.data.account_id, "Other 3")
    async with runtime.db.read() as session:
        kept = await session.get_one(Asset, asset.data.asset_id)
        assert (kept.name, kept.version) == ("SRV-03", 3)


def _asset_updated(asset: Any, name: str, *, version: int) -> Any:
    data = AssetUpdated(
        asset_id=asset.data.asset_id,
        account_id=asset.data.account_id,
        name=name,
        archived=False,
        changed=["name"],
    )
    return make_envelope(data, subject=data.asset_id, version=version)


async def test_an_asset_that_changes_its_account_is_shown_with_the_new_one(
    take: Any, runtime: Any, events: Any
) -> None:
    asset = events.asset("SRV-01")
    account_id = new_id()
    data = AssetUpdated(
        asset_id=asset.data.asset_id,
        account_id=account_id,
        name="SRV-01",
        archived=False,
        changed=["account_id"],
    )
    await take(make_envelope(data, subject=data.asset_id, version=2))
    await take(asset)
    async with runtime.db.read() as session:
        found = await session.get_one(Asset, data.asset_id)
        assert (found.account_id, found.version) == (account_id, 2)
