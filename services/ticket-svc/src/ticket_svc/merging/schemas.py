"""Bodies of the API of account merges."""

from datetime import datetime

from pydantic import Field

from patchbay_kit.http import RequestModel, ResponseModel
from ticket_svc.params import RecordId


class MergeRequest(RequestModel):
    into_account_id: RecordId = Field(
        description="the account that stays", examples=["01a09eb7-0f94-7e74-838c-003dcdab8924"]
    )


class MergeNotice(ResponseModel):
    """Something that a merge changes beside moving records."""

    code: str
    message: str


class MergePreview(ResponseModel):
    """What a merge would do. Nothing has been changed."""

    account_id: str
    into_account_id: str
    counts: dict[str, int] = Field(
        description="records that would move, by kind", examples=[{"ticket": 12, "contact": 2}]
    )
    notices: list[MergeNotice]


class MergeView(ResponseModel):
    """A merge, with what it moved; it can be undone once."""

    id: str
    account_id: str
    into_id: str = Field(serialization_alias="into_account_id")
    counts: dict[str, int]
    merged_at: datetime
    merged_by: str
    undone_at: datetime | None
    undone_by: str | None


class UndoneMerge(MergeView):
    left: dict[str, int] = Field(
        description="records that stay, since they have moved on in between, by kind"
    )
