"""What email-gateway does once at start."""

from email_gateway.outbound.sending import release
from patchbay_kit.runtime import Runtime


async def on_ready(runtime: Runtime) -> None:
    """Take over at once what a killed process held: on SQLite nobody else can be alive."""
    if runtime.db.is_postgres:
        return
    async with runtime.db.unit_of_work() as uow:
        await release(uow)
