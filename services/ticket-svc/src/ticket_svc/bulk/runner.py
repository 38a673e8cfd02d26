"""Does one action on many records: each as its single call would, all in one transaction.

Promise: a record on which it fails is left as it was and takes nothing of the others back; with
`atomic` it takes everything back. Events are told only for what stays.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from sqlalchemy import Table, select
from sqlalchemy.exc import IntegrityError

from patchbay_kit.db import UnitOfWork
from patchbay_kit.errors import ProblemError
from patchbay_kit.http.database_errors import database_problem
from patchbay_kit.http.etags import version_mismatch
from patchbay_kit.http.problems import problem_of
from ticket_svc.bulk.schemas import BulkRequest, ItemResult


class Versioned(Protocol):
    """A row or record of any kind."""

    @property
    def id(self) -> str:
        """Its id."""

    @property
    def version(self) -> int:
        """Its version before the action."""


R = TypeVar("R", bound=Versioned)
T = TypeVar("T", bound=ItemResult)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the item that the request calls `key`."""

    key: str
    record_id: str | None = None
    error: ProblemError | None = None


async def run_bulk(
    uow: UnitOfWork,
    table: Table,
    wanted: BulkRequest[T],
    load: Callable[[str], Awaitable[R]],
    act: Callable[[R], Awaitable[None]],
) -> list[T]:
    """The results in the order of the request.

    `load` gives a record that is locked already (see `lock` of each kind), and raises what its
    single call answers where there is none for the caller. ProblemError 409 `bulk_refused` for an
    `atomic` request of which an item failed; its `items` are the results.
    """
    done: set[str] = set()
    outcomes = [await _one(uow, wanted, key, done, load, act) for key in wanted.named()]
    if wanted.atomic and any(each.error for each in outcomes):
        raise _refused(wanted, outcomes)
    await uow.session.flush()
    held = select(table.c.id, table.c.version).where(table.c.id.in_(sorted(done)))
    versions = {row.id: row.version for row in await uow.session.execute(held)}
    return [
        wanted.result(each.key, **_result(each, versions.get(each.record_id or "")))
        for each in outcomes
    ]


async def _one(
    uow: UnitOfWork,
    wanted: BulkRequest[T],
    key: str,
    done: set[str],
    load: Callable[[str], Awaitable[R]],
    act: Callable[[R], Awaitable[None]],
) -> Outcome:
    try:
        async with uow.savepoint():
            record = await load(key)
            record_id = record.id
            if record_id in done:
                raise ProblemError(422, "item_repeated", "The list has it twice")
            done.add(record_id)
            expected = wanted.if_match.get(key, record.version)
            if expected != record.version:
                raise version_mismatch(str(expected), record.version)
            await act(record)
    except ProblemError as error:
        return Outcome(key, error=error)
    except IntegrityError as error:
        problem = database_problem(error)
        if problem is None:
            raise
        return Outcome(key, error=problem)
    return Outcome(key, record_id)


def _refused(wanted: BulkRequest[T], outcomes: Sequence[Outcome]) -> ProblemError:
    failed = sum(each.error is not None for each in outcomes)
    results = [wanted.result(each.key, **_result(each, None)) for each in outcomes]
    items = [each.model_dump(mode="json", exclude_none=True) for each in results]
    return ProblemError(
        409,
        "bulk_refused",
        "Nothing was changed",
        detail=f"{failed} of {len(outcomes)} items failed, and all or nothing was wanted.",
        hint="Leave those out whose status is not 424, or send `atomic: false`.",
        extra={"items": items},
    )


def _result(outcome: Outcome, version: int | None) -> dict[str, Any]:
    if outcome.error is not None:
        problem = problem_of(outcome.error)
        return {"status": problem.status, "problem": problem}
    # Without a version it has been taken back because of others (RFC 4918, 11.4).
    return {"status": 424 if version is None else 200, "version": version}
