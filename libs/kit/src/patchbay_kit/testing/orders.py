"""Deliveries as a bus may make them: in any order, some again, in batches of any size."""

import random
from collections.abc import Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")


def any_order(once: Sequence[T], chance: random.Random, *, again: int = 4) -> list[T]:
    """Everything at least once and up to `again` of it twice, in some order."""
    stream = [*once, *chance.sample(list(once), min(again, len(once)))]
    chance.shuffle(stream)
    return stream


def batches(stream: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """The stream in pieces of `size`; the last may be shorter."""
    for start in range(0, len(stream), size):
        yield stream[start : start + size]
