"""Bodies of the settings' API."""

from typing import Self

from pydantic import Field, model_validator

from patchbay_kit.http import RequestModel
from ticket_svc.desk.schemas import (
    CustomerMayChange,
    PriorityLabels,
    ReadDwell,
    StatusLabels,
    TemporaryAccountNames,
    TicketTypes,
)
from ticket_svc.params import Address, RecordId

_NULLABLE = frozenset({"own_account_id", "default_manager_id", "internal_address"})


class SettingsChange(RequestModel):
    """Settings that are left out stay as they are; null takes back what may be unset."""

    own_account_id: RecordId | None = None
    default_manager_id: RecordId | None = None
    support_address: Address | None = None
    internal_address: Address | None = None
    forward_to_internal: bool | None = None
    auto_answer: bool | None = None
    auto_answer_cap_per_hour: int | None = Field(default=None, ge=0, le=1000)
    status_labels: StatusLabels | None = None
    priority_labels: PriorityLabels | None = None
    ticket_types: TicketTypes | None = None
    read_dwell_seconds: ReadDwell | None = None
    temporary_account_names: TemporaryAccountNames | None = None
    dispatch_new_tickets: bool | None = None
    customer_may_change: CustomerMayChange | None = None
    customer_may_close: bool | None = None

    @model_validator(mode="after")
    def _not_null(self) -> Self:
        for name in self.model_fields_set - _NULLABLE:
            if getattr(self, name) is None:
                raise ValueError(f"{name} cannot be null")
        return self
