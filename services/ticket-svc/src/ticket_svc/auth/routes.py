"""Sign in, and who am I."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response
from pydantic import Field, SecretStr

from patchbay_kit.auth import hash_password, verify_password
from patchbay_kit.auth.tokens import expires_in
from patchbay_kit.errors import ProblemError, invalid
from patchbay_kit.http import (
    Caller,
    RequestModel,
    ResponseModel,
    RuntimeDep,
    TransactionalRoute,
    Uow,
)
from ticket_svc.auth.keys import OwnKeys
from ticket_svc.auth.service import sign_in
from ticket_svc.employees.schemas import Password
from ticket_svc.employees.tables import Employee

router = APIRouter(route_class=TransactionalRoute, tags=["auth"])
# No unit of work of the request's own: a failed attempt is noted although the answer is an error,
# and a token is never kept for an Idempotency-Key.
sign_in_router = APIRouter(tags=["auth"])


class TokenRequest(RequestModel):
    email: str = Field(min_length=1, max_length=320, examples=["admin@example.com"])
    password: SecretStr = Field(max_length=1024)


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


class PasswordChange(RequestModel):
    old_password: SecretStr = Field(max_length=1024)
    new_password: Password


def own_keys(runtime: RuntimeDep) -> OwnKeys:
    keys: OwnKeys = runtime.extras["own_keys"]
    return keys


Keys = Annotated[OwnKeys, Depends(own_keys)]


@sign_in_router.post("/v1/auth/token", summary="Sign in with address and password")
async def create_token(
    body: TokenRequest, runtime: RuntimeDep, keys: Keys, response: Response
) -> TokenResponse:
    """A bearer token (RFC 6750). Ten failures lock the employee for a quarter of an hour."""
    response.headers["Cache-Control"] = "no-store"
    if keys.issuer is None:
        raise _starting()
    issued = await sign_in(runtime.db, keys.issuer, body.email, body.password.get_secret_value())
    return TokenResponse(access_token=issued.token, expires_in=expires_in(issued))


@sign_in_router.get("/.well-known/jwks.json", summary="Public keys of the token issuer (RFC 7517)")
async def jwks(keys: Keys) -> dict[str, Any]:
    if keys.issuer is None:
        raise _starting()
    return dict(keys.issuer.jwks())


@router.get("/v1/auth/me", summary="Who the token stands for")
async def me(caller: Caller) -> Me:
    return Me(
        id=caller.id,
        kind=caller.kind,
        name=caller.name,
        email=caller.email,
        permissions=sorted(caller.permissions),
    )


@router.post("/v1/auth/password", status_code=204, summary="Change one's own password")
async def change_password(body: PasswordChange, caller: Caller, uow: Uow) -> None:
    """Needs the old one; at least 12 characters."""
    employee = await uow.session.get(Employee, caller.id, with_for_update=True)
    old = body.old_password.get_secret_value()
    if employee is None or not await verify_password(old, employee.password_hash):
        raise invalid("password_wrong", "The old password is wrong", field="old_password")
    employee.password_hash = await hash_password(body.new_password.get_secret_value())
    employee.one_time = False
    employee.version += 1


def _starting() -> ProblemError:
    return ProblemError(
        503,
        "starting",
        "Still starting",
        hint="Try again in a second.",
        headers={"Retry-After": "1"},
    )
