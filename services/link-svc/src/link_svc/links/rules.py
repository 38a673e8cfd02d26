"""What a link is, and the events that tell about it."""

from dataclasses import dataclass
from enum import StrEnum

from patchbay_contracts import (
    DeviceLinked,
    DeviceUnlinked,
    EventData,
    SiteLinked,
    SiteUnlinked,
    TicketLinked,
    TicketUnlinked,
)
from patchbay_kit.errors import PermanentError

# `subject` of the envelope holds 300 characters: a connection id, a slash and this.
MAX_REMOTE_ID = 200


class LinkKind(StrEnum):
    """What is linked; ours is an account, an asset or a ticket."""

    SITE = "site"
    DEVICE = "device"
    TICKET = "ticket"


class LinkAction(StrEnum):
    """What happened to a link."""

    LINKED = "linked"
    UNLINKED = "unlinked"


class LinkCause(StrEnum):
    """Why a link changed; CAUSES says it in words."""

    PERSON = "person"
    ACCOUNT_AUTO_CREATED = "account_auto_created"
    TICKET_CREATED = "ticket_created"
    MOVED = "moved"
    SITE_UNLINKED = "site_unlinked"
    UNDONE = "undone"
    ACCOUNT_MERGED = "account_merged"


CAUSES: dict[LinkCause, str] = {
    LinkCause.PERSON: "Somebody changed the link by hand.",
    LinkCause.ACCOUNT_AUTO_CREATED: (
        "The site was unknown, so a temporary account was created for it and linked."
    ),
    LinkCause.TICKET_CREATED: "The ticket was made from this remote ticket.",
    LinkCause.MOVED: "The site was linked to another account.",
    LinkCause.SITE_UNLINKED: "The link came through a site whose link was removed.",
    LinkCause.UNDONE: "The removal that took this link along was undone.",
    LinkCause.ACCOUNT_MERGED: "The account was merged into another one, or that was undone.",
}


@dataclass(frozen=True, slots=True)
class LinkFacts:
    """One link as events tell it: `remote_id` of `connection_id` is our `target_id`."""

    kind: LinkKind
    connection_id: str
    remote_id: str
    remote_name: str
    target_id: str
    auto_created: bool = False

    @property
    def key(self) -> tuple[str, str]:
        """What can be linked once."""
        return (self.connection_id, self.remote_id)


def subject_of(link: LinkFacts) -> str:
    """The subject of the link's events; PermanentError where the remote id is too long for one."""
    if len(link.remote_id) > MAX_REMOTE_ID:
        raise PermanentError(
            "remote_id_too_long", f"a remote id of {len(link.remote_id)} characters"
        )
    return f"{link.connection_id}/{link.remote_id}"


def linked_event(link: LinkFacts) -> EventData:
    """The event that tells of a new link."""
    if link.kind is LinkKind.SITE:
        return SiteLinked(
            connection_id=link.connection_id,
            remote_site_id=link.remote_id,
            site_name=link.remote_name,
            account_id=link.target_id,
            auto_created=link.auto_created,
        )
    if link.kind is LinkKind.DEVICE:
        return DeviceLinked(
            connection_id=link.connection_id,
            remote_device_id=link.remote_id,
            device_name=link.remote_name,
            asset_id=link.target_id,
        )
    return TicketLinked(
        connection_id=link.connection_id,
        remote_ticket_id=link.remote_id,
        ticket_id=link.target_id,
    )


def unlinked_event(link: LinkFacts, because_of_site: str | None = None) -> EventData:
    """The event that tells of a removed link; `because_of_site` is a remote site id (S1-99)."""
    if link.kind is LinkKind.SITE:
        return SiteUnlinked(
            connection_id=link.connection_id,
            remote_site_id=link.remote_id,
            account_id=link.target_id,
        )
    if link.kind is LinkKind.DEVICE:
        return DeviceUnlinked(
            connection_id=link.connection_id,
            remote_device_id=link.remote_id,
            asset_id=link.target_id,
            because_of_site=because_of_site,
        )
    return TicketUnlinked(
        connection_id=link.connection_id,
        remote_ticket_id=link.remote_id,
        ticket_id=link.target_id,
        because_of_site=because_of_site,
    )
