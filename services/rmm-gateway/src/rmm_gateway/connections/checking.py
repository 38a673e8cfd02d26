"""A check on demand: the call is made outside of any transaction, its outcome stored in one."""

from patchbay_contracts import ConnectionState
from patchbay_kit.errors import PermanentError, conflict
from rmm_gateway.connections import service
from rmm_gateway.connections.schemas import CheckOut
from rmm_gateway.connections.views import shown_one
from rmm_gateway.providers.base import FailureKind, ProviderError
from rmm_gateway.wiring import Parts


async def check_connection(parts: Parts, connection_id: str) -> CheckOut:
    """Call the remote system and note how the connection stands."""
    db = parts.runtime.db
    async with db.read() as session:
        row = await service.get(session, connection_id)
    if row.state == ConnectionState.NOT_CONFIGURED:
        raise conflict(
            "connection_not_configured",
            "The connection has no security code yet",
            hint="Set psg_code first.",
        )
    error = await _call(parts, row)
    async with db.unit_of_work() as uow:
        row = await service.get(uow.session, connection_id, lock=True)
        if error is None:
            row = await service.succeeded(uow, row)
        else:
            row = await service.failed(uow, row, error)
        view = await shown_one(uow.session, row, uow.now)
    code = error.code if error else "reachable"
    return CheckOut(
        ok=error is None, code=code, detail=str(error) if error else None, connection=view
    )


async def _call(parts: Parts, row: service.ConnectionRow) -> ProviderError | None:
    try:
        async with parts.providers.open(parts.policy.target(row)) as provider:
            await provider.check()
    except ProviderError as error:
        return error
    except PermanentError as error:
        return ProviderError(FailureKind.REFUSED, error.reason, str(error))
    return None
