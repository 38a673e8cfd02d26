"""A batch of deliveries becomes effects once each, whatever is among them."""

from typing import Any

import pytest
from sqlalchemy import select, text
from structlog.contextvars import get_contextvars
from structlog.testing import capture_logs

from patchbay_contracts import AccountRenamed, Envelope
from patchbay_kit.bus import DELAY_STEPS, Delivery
from patchbay_kit.db import UnitOfWork
from patchbay_kit.db.tables import outbox
from patchbay_kit.errors import PermanentError
from patchbay_kit.testing.consumer import EFFECT, QUEUE, TYPE, CountingConsumer, delivery, renamed
from patchbay_kit.tracing import current_trace
from patchbay_kit.workers.processing import MAX_ATTEMPTS, Verdict

EXHAUSTED = len(DELAY_STEPS) + 1


def settled(deliveries: list[Delivery]) -> list[Verdict]:
    return [Verdict(each) for each in deliveries]


async def test_a_batch_with_duplicates_inside_has_each_effect_once(
    consumer: CountingConsumer,
) -> None:
    one, two = delivery("one"), delivery("two")
    batch = [one, two, one, one, two]
    assert await consumer.processor.process(batch) == settled(batch)
    assert await consumer.names() == ["one", "two"]
    assert consumer.calls == ["one", "two"]


async def test_a_redelivered_batch_has_no_second_effect(consumer: CountingConsumer) -> None:
    batch = [delivery(str(number)) for number in range(100)]
    await consumer.processor.process(batch)
    again = [*batch[50:], delivery("new")]
    assert await consumer.processor.process(again) == settled(again)
    assert await consumer.names() == [*map(str, range(100)), "new"]


async def test_a_poison_message_hurts_none_of_99_good_ones(consumer: CountingConsumer) -> None:
    batch = [delivery("poison" if number == 37 else str(number)) for number in range(100)]
    consumer.fail("poison", PermanentError("no_such_site", "the site is unknown"))
    assert await consumer.processor.process(batch) == settled(batch)
    assert sorted(await consumer.effects()) == sorted(
        each.event_id for each in batch if each is not batch[37]
    )
    [letter] = await consumer.letters()
    assert (letter.reason, letter.event_id, letter.event_type, letter.queue, letter.state) == (
        "no_such_site",
        batch[37].event_id,
        TYPE,
        QUEUE,
        "parked",
    )
    assert letter.body == batch[37].body
    assert letter.attempts == 1
    assert "the site is unknown" in letter.error


async def test_a_failing_message_hurts_none_of_99_good_ones(consumer: CountingConsumer) -> None:
    batch = [delivery("later" if number == 99 else str(number)) for number in range(100)]
    consumer.fail("later", RuntimeError("not now"))
    verdicts = await consumer.processor.process(batch)
    assert [verdict.retry_step for verdict in verdicts] == [None] * 99 + [0]
    assert len(await consumer.effects()) == 99
    assert await consumer.letters() == []


def unreadable(routing_key: str, body: bytes, event_id: str = "e-1") -> Delivery:
    return Delivery(event_id, routing_key, body, 1, QUEUE)


@pytest.mark.parametrize(
    ("routing_key", "body", "reason"),
    [
        (TYPE, b"", "invalid_event"),
        (TYPE, b"\xff\xfe no text", "invalid_event"),
        (TYPE, b"\x00", "invalid_event"),
        (TYPE, b"[]", "invalid_event"),
        (TYPE, b'{"id": "\\ud800"}', "invalid_event"),
        (TYPE, b"[" * 100_000, "invalid_event"),
        (TYPE, delivery("other").body.replace(TYPE.encode(), b"account.created.v1"), None),
        ("account.created.v1", b"{}", "unknown_event"),
        ("no.such.event.v1", b"{}", "unknown_event"),
        ("", b"{}", "unknown_event"),
        ("x\x00" * 200, b"{}", "unknown_event"),
    ],
)
async def test_what_cannot_be_read_is_parked_beside_good_messages(
    consumer: CountingConsumer, routing_key: str, body: bytes, reason: str | None
) -> None:
    batch = [delivery("one"), unreadable(routing_key, body, "e\x00\ud800" * 50), delivery("two")]
    with capture_logs() as logs:
        assert await consumer.processor.process(batch) == settled(batch)
    assert await consumer.names() == ["one", "two"]
    [letter] = await consumer.letters()
    assert letter.reason == (reason or "invalid_event")
    assert letter.body == body
    assert [line["reason"] for line in logs if line["event"] == "event.parked"] == [letter.reason]


