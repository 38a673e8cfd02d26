"""Bodies of the employees' API."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import Field, SecretStr, model_validator

from patchbay_kit.http import RequestModel, ResponseModel
from ticket_svc.params import Address

MIN_PASSWORD = 12
Name = Annotated[str, Field(min_length=1, max_length=200)]
Permissions = Annotated[list[str], Field(max_length=20, examples=[["desk"]])]
Password = Annotated[SecretStr, Field(min_length=MIN_PASSWORD, max_length=1024)]


class NewEmployee(RequestModel):
    name: Name
    email1: Address | None = None
    email2: Address | None = None
    receives_all_mail: bool = Field(default=False, description="subscribed to every new ticket")
    permissions: Permissions = Field(default_factory=lambda: ["desk"])
    password: Password | None = Field(default=None, description="without one nobody signs in")


class EmployeeChange(RequestModel):
    """Fields that are left out stay as they are; null empties an address."""

    name: Name | None = None
    email1: Address | None = None
    email2: Address | None = None
    active: bool | None = None
    receives_all_mail: bool | None = None
    permissions: Permissions | None = None

    @model_validator(mode="after")
    def _not_null(self) -> Self:
        for name in self.model_fields_set - {"email1", "email2"}:
            if getattr(self, name) is None:
                raise ValueError(f"{name} cannot be null")
        return self


class NewPassword(RequestModel):
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
    active: bool
    receives_all_mail: bool
    permissions: list[str]
    has_password: bool
    version: int
    created_at: datetime


class EmployeeSaved(EmployeeView):
    warnings: list[AddressWarning] = Field(default_factory=list)
