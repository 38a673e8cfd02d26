"""Which of several new mails opens the ticket of their conversation.

Promise: one ticket a conversation, although its mails come in one batch or to several workers at
once: all Message-IDs of a conversation are claimed under a unique key before it is opened.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from patchbay_kit.db import UnitOfWork
from patchbay_kit.ids import new_id
from ticket_svc.mail.decided import DecidedMail
from ticket_svc.mail.lookup import MAX_MESSAGE_ID, message_ids
from ticket_svc.tickets.messages import claim_message_ids, release_message_ids


@dataclass(slots=True)
class Conversation:
    """Mails of one account that name each other, or name the same ones."""

    account_id: str | None
    mails: list[DecidedMail] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)

    @property
    def opener(self) -> DecidedMail:
        """The mail that stands nearest to the beginning: the one that names the fewest others."""
        return min(self.mails, key=_from_the_beginning)


def _from_the_beginning(mail: DecidedMail) -> tuple[int, str, str]:
    ref = mail.mail.mail
    return len(message_ids(mail.mail)), ref.received_at.isoformat(), ref.mail_id


async def claim_conversations(uow: UnitOfWork, mails: Sequence[DecidedMail]) -> list[DecidedMail]:
    """Give the openers of these new conversations their ticket ids.

    Returns the mails that open nothing: their conversation has or now gets a ticket by another.
    """
    conversations = _conversations(mails)
    claims: dict[str, str] = {}
    for conversation in conversations:
        conversation.opener.ticket_id = new_id()
        for message_id in conversation.ids:
            claims.setdefault(message_id, conversation.opener.ticket_id)
    # One order for all workers keeps them from deadlock.
    free = await claim_message_ids(uow, dict(sorted(claims.items())))
    openers: list[DecidedMail] = []
    refused: list[DecidedMail] = []
    for conversation in conversations:
        ticket_id = conversation.opener.ticket_id or ""
        own = all(each in free and claims[each] == ticket_id for each in conversation.ids)
        (openers if own else refused).append(conversation.opener)
    if refused:
        await release_message_ids(uow, [mail.ticket_id or "" for mail in refused])
    return [mail for mail in mails if mail not in openers]


def _conversations(mails: Sequence[DecidedMail]) -> list[Conversation]:
    """The mails in groups, in one order whatever order they come in."""
    groups: list[Conversation] = []
    for mail in sorted(mails, key=_from_the_beginning):
        joined = Conversation(mail.verdict.account_id, [mail], _ids(mail))
        apart = []
        for group in groups:
            if group.account_id == joined.account_id and group.ids & joined.ids:
                joined.mails += group.mails
                joined.ids |= group.ids
            else:
                apart.append(group)
        groups = [*apart, joined]
    return groups


def _ids(mail: DecidedMail) -> set[str]:
    own = mail.mail.mail.message_id
    return {each for each in (own, *message_ids(mail.mail)) if len(each) <= MAX_MESSAGE_ID}
