"""Bodies of the custom fields' API, and the type of the fields' values in other bodies."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from patchbay_kit.http import RequestModel, ResponseModel
from ticket_svc.custom_fields.rules import MAX_TEXT

RecordKind = Literal["account", "contact", "asset", "ticket"]
FieldKind = Literal["text", "number", "flag", "date", "choice"]
Key = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,59}$", max_length=60)]
Label = Annotated[str, Field(min_length=1, max_length=200, examples=["Rack"])]
Choices = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=200)]],
    Field(max_length=200, examples=[["A", "B"]]),
]

# `custom_fields` in the body of a record: only the keys that are sent change, null removes one.
CustomFieldValues = Annotated[
    dict[
        Annotated[str, Field(max_length=60)],
        bool | int | float | Annotated[str, Field(max_length=MAX_TEXT)] | None,
    ],
    Field(max_length=100, examples=[{}]),
]
# And in what is answered.
CustomFieldsShown = dict[str, Any]


class NewCustomField(RequestModel):
    """`key` names the values in `custom_fields` of the records and stays as it is."""

    record: RecordKind = Field(examples=["asset"])
    key: Key = Field(examples=["rack"])
    label: Label
    kind: FieldKind = Field(examples=["choice"])
    choices: Choices = Field(default_factory=list, description="of the kind `choice`, in order")

    @model_validator(mode="after")
    def _choices_of_a_choice(self) -> Self:
        if (self.kind == "choice") != bool(self.choices):
            raise ValueError("a choice has choices, and nothing else has")
        if len(set(self.choices)) < len(self.choices):
            raise ValueError("each choice comes once")
        return self


class CustomFieldChange(RequestModel):
    """Fields that are left out stay as they are. Values that records have stay in any case."""

    label: Label | None = None
    choices: Choices | None = None

    @model_validator(mode="after")
    def _not_null(self) -> Self:
        for name in self.model_fields_set:
            if getattr(self, name) is None:
                raise ValueError(f"{name} cannot be null")
        if self.choices is not None and len(set(self.choices)) < len(self.choices):
            raise ValueError("each choice comes once")
        return self


class CustomFieldView(ResponseModel):
    id: str
    record: RecordKind
    key: str
    label: str
    kind: FieldKind
    choices: list[str]
    archived_at: datetime | None
    version: int
    created_at: datetime
