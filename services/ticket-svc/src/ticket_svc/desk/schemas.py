"""The desk's settings, with their defaults."""

from pydantic import BaseModel, ConfigDict, Field


class DeskSettings(BaseModel):
    """What the desk is set to. Changing one acts at once."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    own_account_id: str | None = Field(default=None, description="our own company (S1-117)")
    default_manager_id: str | None = Field(
        default=None, description="default ticket manager (S1-57)"
    )
    support_address: str = Field(default="support@localhost", max_length=320)
    internal_address: str | None = Field(default=None, max_length=320)
    forward_to_internal: bool = Field(
        default=False,
        description="customer mail goes to the internal address as well (ruling C-18)",
    )
    auto_answer: bool = True
    auto_answer_cap_per_hour: int = Field(default=5, ge=0, le=1000)
