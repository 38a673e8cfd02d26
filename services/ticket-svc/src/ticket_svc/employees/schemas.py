"""Bodies of the employees' API."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import Field, SecretStr, model_validator

from patchbay_kit.http import RequestModel, ResponseModel
from ticket_svc.employees.rules import MIN_PASSWORD
from ticket_svc.params import Address

Name = Annotated[str, Field(min_length=1, max_length=200)]
Permissions = Annotated[list[str], Field(max_length=20, examples=[["desk"]])]
Password = Annotated[SecretStr, Field(min_length=MIN_PASSWORD, max_length=1024)]
Phone = Annotated[str, Field(max_length=50, examples=["+49 30 1234567"])]


class NewEmployee(RequestModel):
    name: Name
    email1: Address | None = None
    email2: Address | None = None
    phone: Phone | None = None
    receives_all_mail: bool = Field(default=False, description="subscribed to every new ticket")
    permissions: Permissions = Field(default_factory=lambda: ["desk"])
    password: Password | None = Field(default=None, description="without one nobody signs in")


class EmployeeChange(RequestModel):
    """Fields that are left out stay as they are; null empties an address or the phone."""

    name: Name | None = None
    email1: Address | None = None
    email2: Address | None = None
    phone: Phone | None = None
    active: bool | None = None
    receives_all_mail: bool | None = None
    permissions: Permissions | None = None

    @model_validator(mode="after")
    def _not_null(self) -> Self:
        for name in self.model_fields_set - {"email1", "email2", "phone"}:
            if getattr(self, name) is None:
                raise ValueError(f"{name} cannot be null")
        return self


class OwnOptions(RequestModel):
    """What employees say about themselves; what is left out stays as it is."""

    receives_all_mail: bool | None = Field(
        default=None, description="be subscribed to every new ticket (S2-136)"
    )
    phone: Phone | None = None

    @model_validator(mode="after")
    def _not_null(self) -> Self:
        if "receives_all_mail" in self.model_fields_set and self.receives_all_mail is None:
            raise ValueError("receives_all_mail cannot be null")
        return self


class NewPassword(RequestModel):
    password: Password


class Acceptance(RequestModel):
    """Of an invitation."""

    token: Annotated[SecretStr, Field(min_length=1, max_length=100)]
    password: Password


class AddressWarning(ResponseModel):
    """Something that is allowed but will not work as one may expect."""

    code: str
    field: str
    message: str


class EmployeeView(ResponseModel):
    """An employee; the password never leaves."""

    id: str
    name: str
    email1: str | None
    email2: str | None
    phone: str | None
    active: bool
    receives_all_mail: bool
    permissions: list[str] = Field(description="their own, beside those of their groups")
    has_password: bool
    version: int
    created_at: datetime


class HeldGroup(ResponseModel):
    """A privilege group that the employee is in."""

    id: str
    name: str


class EmployeeSaved(EmployeeView):
    groups: list[HeldGroup]
    effective_permissions: list[str] = Field(description="with those of the groups")
    warnings: list[AddressWarning] = Field(default_factory=list)
