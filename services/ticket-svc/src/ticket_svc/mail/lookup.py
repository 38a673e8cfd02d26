"""What we know about the senders of a batch of mails and the tickets that they name, in a handful
of queries.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import Table, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_contracts import EmailReceived
from ticket_svc.accounts.tables import Account, AccountDomain, Contact
from ticket_svc.employees.tables import Employee
from ticket_svc.mail.rules import Candidate, Candidates, Sender
from ticket_svc.tickets.merged import final_tickets
from ticket_svc.tickets.tables import Recipient, Ticket, TicketMessage

_EMPLOYEE: Table = Employee.__table__  # type: ignore[attr-defined]  # set by SQLModel
_CONTACT: Table = Contact.__table__  # type: ignore[attr-defined]
_ACCOUNT: Table = Account.__table__  # type: ignore[attr-defined]
_DOMAIN: Table = AccountDomain.__table__  # type: ignore[attr-defined]
_TICKET: Table = Ticket.__table__  # type: ignore[attr-defined]
_MESSAGE: Table = TicketMessage.__table__  # type: ignore[attr-defined]
_RECIPIENT: Table = Recipient.__table__  # type: ignore[attr-defined]

MAX_MESSAGE_ID = 1000


@dataclass(frozen=True, slots=True)
class Knowledge:
    """Senders by address, and the candidate tickets of each mail, in the order of the mails."""

    senders: dict[str, Sender]
    candidates: list[Candidates]


async def look_up(session: AsyncSession, mails: Sequence[EmailReceived]) -> Knowledge:
    """Everything `rules.decide` needs for these mails."""
    addresses = {mail.sender.email.lower() for mail in mails if mail.sender}
    senders = await known_senders(session, addresses)
    messages = await _tickets_by_message(session, mails)
    numbers = await _tickets_by_number(session, mails)
    tokens = {
        mail.token_ticket_id
        for mail in mails
        if mail.token_ticket_id and is_uuid(mail.token_ticket_id)
    }
    tickets = await _candidates(session, {*messages.values(), *numbers.values(), *tokens})
    return Knowledge(senders, [_of(mail, tickets, messages, numbers) for mail in mails])


def is_uuid(text: str) -> bool:
    """Whether a text can be one of our ids."""
    try:
        UUID(text)
    except ValueError:
        return False
    return True


async def known_senders(session: AsyncSession, addresses: Iterable[str]) -> dict[str, Sender]:
    """Who these addresses are; the full address is tried before the domain (S4-16, S4-17).

    What is archived counts only where nobody else has the address.
    """
    wanted = sorted(set(addresses))
    if not wanted:
        return {}
    employees = await _employees(session, wanted)
    accounts = await _accounts(session, wanted)
    rest = [address for address in wanted if address not in accounts]
    domains = await _domains(session, {address.rpartition("@")[2] for address in rest})
    senders: dict[str, Sender] = {}
    for address in wanted:
        # An address that two employees have names neither (S2-107).
        people = employees.get(address, [])
        employee = people[0] if len(people) == 1 else (None, "")
        holders = accounts.get(address, _Holders())
        senders[address] = Sender(
            email=address,
            employee_id=employee[0],
            employee_name=employee[1],
            accounts=holders.present or holders.former,
            domain_account=None if address in accounts else domains.get(address.rpartition("@")[2]),
            former=frozenset(holders.former),
        )
    return senders


async def _employees(
    session: AsyncSession, addresses: list[str]
) -> dict[str, list[tuple[str, str]]]:
    statement = select(
        _EMPLOYEE.c.id, _EMPLOYEE.c.name, _EMPLOYEE.c.email1, _EMPLOYEE.c.email2
    ).where(
        _EMPLOYEE.c.active,
        or_(_EMPLOYEE.c.email1.in_(addresses), _EMPLOYEE.c.email2.in_(addresses)),
    )
    found: dict[str, list[tuple[str, str]]] = {}
    for row in await session.execute(statement):
        for address in {row.email1, row.email2} - {None}:
            found.setdefault(address, []).append((row.id, row.name))
    return found


@dataclass(slots=True)
class _Holders:
    """Account id to contact id, of those who have an address; `former` are archived."""

    present: dict[str, str | None] = field(default_factory=dict)
    former: dict[str, str | None] = field(default_factory=dict)

    def add(self, account_id: str, contact_id: str | None, *, archived: bool) -> None:
        (self.former if archived else self.present).setdefault(account_id, contact_id)


async def _accounts(session: AsyncSession, addresses: list[str]) -> dict[str, _Holders]:
    """Who has each address."""
    found: dict[str, _Holders] = {}
    archived = or_(_CONTACT.c.archived_at.is_not(None), _ACCOUNT.c.archived_at.is_not(None))
    columns = (_CONTACT.c.email1, _CONTACT.c.email2)
    contacts = (
        select(_CONTACT.c.id, _CONTACT.c.account_id, archived.label("archived"), *columns)
        .join(_ACCOUNT, _ACCOUNT.c.id == _CONTACT.c.account_id)
        .where(or_(*(each.in_(addresses) for each in columns)))
    )
    for row in await session.execute(contacts.order_by(_CONTACT.c.id)):
        for address in {row.email1, row.email2} - {None}:
            holders = found.setdefault(address, _Holders())
            holders.add(row.account_id, row.id, archived=row.archived)
    # One that was merged stands for the account that it went into (S1-115).
    stands_for = func.coalesce(_ACCOUNT.c.merged_into_id, _ACCOUNT.c.id).label("id")
    archived = and_(_ACCOUNT.c.archived_at.is_not(None), _ACCOUNT.c.merged_into_id.is_(None))
    columns = (_ACCOUNT.c.email1, _ACCOUNT.c.email2)
    accounts = select(stands_for, archived.label("archived"), *columns)
    for row in await session.execute(accounts.where(or_(*(e.in_(addresses) for e in columns)))):
        for address in {row.email1, row.email2} - {None}:
            found.setdefault(address, _Holders()).add(row.id, None, archived=row.archived)
    return {address: found[address] for address in addresses if address in found}


async def _domains(session: AsyncSession, domains: Iterable[str]) -> dict[str, str]:
    wanted = sorted({domain for domain in domains if domain})
    if not wanted:
        return {}
    statement = select(_DOMAIN.c.domain, _DOMAIN.c.account_id).where(_DOMAIN.c.domain.in_(wanted))
    return {row.domain: row.account_id for row in await session.execute(statement)}


def message_ids(mail: EmailReceived) -> list[str]:
    """The Message-IDs that the mail answers, nearest first."""
    ids = [mail.in_reply_to] if mail.in_reply_to else []
    ids += [each for each in reversed(mail.references) if each not in ids]
    return [each for each in ids if len(each) <= MAX_MESSAGE_ID]


async def _tickets_by_message(
    session: AsyncSession, mails: Sequence[EmailReceived]
) -> dict[str, str]:
    ids = {each for mail in mails for each in message_ids(mail)}
    ids |= {
        mail.bounce.original_message_id
        for mail in mails
        if mail.bounce and mail.bounce.original_message_id
    }
    ids |= {mail.mail.message_id for mail in mails if len(mail.mail.message_id) <= MAX_MESSAGE_ID}
    if not ids:
        return {}
    statement = select(_MESSAGE.c.message_id, _MESSAGE.c.ticket_id)
    rows = await session.execute(statement.where(_MESSAGE.c.message_id.in_(sorted(ids))))
    return {row.message_id: row.ticket_id for row in rows}


async def _tickets_by_number(
    session: AsyncSession, mails: Sequence[EmailReceived]
) -> dict[str, str]:
    numbers = {number for mail in mails for number in mail.subject_numbers}
    if not numbers:
        return {}
    statement = select(_TICKET.c.number, _TICKET.c.id).where(_TICKET.c.number.in_(sorted(numbers)))
    return {row.number: row.id for row in await session.execute(statement)}


async def _candidates(session: AsyncSession, ids: set[str]) -> dict[str, Candidate]:
    """By the ids that mails name; those of merged tickets stand for where these went."""
    if not ids:
        return {}
    final = await final_tickets(session, ids)
    wanted = sorted(set(final.values()))
    parties: dict[str, set[str]] = {}
    statement = select(_RECIPIENT.c.ticket_id, _RECIPIENT.c.email).where(
        _RECIPIENT.c.ticket_id.in_(wanted),
        _RECIPIENT.c.list_name == "external",
        _RECIPIENT.c.email.is_not(None),
    )
    for row in await session.execute(statement):
        parties.setdefault(row.ticket_id, set()).add(row.email.lower())
    tickets = select(_TICKET.c.id, _TICKET.c.account_id).where(_TICKET.c.id.in_(wanted))
    found = {
        row.id: Candidate(row.id, row.account_id, frozenset(parties.get(row.id, ())))
        for row in await session.execute(tickets)
    }
    return {each: found[last] for each, last in final.items() if last in found}


def _of(
    mail: EmailReceived,
    tickets: dict[str, Candidate],
    messages: dict[str, str],
    numbers: dict[str, str],
) -> Candidates:
    bounced = mail.bounce.original_message_id if mail.bounce else None
    return Candidates(
        by_token=tickets.get(mail.token_ticket_id or ""),
        by_message_id=_unique(tickets, [messages.get(each) for each in message_ids(mail)]),
        by_number=_unique(tickets, [numbers.get(each) for each in mail.subject_numbers]),
        by_bounce=tickets.get(messages.get(bounced or "", "")),
        by_own_id=tickets.get(messages.get(mail.mail.message_id, "")),
    )


def _unique(tickets: dict[str, Candidate], ids: list[str | None]) -> list[Candidate]:
    known = [tickets[each] for each in ids if each is not None and each in tickets]
    return list({candidate.ticket_id: candidate for candidate in known}.values())
