"""The one place where a link changes.

Promise: every change raises the link's version by one and is published with that version, in the
transaction of the change.
"""

from dataclasses import dataclass
from typing import Any

from link_svc.links.rules import (
    LinkAction,
    LinkCause,
    LinkFacts,
    linked_event,
    subject_of,
    unlinked_event,
)
from link_svc.links.tables import Link
from patchbay_contracts import Envelope
from patchbay_kit.db import UnitOfWork
from patchbay_kit.ids import new_id

# A row of `link_change`, to be written with others of the same unit of work.
ChangeRow = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Why:
    """The reason of a change: for its history and its event."""

    cause: LinkCause
    event: Envelope[Any] | None = None
    operation_id: str | None = None
    because_of_site: str | None = None


def new_row(uow: UnitOfWork, facts: LinkFacts) -> dict[str, Any]:
    """The row of a link that nobody had before, at version 1."""
    return {
        "id": new_id(),
        "kind": facts.kind.value,
        "connection_id": facts.connection_id,
        "remote_id": facts.remote_id,
        "remote_name": facts.remote_name,
        "target_id": facts.target_id,
        "linked": True,
        "auto_created": facts.auto_created,
        "version": 1,
        "changed_at": uow.now,
        "changed_by": actor_of(uow),
    }


def link_row(uow: UnitOfWork, row: Link, target_id: str, why: Why) -> ChangeRow:
    """Link a row, and tell. It is at home there."""
    row.target_id = target_id
    row.home_id = None
    row.linked = True
    _touch(uow, row)
    return tell(uow, row.id, row.version, row.facts, LinkAction.LINKED, why)


def unlink_row(uow: UnitOfWork, row: Link, why: Why) -> ChangeRow:
    """Unlink a row, and tell."""
    row.linked = False
    _touch(uow, row)
    return tell(uow, row.id, row.version, row.facts, LinkAction.UNLINKED, why)


def tell(
    uow: UnitOfWork, link_id: str, version: int, facts: LinkFacts, action: LinkAction, why: Why
) -> ChangeRow:
    """Publish a change that was made; returns its row of the history."""
    if action is LinkAction.LINKED:
        event = linked_event(facts)
    else:
        event = unlinked_event(facts, why.because_of_site)
    uow.publish(event, subject=subject_of(facts), version=version, cause=why.event)
    return {
        "id": new_id(),
        "link_id": link_id,
        "version": version,
        "action": action.value,
        "cause": why.cause.value,
        "target_id": facts.target_id,
        "actor": actor_of(uow),
        "at": uow.now,
        "event_id": why.event.id if why.event else None,
        "operation_id": why.operation_id,
    }


def actor_of(uow: UnitOfWork) -> str:
    """Who changes: the caller of the request, else this service."""
    return uow.actor or f"system:{uow.service}"


def _touch(uow: UnitOfWork, row: Link) -> None:
    row.version += 1
    row.changed_at = uow.now
    row.changed_by = actor_of(uow)
