"""What a remote system sends may be large: reading it must hold up nobody."""

import threading
from typing import Any

import pytest

from rmm_gateway.providers.continuum import mapping


async def test_lists_and_batches_are_read_beside_the_event_loop(
    small_world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    places: dict[str, set[int]] = {}

    def watch(name: str) -> None:
        real = getattr(mapping, name)

        def watched(*arguments: Any) -> Any:
            places.setdefault(name, set()).add(threading.get_ident())
            return real(*arguments)

        monkeypatch.setattr(mapping, name, watched)

    for name in ("to_sites", "to_devices", "to_batch"):
        watch(name)
    await small_world.enabled(inventory_sync=True)
    await small_world.raise_ticket()
    await small_world.poll()
    await small_world.sweep()
    assert set(places) == {"to_sites", "to_devices", "to_batch"}
    assert threading.get_ident() not in set.union(*places.values())
