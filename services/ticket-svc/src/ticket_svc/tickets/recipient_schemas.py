"""Bodies of the recipients' API (S2-117 .. S2-138)."""

from typing import Literal, Self

from pydantic import ConfigDict, Field, model_validator
from pydantic.config import JsonDict

from patchbay_kit.http import RequestModel, ResponseModel
from ticket_svc.params import Address, RecordId

Place = Literal["to", "cc", "bcc"]
Role = Literal["ticket_manager", "account_manager"]


class ExternalRecipient(RequestModel):
    """A customer's address; it need not belong to anybody whom we know (S2-118)."""

    email: Address
    name: str = Field(default="", max_length=200)
    contact_id: RecordId | None = None
    place: Place = "to"


class EmployeeRecipient(RequestModel):
    """An employee, or whoever holds a role when mail is sent (S2-126)."""

    employee_id: RecordId | None = None
    role: Role | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.employee_id is None) == (self.role is None):
            raise ValueError("name either an employee or a role")
        return self


class Recipients(RequestModel):
    """Both lists; writing replaces them."""

    external: list[ExternalRecipient] = Field(default_factory=list, max_length=200)
    employees: list[EmployeeRecipient] = Field(default_factory=list, max_length=200)


class NewRecipientRequest(RequestModel):
    """One recipient more: an address, a contact, an account, an employee or a role.

    A customer stands in To unless said otherwise (S2-127, S2-128).
    """

    email: Address | None = Field(default=None, examples=["ann@acme.example"])
    name: str = Field(default="", max_length=200, description="of a typed address")
    contact_id: RecordId | None = None
    account_id: RecordId | None = None
    employee_id: RecordId | None = None
    role: Role | None = None
    place: Place = "to"

    @model_validator(mode="after")
    def _one(self) -> Self:
        given = [n for n in _KINDS if getattr(self, n) is not None]
        if len(given) != 1:
            raise ValueError(f"name one of {', '.join(_KINDS)}")
        return self


_KINDS = ("email", "contact_id", "account_id", "employee_id", "role")


_ANN: JsonDict = {
    "id": "0199c8a0-6a2f-7c3e-9d41-2f6f5b7a1c11",
    "list_name": "external",
    "place": "to",
    "contact_id": "0199c8a0-6a2f-7c3e-9d41-2f6f5b7a1c21",
    "name": "Ann Example",
    "email": "ann@acme.example",
}
_MANAGER: JsonDict = {
    "id": "0199c8a0-6a2f-7c3e-9d41-2f6f5b7a1c12",
    "list_name": "employee",
    "place": "to",
    "role": "ticket_manager",
    "name": "Mia Manager",
    "email": "mia@msp.example",
}


class RecipientView(ResponseModel):
    """One row of a recipient list; `email` of an employee is who would get mail now."""

    model_config = ConfigDict(json_schema_extra={"examples": [_ANN, _MANAGER]})

    id: str
    list_name: Literal["external", "employee"]
    place: Place
    role: Role | None
    employee_id: str | None
    contact_id: str | None
    name: str
    email: str | None


class RecipientLists(ResponseModel):
    """Both lists of a ticket."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"external": [_ANN], "employees": [_MANAGER]}]}
    )

    external: list[RecipientView]
    employees: list[RecipientView]


class Candidate(ResponseModel):
    """Somebody who can be added; `place` is where they would stand."""

    kind: Literal["contact", "account", "employee", "role"]
    id: str = Field(description="of the record; of a role its name")
    name: str
    email: str | None = Field(description="of a role: who holds it now")
    is_recipient: bool


class Candidates(ResponseModel):
    """The menus of the recipient lists (S2-126, S2-127)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "external": [
                        {
                            "kind": "contact",
                            "id": "0199c8a0-6a2f-7c3e-9d41-2f6f5b7a1c21",
                            "name": "Ann Example",
                            "email": "ann@acme.example",
                            "is_recipient": True,
                        }
                    ],
                    "employees": [
                        {
                            "kind": "role",
                            "id": "ticket_manager",
                            "name": "Ticket manager",
                            "email": "mia@msp.example",
                            "is_recipient": True,
                        }
                    ],
                }
            ]
        }
    )

    external: list[Candidate]
    employees: list[Candidate]


class Subscription(ResponseModel):
    """Whether the caller gets the ticket's mail."""

    subscribed: bool
