"""Bodies of the contacts' API."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import Field, model_validator

from patchbay_kit.http import RequestModel, ResponseModel
from ticket_svc.accounts.schemas import Phone
from ticket_svc.custom_fields.schemas import CustomFieldsShown, CustomFieldValues
from ticket_svc.params import Address, RecordId

ContactName = Annotated[str, Field(min_length=1, max_length=200, examples=["Ann Example"])]
Title = Annotated[str, Field(max_length=200, examples=["Office manager"])]
_KEPT = frozenset({"name", "is_main", "custom_fields"})


class NewContact(RequestModel):
    """A person at an account."""

    account_id: RecordId
    name: ContactName
    title: Title | None = None
    email1: Address | None = None
    email2: Address | None = None
    phone: Phone | None = None
    is_main: bool = Field(default=False, description="the account's other main contact ends")
    custom_fields: CustomFieldValues = Field(default_factory=dict)


class ContactChange(RequestModel):
    """Fields that are left out stay as they are; null empties title, addresses and phone.

    Of `custom_fields` only the keys that are sent change; null removes one.
    """

    name: ContactName | None = None
    title: Title | None = None
    email1: Address | None = None
    email2: Address | None = None
    phone: Phone | None = None
    is_main: bool | None = None
    custom_fields: CustomFieldValues | None = None

    @model_validator(mode="after")
    def _not_null(self) -> Self:
        for name in sorted(self.model_fields_set & _KEPT):
            if getattr(self, name) is None:
                raise ValueError(f"{name} cannot be null")
        return self


class ContactView(ResponseModel):
    """An archived contact is never the main one."""

    id: str
    account_id: str
    name: str
    title: str | None
    email1: str | None
    email2: str | None
    phone: str | None
    is_main: bool
    custom_fields: CustomFieldsShown
    archived_at: datetime | None
    version: int
    created_at: datetime
