"""Bodies of the assets' API."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import Field, model_validator

from patchbay_kit.http import RequestModel, ResponseModel
from ticket_svc.custom_fields.schemas import CustomFieldsShown, CustomFieldValues
from ticket_svc.params import RecordId

AssetName = Annotated[str, Field(min_length=1, max_length=300, examples=["SRV-01"])]
Kind = Annotated[str, Field(max_length=100, examples=["server"])]
Word = Annotated[str, Field(max_length=200)]
Note = Annotated[str, Field(max_length=20_000)]
Attributes = Annotated[dict[str, Word], Field(max_length=100, examples=[{"os": "Debian"}])]
_KEPT = frozenset({"name", "kind", "note", "attributes", "custom_fields"})


class NewAsset(RequestModel):
    """A device, or anything else of an account that tickets are about."""

    account_id: RecordId
    name: AssetName
    kind: Kind = ""
    serial_number: Word | None = None
    manufacturer: Word | None = None
    location_id: RecordId | None = Field(
        default=None, description="of the same account; without one it is the main one (S3-33)"
    )
    department_id: RecordId | None = Field(default=None, description="of the same account (S3-50)")
    note: Note = ""
    attributes: Attributes = Field(default_factory=dict)
    custom_fields: CustomFieldValues = Field(default_factory=dict)


class AssetChange(RequestModel):
    """Fields that are left out stay as they are; null empties serial number, manufacturer,
    location and department.

    `attributes` are replaced; of `custom_fields` only the keys that are sent change, null removes
    one.
    """

    name: AssetName | None = None
    kind: Kind | None = None
    serial_number: Word | None = None
    manufacturer: Word | None = None
    location_id: RecordId | None = None
    department_id: RecordId | None = None
    note: Note | None = None
    attributes: Attributes | None = None
    custom_fields: CustomFieldValues | None = None

    @model_validator(mode="after")
    def _not_null(self) -> Self:
        for name in sorted(self.model_fields_set & _KEPT):
            if getattr(self, name) is None:
                raise ValueError(f"{name} cannot be null")
        return self


class AssetPlace(ResponseModel):
    """Where an asset stands. `inherited`: it has no location of its own, so that it is the
    account's main one (S3-32, S3-39).
    """

    id: str
    name: str
    inherited: bool


class AssetDepartment(ResponseModel):
    id: str
    name: str


class AssetView(ResponseModel):
    id: str
    account_id: str
    name: str
    kind: str
    serial_number: str | None
    manufacturer: str | None
    location_id: str | None = Field(description="its own; see `location` for where it stands")
    location: AssetPlace | None
    department_id: str | None
    department: AssetDepartment | None
    note: str
    attributes: dict[str, str]
    custom_fields: CustomFieldsShown
    archived_at: datetime | None
    version: int
    created_at: datetime
