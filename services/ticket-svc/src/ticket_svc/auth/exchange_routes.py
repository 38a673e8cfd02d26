"""HTTP of signing in through an external OpenID Connect provider."""

from typing import Annotated, Final, Literal

from fastapi import APIRouter, Response
from pydantic import Field, SecretStr

from patchbay_kit.auth.oidc import OidcProvider
from patchbay_kit.auth.tokens import expires_in
from patchbay_kit.errors import ProblemError
from patchbay_kit.http import RequestModel, ResponseModel, RuntimeDep
from patchbay_kit.http.queries import QueryRoute
from ticket_svc.auth.exchange import employee_of, principal_of
from ticket_svc.auth.issuing import Keys, issuer_of
from ticket_svc.employees.groups import follow_groups
from ticket_svc.settings import TicketSettings
from ticket_svc.sign_ins.standing import Standings

# No unit of work of the request's own: a token is never kept for an Idempotency-Key.
router = APIRouter(tags=["auth"], route_class=QueryRoute)

ID_TOKEN: Final = "urn:ietf:params:oauth:token-type:id_token"  # noqa: S105  # a kind of token
JWT_TYPE = "urn:ietf:params:oauth:token-type:jwt"
SubjectType = Literal[
    "urn:ietf:params:oauth:token-type:id_token", "urn:ietf:params:oauth:token-type:jwt"
]


class ExchangeRequest(RequestModel):
    subject_token: Annotated[SecretStr, Field(min_length=1, max_length=8192)] = Field(
        description="a token of the external provider, made for our client id"
    )
    subject_token_type: SubjectType = ID_TOKEN


class ExchangeResponse(ResponseModel):
    access_token: str
    issued_token_type: str = JWT_TYPE
    token_type: str = "bearer"  # noqa: S105  # the name of the scheme, RFC 6750
    expires_in: int = Field(description="seconds")


@router.post("/v1/auth/exchange", summary="Sign in with a token of the external provider")
async def exchange_token(
    body: ExchangeRequest, runtime: RuntimeDep, keys: Keys, response: Response
) -> ExchangeResponse:
    """After RFC 8693. The address in it must be verified, and an active employee's alone.

    Privilege groups that are mapped follow what the provider says at each sign-in.
    """
    response.headers["Cache-Control"] = "no-store"
    provider: OidcProvider | None = runtime.extras.get("oidc")
    if provider is None:
        raise ProblemError(
            404,
            "oidc_not_configured",
            "There is no external provider",
            hint="PATCHBAY_OIDC_ISSUER and PATCHBAY_OIDC_CLIENT_ID name one.",
        )
    claims = await provider.claims(body.subject_token.get_secret_value())
    settings: TicketSettings = runtime.settings
    standings: Standings = runtime.extras["standings"]
    async with runtime.db.unit_of_work() as uow:
        employee_id = await employee_of(uow, claims)
        said = claims.get(settings.oidc_groups_claim)
        if await follow_groups(uow, employee_id, said, settings.oidc_groups):
            standings.forget_after(uow)
        principal = await principal_of(uow, employee_id)
    issued = issuer_of(keys).issue(principal)
    return ExchangeResponse(access_token=issued.token, expires_in=expires_in(issued))
