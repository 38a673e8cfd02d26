"""What email-gateway does once at start."""

from email_gateway.mailboxes import leases
from email_gateway.outbound import sending
from patchbay_kit.runtime import Runtime


async def on_ready(runtime: Runtime) -> None:
    """Take over at once what a killed process held: on SQLite nobody else can be alive."""
    if runtime.db.is_postgres:
        return
    async with runtime.db.unit_of_work() as uow:
        await sending.release(uow)
        await leases.release_all(uow)
