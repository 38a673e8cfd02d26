"""Queues and handlers follow from one table of subscriptions."""

from collections.abc import Sequence
from typing import Any

from patchbay_contracts import AccountRenamed, AssetCreated, Envelope, QueueSpec
from patchbay_kit.db import UnitOfWork
from patchbay_kit.messaging import Subscription, Subscriptions


async def one(_uow: UnitOfWork, _events: Sequence[Envelope[Any]]) -> None:
    return


async def two(_uow: UnitOfWork, _events: Sequence[Envelope[Any]]) -> None:
    return


def test_a_role_is_a_queue_with_the_types_of_its_events() -> None:
    subscriptions = Subscriptions(
        "desk-svc",
        (
            Subscription(AssetCreated, one, "names"),
            Subscription(AccountRenamed, one, "search"),
            Subscription(AccountRenamed, two, "names"),
        ),
    )
    assert subscriptions.queues() == (
        QueueSpec("desk-svc.names", "desk-svc", ("asset.created.v1", "account.renamed.v1")),
        QueueSpec("desk-svc.search", "desk-svc", ("account.renamed.v1",)),
    )
    assert subscriptions.handlers("desk-svc.names") == {
        "asset.created.v1": one,
        "account.renamed.v1": two,
    }
    assert subscriptions.handlers("desk-svc.search") == {"account.renamed.v1": one}
    assert subscriptions.handlers("other-svc.names") == {}
