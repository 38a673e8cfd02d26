"""The numbers of the navigation pane, kept rather than counted (ADR 0014).

Promise: they are exact at every moment; folding changes nothing but how fast they are read.
"""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_kit.db import UnitOfWork
from patchbay_kit.db.driver import is_postgres
from ticket_svc.desk.statuses import Status, class_of
from ticket_svc.rights.viewer import Viewer
from ticket_svc.views.schemas import Counts, TicketFilter
from ticket_svc.views.scope import Scope, scope_of
from ticket_svc.views.sql import Parameters, run

FOLDED_AT_ONCE = 10_000

_FOLD_POSTGRES = f"""WITH taken AS (
    DELETE FROM ticket_count_delta WHERE seq IN (
        SELECT seq FROM ticket_count_delta ORDER BY seq LIMIT {FOLDED_AT_ONCE}
        FOR UPDATE SKIP LOCKED)
    RETURNING status, manager_id, n),
kept AS (
    INSERT INTO ticket_count AS c (status, manager_id, n)
    SELECT status, manager_id, sum(n) FROM taken GROUP BY 1, 2 ORDER BY 1, 2
    ON CONFLICT (status, manager_id) DO UPDATE SET n = c.n + excluded.n)
SELECT count(*) FROM taken"""  # noqa: S608  # constants
_UP_TO_SQLITE = "SELECT max(seq), count(*) FROM ticket_count_delta"
_FOLD_SQLITE = """INSERT INTO ticket_count (status, manager_id, n)
SELECT status, manager_id, sum(n) FROM ticket_count_delta WHERE seq <= :seq GROUP BY 1, 2
ON CONFLICT (status, manager_id) DO UPDATE SET n = n + excluded.n"""
_FORGET_SQLITE = "DELETE FROM ticket_count_delta WHERE seq <= :seq"

_KEPT = """SELECT status, sum(n) AS n FROM (
    SELECT status, manager_id, n FROM ticket_count
    UNION ALL SELECT status, manager_id, n FROM ticket_count_delta) t"""


async def count_tickets(session: AsyncSession, viewer: Viewer, managers: list[str]) -> Counts:
    """All numbers that the viewer may see, for these managers or for all; `unread` is the viewer's
    own, whomever they look at.
    """
    scope = scope_of(viewer, TicketFilter(manager_id=managers))
    by_status = dict.fromkeys(Status, 0)
    parameters = Parameters(postgres=is_postgres(session))
    if not scope.nothing:
        by_status |= await _by_status(session, scope)
    inbox = _small(scope, "t.in_inbox", parameters)
    dispatcher = _small(scope, "t.awaits_dispatch", parameters)
    mine = Scope(managers=[viewer.principal.id], accounts=scope.accounts)
    unread = _small(mine, "t.unread AND t.external_update_at IS NOT NULL", parameters)
    sql = f"SELECT {inbox}, {dispatcher}, {unread}"  # our own words
    return _counts(by_status, *(await run(session, sql, parameters)).one())


async def _by_status(session: AsyncSession, scope: Scope) -> dict[Status, int]:
    parameters = Parameters(postgres=is_postgres(session))
    conditions = _people(scope, parameters)
    if scope.accounts is not None:
        # Of one customer: there are few enough to be counted.
        conditions.append("t.merged_into_id IS NULL")
        source = "SELECT t.status, count(*) AS n FROM ticket t"
    else:
        source = _KEPT
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    rows = await run(session, f"{source}{where} GROUP BY t.status", parameters)
    return {Status(row.status): int(row.n) for row in rows}


def _people(scope: Scope, parameters: Parameters) -> list[str]:
    conditions = []
    if scope.managers is not None:
        conditions.append(parameters.any_of("t.manager_id", scope.managers, "uuid"))
    if scope.accounts is not None:
        conditions.append(parameters.any_of("t.account_id", scope.accounts, "uuid"))
    return conditions


def _small(scope: Scope, flag: str, parameters: Parameters) -> str:
    """A count that a partial index makes cheap, as a subquery."""
    where = " AND ".join([flag, "t.merged_into_id IS NULL", *_people(scope, parameters)])
    return f"(SELECT count(*) FROM ticket t WHERE {where})"  # noqa: S608  # our own words


def _counts(by_status: dict[Status, int], inbox: int, dispatcher: int, unread: int) -> Counts:
    of_class = {"open": 0, "closed": 0}
    for status, n in by_status.items():
        of_class[class_of(status)] += n
    return Counts(
        inbox=inbox,
        dispatcher=dispatcher,
        all=sum(by_status.values()),
        open=of_class["open"],
        closed=of_class["closed"],
        by_status=by_status,
        unread=unread,
    )


async def fold_counts(uow: UnitOfWork) -> bool:
    """Add waiting deltas to the counts; True where there may be more. Several may fold at once."""
    if is_postgres(uow.session):
        taken = await uow.session.scalar(text(_FOLD_POSTGRES))
        return bool(taken == FOLDED_AT_ONCE)
    seq, waiting = (await uow.session.execute(text(_UP_TO_SQLITE))).one()
    if waiting:
        for statement in (_FOLD_SQLITE, _FORGET_SQLITE):
            await uow.session.execute(text(statement), {"seq": seq})
    return False
