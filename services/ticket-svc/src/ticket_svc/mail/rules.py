"""What a mail becomes:

pure rules over the evidence and what we know of the sender (email.md 3, S2-92 .. S2-110, S4-05 ..
S4-19).

Order: our own mail, a signed token, Message-IDs, subject numbers; then a new ticket for a known
sender; else undecided. Only a token speaks for itself. Message-IDs and numbers can be guessed, so
they count only for a party of the ticket.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from patchbay_contracts import AutomationClass, EmailReceived, MailOutcome, Reason, ReasonCode

_AUTOMATIC = (AutomationClass.AUTO_REPLY, AutomationClass.BOUNCE, AutomationClass.LIST)


@dataclass(frozen=True, slots=True)
class Sender:
    """Who the From address is to us.

    `accounts` maps account id to contact id (None: by the account or domain). `former` accounts
    know the address as well, but they are archived, or the contact is.
    """

    email: str | None = None
    employee_id: str | None = None
    employee_name: str = ""
    accounts: dict[str, str | None] = field(default_factory=dict)
    domain_account: str | None = None
    former: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A ticket that the mail may belong to. `parties` are the addresses on its external list."""

    ticket_id: str
    account_id: str
    parties: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Candidates:
    """Tickets named by each kind of evidence, best first.

    `by_own_id`: answers to this very mail, or the mail itself as another mailbox got it, came
    earlier.
    """

    by_token: Candidate | None = None
    by_message_id: Sequence[Candidate] = ()
    by_number: Sequence[Candidate] = ()
    by_bounce: Candidate | None = None
    by_own_id: Candidate | None = None


@dataclass(frozen=True, slots=True)
class MailVerdict:
    """The outcome with its reasons; `ticket_id` when filed, `account_id` and `contact_id` when a
    ticket is to be made.
    """

    outcome: MailOutcome
    reasons: list[Reason]
    ticket_id: str | None = None
    account_id: str | None = None
    contact_id: str | None = None
    from_employee: bool = False


def decide(mail: EmailReceived, sender: Sender, found: Candidates) -> MailVerdict:
    """Decide about one mail."""
    if mail.automation is AutomationClass.OWN:
        return MailVerdict(MailOutcome.IGNORED, [Reason(code=ReasonCode.MAIL_OWN_LOOP)])
    filed, doubts = _match(mail, sender, found)
    if filed is not None:
        return filed
    if mail.automation is AutomationClass.BOUNCE:
        return _undecided([Reason(code=ReasonCode.MAIL_BOUNCE), *doubts])
    if mail.automation in _AUTOMATIC:
        reason = Reason(code=ReasonCode.MAIL_AUTOMATIC, params={"automation": str(mail.automation)})
        return _undecided([reason, *doubts])
    if sender.email is None:
        return _undecided([Reason(code=ReasonCode.MAIL_NO_SENDER), *doubts])
    if doubts:
        return _undecided(doubts)
    return _new_ticket(mail, sender)


def _match(
    mail: EmailReceived, sender: Sender, found: Candidates
) -> tuple[MailVerdict | None, list[Reason]]:
    """The verdict if the mail belongs to a ticket, else what speaks against making a new
    one of it.
    """
    if found.by_token is not None:
        reason = Reason(code=ReasonCode.MAIL_BY_TOKEN)
        return _filed(mail, sender, found.by_token, reason), []
    if found.by_bounce is not None:
        reason = Reason(code=ReasonCode.MAIL_BY_MESSAGE_ID)
        return _filed(mail, sender, found.by_bounce, reason), []
    doubts: list[Reason] = []
    ways = (
        (ReasonCode.MAIL_BY_MESSAGE_ID, found.by_message_id),
        (ReasonCode.MAIL_BY_SUBJECT_NUMBER, found.by_number),
    )
    for code, candidates in ways:
        for candidate in candidates:
            refusal = _not_a_party(mail, sender, candidate)
            if refusal is None:
                return _filed(mail, sender, candidate, Reason(code=code)), []
            doubts.append(refusal)
    if found.by_own_id is not None and _not_a_party(mail, sender, found.by_own_id) is None:
        return _filed(mail, sender, found.by_own_id, Reason(code=ways[0][0])), []
    if mail.subject_numbers and not found.by_number:
        params = {"numbers": list(mail.subject_numbers)}
        doubts.append(Reason(code=ReasonCode.MAIL_NUMBER_UNKNOWN, params=params))
    return None, doubts


