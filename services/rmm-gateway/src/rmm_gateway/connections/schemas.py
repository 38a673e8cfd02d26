"""Request and response bodies of connections."""

import re
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, SecretStr, StringConstraints

from patchbay_contracts import ConnectionState
from patchbay_kit.http import RequestModel, ResponseModel

_CODE = re.compile(r"[\x21-\x7e]{4,200}")


def _usable(code: SecretStr) -> SecretStr:
    # It travels in an HTTP header.
    if not _CODE.fullmatch(code.get_secret_value()):
        raise ValueError("a security code is 4 to 200 printable ASCII characters without blanks")
    return code


CloseOn = Literal["any_closed", "completed_only"]
Provider = Literal["continuum"]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]
PsgCode = Annotated[SecretStr, AfterValidator(_usable)]
Seconds = Annotated[float, Field(ge=1, le=86_400)]
Days = Annotated[int, Field(ge=0, le=3650)]


class ConnectionIn(RequestModel):
    """A new connection. Ticket processing is off until it is enabled (S1-23)."""

    name: Name
    provider: Provider = "continuum"
    base_url: Annotated[str, StringConstraints(min_length=8, max_length=500)]
    psg_code: PsgCode | None = Field(default=None, description="write-only (S1-17)")
    inventory_sync: bool = True
    import_cutoff_days: Days = 30
    close_on: CloseOn = "any_closed"
    poll_interval: Seconds = Field(default=5.0, description="seconds between looks at the queue")
    inventory_interval: Seconds = Field(default=900.0, description="seconds between inventories")


class ConnectionPatch(RequestModel):
    """What is given is changed; `psg_code: null` takes the code away."""

    name: Name | None = None
    base_url: Annotated[str, StringConstraints(min_length=8, max_length=500)] | None = None
    psg_code: PsgCode | None = None
    inventory_sync: bool | None = None
    import_cutoff_days: Days | None = None
    close_on: CloseOn | None = None
    poll_interval: Seconds | None = None
    inventory_interval: Seconds | None = None


class Activation(ResponseModel):
    """The remote's settings may take up to 24 hours to apply (S1-15)."""

    since: datetime
    until: datetime


class ConnectionOut(ResponseModel):
    """A connection and how it stands. The security code is never shown."""

    id: str
    name: str
    provider: str
    base_url: str
    has_psg_code: bool
    inventory_sync: bool
    ticket_processing: bool
    import_cutoff_days: int
    close_on: CloseOn
    poll_interval: float
    inventory_interval: float
    state: ConnectionState
    state_since: datetime
    state_detail: str | None
    activation: Activation | None
    held_count: int = Field(description="remote tickets that wait for ticket processing")
    importing: bool = Field(description="held tickets are being imported after enabling")
    rejected_count: int = Field(description="records that could not be read, not decided yet")
    last_poll_at: datetime | None
    next_poll_at: datetime
    watermark_at: datetime | None = Field(description="the remote queue was last seen empty")
    watermark_age_seconds: float | None
    last_inventory_at: datetime | None
    inventory_error: str | None
    last_error: str | None
    last_error_at: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime


class EnablePreview(ResponseModel):
    """What enabling ticket processing would do to the held tickets (S1-43)."""

    held: int
    would_import: int
    too_old: int
    oldest_held_at: datetime | None
    cutoff_at: datetime
    import_cutoff_days: int
    warnings: list[str] = Field(
        description="not_reachable, inventory_off, inventory_never_downloaded"
    )


class EnableIn(RequestModel):
    """`confirm` says that the preview was read (S1-24)."""

    confirm: bool = False


class CheckOut(ResponseModel):
    """What the remote system answered to a check."""

    ok: bool
    code: str
    detail: str | None
    connection: ConnectionOut


class ChangeOut(ResponseModel):
    """Who did what, and when; secrets appear as "changed" only."""

    id: str
    at: datetime
    actor: str
    action: str
    changes: dict[str, Any]


class RejectedItemOut(ResponseModel):
    """A record from the remote system that could not be read, as it came."""

    id: str
    source: str
    seq: int | None
    raw: str
    reason: str
    state: str
    received_at: datetime
    decided_at: datetime | None
    decided_by: str | None
