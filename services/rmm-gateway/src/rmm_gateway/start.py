"""What rmm-gateway does once at start."""

from patchbay_kit.runtime import Runtime
from rmm_gateway.connections import leases
from rmm_gateway.outbound import sending


async def on_ready(runtime: Runtime) -> None:
    """Take over at once what a killed process held: on SQLite nobody else can be alive."""
    if runtime.db.is_postgres:
        return
    async with runtime.db.unit_of_work() as uow:
        await leases.release(uow)
        await sending.release(uow)
