"""Bodies of the accounts' and contacts' API."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import Field, model_validator

from patchbay_kit.http import RequestModel, ResponseModel
from ticket_svc.params import Address, RecordId

AccountName = Annotated[str, Field(min_length=1, max_length=300)]
ContactName = Annotated[str, Field(min_length=1, max_length=200)]


class NewAccount(RequestModel):
    name: AccountName
    manager_id: RecordId | None = Field(default=None, description="manages the account's tickets")
    email1: Address | None = None
    email2: Address | None = None


class AccountChange(RequestModel):
    """Fields that are left out stay as they are; null empties all but the name."""

    name: AccountName | None = None
    manager_id: RecordId | None = None
    email1: Address | None = None
    email2: Address | None = None

    @model_validator(mode="after")
    def _named(self) -> Self:
        if "name" in self.model_fields_set and self.name is None:
            raise ValueError("name cannot be null")
        return self


class AccountSummary(ResponseModel):
    """`auto_created` accounts stand for a remote site that nobody knew yet (S1-110)."""

    id: str
    name: str
    auto_created: bool
    manager_id: str | None
    email1: str | None
    email2: str | None
    version: int
    created_at: datetime


class AccountView(AccountSummary):
    domains: list[str]


class DomainView(ResponseModel):
    domain: str
    account_id: str


class NewContact(RequestModel):
    account_id: RecordId
    name: ContactName
    email1: Address | None = None
    email2: Address | None = None
    is_main: bool = Field(default=False, description="the account's other main contact ends")


class ContactChange(RequestModel):
    """Fields that are left out stay as they are; null empties an address."""

    name: ContactName | None = None
    email1: Address | None = None
    email2: Address | None = None
    is_main: bool | None = None

    @model_validator(mode="after")
    def _not_null(self) -> Self:
        for name in self.model_fields_set - {"email1", "email2"}:
            if getattr(self, name) is None:
                raise ValueError(f"{name} cannot be null")
        return self


class ContactView(ResponseModel):
    id: str
    account_id: str
    name: str
    email1: str | None
    email2: str | None
    is_main: bool
    version: int
    created_at: datetime
