"""Bodies of the contracts' API."""

from datetime import date, datetime
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from patchbay_kit.http import RequestModel, ResponseModel
from ticket_svc.contracts.rules import WarningCode
from ticket_svc.moments import Day
from ticket_svc.params import RecordId

Kind = Literal["block_hours", "fixed", "time_and_materials"]
Name = Annotated[str, Field(min_length=1, max_length=200, examples=["Support 2026"])]
Minutes = Annotated[int, Field(ge=1, le=10_000_000, examples=[2400])]
Note = Annotated[str, Field(max_length=20_000)]

_NULLABLE = frozenset({"starts_on", "ends_on", "block_minutes"})


class NewContract(RequestModel):
    """A block of hours has `block_minutes`; the other kinds have none."""

    account_id: RecordId
    name: Name
    kind: Kind = Field(examples=["block_hours"])
    starts_on: Day | None = None
    ends_on: Day | None = Field(default=None, description="the last day")
    block_minutes: Minutes | None = None
    is_default: bool = Field(default=False, description="new tickets of the account get it")
    note: Note = ""


class ContractChange(RequestModel):
    """Fields that are left out stay as they are; null takes the days away."""

    name: Name | None = None
    starts_on: Day | None = None
    ends_on: Day | None = None
    block_minutes: Minutes | None = None
    is_default: bool | None = None
    note: Note | None = None

    @model_validator(mode="after")
    def _not_null(self) -> Self:
        for name in self.model_fields_set - _NULLABLE:
            if getattr(self, name) is None:
                raise ValueError(f"{name} cannot be null")
        return self


class WarningView(ResponseModel):
    """One reason to look before billing (X-21)."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"code": "ends_soon", "message": "It ends on 2026-12-31."}]}
    )

    code: WarningCode
    message: str


class ContractView(ResponseModel):
    """A contract with what there is to say before billing to it (X-21)."""

    id: str
    account_id: str
    name: str
    kind: Kind
    starts_on: date | None
    ends_on: date | None
    block_minutes: int | None
    used_minutes: int = Field(description="billable work under it, of a block of hours")
    remaining_minutes: int | None = Field(description="below zero where more was worked")
    is_default: bool
    closed_at: datetime | None
    archived_at: datetime | None
    note: str
    warnings: list[WarningView]
    version: int
    created_at: datetime
