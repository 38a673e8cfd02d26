"""Bodies of the assets' API."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import Field, model_validator

from patchbay_kit.http import RequestModel, ResponseModel
from ticket_svc.params import RecordId

AssetName = Annotated[str, Field(min_length=1, max_length=300)]
Word = Annotated[str, Field(max_length=200)]
Note = Annotated[str, Field(max_length=20_000)]
Attributes = Annotated[dict[str, Word], Field(max_length=100)]


class NewAsset(RequestModel):
    account_id: RecordId
    name: AssetName
    serial_number: Word | None = None
    manufacturer: Word | None = None
    note: Note = ""
    attributes: Attributes = Field(default_factory=dict)


class AssetChange(RequestModel):
    """Fields that are left out stay as they are; null empties serial number and manufacturer."""

    name: AssetName | None = None
    serial_number: Word | None = None
    manufacturer: Word | None = None
    note: Note | None = None
    attributes: Attributes | None = None

    @model_validator(mode="after")
    def _not_null(self) -> Self:
        for name in self.model_fields_set - {"serial_number", "manufacturer"}:
            if getattr(self, name) is None:
                raise ValueError(f"{name} cannot be null")
        return self


class AssetView(ResponseModel):
    id: str
    account_id: str
    name: str
    serial_number: str | None
    manufacturer: str | None
    note: str
    attributes: dict[str, str]
    version: int
    created_at: datetime
