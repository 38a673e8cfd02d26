"""Employees who want no mail of a ticket, in whatever role they would get it (S2-137).

They are rows of `recipient` in a list of their own, so that the role stays for whoever holds it
next.
"""

from sqlalchemy import ColumnElement, Table, exists

from ticket_svc.employees.tables import Employee
from ticket_svc.tickets.tables import Recipient

MUTED = "muted"

_RECIPIENT: Table = Recipient.__table__  # type: ignore[attr-defined]  # set by SQLModel
_EMPLOYEE: Table = Employee.__table__  # type: ignore[attr-defined]


def not_muted() -> ColumnElement[bool]:
    """In a statement over `recipient` and `employee`: the employee wants the ticket's mail."""
    other = _RECIPIENT.alias("muted")
    return ~exists().where(
        other.c.ticket_id == _RECIPIENT.c.ticket_id,
        other.c.list_name == MUTED,
        other.c.employee_id == _EMPLOYEE.c.id,
    )
