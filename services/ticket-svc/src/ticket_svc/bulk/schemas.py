"""Bodies of bulk actions on records of any kind."""

from abc import abstractmethod
from typing import Annotated, Any, Generic, Literal, Self, TypeVar

from pydantic import ConfigDict, Field, model_validator

from patchbay_kit.http import Problem, RequestModel, ResponseModel
from ticket_svc.accounts.contact_schemas import ContactChange
from ticket_svc.accounts.schemas import AccountChange
from ticket_svc.assets.schemas import AssetChange

MAX_ITEMS = 200
_EXAMPLE_ID = "0199c8a0-6a2f-7c3e-9d41-2f6f5b7a1c01"

Key = Annotated[str, Field(min_length=1, max_length=64)]
Version = Annotated[int, Field(ge=0, le=2**31 - 1)]
Versions = Annotated[
    dict[Key, Version],
    Field(
        max_length=MAX_ITEMS,
        description="the version that an item must have, by the item as the list names it",
    ),
]


class ItemResult(ResponseModel):
    """What became of one item; `problem` is what its single call would have answered."""

    status: int = Field(
        description="200, or that of the problem: 403, 404, 409, 412 or 422", examples=[200]
    )
    version: int | None = Field(default=None, description="after the action", examples=[4])
    problem: Problem | None = None


T = TypeVar("T", bound=ItemResult)


class BulkRequest(RequestModel, Generic[T]):
    """What every bulk action can say beside its items and its action."""

    if_match: Versions = Field(default_factory=dict)
    atomic: bool = Field(default=False, description="all or nothing: 409 where an item fails")

    @abstractmethod
    def named(self) -> list[str]:
        """The items as the request names them."""

    @abstractmethod
    def result(self, key: str, **members: Any) -> T:
        """The result of an item."""

    @model_validator(mode="after")
    def _listed(self) -> Self:
        unlisted = self.if_match.keys() - set(self.named())
        if unlisted:
            raise ValueError(f"if_match names {min(unlisted)!r}, which is not in the list")
        return self


class BulkResult(ResponseModel, Generic[T]):
    """A result for each item, in the order of the request."""

    succeeded: int = Field(examples=[1])
    failed: int = Field(examples=[0])
    items: list[T]

    @classmethod
    def of(cls, items: list[T]) -> Self:
        """The results and how many of them are good."""
        good = sum(each.status == 200 for each in items)
        return cls(succeeded=good, failed=len(items) - good, items=items)


class Archive(RequestModel):
    """Archive it."""

    kind: Literal["archive"]


class Restore(RequestModel):
    """Take it out of the archive."""

    kind: Literal["restore"]


class ChangeAccount(RequestModel):
    """Change fields, as PATCH does."""

    kind: Literal["change"]
    fields: AccountChange


class ChangeContact(RequestModel):
    """Change fields, as PATCH does."""

    kind: Literal["change"]
    fields: ContactChange


class ChangeAsset(RequestModel):
    """Change fields, as PATCH does."""

    kind: Literal["change"]
    fields: AssetChange


def _examples(action: dict[str, Any]) -> dict[str, Any]:
    return {"examples": [action]}


AccountAction = Annotated[
    Archive | Restore | ChangeAccount,
    Field(discriminator="kind", json_schema_extra=_examples({"kind": "archive"})),
]
ContactAction = Annotated[
    Archive | Restore | ChangeContact,
    Field(discriminator="kind", json_schema_extra=_examples({"kind": "archive"})),
]
AssetAction = Annotated[
    Archive | Restore | ChangeAsset,
    Field(
        discriminator="kind",
        json_schema_extra=_examples({"kind": "change", "fields": {"kind": "server"}}),
    ),
]
Ids = Annotated[list[Key], Field(min_length=1, max_length=MAX_ITEMS, examples=[[_EXAMPLE_ID]])]


class RecordResult(ItemResult):
    """What became of one record."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"id": _EXAMPLE_ID, "status": 200, "version": 4}]}
    )

    id: str = Field(description="as the request has it")


class RecordBulk(BulkRequest[RecordResult]):
    """Records by their ids, 200 at most."""

    ids: Ids

    def named(self) -> list[str]:
        return self.ids

    def result(self, key: str, **members: Any) -> RecordResult:
        return RecordResult(id=key, **members)


class AccountBulk(RecordBulk):
    """One action on many accounts."""

    action: AccountAction


class ContactBulk(RecordBulk):
    """One action on many contacts."""

    action: ContactAction


class AssetBulk(RecordBulk):
    """One action on many assets."""

    action: AssetAction
