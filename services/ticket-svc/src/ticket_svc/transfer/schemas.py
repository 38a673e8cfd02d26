"""What an import answers."""

from pydantic import Field

from patchbay_kit.http import ResponseModel


class RowError(ResponseModel):
    """Why a row was refused. The header is row 1, as spreadsheets count."""

    row: int = Field(examples=[7])
    column: str | None = Field(examples=["email1"])
    code: str = Field(examples=["value_invalid"])
    message: str


class ImportReport(ResponseModel):
    """What the import did, or in a dry run would do. `applied`: whether anything was written."""

    dry_run: bool
    applied: bool
    rows: int = Field(examples=[3])
    created: int = Field(examples=[1])
    updated: int = Field(examples=[1])
    unchanged: int = Field(examples=[1])
    failed: int = Field(examples=[0])
    errors: list[RowError] = Field(description="in the order of the rows, the first thousand")
