"""Imports of CSV: every row goes through the service that the API's own routes use.

Promise: an import is written as a whole or not at all, unless its caller asked to skip rows with
errors. A dry run does the same in a savepoint that it takes back, so that it says exactly what the
import would do. Events are published only for what is written.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from pydantic import ValidationError

from patchbay_contracts import Envelope, EventData
from patchbay_kit.db import UnitOfWork
from patchbay_kit.errors import ProblemError, invalid
from patchbay_kit.tracing import Trace
from ticket_svc.custom_fields.rules import Definition
from ticket_svc.custom_fields.service import definitions_of
from ticket_svc.transfer.lines import Line, RowRefusedError, line_of, row_errors
from ticket_svc.transfer.rules import CUSTOM, Sheet, SheetRefusedError, read_sheet
from ticket_svc.transfer.schemas import ImportReport, RowError

SHOWN_ERRORS = 1000
Outcome = Literal["created", "updated", "unchanged"]


class Importer(Protocol):
    """One kind of record. `ignored` columns may be there, as exports have them, and say nothing."""

    record: str
    columns: frozenset[str]
    ignored: frozenset[str]
    flags: frozenset[str]

    async def prepare(self, uow: UnitOfWork, lines: Sequence[Line]) -> None:
        """Read and lock what the lines name, in a few statements."""

    async def write(self, uow: UnitOfWork, line: Line) -> Outcome:
        """Create or change the record of the line.

        RowRefusedError, ProblemError or ValidationError, and nothing written, where it cannot be.
        """


@dataclass(slots=True)
class _Attempt(UnitOfWork):
    """A unit of work whose events wait until it is known that what they tell stays."""

    told: list[tuple[EventData, str, int]] = field(default_factory=list)

    def publish(
        self,
        data: EventData,
        *,
        subject: str,
        version: int,
        cause: Envelope[Any] | None = None,
        actor: str | None = None,
        trace: Trace | None = None,
    ) -> str:
        self.told.append((data, subject, version))
        return ""


async def run_import(
    uow: UnitOfWork, importer: Importer, body: bytes, *, dry_run: bool, skip_errors: bool
) -> ImportReport:
    """Import the file; 422 `import_failed` with the report where a row fails and is not to be
    skipped, and other codes where it cannot be read at all.
    """
    definitions = {each.key: each for each in await definitions_of(uow.session, importer.record)}
    sheet = await _sheet(body, importer, definitions)
    attempt = _Attempt(session=uow.session, service=uow.service, now=uow.now, actor=uow.actor)
    savepoint = await uow.session.begin_nested() if dry_run else None
    report = await _run(attempt, importer, sheet, definitions)
    if savepoint is not None:
        await savepoint.rollback()
        return report.model_copy(update={"dry_run": True})
    if report.failed and not skip_errors:
        raise _failed(report)
    for data, subject, version in attempt.told:
        uow.publish(data, subject=subject, version=version)
    return report.model_copy(update={"applied": True})


async def _sheet(body: bytes, importer: Importer, definitions: Mapping[str, Definition]) -> Sheet:
    custom = {CUSTOM + key for key in definitions}
    known = importer.columns | importer.ignored | custom
    try:
        return await asyncio.to_thread(read_sheet, body, known)
    except SheetRefusedError as error:
        raise invalid(
            error.code, "The file cannot be imported", field="", detail=str(error)
        ) from None


async def _run(
    uow: UnitOfWork, importer: Importer, sheet: Sheet, definitions: Mapping[str, Definition]
) -> ImportReport:
    errors: dict[int, list[RowError]] = {}
    lines: list[Line] = []
    for row in sheet.rows:
        try:
            lines.append(line_of(row, importer.flags, definitions))
        except RowRefusedError as error:
            errors[row.number] = row_errors(row.number, error)
    counts: dict[Outcome, int] = {"created": 0, "updated": 0, "unchanged": 0}
    await importer.prepare(uow, lines)
    for line in lines:
        try:
            counts[await importer.write(uow, line)] += 1
        except (RowRefusedError, ProblemError, ValidationError) as error:
            errors[line.number] = row_errors(line.number, error)
    listed = [each for number in sorted(errors) for each in errors[number]]
    return ImportReport(
        dry_run=False,
        applied=False,
        rows=len(sheet.rows),
        **counts,
        failed=len(errors),
        errors=listed[:SHOWN_ERRORS],
    )


def _failed(report: ImportReport) -> ProblemError:
    return ProblemError(
        422,
        "import_failed",
        "Nothing was imported",
        detail=f"{report.failed} of {report.rows} rows cannot be imported.",
        hint="Correct them, or import the others with skip_errors=true.",
        extra={"report": report.model_dump()},
    )
