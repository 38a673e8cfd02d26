"""Sign in, and who am I."""

from datetime import datetime, timedelta
from typing import Any

import structlog
from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field, SecretStr

from patchbay_kit.auth import TokenVerifier, hash_password, verify_password
from patchbay_kit.auth.tokens import expires_in, unauthenticated
from patchbay_kit.errors import ProblemError, conflict, invalid
from patchbay_kit.http import (
    Caller,
    RequestModel,
    ResponseModel,
    RuntimeDep,
    TransactionalRoute,
    Uow,
    require,
)
from patchbay_kit.http.queries import QueryRoute
from patchbay_kit.runtime import Runtime
from ticket_svc.accounts.tables import Contact
from ticket_svc.auth.forgotten import ask_for_reset
from ticket_svc.auth.issuing import Keys, auth_time_of, issuer_of
from ticket_svc.auth.keys import rotate
from ticket_svc.auth.rules import SESSION
from ticket_svc.auth.service import sign_in
from ticket_svc.employees.rules import EVERYTHING
from ticket_svc.employees.schemas import Password
from ticket_svc.employees.tables import Employee
from ticket_svc.invitations.service import end
from ticket_svc.sign_ins.clients import Client, client_of

log = structlog.get_logger(__name__)

router = APIRouter(route_class=TransactionalRoute, tags=["auth"])
# No unit of work of the request's own: a failed attempt is noted although the answer is an error,
# and a token is never kept for an Idempotency-Key.
sign_in_router = APIRouter(tags=["auth"], route_class=QueryRoute)
LOCKED: dict[int | str, dict[str, Any]] = {
    429: {
        "description": "Too many failures; `Retry-After` has the seconds to wait.",
        "headers": {"Retry-After": {"schema": {"type": "integer"}}},
    }
}


class TokenRequest(RequestModel):
    email: str = Field(min_length=1, max_length=320, examples=["admin@example.com"])
    password: SecretStr = Field(max_length=1024)


class ForgottenPassword(RequestModel):
    email: str = Field(min_length=1, max_length=320, examples=["mia@desk.example"])


class TokenResponse(ResponseModel):
    access_token: str
    token_type: str = "bearer"  # noqa: S105  # the name of the scheme, RFC 6750
    expires_in: int = Field(description="seconds")


class Me(ResponseModel):
    id: str
    kind: str
    name: str
    email: str | None
    permissions: list[str]
    account_id: str | None = Field(description="of a customer")


class PasswordChange(RequestModel):
    old_password: SecretStr = Field(max_length=1024)
    new_password: Password


class Rotation(RequestModel):
    end_tokens: bool = Field(
        default=False,
        description="let the new key sign at once, and refuse every token given out so far",
    )


class Rotated(ResponseModel):
    signs_from: datetime = Field(description="until then the new key is published only")


@sign_in_router.post(
    "/v1/auth/token", responses=LOCKED, summary="Sign in with address and password"
)
async def create_token(
    body: TokenRequest, request: Request, runtime: RuntimeDep, keys: Keys, response: Response
) -> TokenResponse:
    """A bearer token (RFC 6750) for an employee or a customer.

    Ten failures lock the address for a quarter of an hour, whether or not anybody has it (429
    `locked`). So does a number of failures from one client address, or one IPv6 network of 64 bits,
    whatever addresses they name (429 `client_locked`; PATCHBAY_SIGN_IN_FAILURES, usually 100 in a
    quarter of an hour). `Retry-After` says how long to wait.
    """
    response.headers["Cache-Control"] = "no-store"
    issuer = issuer_of(keys)
    client = _client(request, runtime)
    password = body.password.get_secret_value()
    issued = issuer.issue(await sign_in(runtime.db, body.email, password, client))
    return TokenResponse(access_token=issued.token, expires_in=expires_in(issued))


