"""A filter together with the caller's rights: what the statements of lists and counts ask for."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from ticket_svc.rights.viewer import Viewer
from ticket_svc.views.schemas import ME, TicketFilter

# By what a viewer is bounded, and what of a scope that narrows; another bound must fail here.
_NARROWED = {"manager_id": "managers", "account_id": "accounts"}


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
    for column, value in viewer.bounds().items():
        name = _NARROWED[column]
        visible = [] if value is None else [value]
        setattr(scope, name, _both(getattr(scope, name), visible))
    return scope


def _both(wanted: Sequence[str] | None, visible: Sequence[str]) -> list[str]:
    return [value for value in visible if wanted is None or value in wanted]
