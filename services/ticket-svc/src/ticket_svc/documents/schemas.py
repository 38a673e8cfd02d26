"""Bodies of the documents' API. A file itself is sent and given as it is."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import Field, model_validator

from patchbay_kit.http import RequestModel, ResponseModel

Name = Annotated[str, Field(min_length=1, max_length=300, examples=["offer.pdf"])]


class DocumentChange(RequestModel):
    """Fields that are left out stay as they are."""

    name: Name | None = None
    public: bool | None = Field(default=None, description="customers may read it")

    @model_validator(mode="after")
    def _not_null(self) -> Self:
        for name in self.model_fields_set:
            if getattr(self, name) is None:
                raise ValueError(f"{name} cannot be null")
        return self


class DocumentView(ResponseModel):
    """A file; its content is at `/v1/documents/{id}/content`."""

    id: str
    ticket_id: str | None
    account_id: str
    name: str
    media_type: str = Field(description="read off the content, whatever the sender said")
    size: int = Field(description="bytes")
    public: bool
    created_by: str
    archived_at: datetime | None
    version: int
    created_at: datetime
