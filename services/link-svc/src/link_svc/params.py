"""Query parameters that both features share."""

from typing import Annotated

from fastapi import Query
from pydantic import AfterValidator

from patchbay_kit.http.models import without_nul


def _clean(value: str) -> str:
    """PostgreSQL cannot take NUL in text, so it is dropped."""
    cleaned: str = without_nul(value)
    return cleaned


QueryText = Annotated[str | None, Query(max_length=200), AfterValidator(lambda v: v and _clean(v))]
