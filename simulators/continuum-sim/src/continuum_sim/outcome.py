"""What a call did and answers; run in one transaction together with its journal row."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from fastapi import Request, Response
from fastapi.responses import JSONResponse

from continuum_sim.journal import Journal, RequestLine
from continuum_sim.store import Store

FAULT_SCOPE_KEY = "continuum_sim.fault"


@dataclass(frozen=True, slots=True)
class Outcome:
    """An answer; a `str` body is sent as it is, with `media_type`."""

    body: Any
    status: int = 200
    effect: str | None = None
    ticket_id: str | None = None
    media_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)

    def response(self) -> Response:
        """Make the HTTP answer."""
        if isinstance(self.body, str):
            return Response(
                self.body, self.status, headers=self.headers, media_type=self.media_type
            )
        return JSONResponse(self.body, self.status, headers=self.headers)


def request_line(request: Request) -> RequestLine:
    """Return what the journal records of a request."""
    return RequestLine(
        method=request.method,
        path=request.url.path,
        query=request.url.query,
        ticket_id=request.path_params.get("ticket_id"),
        fault=request.scope.get(FAULT_SCOPE_KEY),
    )


class Call:
    """One request being answered."""

    def __init__(self, store: Store, journal: Journal, request: Request) -> None:
        self._store = store
        self._journal = journal
        self._line = request_line(request)

    def run(self, work: Callable[[], Outcome]) -> Response:
        """Commit the work and its journal row together, then answer."""
        with self._store.transaction():
            outcome = work()
            line = self._line
            if outcome.ticket_id and not line.ticket_id:
                line = RequestLine(
                    line.method, line.path, line.query, outcome.ticket_id, line.fault
                )
            self._journal.write(line, outcome.status, effect=outcome.effect)
        return outcome.response()

    def read(self, work: Callable[[], Outcome]) -> Response:
        """Answer from one consistent state without a journal row."""
        with self._store.transaction():
            outcome = work()
        return outcome.response()
