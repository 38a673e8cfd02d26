"""The desk's settings, with their defaults."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from ticket_svc.desk.statuses import Priority, StatusCode

Label = Annotated[str, Field(min_length=1, max_length=60)]
TypeCode = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,59}$")]
StatusLabels = Annotated[
    dict[StatusCode, Label],
    Field(
        description="other labels of statuses; the codes are fixed (X-19)",
        examples=[{"waiting": "Waiting for the customer"}],
    ),
]
PriorityLabels = Annotated[
    dict[Priority, Label],
    Field(description="other labels of priorities", examples=[{"critical": "Emergency"}]),
]
TicketTypes = Annotated[
    dict[TypeCode, Label],
    Field(
        max_length=100,
        description="the types of tickets, labels by code",
        examples=[{"incident": "Incident", "request": "Service request"}],
    ),
]
ReadDwell = Annotated[
    int,
    Field(
        ge=0,
        le=60,
        description="seconds of looking at a ticket after which a frontend marks it read (S2-62)",
    ),
]
TemporaryAccountNames = Annotated[
    dict[
        Annotated[str, Field(min_length=1, max_length=64)],
        Annotated[str, Field(min_length=1, max_length=200, pattern=r"\{site\}")],
    ],
    Field(
        max_length=200,
        description="names of accounts that are made for unknown sites, by connection id; `{site}`"
        " is the site's name. Others: `[Continuum AUTO CREATED] + {site}` (S1-110)",
        examples=[{"01a1f9c0-7b0e-7c33-b8f3-3d1f6f0a9c11": "NEW (Kaseya): {site}"}],
    ),
]
CustomerMayChange = Annotated[
    list[Literal["description", "priority"]],
    Field(max_length=2, description="what customers change of their own open tickets"),
]


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
    status_labels: StatusLabels = Field(default_factory=dict)
    priority_labels: PriorityLabels = Field(default_factory=dict)
    ticket_types: TicketTypes = Field(
        default_factory=lambda: {
            "incident": "Incident",
            "request": "Request",
            "problem": "Problem",
            "maintenance": "Maintenance",
        }
    )
    read_dwell_seconds: ReadDwell = 3
    dispatch_new_tickets: bool = Field(
        default=False, description="new tickets wait for dispatching unless said otherwise (X-18)"
    )
    temporary_account_names: TemporaryAccountNames = Field(default_factory=dict)
    customer_may_change: CustomerMayChange = Field(default=["description", "priority"])
    customer_may_close: bool = Field(
        default=False, description="customers close their own tickets in the portal"
    )
