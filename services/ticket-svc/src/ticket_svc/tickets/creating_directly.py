"""POST /v1/tickets in four round trips: BEGIN, one reading statement, one writing one, COMMIT.

The answer is made of what was read and written; a test holds it against the ticket read back. What
is to be refused before there is a ticket, and SQLite, which has no round trips to save, are left to
the plain route.
"""

from typing import Any

import orjson
from fastapi import Request, Response

from patchbay_kit.db import Aside, UnitOfWork
from patchbay_kit.http import etag
from patchbay_kit.http.direct import caller_with, read_body
from patchbay_kit.http.idempotency import claim, claiming, idempotency_key_of, keeping
from patchbay_kit.http.identification import runtime_of
from patchbay_kit.http.transaction import Transaction
from ticket_svc.rights.viewer import Viewer
from ticket_svc.tickets.actors import by
from ticket_svc.tickets.columns import front, items
from ticket_svc.tickets.creating import new_ticket
from ticket_svc.tickets.labels import labels_of
from ticket_svc.tickets.opening import Prepared, prepare_tickets, write_tickets
from ticket_svc.tickets.people import ACCOUNT_MANAGER, TICKET_MANAGER
from ticket_svc.tickets.schemas import NewTicketRequest
from ticket_svc.tickets.surroundings import Found, Surroundings, surroundings_of
from ticket_svc.tickets.timing import left_status, time_to_resolution


async def create_directly(request: Request) -> Response | None:
    """The answer, or None where the plain route is to give it."""
    db = runtime_of(request).db
    if not db.is_postgres:
        return None
    key = idempotency_key_of(request)
    wanted = await read_body(NewTicketRequest, request)
    caller = await caller_with("desk", request)
    if wanted is None or caller is None:
        return None
    async with Transaction(db, caller.actor) as transaction:
        uow = await transaction.begin()
        if key is None:
            around = await surroundings_of(uow, wanted)
            return await _opened(uow, wanted, Viewer(caller), around)
        named: dict[str, Any] = {"actor": caller.actor, "key": key, "body": await request.body()}
        taking = claiming(uow, request, **named)
        around = await surroundings_of(uow, wanted, taking)
        if not around.claimed:
            claimed = await claim(uow, request, **named)
            if claimed.replay is not None:
                return claimed.replay
            around = await surroundings_of(uow, wanted)
        return await _opened(uow, wanted, Viewer(caller), around, taking)


async def _opened(
    uow: UnitOfWork,
    wanted: NewTicketRequest,
    viewer: Viewer,
    around: Surroundings,
    taking: Aside | None = None,
) -> Response:
    """Open the ticket; the answer is kept with it where a key was taken."""
    ticket = await new_ticket(uow, wanted, by(viewer.principal), around)
    prepared = prepare_tickets(uow, [ticket], [around.number])
    headers = {"Location": f"/v1/tickets/{ticket.id}", "ETag": etag(1)}
    body = orjson.dumps(_view(viewer, prepared, around), option=orjson.OPT_UTC_Z)
    response = Response(body, 201, headers, "application/json")
    written = await write_tickets(uow, prepared, keeping(taking, response) if taking else None)
    assert written  # noqa: S101  # its id and its number are new
    return response


def _view(viewer: Viewer, prepared: Prepared, around: Surroundings) -> dict[str, Any]:
    """The new ticket as `TicketView`."""
    ticket, row, known = prepared.tickets[0], prepared.rows[0], around.by_kind
    manager = known.get("manager") or known.get("account_manager") or known.get("default_manager")
    asset, contact = known.get("asset"), known.get("contact")
    contract = known.get("contract") or known.get("default_contract")
    shown = items(viewer, labels_of(around.settings))(
        front(row, ticket.account_name, manager, asset.name if asset else None)
    )
    since, status = row["created_at"], row["status"]
    person = contact and {"id": contact.id, "name": contact.name, "email": contact.email}
    return {
        **shown,
        "description": row["description"],
        "contact": person,
        "contract": contract and {"id": contract.id, "name": contract.name},
        "custom_fields": row["custom_fields"],
        "status_since": since,
        "time_in_status": left_status({}, status, since, since),
        "time_to_resolution": time_to_resolution(since, row["closed_at"]),
        "recipients": _recipients(viewer, prepared.recipients, around, manager),
    }


def _recipients(
    viewer: Viewer, rows: list[dict[str, Any]], around: Surroundings, manager: Found | None
) -> list[dict[str, Any]]:
    """Both lists as `RecipientView`, with the employee behind each. One person is once on a list:
    the first row is kept, as the database keeps it (S2-138).
    """
    roles = {TICKET_MANAGER: manager, ACCOUNT_MANAGER: around.by_kind.get("account_manager")}
    people = {each.id: each for each in around.readers}
    kept: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows:
        shown = {name: row[name] for name in _SHOWN}
        if row["list_name"] != "external":
            if viewer.public_only:
                continue
            person = roles.get(row["role"]) if row["role"] else people.get(row["employee_id"])
            shown["name"], shown["email"] = (person.name, person.email) if person else ("", None)
        kept.setdefault((row["list_name"], row["dedupe_key"]), shown)
    return list(kept.values())


_SHOWN = ("id", "list_name", "place", "role", "employee_id", "contact_id", "name", "email")
