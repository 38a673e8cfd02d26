"""Bodies of the locations' API."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import Field, model_validator

from patchbay_kit.http import RequestModel, ResponseModel
from ticket_svc.params import RecordId

LocationName = Annotated[str, Field(min_length=1, max_length=200, examples=["Head office"])]
Street = Annotated[str, Field(max_length=300, examples=["1 Main Street"])]
Place = Annotated[str, Field(max_length=200)]
PostalCode = Annotated[str, Field(max_length=20)]
Country = Annotated[str, Field(max_length=100)]
Phone = Annotated[str, Field(max_length=50)]


class NewLocation(RequestModel):
    """The first one of an account is its main one."""

    account_id: RecordId
    name: LocationName
    street: Street | None = None
    city: Place | None = None
    region: Place | None = None
    postal_code: PostalCode | None = None
    country: Country | None = None
    phone: Phone | None = None


class LocationChange(RequestModel):
    """Fields that are left out stay as they are; null empties all but the name."""

    name: LocationName | None = None
    street: Street | None = None
    city: Place | None = None
    region: Place | None = None
    postal_code: PostalCode | None = None
    country: Country | None = None
    phone: Phone | None = None

    @model_validator(mode="after")
    def _named(self) -> Self:
        if "name" in self.model_fields_set and self.name is None:
            raise ValueError("name cannot be null")
        return self


class LocationView(ResponseModel):
    """`remote_key` is the machine group that an imported one stands for (S3-43)."""

    id: str
    account_id: str
    name: str
    is_main: bool
    street: str | None
    city: str | None
    region: str | None
    postal_code: str | None
    country: str | None
    phone: str | None
    remote_key: str | None
    archived_at: datetime | None
    version: int
    created_at: datetime
