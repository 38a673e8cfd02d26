"""What a new ticket gets where nobody says otherwise: manager and recipients. Pure rules."""

from dataclasses import dataclass

from patchbay_contracts import PersonRef, Reason, ReasonCode
from ticket_svc.tickets.directory import AccountFacts
from ticket_svc.tickets.people import NewRecipient, external


def choose_manager(
    account: AccountFacts, default_manager: PersonRef | None
) -> tuple[PersonRef | None, Reason]:
    """The account's manager, else the desk's default (S1-57)."""
    if account.manager is not None:
        params = {"employee_id": account.manager.id}
        return account.manager, Reason(code=ReasonCode.MANAGER_OF_ACCOUNT, params=params)
    if default_manager is not None:
        params = {"employee_id": default_manager.id}
        return default_manager, Reason(code=ReasonCode.MANAGER_DEFAULT, params=params)
    return None, Reason(code=ReasonCode.MANAGER_NONE)


def default_recipients(
    account: AccountFacts, employees: list[NewRecipient]
) -> tuple[list[NewRecipient], Reason]:
    """The main contact and the default employees (S2-125, S2-129, S2-134 .. S2-138)."""
    contact = account.main_contact
    if contact is None:
        return employees, Reason(code=ReasonCode.RECIPIENTS_NO_EXTERNAL)
    contact_id = contact.id if contact.kind == "contact" else None
    main = external(contact.email, name=contact.name, contact_id=contact_id)
    return [main, *employees], Reason(code=ReasonCode.RECIPIENTS_DEFAULT)


def contract_reasons(account: AccountFacts) -> list[Reason]:
    """Why the ticket has a contract, where the account has a default one (X-21)."""
    if account.contract_id is None:
        return []
    params = {"contract_id": account.contract_id}
    return [Reason(code=ReasonCode.CONTRACT_DEFAULT, params=params)]


@dataclass(frozen=True, slots=True)
class AccountDefaults:
    """What every new ticket of one account gets, with the reasons."""

    account: AccountFacts
    manager: PersonRef | None
    recipients: list[NewRecipient]
    reasons: tuple[Reason, ...]


def account_defaults(
    account: AccountFacts, default_manager: PersonRef | None, employees: list[NewRecipient]
) -> AccountDefaults:
    """Worked out once for all tickets of the account in a batch."""
    manager, why_manager = choose_manager(account, default_manager)
    recipients, why_recipients = default_recipients(account, employees)
    reasons = (why_manager, why_recipients, *contract_reasons(account))
    return AccountDefaults(account, manager, recipients, reasons)
