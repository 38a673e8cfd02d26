"""What there is to say about a contract before work is billed to it. Pure."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal, Protocol

WarningCode = Literal["used_up", "ended", "not_started", "ends_soon"]

# So long before its end a contract is worth a word with the customer.
SOON = timedelta(days=30)


class Terms(Protocol):
    """The members of a contract that the rules look at."""

    kind: str
    starts_on: date | None
    ends_on: date | None
    block_minutes: int | None
    used_minutes: int


@dataclass(frozen=True, slots=True)
class ContractWarning:
    """One reason to look before billing (X-21)."""

    code: WarningCode
    message: str


def warnings(contract: Terms, today: date) -> list[ContractWarning]:
    """What the user is warned of (X-21). The last day belongs to the contract."""
    found = []
    if is_used_up(contract):
        text = f"All {contract.block_minutes} minutes of the block are used."
        found.append(ContractWarning("used_up", text))
    if contract.starts_on is not None and today < contract.starts_on:
        found.append(ContractWarning("not_started", f"It starts on {contract.starts_on}."))
    if contract.ends_on is not None and today > contract.ends_on:
        found.append(ContractWarning("ended", f"It ended on {contract.ends_on}."))
    elif contract.ends_on is not None and contract.ends_on - today <= SOON:
        found.append(ContractWarning("ends_soon", f"It ends on {contract.ends_on}."))
    return found


def is_used_up(contract: Terms) -> bool:
    """Whether nothing of the block is left."""
    remaining = remaining_minutes(contract)
    return remaining is not None and remaining <= 0


def remaining_minutes(contract: Terms) -> int | None:
    """What is left of the block, below zero where more was worked; None without a block."""
    if contract.block_minutes is None:
        return None
    return contract.block_minutes - contract.used_minutes


def crosses(block_minutes: int | None, before: int, after: int) -> bool:
    """Whether the use from `before` to `after` takes the last of the block."""
    return block_minutes is not None and before < block_minutes <= after
