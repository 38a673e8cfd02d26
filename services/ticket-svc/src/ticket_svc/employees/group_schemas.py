"""Bodies of the privilege groups' API."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import Field, model_validator

from patchbay_kit.http import RequestModel, ResponseModel
from ticket_svc.employees.schemas import Name, Permissions


class NewGroup(RequestModel):
    name: Annotated[Name, Field(examples=["Dispatchers"])]
    permissions: Permissions = Field(
        default_factory=list, description="what members may do beside what they hold themselves"
    )


class GroupChange(RequestModel):
    """Fields that are left out stay as they are."""

    name: Name | None = None
    permissions: Permissions | None = None

    @model_validator(mode="after")
    def _not_null(self) -> Self:
        for name in self.model_fields_set:
            if getattr(self, name) is None:
                raise ValueError(f"{name} cannot be null")
        return self


class GroupView(ResponseModel):
    """A privilege group (S1-125)."""

    id: str
    name: str
    permissions: list[str]
    version: int
    created_at: datetime


class GroupMember(ResponseModel):
    """An employee in the group."""

    id: str
    name: str
    active: bool