async def test_an_invalid_event_is_explained_without_its_values(consumer: CountingConsumer) -> None:
    body = delivery("Erika Mustermann").body.replace(b'"name"', b'"nom"')
    await consumer.processor.process([unreadable(TYPE, body)])
    [letter] = await consumer.letters()
    assert "data.name: Field required" in letter.error
    assert "Mustermann" not in letter.error


async def test_a_value_that_the_database_refuses_is_parked_as_invalid_data(
    pg_consumer: CountingConsumer,
) -> None:
    async def too_long(uow: UnitOfWork, event: Envelope[AccountRenamed]) -> None:
        row = {"event_id": event.id, "name": "Erika Mustermann " * 5, "rank": 0}
        await uow.session.execute(EFFECT.insert(), row)

    async def too_large(uow: UnitOfWork, event: Envelope[AccountRenamed]) -> None:
        row = {"event_id": event.id, "name": "x", "rank": 2**40}
        await uow.session.execute(EFFECT.insert(), row)

    async def with_nul(uow: UnitOfWork, event: Envelope[AccountRenamed]) -> None:
        row = {"event_id": event.id, "name": "x\x00y", "rank": 0}
        await uow.session.execute(EFFECT.insert(), row)

    pg_consumer.plans |= {"long": too_long, "large": too_large, "nul": with_nul}
    batch = [delivery(name) for name in ("long", "good", "large", "nul")]
    assert await pg_consumer.processor.process(batch) == settled(batch)
    assert await pg_consumer.names() == ["good"]
    letters = await pg_consumer.letters()
    assert [letter.reason for letter in letters] == ["invalid_data"] * 3
    assert not any("Mustermann" in letter.error for letter in letters)


async def test_a_number_that_no_column_holds_is_parked_on_sqlite_too(
    consumer: CountingConsumer,
) -> None:
    async def huge(uow: UnitOfWork, event: Envelope[AccountRenamed]) -> None:
        row = {"event_id": event.id, "name": "x", "rank": 2**70}
        await uow.session.execute(EFFECT.insert(), row)

    consumer.plans["huge"] = huge
    await consumer.processor.process([delivery("huge")])
    assert [letter.reason for letter in await consumer.letters()] == ["invalid_data"]


@pytest.mark.parametrize("error", [RuntimeError("no"), FileNotFoundError("x"), TimeoutError("x")])
async def test_a_failing_handler_is_retried_in_growing_steps_and_then_parked(
    consumer: CountingConsumer, error: Exception
) -> None:
    consumer.fail("later", error)
    event = renamed("later")
    steps = []
    for attempt in range(1, EXHAUSTED + 1):
        [verdict] = await consumer.processor.process([delivery(event, attempt=attempt)])
        steps.append(verdict.retry_step)
    assert steps == [*range(len(DELAY_STEPS)), None]
    [letter] = await consumer.letters()
    assert (letter.reason, letter.attempts) == ("attempts_exhausted", EXHAUSTED)
    assert type(error).__name__ in letter.error
    assert await consumer.effects() == []


