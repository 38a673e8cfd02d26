"""Bodies of the departments' API."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import Field, model_validator

from patchbay_kit.http import RequestModel, ResponseModel
from ticket_svc.params import RecordId

DepartmentName = Annotated[str, Field(min_length=1, max_length=200, examples=["Finance"])]


class NewDepartment(RequestModel):
    account_id: RecordId
    name: DepartmentName


class DepartmentChange(RequestModel):
    """What is left out stays as it is."""

    name: DepartmentName | None = None

    @model_validator(mode="after")
    def _named(self) -> Self:
        if "name" in self.model_fields_set and self.name is None:
            raise ValueError("name cannot be null")
        return self


class DepartmentView(ResponseModel):
    id: str
    account_id: str
    name: str
    archived_at: datetime | None
    version: int
    created_at: datetime
