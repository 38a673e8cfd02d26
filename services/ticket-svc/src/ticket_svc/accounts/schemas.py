"""Bodies of the accounts' API."""

import re
from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, model_validator

from patchbay_kit.http import RequestModel, ResponseModel
from ticket_svc.custom_fields.schemas import CustomFieldsShown, CustomFieldValues
from ticket_svc.params import Address, RecordId

_WEBSITE = re.compile(r"https?://[^\s/@\\:?#]+(:\d{1,5})?([/?#]\S*)?", re.IGNORECASE)


def _website(text: str) -> str:
    """With a scheme; only the web's own, for people click on it."""
    with_scheme = text if "://" in text else f"https://{text}"
    if not _WEBSITE.fullmatch(with_scheme):
        raise ValueError("this is not the address of a website")
    return with_scheme


AccountName = Annotated[str, Field(min_length=1, max_length=300, examples=["ACME"])]
Phone = Annotated[str, Field(max_length=50, examples=["+1 555 0100"])]
Website = Annotated[
    str, Field(max_length=490, examples=["https://acme.example"]), AfterValidator(_website)
]
Note = Annotated[str, Field(max_length=20_000)]
# What no record is without: it may be left out of a change, but it cannot be emptied.
_KEPT = frozenset({"name", "note", "custom_fields"})


class NewAccount(RequestModel):
    """A client company."""

    name: AccountName
    manager_id: RecordId | None = Field(default=None, description="manages the account's tickets")
    email1: Address | None = None
    email2: Address | None = None
    phone: Phone | None = None
    fax: Phone | None = None
    website: Website | None = None
    note: Note = ""
    custom_fields: CustomFieldValues = Field(default_factory=dict)


class AccountChange(RequestModel):
    """Fields that are left out stay as they are; null empties all but name and note.

    Of `custom_fields` only the keys that are sent change; null removes one.
    """

    name: AccountName | None = None
    manager_id: RecordId | None = None
    email1: Address | None = None
    email2: Address | None = None
    phone: Phone | None = None
    fax: Phone | None = None
    website: Website | None = None
    note: Note | None = None
    custom_fields: CustomFieldValues | None = None

    @model_validator(mode="after")
    def _not_null(self) -> Self:
        for name in sorted(self.model_fields_set & _KEPT):
            if getattr(self, name) is None:
                raise ValueError(f"{name} cannot be null")
        return self


class AccountSummary(ResponseModel):
    """`auto_created` accounts stand for a remote site that nobody knew yet (S1-110).

    One that was merged names the account that it went into, and is in no list.
    """

    id: str
    name: str
    auto_created: bool
    manager_id: str | None
    email1: str | None
    email2: str | None
    phone: str | None
    fax: str | None
    website: str | None
    custom_fields: CustomFieldsShown
    merged_into_id: str | None
    archived_at: datetime | None
    version: int
    created_at: datetime


class Manager(ResponseModel):
    id: str
    name: str
    active: bool


class AccountContact(ResponseModel):
    id: str
    name: str
    title: str | None
    email1: str | None
    email2: str | None
    phone: str | None


class AccountLocation(ResponseModel):
    id: str
    name: str
    street: str | None
    city: str | None
    region: str | None
    postal_code: str | None
    country: str | None
    phone: str | None


class AccountView(AccountSummary):
    """An account with what belongs to it. Archived contacts and locations are left out."""

    note: str
    domains: list[str]
    manager: Manager | None
    main_contact: AccountContact | None
    secondary_contacts: list[AccountContact] = Field(
        description="the first hundred; all are at /v1/contacts?account_id="
    )
    main_location: AccountLocation | None

    @classmethod
    def of(cls, account: Any, **parts: Any) -> Self:
        """The account's own columns together with `parts`."""
        own = {name: getattr(account, name) for name in cls.model_fields.keys() - parts.keys()}
        return cls(**own, **parts)


class DomainView(ResponseModel):
    domain: str
    account_id: str
