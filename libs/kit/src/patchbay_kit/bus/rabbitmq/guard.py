"""One meaning for the many ways in which aio-pika reports a lost link."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from patchbay_kit.bus.port import BusUnavailable


def cancelled_by_us() -> bool:
    """False when aio-pika cancelled what waited on a lost link: nobody asked the task to end."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


@contextmanager
def lost_link_is_unavailable(doing: str) -> Iterator[None]:
    """BusUnavailable for time-outs, closed channels and cancellations that are not ours."""
    try:
        yield
    except BusUnavailable:
        raise
    except asyncio.CancelledError:
        if cancelled_by_us():
            raise
        raise BusUnavailable(f"{doing}: the connection was lost") from None
    except Exception as error:
        # aiormq ends what is pending with whatever closed the link, a bare Exception included.
        raise BusUnavailable(f"{doing}: {type(error).__name__}: {error}") from error
