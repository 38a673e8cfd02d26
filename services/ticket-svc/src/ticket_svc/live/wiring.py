"""The live feed in a process that answers callers: its own commits wake it, NOTIFY tells of those
of others.
"""

from collections.abc import Sequence

from patchbay_kit.runtime import Runtime
from patchbay_kit.workers.lifecycle import Loop
from patchbay_kit.workers.waker import ListenLoop
from ticket_svc.live.tail import LiveTail


def live_loops(runtime: Runtime) -> Sequence[Loop]:
    """The tail of the feed, and what wakes it."""
    tail: LiveTail = runtime.extras["live"]
    others = runtime.db.on_events

    def committed() -> None:
        others()
        tail.wake.set()

    runtime.db.on_events = committed
    return [tail, ListenLoop(runtime.db.url, tail.wake)] if runtime.db.is_postgres else [tail]
