"""A filter together with the caller's rights: what the statements of lists and counts ask for."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import BinaryExpression, BindParameter, Column, ColumnElement
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import False_

from ticket_svc.rights.viewer import Viewer
from ticket_svc.views.schemas import ME, TicketFilter


@dataclass(slots=True)
class Scope:
    """`managers` and `accounts`: one of these; None means any, an empty list that nothing is
    visible. `public_only` keeps internal texts out of what a search finds.
    """

    managers: list[str] | None = None
    accounts: list[str] | None = None
    public_only: bool = False
    filter: TicketFilter = field(default_factory=TicketFilter)

    @property
    def nothing(self) -> bool:
        """Whether no ticket can be in it."""
        return self.managers == [] or self.accounts == []


def scope_of(viewer: Viewer, wanted: TicketFilter) -> Scope:
    """The filter, narrowed to what the viewer may see."""
    scope = Scope(public_only=viewer.public_only, filter=wanted)
    if wanted.manager_id:
        named = (viewer.principal.id if m == ME else m for m in wanted.manager_id)
        scope.managers = sorted(set(named))
    if wanted.account_id is not None:
        scope.accounts = [wanted.account_id]
    for condition in viewer.conditions():
        column, values = _equality(condition)
        if column == "manager_id":
            scope.managers = _both(scope.managers, values)
        elif column == "account_id":
            scope.accounts = _both(scope.accounts, values)
        else:
            raise NotImplementedError(f"lists cannot narrow by {condition}")
    return scope


def _both(wanted: Sequence[str] | None, visible: Sequence[str]) -> list[str]:
    return [value for value in visible if wanted is None or value in wanted]


def _equality(condition: ColumnElement[bool]) -> tuple[str, list[Any]]:
    """Column and value of `column = value`; `false` is an account out of none."""
    if isinstance(condition, False_):
        return "account_id", []
    if (
        isinstance(condition, BinaryExpression)
        and condition.operator is operators.eq
        and isinstance(condition.left, Column)
        and isinstance(condition.right, BindParameter)
    ):
        return condition.left.name, [condition.right.value]
    raise NotImplementedError(f"lists cannot narrow by {condition}")
