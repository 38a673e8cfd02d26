"""The PSA's write-backs, made repeatable by the idempotency key."""

from collections.abc import Callable
from typing import Any

from continuum_sim.errors import SimError
from continuum_sim.models import AssignCommand, Command, CreateCommand, NoteCommand
from continuum_sim.outcome import Outcome
from continuum_sim.store import Store
from continuum_sim.tickets import Desk


class Commands:
    """Runs each command at most once per idempotency key; without a key, each time it comes."""

    def __init__(self, store: Store, desk: Desk) -> None:
        self._store = store
        self._desk = desk

    def create(self, command: CreateCommand) -> Outcome:
        """Answer 201, or 200 with the ticket that the same key made before."""
        return self._once("create", None, command, lambda: self._desk.create(command))

    def close(self, ticket_id: str, command: Command) -> Outcome:
        """Answer 200, or 409 already_closed."""

        def work() -> str:
            self._desk.close(ticket_id, "psa", command.note, command.external_ref)
            return ticket_id

        return self._once("close", ticket_id, command, work)

    def assign(self, ticket_id: str, command: AssignCommand) -> Outcome:
        """Answer 200, or 409 ticket_closed."""

        def work() -> str:
            group = command.assignee_group
            self._desk.assign(ticket_id, group, command.note, command.external_ref)
            return ticket_id

        return self._once("assign", ticket_id, command, work)

    def note(self, ticket_id: str, command: NoteCommand) -> Outcome:
        """Answer 200."""

        def work() -> str:
            self._desk.write_note(ticket_id, command.note, "psa", command.external_ref)
            return ticket_id

        return self._once("note", ticket_id, command, work)

    def _once(
        self, operation: str, ticket_id: str | None, command: Command, work: Callable[[], str]
    ) -> Outcome:
        key = command.idempotency_key
        before = self._before(key, operation, ticket_id) if key else None
        if before:
            return self._answer(200, before, f"{operation}:replayed")
        done = work()
        if key:
            self._store.execute(
                "INSERT INTO idempotency (key, operation, ticket_id) VALUES (?, ?, ?)",
                (key, operation, done),
            )
        return self._answer(201 if operation == "create" else 200, done, operation)

    def _before(self, key: str, operation: str, ticket_id: str | None) -> str | None:
        row = self._store.row("SELECT operation, ticket_id FROM idempotency WHERE key = ?", (key,))
        if row is None:
            return None
        if row["operation"] != operation or ticket_id not in (None, row["ticket_id"]):
            raise SimError(409, "idempotency_key_reused", "The key belongs to another command.")
        return str(row["ticket_id"])

    def _answer(self, status: int, ticket_id: str, effect: str) -> Outcome:
        body: dict[str, Any] = self._desk.view(ticket_id)
        return Outcome(body, status=status, effect=effect, ticket_id=ticket_id)
