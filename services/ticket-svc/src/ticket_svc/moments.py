"""Times and days in requests, bounded so that both databases and every calendar hold them."""

from datetime import UTC, date, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, Field

_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = datetime(2200, 1, 1, tzinfo=UTC)


def _moment(value: datetime) -> datetime:
    if not _EARLIEST <= value < _LATEST:
        raise ValueError("the time must be in the years 1970 to 2199")
    return value.astimezone(UTC)


def _day(value: date) -> date:
    if not _EARLIEST.date() <= value < _LATEST.date():
        raise ValueError("the day must be in the years 1970 to 2199")
    return value


# A time with its offset, kept as UTC.
Moment = Annotated[AwareDatetime, AfterValidator(_moment)]
Day = Annotated[date, AfterValidator(_day)]
QueryMoment = Annotated[Moment | None, Field(examples=["2026-11-20T08:00:00Z"])]