@pytest.mark.parametrize("attempt", [0, EXHAUSTED + 7])
async def test_an_attempt_count_of_a_stranger_does_no_harm(
    consumer: CountingConsumer, attempt: int
) -> None:
    consumer.fail("later", RuntimeError("not now"))
    [verdict] = await consumer.processor.process([delivery("later", attempt=attempt)])
    assert verdict.retry_step == (0 if attempt == 0 else None)


async def test_an_exception_after_partial_writes_leaves_nothing(consumer: CountingConsumer) -> None:
    async def half(uow: UnitOfWork, event: Envelope[AccountRenamed]) -> None:
        uow.publish(event.data, subject="a", version=2, cause=event)
        await uow.flush()
        raise RuntimeError("after the flush")

    consumer.plans["half"] = half
    await consumer.processor.process([delivery("half")])
    assert await consumer.effects() == []
    assert await consumer.inbox() == set()
    assert await consumer.db.scalar(select(outbox.c.id)) is None


async def test_after_a_failure_the_same_event_takes_effect_once(consumer: CountingConsumer) -> None:
    consumer.fail("later", RuntimeError("not now"))
    event = renamed("later")
    await consumer.processor.process([delivery(event)])
    consumer.plans.clear()
    for attempt in (2, 2, 1):
        await consumer.processor.process([delivery(event, attempt=attempt)])
    assert await consumer.effects() == [event.id]


async def test_a_swallowed_database_error_commits_nothing_and_is_retried(
    consumer: CountingConsumer,
) -> None:
    async def swallow(uow: UnitOfWork, _event: Envelope[AccountRenamed]) -> None:
        try:
            await uow.session.execute(text("SELECT no_such_column FROM effect"))
        except Exception:  # noqa: BLE001  # the mistake under test
            return

    consumer.plans["swallow"] = swallow
    [verdict] = await consumer.processor.process([delivery("swallow")])
    assert verdict.retry_step == 0
    assert await consumer.effects() == []
    assert await consumer.inbox() == set()


async def test_a_failure_inside_a_savepoint_may_be_handled(consumer: CountingConsumer) -> None:
    async def careful(uow: UnitOfWork, _event: Envelope[AccountRenamed]) -> None:
        try:
            async with uow.session.begin_nested():
                await uow.session.execute(text("SELECT no_such_column FROM effect"))
        except Exception:  # noqa: BLE001  # what a savepoint is for
            return

    consumer.plans["careful"] = careful
    await consumer.processor.process([delivery("careful")])
    assert await consumer.names() == ["careful"]


async def test_log_lines_of_a_retry_and_a_letter_name_event_and_chain(
    consumer: CountingConsumer,
) -> None:
    consumer.fail("later", RuntimeError("not now"))
    event = renamed("later", correlationid="chain-1")
    with capture_logs() as logs:
        await consumer.processor.process([delivery(event)])
        await consumer.processor.process([delivery(event, attempt=MAX_ATTEMPTS)])
    told = {line["event"]: line for line in logs}
    for name in ("event.retry", "event.parked"):
        assert (told[name]["event_id"], told[name]["correlation_id"]) == (event.id, "chain-1")
    assert told["event.parked"]["reason"] == "attempts_exhausted"


@pytest.mark.parametrize("size", [1, 3])
async def test_while_an_event_is_handled_its_trace_is_the_current_one(
    consumer: CountingConsumer, size: int
) -> None:
    seen: list[Any] = []

    async def look(_uow: UnitOfWork, event: Envelope[AccountRenamed]) -> None:
        seen.append((current_trace(), get_contextvars().get("event_id"), event))

    consumer.plans["look"] = look
    events = [renamed("look", correlationid=f"chain-{number}") for number in range(size)]
    await consumer.processor.process([delivery(event) for event in events])
    assert len(seen) == size
    for trace, event_id, event in seen:
        assert (trace.correlation_id, trace.traceparent) == (event.correlationid, event.traceparent)
        assert event_id == event.id
    assert current_trace() is None
    assert "event_id" not in get_contextvars()
