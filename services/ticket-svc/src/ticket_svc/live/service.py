"""One screen's stream: what was missed, then what happens, while its caller may still look."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from fastapi.sse import ServerSentEvent

from patchbay_kit.auth import Principal
from patchbay_kit.errors import ProblemError
from ticket_svc.live.repository import Position, is_kept, parse_position
from ticket_svc.live.tail import LiveTail, Stream
from ticket_svc.live.telling import message_for
from ticket_svc.rights.viewer import Viewer

# Who lost the right to look is not told anything later than this.
RECHECK_SECONDS = 5.0
# Where nothing happens, a stream of somebody who may not look any more ends this late.
IDLE_SECONDS = 30.0
RETRY_MILLISECONDS = 2000

_NOTHING = object()

# The caller as they may call now; ProblemError where they may not any more.
Recheck = Callable[[], Awaitable[Principal]]


async def live_events(
    tail: LiveTail, recheck: Recheck, last_event_id: str | None, reading: Any
) -> AsyncIterator[ServerSentEvent]:
    """`hello` with the present place, or `reset` where the client has to read its lists again since
    what it missed is not kept; then a `change` for each change it may see.
    """
    viewer = Viewer(await recheck())
    async with tail.stream(viewer.principal.actor) as stream:
        after = await _resumed(reading, last_event_id, stream)
        start = after if after is not None else stream.since
        kind = "hello" if after is not None or last_event_id is None else "reset"
        yield _event(kind, start, {"position": str(start)})
        if after is not None:
            async for batch in tail.backlog(after, stream.since):
                for change, ticket in batch:
                    message = message_for(viewer, change, ticket)
                    if message is not None:
                        yield _event("change", Position(change.xid, change.seq), message)
        async for event in _following(stream, recheck):
            yield event


async def _following(stream: Stream, recheck: Recheck) -> AsyncIterator[ServerSentEvent]:
    clock = asyncio.get_running_loop().time
    checked, viewer = float("-inf"), None
    while (waiting := await _next(stream)) is not None:
        if viewer is None or clock() - checked >= RECHECK_SECONDS:
            try:
                viewer, checked = Viewer(await recheck()), clock()
            except ProblemError:
                return
        if waiting is _NOTHING:
            continue
        change, ticket = waiting
        message = message_for(viewer, change, ticket)
        if message is not None:
            yield _event("change", Position(change.xid, change.seq), message)


async def _next(stream: Stream) -> Any:
    if stream.ended:
        return None
    try:
        async with asyncio.timeout(IDLE_SECONDS):
            return await stream.changes.get()
    except TimeoutError:
        return _NOTHING


async def _resumed(reading: Any, last_event_id: str | None, stream: Stream) -> Position | None:
    """Where the client left off, if everything since is still kept."""
    wanted = parse_position(last_event_id) if last_event_id else None
    if wanted is None or wanted > stream.since:
        return None
    if wanted == stream.since:
        return wanted
    async with reading() as session:
        return wanted if await is_kept(session, wanted) else None


def _event(kind: str, position: Position, data: dict[str, Any]) -> ServerSentEvent:
    return ServerSentEvent(event=kind, id=str(position), data=data, retry=RETRY_MILLISECONDS)
