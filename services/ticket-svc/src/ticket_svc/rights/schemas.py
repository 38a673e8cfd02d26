"""Bodies of the privilege groups' and API keys' APIs."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import AwareDatetime, Field, model_validator

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


class NewApiKey(RequestModel):
    name: Annotated[Name, Field(examples=["Monitoring"])]
    scopes: Permissions = Field(
        min_length=1, description="permissions; nobody gives what they do not hold"
    )
    expires_at: AwareDatetime | None = Field(
        default=None, description="it is refused from then on; without it, until it is revoked"
    )


class ApiKeyView(ResponseModel):
    """A program's key; what it is made of never comes out again."""

    id: str
    name: str
    hint: str = Field(description="how the key begins", examples=["pbk_4f9a01c2"])
    scopes: list[str]
    created_by: str = Field(examples=["employee:0192f0c1-0000-7000-8000-000000000000"])
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None = Field(description="to the minute")
    revoked_at: datetime | None


class ApiKeyMade(ApiKeyView):
    key: str = Field(description="shown this once: keep it like a password")
