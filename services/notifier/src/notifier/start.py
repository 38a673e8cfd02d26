"""What notifier does once at start."""

from notifier.alerts.service import keep_public_url
from patchbay_kit.runtime import Runtime


async def on_ready(runtime: Runtime) -> None:
    """Write down the public address: handlers have the database and nothing else."""
    async with runtime.db.unit_of_work() as uow:
        await keep_public_url(uow, runtime.settings.public_url)
