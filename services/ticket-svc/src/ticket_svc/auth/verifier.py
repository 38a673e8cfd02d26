"""Bearer credentials at ticket-svc: tokens and API keys, checked against the database as it is.

A token proves who calls; whether they are still here and what they may do is read from the
database, at most FRESH_SECONDS ago. The other services ask here, and keep the answer for half a
minute.
"""

from dataclasses import dataclass

from sqlalchemy.exc import SQLAlchemyError

from patchbay_kit.auth import Principal, TokenVerifier
from patchbay_kit.auth.bearers import API_KEY_PREFIX, MAX_KEY_LENGTH
from patchbay_kit.auth.tokens import unauthenticated
from patchbay_kit.db import Database
from patchbay_kit.db.failures import CONNECT_ERRORS
from patchbay_kit.http.database_errors import database_problem, database_unavailable
from ticket_svc.rights.keys import digest_of, note_use
from ticket_svc.rights.people import contact_now, employee_now, key_now
from ticket_svc.rights.viewer import Viewer
from ticket_svc.sign_ins.standing import Standings


@dataclass(frozen=True, slots=True)
class FreshVerifier:
    """The verifier of ticket-svc, and of all services that share its process."""

    tokens: TokenVerifier
    standings: Standings
    db: Database

    async def verify(self, token: str) -> Principal:
        """401 where the credential is wrong, or the caller may not call any more."""
        try:
            if token.startswith(API_KEY_PREFIX):
                return await self._of_key(token)
            return await self._of_token(await self.tokens.verify(token))
        except CONNECT_ERRORS as error:
            problem = database_problem(error)
            if problem is None and isinstance(error, SQLAlchemyError):
                raise
            raise (problem or database_unavailable()) from error

    async def sees(self, token: str, ticket_id: str) -> bool:
        """Whether the bearer may see the ticket (S2-30): what the other services ask."""
        from ticket_svc.tickets.seeing import sees_ticket

        viewer = Viewer(await self.verify(token))
        try:
            async with self.db.read() as session:
                return await sees_ticket(session, viewer, ticket_id)
        except CONNECT_ERRORS as error:
            raise (database_problem(error) or database_unavailable()) from error

    async def _of_token(self, claimed: Principal) -> Principal:
        if claimed.kind not in ("employee", "contact"):
            return claimed

        async def look() -> Principal | None:
            async with self.db.read() as session:
                now = employee_now if claimed.kind == "employee" else contact_now
                return await now(session, claimed.id)

        found = await self.standings.of((claimed.kind, claimed.id), look)
        if found is None:
            raise unauthenticated("token_invalid", "Whoever it was given to may not sign in now.")
        return found

    async def _of_key(self, key: str) -> Principal:
        if len(key) > MAX_KEY_LENGTH or not key.isascii():
            raise _unknown_key()
        digest = digest_of(key)

        async def look() -> Principal | None:
            async with self.db.read() as session:
                found = await key_now(session, digest, self.db.clock())
            if found is not None:
                await note_use(self.db, found.id)
            return found

        found = await self.standings.of(("key", digest), look)
        if found is None:
            raise _unknown_key()
        return found


def _unknown_key() -> Exception:
    return unauthenticated("token_invalid", "The API key is unknown, revoked or expired.")
