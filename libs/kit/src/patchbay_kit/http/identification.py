"""Who calls, and which runtime answers: what transactions and dependencies both need."""

from fastapi import Request

from patchbay_kit.auth import Principal, Verifier
from patchbay_kit.auth.tokens import unauthenticated
from patchbay_kit.runtime import Runtime


def runtime_of(request: Request) -> Runtime:
    """The runtime of the service that answers this request."""
    runtime: Runtime = request.app.state.runtime
    return runtime


async def identify(request: Request) -> Principal | None:
    """The caller, or None without credentials; 401 for bad ones. Looked up once per request."""
    if hasattr(request.state, "principal"):
        known: Principal | None = request.state.principal
        return known
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    principal = None
    if scheme:
        if scheme.lower() != "bearer" or not token.strip():
            raise unauthenticated(
                "token_invalid", "The Authorization header is not a bearer token."
            )
        verifier: Verifier | None = runtime_of(request).extras.get("verifier")
        if verifier is None:
            raise unauthenticated("token_invalid", "This service has no source of token keys.")
        principal = await verifier.verify(token.strip())
    request.state.principal = principal
    return principal
