"""The one error that handlers raise; the application turns it into an answer and a journal row."""


class SimError(Exception):
    """A refusal with an HTTP status and a code that a client can rely on."""

    def __init__(self, status: int, code: str, detail: str, *, violation: bool = False) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.violation = violation


def unknown_ticket(ticket_id: str) -> SimError:
    """Return the 404 for a ticket that was never raised here."""
    return SimError(404, "unknown_ticket", f"There is no ticket {ticket_id}.")
