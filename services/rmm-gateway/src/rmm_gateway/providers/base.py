"""The port to a remote system, and the errors its adapters raise.

Promise of `poll` and `ack`: what is not acknowledged comes again, so the caller commits first and
acknowledges after.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Generic, Protocol, TypeVar

from patchbay_contracts import (
    CatalogueDevice,
    CatalogueSite,
    RemoteTicketClosed,
    RemoteTicketNoteReceived,
    RemoteTicketReceived,
    RemoteTicketReturned,
)
from patchbay_kit.errors import PatchbayError

RemoteEvent = (
    RemoteTicketReceived | RemoteTicketClosed | RemoteTicketReturned | RemoteTicketNoteReceived
)
T = TypeVar("T")


class FailureKind(StrEnum):
    """What a failed call means for the caller."""

    TRANSIENT = "transient"
    UNKNOWN = "unknown"
    PENDING = "pending"
    REFUSED = "refused"
    PERMANENT = "permanent"


class ProviderError(PatchbayError):
    """A call to a remote system failed.

    TRANSIENT: it had no effect, try later (`retry_after` in seconds where the remote said so).
    UNKNOWN: it may have had its effect, look before repeating. PENDING: settings still propagate
    (S1-15). REFUSED: the credentials are wrong. PERMANENT: no repetition helps.
    """

    def __init__(
        self, kind: FailureKind, code: str, message: str, *, retry_after: float | None = None
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.code = code
        self.retry_after = retry_after


class UpdateKind(StrEnum):
    """What happened at a remote ticket."""

    CREATED = "ticket_created"
    CLOSED = "ticket_closed"
    RETURNED = "ticket_returned"
    NOTE = "note_added"


@dataclass(frozen=True, slots=True)
class RemoteUpdate:
    """One update. `seq` identifies it for ever within its connection."""

    seq: int
    kind: UpdateKind
    remote_ticket_id: str
    occurred_at: datetime
    data: RemoteEvent


@dataclass(frozen=True, slots=True)
class RejectedRecord:
    """What the remote sent and we cannot read: `raw` is JSON or XML text, ASCII only."""

    raw: str
    reason: str
    seq: int | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """Leased updates. Everything in it has to be stored before `ack`."""

    batch_id: str
    updates: tuple[RemoteUpdate, ...] = ()
    rejected: tuple[RejectedRecord, ...] = ()

    @property
    def size(self) -> int:
        """How many items the remote handed out."""
        return len(self.updates) + len(self.rejected)


@dataclass(frozen=True, slots=True)
class Sweep(Generic[T]):
    """A complete list of the remote's records; an incomplete one is a ProviderError instead."""

    records: tuple[T, ...]
    rejected: tuple[RejectedRecord, ...] = ()
    generated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RemoteTicketView:
    """A remote ticket as it is there now."""

    remote_ticket_id: str
    closed: bool
    closed_by_us: bool = False


@dataclass(frozen=True, slots=True)
class CloseResult:
    """`already_closed`: somebody was faster, which is as good (S1-84)."""

    already_closed: bool = False


@dataclass(frozen=True, slots=True)
class Target:
    """What an adapter needs to know to speak to one remote system."""

    connection_id: str
    provider: str
    base_url: str
    secret: str = field(repr=False)


class RmmProvider(Protocol):
    """One remote system. Every call has a deadline and raises ProviderError, nothing else."""

    async def check(self) -> None:
        """Return if address and credentials are accepted."""
        ...

    async def sites(self) -> Sweep[CatalogueSite]: ...

    async def devices(self) -> Sweep[CatalogueDevice]: ...

    async def poll(self, max_items: int) -> Batch:
        """Lease up to `max_items` updates; an empty batch needs no `ack`."""
        ...

    async def ack(self, batch: Batch) -> None:
        """Tell the remote that a batch is stored. A lease that has ended is no error."""
        ...

    async def close(self, remote_ticket_id: str, *, note: str | None, key: str) -> CloseResult:
        """Close a ticket; the same `key` again has no second effect where the remote supports it.

        Raises UNKNOWN when the request may have been carried out.
        """
        ...

    async def find(self, remote_ticket_id: str) -> RemoteTicketView | None:
        """Look a ticket up; None when the remote does not know it."""
        ...


def plain(texts: Sequence[str]) -> str:
    """Join message parts to one line of at most 500 characters."""
    return " ".join(" ".join(texts).split())[:500]
