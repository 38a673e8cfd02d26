"""Tickets that several requests open at the same time: BEGIN, one reading statement, one writing
one and COMMIT for all of them.

Promise: each is answered as if it had been alone, and what is refused of one leaves the others be.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import orjson
from fastapi import Response

from patchbay_kit.db import Database, UnitOfWork
from patchbay_kit.errors import ProblemError
from patchbay_kit.gathering import Gathering
from patchbay_kit.http import etag
from patchbay_kit.http.idempotency import Keyed, claims_of
from patchbay_kit.http.transaction import Transaction
from patchbay_kit.tracing import Trace
from ticket_svc.rights.viewer import Viewer
from ticket_svc.tickets.actors import by
from ticket_svc.tickets.created_view import created_view
from ticket_svc.tickets.creating import new_ticket
from ticket_svc.tickets.opening import NewTicket, prepare_tickets, write_claimed
from ticket_svc.tickets.schemas import NewTicketRequest
from ticket_svc.tickets.surroundings import Surroundings, surroundings_of_all


@dataclass(frozen=True, slots=True)
class Asked:
    """One request; `keyed` where it has an idempotency key."""

    wanted: NewTicketRequest
    viewer: Viewer
    keyed: Keyed | None
    trace: Trace | None


# What a request comes to; None where it is to go its way alone.
Outcome = Response | ProblemError | None


def opening_together(db: Database) -> Gathering[Asked, Response | None]:
    """Opens tickets for those who ask at the same time. PostgreSQL only."""

    async def carry_out(asked: Sequence[Asked]) -> list[Outcome]:
        return await _carry_out(db, asked)

    return Gathering(carry_out)


async def _carry_out(db: Database, asked: Sequence[Asked]) -> list[Outcome]:
    try:
        async with Transaction(db, None) as transaction:
            uow = await transaction.begin()
            with _spoiling():
                return await _open(uow, asked)
    except _SpoiledError:
        return [None] * len(asked)


class _SpoiledError(Exception):
    """One of them, nobody knows which, made the transaction fail: nothing of it was written."""


@contextmanager
def _spoiling() -> Iterator[None]:
    """Not around the commit, whose failure does not tell whether it took place."""
    try:
        yield
    except Exception as error:
        raise _SpoiledError from error


@dataclass(frozen=True, slots=True)
class _New:
    """One that may be opened; `place` is its request's."""

    place: int
    asked: Asked
    around: Surroundings
    ticket: NewTicket


async def _open(uow: UnitOfWork, asked: Sequence[Asked]) -> list[Outcome]:
    outcomes: list[Outcome] = [None] * len(asked)
    news, keys = [], set[tuple[str, str]]()
    around = await surroundings_of_all(uow, [each.wanted for each in asked])
    for place, (each, found) in enumerate(zip(asked, around, strict=True)):
        # Repetitions of one among them, and of accounts that somebody is at, wait their turn alone.
        if found is None or (each.keyed is not None and each.keyed.name in keys):
            continue
        if each.keyed is not None:
            keys.add(each.keyed.name)
        try:
            ticket = await new_ticket(uow, each.wanted, by(each.viewer.principal), found)
        except ProblemError as refusal:
            outcomes[place] = refusal
            continue
        ticket.trace = each.trace
        news.append(_New(place, each, found, ticket))
    for place, response in await _write(uow, news):
        outcomes[place] = response
    return outcomes


async def _write(uow: UnitOfWork, news: Sequence[_New]) -> list[tuple[int, Response]]:
    """Write them, and the answers of those with keys; returns the answers by place."""
    if not news:
        return []
    numbers = [new.around.number for new in news]
    prepared = prepare_tickets(uow, [new.ticket for new in news], numbers)
    recipients: dict[str, list[dict[str, Any]]] = {row["id"]: [] for row in prepared.rows}
    for recipient in prepared.recipients:
        recipients[recipient["ticket_id"]].append(recipient)
    answers, claims = [], {}
    for new, row in zip(news, prepared.rows, strict=True):
        answer = _answer(new, row, recipients[row["id"]])
        answers.append((new.place, answer))
        if new.asked.keyed is not None:
            claims[new.ticket.id] = new.asked.keyed.answered(answer, uow.now)
    written = await write_claimed(uow, prepared, claims_of(claims))
    return [answer for new, answer in zip(news, answers, strict=True) if new.ticket.id in written]


def _answer(new: _New, row: dict[str, Any], recipients: list[dict[str, Any]]) -> Response:
    view = created_view(new.asked.viewer, new.ticket, row, recipients, new.around)
    headers = {"Location": f"/v1/tickets/{new.ticket.id}", "ETag": etag(1)}
    return Response(orjson.dumps(view, option=orjson.OPT_UTC_Z), 201, headers, "application/json")