def _not_a_party(mail: EmailReceived, sender: Sender, ticket: Candidate) -> Reason | None:
    """Why this sender may not reach this ticket by guessable evidence; None if they may."""
    params = {"ticket_id": ticket.ticket_id}
    if mail.authentication == "fail":
        return Reason(code=ReasonCode.MAIL_SENDER_UNVERIFIED, params=params)
    if is_employee(mail, sender):
        return None
    if sender.email is not None and sender.email in ticket.parties:
        return None
    known = {*sender.accounts, *sender.former, sender.domain_account}
    if ticket.account_id in known:
        return None
    return Reason(code=ReasonCode.MAIL_SENDER_NOT_PARTY, params=params)


def is_employee(mail: EmailReceived, sender: Sender) -> bool:
    """Whether the mail has an employee's powers: what they write goes out to customers.

    `unknown` means that no host checks senders for us, so the address has to do (S2-105). Where
    one does, nothing less than its pass counts.
    """
    return sender.employee_id is not None and mail.authentication in ("pass", "unknown")


def _filed(mail: EmailReceived, sender: Sender, ticket: Candidate, why: Reason) -> MailVerdict:
    reasons = [why]
    from_employee = is_employee(mail, sender)
    if mail.automation is AutomationClass.BOUNCE:
        reasons.append(Reason(code=ReasonCode.MAIL_BOUNCE))
    elif mail.automation in _AUTOMATIC:
        params = {"automation": str(mail.automation)}
        reasons.append(Reason(code=ReasonCode.MAIL_AUTOMATIC, params=params))
    elif from_employee:
        reasons.append(Reason(code=ReasonCode.MAIL_FROM_EMPLOYEE))
    return MailVerdict(
        MailOutcome.FILED,
        reasons,
        ticket_id=ticket.ticket_id,
        account_id=ticket.account_id,
        from_employee=from_employee,
    )


def _new_ticket(mail: EmailReceived, sender: Sender) -> MailVerdict:
    if sender.employee_id is not None:
        return _undecided([Reason(code=ReasonCode.MAIL_FROM_EMPLOYEE)])
    if mail.authentication == "fail":
        return _undecided([Reason(code=ReasonCode.MAIL_SENDER_UNVERIFIED)])
    if len(sender.accounts) > 1:
        params = {"account_ids": sorted(sender.accounts)}
        return _undecided([Reason(code=ReasonCode.MAIL_AMBIGUOUS_SENDER, params=params)])
    if sender.accounts:
        ((account_id, contact_id),) = sender.accounts.items()
        code = ReasonCode.ACCOUNT_BY_SENDER_ADDRESS
    elif sender.domain_account is not None:
        account_id, contact_id = sender.domain_account, None
        code = ReasonCode.ACCOUNT_BY_SENDER_DOMAIN
    else:
        return _undecided(
            [Reason(code=ReasonCode.MAIL_UNKNOWN_SENDER, params={"sender": sender.email})]
        )
    reasons = [Reason(code=ReasonCode.MAIL_NEW_TICKET), Reason(code=code)]
    return MailVerdict(MailOutcome.CREATED, reasons, account_id=account_id, contact_id=contact_id)


def _undecided(reasons: list[Reason]) -> MailVerdict:
    return MailVerdict(MailOutcome.UNDECIDED, reasons)


def may_answer(mail: EmailReceived, own_addresses: frozenset[str]) -> bool:
    """Whether an automatic answer could not start a loop (RFC 3834, 2):

    only to people, never to ourselves or a role that answers by itself.
    """
    if mail.automation is not AutomationClass.HUMAN or mail.sender is None:
        return False
    if mail.envelope_sender == "":
        return False
    address = mail.sender.email.lower()
    local = address.partition("@")[0]
    return address not in own_addresses and not local.startswith(_NEVER_ANSWERED)


_NEVER_ANSWERED = (
    "mailer-daemon",
    "postmaster",
    "no-reply",
    "noreply",
    "do-not-reply",
    "donotreply",
    "bounce",
    "owner-",
    "listserv",
    "majordomo",
)
