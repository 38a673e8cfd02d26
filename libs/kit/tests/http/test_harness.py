"""The harness runs the consumers' real code."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select

from patchbay_contracts import AccountRenamed, AssetCreated, Envelope
from patchbay_kit.db import UnitOfWork
from patchbay_kit.db.tables import dead_letter
from patchbay_kit.errors import PermanentError
from patchbay_kit.ids import new_id
from patchbay_kit.messaging import Subscription, Subscriptions, each
from patchbay_kit.testing.harness import deliver, make_envelope, make_runtime, published


@pytest.fixture
def listening(notes: Any) -> Any:
    """The notes service, writing a note for each renamed account and answering with an event."""

    async def note(uow: UnitOfWork, event: Envelope[AccountRenamed]) -> None:
        if event.data.name == "poison":
            raise PermanentError("poison", "not edible")
        if event.data.name == "later":
            raise RuntimeError("not now")
        row = {"id": new_id(), "text": event.data.name, "rank": 0, "created_at": uow.now}
        await uow.session.execute(notes.table.insert(), row)
        answer = AccountRenamed(account_id="a", name="answer", auto_created=False)
        uow.publish(answer, subject="a", version=2, cause=event)

    rows = (Subscription(AccountRenamed, each(note), "desk"),)
    return replace(notes.service, load_subscriptions=lambda: Subscriptions("notes-svc", rows))


def renamed(name: str) -> Envelope[AccountRenamed]:
    data = AccountRenamed(account_id="a", name=name, auto_created=False)
    return make_envelope(data, subject="a", actor="employee:7")


async def test_delivered_events_take_effect_once(
    notes: Any, listening: Any, database_url: str
) -> None:
    events = [renamed("one"), renamed("two")]
    async with make_runtime(listening, database_url) as runtime:
        for _ in range(2):
            verdicts = await deliver(runtime, listening, events)
            assert [verdict.retry_step for verdict in verdicts] == [None, None]
        assert await notes.count(runtime) == 2
        answers: Sequence[Envelope[Any]] = await published(runtime)
    assert [answer.causationid for answer in answers] == [event.id for event in events]
    assert [answer.correlationid for answer in answers] == [event.id for event in events]


async def test_poison_is_parked_and_a_failure_comes_again(
    notes: Any, listening: Any, database_url: str
) -> None:
    events = [renamed("poison"), renamed("later"), renamed("good")]
    async with make_runtime(listening, database_url) as runtime:
        verdicts = await deliver(runtime, listening, events)
        assert [verdict.retry_step for verdict in verdicts] == [None, 0, None]
        assert await notes.count(runtime) == 1
        letters = select(func.count()).select_from(dead_letter)
        assert await runtime.db.scalar(letters) == 1


async def test_an_event_that_nobody_wants_is_a_mistake_of_the_test(
    listening: Any, sqlite_url: str
) -> None:
    data = AssetCreated.model_construct(asset_id="x")
    event = renamed("x").model_copy(update={"type": data.event_type})
    async with make_runtime(listening, sqlite_url) as runtime:
        with pytest.raises(AssertionError, match="no subscription"):
            await deliver(runtime, listening, [event])
