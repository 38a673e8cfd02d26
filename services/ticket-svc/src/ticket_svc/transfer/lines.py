"""A row of an import as the values of a record: cells parsed, errors named by row and column."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn, TypeVar
from uuid import UUID

from pydantic import ValidationError

from patchbay_kit.errors import ProblemError
from patchbay_kit.http import RequestModel
from ticket_svc.custom_fields.rules import Definition
from ticket_svc.transfer.rules import CUSTOM, SheetRow
from ticket_svc.transfer.schemas import RowError

_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")
_FLAGS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}

M = TypeVar("M", bound=RequestModel)


class RowRefusedError(ValueError):
    """A row that cannot be imported."""

    def __init__(self, code: str, message: str, column: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.column = column


@dataclass(slots=True)
class Line:
    """A row's values by field: None for an empty cell. `custom` are those of custom fields."""

    number: int
    values: dict[str, Any]
    custom: dict[str, Any] = field(default_factory=dict)

    def id_in(self, column: str) -> str | None:
        """The id in a column; RowRefusedError for any other text."""
        text = self.values.get(column)
        if text is None:
            return None
        try:
            return str(UUID(text))
        except ValueError:
            raise RowRefusedError("id_invalid", "This is not an id of ours.", column) from None

    def body(self, model: type[M], fields: Sequence[str], blanks: Mapping[str, Any]) -> M:
        """The values of `fields` as a body of the API; `blanks` are what empty cells mean."""
        members: dict[str, Any] = {}
        for name in fields:
            if name in self.values:
                value = self.values[name]
                if value is None and name == "name":
                    raise RowRefusedError("value_missing", "A name is needed.", name)
                members[name] = blanks.get(name) if value is None else value
        if self.custom:
            members["custom_fields"] = self.custom
        return model.model_validate(members)


def line_of(row: SheetRow, flags: frozenset[str], definitions: Mapping[str, Definition]) -> Line:
    """The row's values; RowRefusedError where a cell is not what its column takes."""
    if row.surplus:
        raise RowRefusedError("row_too_long", "The row has more cells than the header.")
    line = Line(row.number, {})
    for column, cell in row.cells.items():
        if column.startswith(CUSTOM):
            key = column.removeprefix(CUSTOM)
            line.custom[key] = _custom(definitions[key], cell) if cell else None
        elif column in flags:
            if cell:  # An empty cell leaves it as it is.
                line.values[column] = _flag(cell, column)
        else:
            line.values[column] = cell or None
    return line


def row_errors(number: int, error: Exception) -> list[RowError]:
    """What is wrong with a row, by column."""
    if isinstance(error, RowRefusedError):
        return [RowError(row=number, column=error.column, code=error.code, message=str(error))]
    if isinstance(error, ProblemError):
        message = error.detail or error.title
        column = _column((error.field or "").strip("/").split("/"))
        return [RowError(row=number, column=column, code=error.code, message=message)]
    if isinstance(error, ValidationError):
        return [
            RowError(
                row=number,
                column=_column([str(part) for part in each["loc"]]),
                code="value_missing" if each["type"] == "missing" else "value_invalid",
                message=each["msg"].removeprefix("Value error, "),
            )
            for each in error.errors(include_url=False, include_input=False)
        ]
    return _unexpected(error)


def _unexpected(error: Exception) -> NoReturn:
    raise error


def _column(path: Sequence[str]) -> str | None:
    """The column of a path into a body."""
    if len(path) > 1 and path[0] == "custom_fields":
        return CUSTOM + path[1]
    return path[0] or None if path else None


def _flag(cell: str, column: str) -> bool:
    try:
        return _FLAGS[cell.lower()]
    except KeyError:
        raise RowRefusedError("value_invalid", "This column takes true or false.", column) from None


def _custom(definition: Definition, cell: str) -> Any:
    """The cell as a value of its kind; what is none is left to the rules of custom fields."""
    if definition.kind == "flag":
        return _FLAGS.get(cell.lower(), cell)
    if definition.kind != "number":
        return cell
    try:
        return int(cell) if _INTEGER.fullmatch(cell) else float(cell)
    except ValueError:
        return cell
