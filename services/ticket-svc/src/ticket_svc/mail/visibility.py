"""Which mails customers read in the web interface (S2-73): their own, and those that went to
somebody outside. What employees write to each other stays with them.
"""

from collections.abc import Sequence

from sqlalchemy import Table, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_contracts import AutomationClass
from patchbay_kit.db import UnitOfWork
from ticket_svc.desk.schemas import DeskSettings
from ticket_svc.desk.service import is_ours, load_settings
from ticket_svc.employees.tables import Employee
from ticket_svc.mail.decided import DecidedMail
from ticket_svc.tickets.subscribers import subscribers_of

_EMPLOYEE: Table = Employee.__table__  # type: ignore[attr-defined]  # set by SQLModel


async def public_among(uow: UnitOfWork, mails: Sequence[DecidedMail]) -> set[DecidedMail]:
    """Those of the mails, each with its ticket, that customers may read there."""
    human = [each for each in mails if each.mail.automation is AutomationClass.HUMAN]
    ours = [each for each in human if each.verdict.from_employee]
    public = {each for each in human if not each.verdict.from_employee}
    if not ours:
        return public
    public |= await naming_outsiders(uow.session, ours, await load_settings(uow.session))
    sent_on = [each for each in ours if each not in public and each.mail.addressed_as == "to"]
    subscribers = await subscribers_of(uow.session, [each.ticket_id or "" for each in sent_on])
    for decided in sent_on:
        people = subscribers.get(decided.ticket_id or "", [])
        if any(each.list_name == "external" and each.employee_id is None for each in people):
            public.add(decided)
    return public


async def naming_outsiders(
    session: AsyncSession, mails: Sequence[DecidedMail], settings: DeskSettings
) -> set[DecidedMail]:
    """Those of the mails whose To or Cc names somebody who is not of the desk."""
    named = {each: _named(each, settings) for each in mails}
    addresses = set().union(*named.values())
    ours = await _addresses_of_employees(session, addresses)
    return {each for each, people in named.items() if people - ours}


def _named(decided: DecidedMail, settings: DeskSettings) -> set[str]:
    """Everybody in To and Cc but the desk itself."""
    internal = (settings.internal_address or "").lower()
    addresses = {each.email.lower() for each in (*decided.mail.to, *decided.mail.cc)}
    return {
        each
        for each in addresses
        if each != internal and not is_ours(each, settings.support_address)
    }


async def _addresses_of_employees(session: AsyncSession, addresses: set[str]) -> set[str]:
    """Also of those who have left, and those that two of them share."""
    if not addresses:
        return set()
    wanted = sorted(addresses)
    columns = (_EMPLOYEE.c.email1, _EMPLOYEE.c.email2)
    statement = select(*columns).where(or_(*(each.in_(wanted) for each in columns)))
    rows = await session.execute(statement)
    return {address for row in rows for address in row if address}
