"""Many senders, one transaction:

mails that arrive together are taken in together. Nobody waits for more to come.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog
from sqlalchemy.exc import InterfaceError, OperationalError

from email_gateway.intake.raw import RawMail
from email_gateway.intake.service import Intake, Taken

log = structlog.get_logger(__name__)

Waiting = tuple[RawMail, "asyncio.Future[Taken]"]

BATCH = 50
BATCH_BYTES = 32 * 1024 * 1024
# A database or disk that is away fails every mail alike.
_NOT_THE_MAILS = (OSError, TimeoutError, OperationalError, InterfaceError)


class IntakeClosedError(Exception):
    """The intake has stopped; the sender keeps the mail."""


@dataclass
class IntakeBatcher:
    """A loop beside an entrance that speaks to many clients at once."""

    intake: Intake
    name: str = "mail-intake"
    # None in it wakes the loop to look whether it is to end.
    _waiting: "asyncio.Queue[Waiting | None]" = field(
        default_factory=lambda: asyncio.Queue(maxsize=200)
    )
    _stopping: bool = False
    _ended: bool = False

    async def take_in(self, mail: RawMail) -> Taken:
        """Durable when it returns; raises what the database or the disk raised."""
        future: asyncio.Future[Taken] = asyncio.get_running_loop().create_future()
        await self._waiting.put((mail, future))
        if self._ended:
            raise IntakeClosedError("the intake has stopped")
        return await future

    async def run(self, stop: asyncio.Event) -> None:
        """Until stopped, and then until nobody waits any more."""
        waking = asyncio.create_task(self._wake(stop))
        try:
            while not (self._stopping and self._waiting.empty()):
                first = await self._waiting.get()
                if first is None:
                    self._stopping = True
                else:
                    await self._process([first, *self._more(len(first[0].raw))])
        finally:
            waking.cancel()
            self._ended = True
            while not self._waiting.empty():
                left = self._waiting.get_nowait()
                if left is not None:
                    _fail([left], IntakeClosedError("the intake has stopped"))

    async def _wake(self, stop: asyncio.Event) -> None:
        await stop.wait()
        await self._waiting.put(None)

    def _more(self, size: int) -> list[Waiting]:
        more: list[Waiting] = []
        while not self._waiting.empty() and len(more) < BATCH - 1 and size < BATCH_BYTES:
            each = self._waiting.get_nowait()
            if each is None:
                self._stopping = True
                break
            size += len(each[0].raw)
            more.append(each)
        return more

    async def _process(self, batch: Sequence[Waiting]) -> None:
        try:
            taken = await self.intake.take_in([mail for mail, _ in batch])
        except asyncio.CancelledError:
            # Drivers cancel what waits on a lost connection; only our own ends the loop.
            _fail(batch, IntakeClosedError("cancelled"))
            if (task := asyncio.current_task()) is not None and task.cancelling():
                raise
        except Exception as error:  # noqa: BLE001  # told to every sender, who keeps the mail
            await self._failed(batch, error)
        else:
            for (_, future), each in zip(batch, taken, strict=True):
                if not future.done():
                    future.set_result(each)

    async def _failed(self, batch: Sequence[Waiting], error: Exception) -> None:
        """One by one where a single mail may be the cause, whose sender still waits."""
        log.warning("intake.failed", error=str(error), kind=type(error).__name__, mails=len(batch))
        alone = len(batch) == 1 or isinstance(error, _NOT_THE_MAILS)
        if alone:
            _fail(batch, error)
            return
        for one in batch:
            if not one[1].done():
                await self._process([one])


def _fail(batch: Sequence[Waiting], error: Exception) -> None:
    for _, future in batch:
        if not future.done():
            future.set_exception(error)
