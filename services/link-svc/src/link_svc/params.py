"""Query parameters that the features share."""

from typing import Annotated

from fastapi import Query

QueryText = Annotated[str | None, Query(max_length=200)]
