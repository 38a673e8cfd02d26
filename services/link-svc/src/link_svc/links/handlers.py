"""Events of ticket-svc and rmm-gateway that make links."""

from collections.abc import Sequence

from link_svc.desk.service import keep_accounts, keep_merges
from link_svc.links.merged import follow_accounts
from link_svc.links.rules import LinkCause, LinkFacts, LinkKind
from link_svc.links.service import Wanted, keep_remote_tickets, link_automatically
from patchbay_contracts import (
    AccountCreated,
    AccountMerged,
    AccountUnmerged,
    Envelope,
    RemoteTicketReceived,
    TicketCreated,
)
from patchbay_kit.db import UnitOfWork


async def on_account_created(uow: UnitOfWork, events: Sequence[Envelope[AccountCreated]]) -> None:
    """Keep the name; an account made for an unknown site gets that site's link (S1-112)."""
    await keep_accounts(uow, events)
    wanted = []
    for event in events:
        origin = event.data.origin
        if origin is None:
            continue
        facts = LinkFacts(
            LinkKind.SITE,
            origin.connection_id,
            origin.remote_site_id,
            origin.site_name,
            event.data.account_id,
            auto_created=True,
        )
        wanted.append(Wanted(facts, LinkCause.ACCOUNT_AUTO_CREATED, event))
    await link_automatically(uow, wanted)
    # It may have been merged before we heard that it was made.
    await follow_accounts(uow, {want.facts.target_id for want in wanted})


async def on_account_merged(
    uow: UnitOfWork, events: Sequence[Envelope[AccountMerged] | Envelope[AccountUnmerged]]
) -> None:
    """Site links go with their account, and back when the merge is undone (S1-115)."""
    await keep_merges(uow, events)
    await follow_accounts(uow, {event.data.account_id for event in events})


async def on_ticket_created(uow: UnitOfWork, events: Sequence[Envelope[TicketCreated]]) -> None:
    """A ticket with a remote twin gets its link."""
    wanted = []
    for event in events:
        remote = event.data.remote
        if remote is None:
            continue
        facts = LinkFacts(
            LinkKind.TICKET,
            remote.connection_id,
            remote.remote_ticket_id,
            remote.number or "",
            event.data.ticket_id,
        )
        wanted.append(Wanted(facts, LinkCause.TICKET_CREATED, event))
    await link_automatically(uow, wanted)


async def on_remote_ticket_received(
    uow: UnitOfWork, events: Sequence[Envelope[RemoteTicketReceived]]
) -> None:
    """Remember the site, so that removing its link finds the ticket's link (S1-99)."""
    await keep_remote_tickets(
        uow,
        [
            (
                event.data.remote.connection_id,
                event.data.remote.remote_ticket_id,
                event.data.remote_site_id,
            )
            for event in events
            if event.data.remote_site_id
        ],
    )
