"""The service's own loops: several pollers, one drainer, inventory and commands."""

from collections.abc import Awaitable, Callable, Sequence

from patchbay_kit.runtime import Runtime
from patchbay_kit.workers.lifecycle import Loop, PeriodicLoop
from rmm_gateway.outbound.sending import CommandSender
from rmm_gateway.polling.inventory import InventoryPoller
from rmm_gateway.polling.tickets import HoldDrainer, TicketPoller
from rmm_gateway.wiring import parts_of


def loops(runtime: Runtime) -> Sequence[Loop]:
    """Every loop; leases in the database keep several replicas apart."""
    parts = parts_of(runtime)

    def every_tick(name: str, step: Callable[[], Awaitable[bool]]) -> Loop:
        return PeriodicLoop(name, step, parts.settings.rmm_tick, parts.wakes.new())

    pollers = range(parts.settings.rmm_poll_concurrency)
    return [
        *(every_tick(f"rmm-poll:{number}", TicketPoller(parts).step) for number in pollers),
        every_tick("rmm-drain", HoldDrainer(parts).step),
        every_tick("rmm-inventory", InventoryPoller(parts).step),
        every_tick("rmm-commands", CommandSender(parts).step),
    ]