@sign_in_router.post(
    "/v1/auth/password-requests",
    status_code=202,
    response_class=Response,
    responses=LOCKED,
    summary="Ask for a link to choose a new password",
)
async def request_password(
    body: ForgottenPassword, request: Request, runtime: RuntimeDep, response: Response
) -> Response:
    """Mailed within seconds, to an employee or a customer who signs in with that address, and good
    once for an hour. The answer is the same whether or not there is one. The old password stays
    good until then.

    One link an address in ten minutes. It counts as a failure to sign in of the client (429
    `client_locked`). 409 `mail_not_set_up` without PATCHBAY_MAIL_SECRET_KEY.
    """
    if runtime.settings.mail_secret_key is None:
        raise conflict(
            "mail_not_set_up",
            "Nothing is mailed here",
            hint="Ask an administrator for an invitation.",
        )
    client = _client(request, runtime)
    await ask_for_reset(runtime.db, body.email, client)
    return Response(status_code=202)


@sign_in_router.post("/v1/auth/refresh", summary="A new token for one that is still good")
async def refresh_token(
    request: Request, caller: Caller, runtime: RuntimeDep, keys: Keys, response: Response
) -> TokenResponse:
    """It says what the caller may do now. Twelve hours after signing in that is asked for again.

    403 for a caller who came with an API key: that needs no refreshing.
    """
    response.headers["Cache-Control"] = "no-store"
    if caller.kind not in ("employee", "contact"):
        raise ProblemError(403, "not_refreshable", "Only tokens of people are refreshed")
    tokens: TokenVerifier = runtime.extras["tokens"]
    token = request.headers["authorization"].partition(" ")[2].strip()
    signed_in = auth_time_of(await tokens.claims(token))
    left = signed_in + SESSION - runtime.clock()
    if left <= timedelta(0):
        raise unauthenticated("session_ended", "Twelve hours have passed since you signed in.")
    ttl = min(left, runtime.settings.token_ttl)
    issued = issuer_of(keys).issue(caller, ttl=ttl, auth_time=signed_in)
    return TokenResponse(access_token=issued.token, expires_in=expires_in(issued))


def _client(request: Request, runtime: Runtime) -> Client | None:
    host = request.client.host if request.client is not None else None
    if "x-forwarded-for" in request.headers and not runtime.settings.trusted_proxies:
        # Behind a proxy that is not named, all who sign in count as one client.
        log.warning("sign_in.untrusted_proxy", client=host, setting="PATCHBAY_TRUSTED_PROXIES")
    return client_of(host, runtime.settings.sign_in_failures)


@sign_in_router.get("/.well-known/jwks.json", summary="Public keys of the token issuer (RFC 7517)")
async def jwks(keys: Keys) -> dict[str, Any]:
    """Also keys of yesterday: tokens that they signed are good until they expire."""
    return dict(issuer_of(keys).jwks())


@router.post(
    "/v1/auth/keys/rotate",
    dependencies=[Depends(require(EVERYTHING))],
    summary="Change the key that signs tokens",
)
async def rotate_keys(body: Rotation, uow: Uow, runtime: RuntimeDep, keys: Keys) -> Rotated:
    """It happens by itself every 90 days. Who may do everything may do it any time.

    Tokens of the old key stay good until they expire, unless `end_tokens` says otherwise: then
    everybody signs in again; other services follow within five minutes.
    """
    signs_from = await rotate(uow, runtime, end_tokens=body.end_tokens)
    keys.reload_after(uow)
    return Rotated(signs_from=signs_from)


@router.get("/v1/auth/me", summary="Who the token stands for")
async def me(caller: Caller) -> Me:
    """With what they may do, by themselves and through their groups."""
    return Me(
        id=caller.id,
        kind=caller.kind,
        name=caller.name,
        email=caller.email,
        permissions=sorted(caller.permissions),
        account_id=caller.account_id,
    )


@router.post("/v1/auth/password", status_code=204, summary="Change one's own password")
async def change_password(body: PasswordChange, caller: Caller, uow: Uow) -> None:
    """Needs the old one; at least 12 characters."""
    person: Employee | Contact | None = None
    if caller.kind == "employee":
        person = await uow.session.get(Employee, caller.id, with_for_update=True)
    elif caller.kind == "contact":
        person = await uow.session.get(Contact, caller.id, with_for_update=True)
    old = body.old_password.get_secret_value()
    if person is None or not await verify_password(old, person.password_hash):
        raise invalid("password_wrong", "The old password is wrong", field="old_password")
    person.password_hash = await hash_password(body.new_password.get_secret_value())
    if isinstance(person, Employee):
        person.one_time = False
    person.version += 1
    await end(uow.session, person.id)
