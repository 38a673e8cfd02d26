"""Parked messages: retried or discarded once, and a retry takes effect exactly once."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import select

from patchbay_kit.bus import Delivery
from patchbay_kit.db import UnitOfWork
from patchbay_kit.db.tables import outbox
from patchbay_kit.errors import PermanentError, ProblemError
from patchbay_kit.ids import new_id
from patchbay_kit.messaging.dead_letters import discard, retry
from patchbay_kit.testing.consumer import QUEUE, TYPE, CountingConsumer, delivery, renamed
from patchbay_kit.testing.scripted_bus import ScriptedBus
from patchbay_kit.workers.processing import Verdict
from patchbay_kit.workers.relay import RelayLoop

Decision = Callable[[UnitOfWork, str], Awaitable[None]]


async def decide(consumer: CountingConsumer, decision: Decision, letter_id: str) -> None:
    async with consumer.db.unit_of_work(actor="employee:7") as uow:
        await decision(uow, letter_id)


async def sent_again(consumer: CountingConsumer) -> list[Delivery]:
    """What the relay publishes, as the queue hands it over."""
    bus = ScriptedBus()
    await RelayLoop(consumer.db, bus, asyncio.Event()).relay_once()
    assert {message.queue for message in bus.published} <= {QUEUE}
    return [
        Delivery(message.event_id, message.routing_key, message.body, 1, QUEUE)
        for message in bus.published
    ]


async def park_one(consumer: CountingConsumer, each: Delivery) -> str:
    assert await consumer.processor.process([each]) == [Verdict(each)]
    return str((await consumer.letters())[-1].id)


async def test_a_retry_after_the_mend_takes_effect_exactly_once(
    consumer: CountingConsumer,
) -> None:
    consumer.fail("poison", PermanentError("poison", "not edible"))
    event = renamed("poison")
    letter_id = await park_one(consumer, delivery(event))
    assert await consumer.inbox() == set()

    consumer.plans.clear()
    await decide(consumer, retry, letter_id)
    [again] = await sent_again(consumer)
    assert (again.event_id, again.routing_key, again.body) == (
        event.id,
        event.type,
        delivery(event).body,
    )
    await consumer.processor.process([again, again])
    await consumer.processor.process([delivery(event)])
    assert await consumer.effects() == [event.id]
    [letter] = await consumer.letters()
    assert (letter.state, letter.decided_by) == ("retried", "employee:7")
    assert letter.decided_at is not None


async def test_a_retry_without_a_mend_is_parked_again(consumer: CountingConsumer) -> None:
    consumer.fail("poison", PermanentError("poison", "not edible"))
    letter_id = await park_one(consumer, delivery("poison"))
    await decide(consumer, retry, letter_id)
    await consumer.processor.process(await sent_again(consumer))
    assert [letter.state for letter in await consumer.letters()] == ["retried", "parked"]
    assert await consumer.effects() == []


async def test_two_letters_of_one_event_take_effect_once(consumer: CountingConsumer) -> None:
    """A crash after parking and before the bus was told parks the event twice."""
    consumer.fail("poison", PermanentError("poison", "not edible"))
    event = renamed("poison")
    letters = [await park_one(consumer, delivery(event)) for _ in range(2)]
    consumer.plans.clear()
    for letter_id in letters:
        await decide(consumer, retry, letter_id)
    await consumer.processor.process(await sent_again(consumer))
    assert await consumer.effects() == [event.id]


@pytest.mark.parametrize("first", [retry, discard])
@pytest.mark.parametrize("second", [retry, discard])
async def test_a_letter_is_decided_once(
    consumer: CountingConsumer, first: Decision, second: Decision
) -> None:
    consumer.fail("poison", PermanentError("poison", "not edible"))
    letter_id = await park_one(consumer, delivery("poison"))
    await decide(consumer, first, letter_id)
    with pytest.raises(ProblemError) as refused:
        await decide(consumer, second, letter_id)
    assert (refused.value.status, refused.value.code) == (409, "dead_letter_decided")
    assert len(await sent_again(consumer)) == (1 if first is retry else 0)


async def test_of_two_people_at_once_one_retries(consumer: CountingConsumer) -> None:
    consumer.fail("poison", PermanentError("poison", "not edible"))
    letter_id = await park_one(consumer, delivery("poison"))
    results = await asyncio.gather(
        *(decide(consumer, retry, letter_id) for _ in range(4)), return_exceptions=True
    )
    assert (
        sorted(type(result).__name__ for result in results) == ["NoneType"] + ["ProblemError"] * 3
    )
    assert len(await sent_again(consumer)) == 1


async def test_a_letter_that_is_not_there_is_not_found(consumer: CountingConsumer) -> None:
    with pytest.raises(ProblemError) as refused:
        await decide(consumer, retry, new_id())
    assert refused.value.status == 404


async def test_a_decision_that_is_rolled_back_decides_nothing(consumer: CountingConsumer) -> None:
    consumer.fail("poison", PermanentError("poison", "not edible"))
    letter_id = await park_one(consumer, delivery("poison"))

    async def retry_and_fail() -> None:
        async with consumer.db.unit_of_work() as uow:
            await retry(uow, letter_id)
            raise RuntimeError("the answer could not be made")

    with pytest.raises(RuntimeError):
        await retry_and_fail()
    assert await consumer.db.scalar(select(outbox.c.id)) is None
    assert [letter.state for letter in await consumer.letters()] == ["parked"]


@pytest.mark.parametrize("body", [b"\xff\x00\xfe", b"", b'{"id": "\x00"}', "Ø".encode("latin-1")])
async def test_a_body_that_is_no_text_can_be_retried_and_is_never_lost(
    consumer: CountingConsumer, body: bytes
) -> None:
    letter_id = await park_one(consumer, Delivery("e-1", TYPE, body, 1, QUEUE))
    await decide(consumer, retry, letter_id)
    await consumer.processor.process(await sent_again(consumer))
    first, second = await consumer.letters()
    assert (first.state, first.body) == ("retried", body)
    assert (second.state, second.reason) == ("parked", "invalid_event")
