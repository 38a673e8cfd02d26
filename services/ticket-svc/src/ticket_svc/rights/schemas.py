"""Bodies of the API keys' API."""

from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, Field

from patchbay_kit.http import RequestModel, ResponseModel
from ticket_svc.employees.schemas import Name, Permissions


class NewApiKey(RequestModel):
    name: Annotated[Name, Field(examples=["Monitoring"])]
    scopes: Permissions = Field(
        min_length=1, description="permissions; nobody gives what they do not hold"
    )
    expires_at: AwareDatetime | None = Field(
        default=None, description="it is refused from then on; without it, until it is revoked"
    )


class ApiKeyView(ResponseModel):
    """A program's key; what it is made of never comes out again."""

    id: str
    name: str
    hint: str = Field(description="how the key begins", examples=["pbk_4f9a01c2"])
    scopes: list[str]
    created_by: str = Field(examples=["employee:0192f0c1-0000-7000-8000-000000000000"])
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None = Field(description="to the minute")
    revoked_at: datetime | None


class ApiKeyMade(ApiKeyView):
    key: str = Field(description="shown this once: keep it like a password")
