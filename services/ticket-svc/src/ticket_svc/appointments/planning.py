"""Finding out whether technicians are free.

Promise: the technicians' records are locked while somebody plans with them, so of two who refuse
conflicts and want the same hour one gets it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from patchbay_contracts import PersonRef
from patchbay_kit.db import UnitOfWork
from patchbay_kit.errors import ProblemError, invalid
from ticket_svc.appointments.reading import conflicts
from ticket_svc.appointments.rules import LONGEST, fault_of
from ticket_svc.appointments.schemas import SlotView
from ticket_svc.parts import active_people
from ticket_svc.rights.viewer import Viewer

_FAULTS = {
    "ends_before_start": "It would end before it starts",
    "too_long": "An appointment is 31 days at most",
}


@dataclass(frozen=True, slots=True)
class Planner:
    """Who plans, and whether they take no for an answer."""

    viewer: Viewer
    refuse_conflicts: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """The technicians by id, and what else they have planned then."""

    people: Mapping[str, PersonRef]
    conflicts: list[SlotView]


async def plan(
    uow: UnitOfWork,
    planner: Planner,
    employee_ids: Iterable[str],
    slot: tuple[datetime, datetime],
    *,
    field: str = "/employee_id",
    but: Iterable[str] = (),
) -> Plan:
    """422 for what is no slot and `employee_unknown`; 409 `appointment_conflicts` where they are
    refused, with all of them.
    """
    fault = fault_of(*slot, LONGEST)
    if fault is not None:
        raise invalid(f"slot_{fault}", _FAULTS[fault], field="/ends_at")
    people = await active_people(uow.session, employee_ids, field, lock=True)
    found = await conflicts(uow.session, planner.viewer, people, slot, but=but)
    if found and planner.refuse_conflicts:
        raise ProblemError(
            409,
            "appointment_conflicts",
            "Somebody has something else planned then",
            field=field,
            hint="Choose another time, or repeat without refuse_conflicts.",
            extra={"conflicts": [each.model_dump(mode="json") for each in found]},
        )
    return Plan(people, found)
