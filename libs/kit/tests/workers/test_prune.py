"""Old inbox rows and idempotency keys go, young ones stay."""

from datetime import datetime, timedelta

from sqlalchemy import func, select

from patchbay_kit.db import Database, insert_many
from patchbay_kit.db.tables import idempotency_key, inbox
from patchbay_kit.testing.consumer import CountingConsumer, delivery, renamed
from patchbay_kit.workers.prune import IDEMPOTENCY_HOURS, INBOX_DAYS, STEP, prune_loop


async def remember(db: Database, event_id: str, received: datetime) -> None:
    async with db.unit_of_work() as uow:
        row = {"consumer": "c", "event_id": event_id, "received_at": received}
        await insert_many(uow.session, inbox, [row])
        key = {
            "scope": "s",
            "key": event_id,
            "request_hash": "",
            "status": 200,
            "headers": "{}",
            "body": b"",
            "created_at": received,
        }
        await uow.session.execute(idempotency_key.insert(), key)


async def test_only_what_is_older_than_any_redelivery_goes(consumer: CountingConsumer) -> None:
    db, now = consumer.db, consumer.db.clock()
    edge = timedelta(seconds=5)
    ages = {
        "very old": timedelta(days=400),
        "old": timedelta(days=INBOX_DAYS) + edge,
        "young": timedelta(days=INBOX_DAYS) - edge,
        "used": timedelta(hours=IDEMPOTENCY_HOURS) - edge,
        "new": timedelta(0),
    }
    for name, age in ages.items():
        await remember(db, name, now - age)
    assert await prune_loop(db).step() is False
    async with db.read() as session:
        kept = set(await session.scalars(select(inbox.c.event_id)))
        keys = set(await session.scalars(select(idempotency_key.c.key)))
    assert kept == {"young", "used", "new"}
    assert keys == {"used", "new"}


async def test_many_rows_go_in_steps(consumer: CountingConsumer) -> None:
    db = consumer.db
    old = db.clock() - timedelta(days=99)
    async with db.unit_of_work() as uow:
        rows = [
            {"consumer": "c", "event_id": str(number), "received_at": old}
            for number in range(STEP + 1)
        ]
        await insert_many(uow.session, inbox, rows)
    loop = prune_loop(db)
    assert await loop.step() is True
    assert await db.scalar(select(func.count()).select_from(inbox)) == 1
    assert await loop.step() is False


async def test_a_redelivery_after_the_clean_up_is_still_known(consumer: CountingConsumer) -> None:
    event = renamed("one")
    await consumer.processor.process([delivery(event)])
    await prune_loop(consumer.db).step()
    await consumer.processor.process([delivery(event)])
    assert await consumer.effects() == [event.id]
