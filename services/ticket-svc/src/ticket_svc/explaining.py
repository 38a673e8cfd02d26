"""Stored reasons in words."""

from collections.abc import Iterable
from typing import Any

from pydantic import Field

from patchbay_contracts import ReasonCode, explanation
from patchbay_kit.http import ResponseModel


class ExplainedReason(ResponseModel):
    """One step of a decision."""

    code: str
    meaning: str
    remedy: str = Field(description="what to do about it; empty where nothing is wrong")
    params: dict[str, Any]


def explained(reasons: Iterable[dict[str, Any]]) -> list[ExplainedReason]:
    """The reasons as they are stored, with their meanings."""
    answers = []
    for reason in reasons:
        known = explanation(ReasonCode(reason["code"]))
        answers.append(
            ExplainedReason(
                code=reason["code"],
                meaning=known.meaning,
                remedy=known.remedy,
                params=reason.get("params", {}),
            )
        )
    return answers
