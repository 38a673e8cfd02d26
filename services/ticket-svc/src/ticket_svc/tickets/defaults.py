"""What a new ticket gets where nobody says otherwise: its manager and its recipients. Pure
rules.
"""

from patchbay_contracts import PersonRef, Reason, ReasonCode
from ticket_svc.accounts.directory import AccountFacts
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
