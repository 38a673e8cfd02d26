"""The issuer of tokens as routes reach it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Depends

from patchbay_kit.auth import TokenIssuer
from patchbay_kit.http import RuntimeDep
from ticket_svc.auth.keys import RELOAD_SECONDS, OwnKeys, still_starting


async def own_keys(runtime: RuntimeDep) -> OwnKeys:
    """The issuer's keys, as of a minute ago at most."""
    keys: OwnKeys = runtime.extras["own_keys"]
    await keys.refresh(RELOAD_SECONDS)
    return keys


Keys = Annotated[OwnKeys, Depends(own_keys)]


def issuer_of(keys: OwnKeys) -> TokenIssuer:
    """The issuer; 503 `starting` until the database has answered for the first time."""
    if keys.issuer is None:
        raise still_starting()
    return keys.issuer


def auth_time_of(claims: Mapping[str, Any]) -> datetime:
    """When the bearer of a verified token signed in; tokens from before said nothing of it."""
    return datetime.fromtimestamp(float(claims.get("auth_time", claims["iat"])), UTC)
