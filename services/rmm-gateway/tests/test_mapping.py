"""Mapping untrusted items: whatever comes, it is either an update or a kept record."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from rmm_gateway.providers.base import Target, UpdateKind
from rmm_gateway.providers.continuum.mapping import to_batch
from rmm_gateway.providers.continuum.wire import WireBatch, WireError, WireTicket

TARGET = Target("01890000-0000-7000-8000-000000000001", "continuum", "http://c.test", "code")
PLACE = ("siteId", "siteName", "deviceId", "deviceName", "device", "assigneeGroup")
TEXT = ("origin", "number", "reason", "summary", "description", "url")
FIELDS = ("seq", "kind", "ticketId", "occurredAt", *PLACE, *TEXT)
ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
GOOD: dict[str, Any] = {
    "seq": 1,
    "kind": "ticket_created",
    "ticketId": "T1",
    "occurredAt": "2026-05-01T10:00:00Z",
}
KINDS = st.sampled_from([kind.value for kind in UpdateKind])


@given(raw=ANY, damage=st.dictionaries(st.sampled_from(FIELDS), ANY, max_size=4), kind=KINDS)
def test_every_item_is_mapped_or_kept(raw: Any, damage: dict[str, Any], kind: str) -> None:
    items = [raw, {**GOOD, "kind": kind, **damage}, GOOD]
    batch = to_batch(WireBatch(batchId="b", items=items), TARGET)
    assert batch.size == 3
    assert batch.updates[-1].remote_ticket_id == "T1"
    for update in batch.updates:
        stored = json.dumps(update.data.model_dump(mode="json"), ensure_ascii=False)
        assert "\\u0000" not in stored
        stored.encode()
    for record in batch.rejected:
        assert record.raw.isascii()


def test_explicit_nulls_are_as_good_as_absence() -> None:
    nulls = dict.fromkeys([f for f in FIELDS if f not in GOOD and f != "summary"])
    batch = to_batch(WireBatch(batchId="b", items=[{**GOOD, **nulls}]), TARGET)
    assert batch.rejected == ()
    assert WireTicket.model_validate({"ticketId": "T", "closedBy": None}).closed_by is None
    assert WireError.model_validate({}).code == ""
