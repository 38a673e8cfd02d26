"""Bodies of the charges' API. Money and quantities are decimal texts, never floats."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from patchbay_kit.http import RequestModel, ResponseModel
from ticket_svc.charges.rules import Kind
from ticket_svc.contracts.schemas import WarningView
from ticket_svc.moments import Moment
from ticket_svc.params import RecordId

Money = Annotated[str, Field(pattern=r"^[0-9]{1,6}(\.[0-9]{1,2})?$", examples=["120.00"])]
Quantity = Annotated[str, Field(pattern=r"^[0-9]{1,5}(\.[0-9]{1,3})?$", examples=["1.5"])]
# A month of work is the most that one charge holds.
Minutes = Annotated[int, Field(ge=1, le=44_640, examples=[90])]
Description = Annotated[str, Field(max_length=20_000, examples=["Replaced the disk."])]

_NULLABLE = frozenset({"employee_id"})


class NewCharge(RequestModel):
    """Work has `minutes`, an expense or a part has a `quantity`."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "kind": "work",
                    "description": "Replaced the disk.",
                    "minutes": 90,
                    "unit_price": "120.00",
                },
                {"kind": "part", "description": "Disk", "quantity": "2", "unit_price": "80.00"},
            ]
        }
    )

    kind: Kind
    description: Description = ""
    minutes: Minutes | None = None
    quantity: Quantity | None = Field(default=None, description="default: 1")
    unit_price: Money = Field(default="0", description="of an hour of work, else of one piece")
    billable: bool = True
    performed_at: Moment | None = Field(default=None, description="default: now")
    employee_id: RecordId | None = Field(default=None, description="default: the caller")
    contract_id: RecordId | None = Field(default=None, description="default: the ticket's")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.kind == "work") != (self.minutes is not None):
            raise ValueError("work has minutes, expenses and parts have none")
        if self.kind == "work" and self.quantity is not None:
            raise ValueError("work has no quantity")
        return self


class ChargeChange(RequestModel):
    """Fields that are left out stay as they are; a charge keeps its kind."""

    description: Description | None = None
    minutes: Minutes | None = None
    quantity: Quantity | None = None
    unit_price: Money | None = None
    billable: bool | None = None
    performed_at: Moment | None = None
    employee_id: RecordId | None = None
    contract_id: RecordId | None = None

    @model_validator(mode="after")
    def _not_null(self) -> Self:
        for name in self.model_fields_set - _NULLABLE:
            if getattr(self, name) is None:
                raise ValueError(f"{name} cannot be null")
        return self


class ChargeView(ResponseModel):
    """A charge. `amount` is computed; a half of a hundredth goes to the even neighbour."""

    id: str
    ticket_id: str
    account_id: str
    contract_id: str | None
    employee_id: str | None
    kind: Literal["work", "expense", "part"]
    description: str
    minutes: int | None
    quantity: str
    unit_price: str
    amount: str
    billable: bool
    performed_at: datetime
    created_by: str
    version: int
    created_at: datetime


class ChargeSaved(ChargeView):
    """With what its contract warns of now (X-21)."""

    warnings: list[WarningView]
    remaining_minutes: int | None = Field(description="of the contract's block, after the charge")


class ChargeTotals(ResponseModel):
    """What is charged on a ticket."""

    count: int
    minutes: int
    billable_minutes: int
    amount: str
    billable_amount: str
