"""`patchbay run`: the embedded hub in the foreground."""

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

import uvloop

from patchbay_hub.demo import add_simulator, start_demo
from patchbay_hub.hub import Hub, build_hub
from patchbay_hub.options import RunOptions
from patchbay_kit.errors import ConfigurationError
from patchbay_kit.host import Host, leave
from patchbay_kit.logging import configure_logging


def main() -> None:
    """The console script.

    Exit 0 after SIGTERM or Ctrl-C, 2 with one line on stderr for a wrong setting.
    """
    options = parse(sys.argv[1:])
    # Databases, blobs and mails are for this user only, whoever made the folder.
    os.umask(0o077)
    configure_logging(
        os.environ.get("PATCHBAY_LOG_LEVEL", "WARNING"),
        os.environ.get("PATCHBAY_LOG_FORMAT", "text"),
        service="hub",
    )
    # Database threads wait for a busy event loop this long: with 1 ms instead of 5 a publish beside
    # other work took 7 ms instead of 16 (median of three runs).
    sys.setswitchinterval(0.001)
    try:
        leave(uvloop.run(run(options)))
    except ConfigurationError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(2)


def parse(arguments: list[str]) -> RunOptions:
    """Read the command line; argparse ends the process for a wrong one."""
    parser = argparse.ArgumentParser(prog="patchbay", description="Patchbay, the service desk hub")
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("run", help="run the hub on this box until Ctrl-C")
    command.add_argument("--data", type=Path, required=True, help="folder that is kept")
    command.add_argument("--host", default="127.0.0.1", help="address to listen on")
    command.add_argument("--port", type=int, default=8080, help="HTTP; 0 takes a free one")
    command.add_argument("--smtp-port", type=int, default=2525, help="mail in; 0 takes a free one")
    command.add_argument("--simulator-port", type=int, default=0, help="the demo's RMM")
    command.add_argument("--demo", action="store_true", help="a simulated RMM raises alerts")
    known = parser.parse_args(arguments)
    return RunOptions(
        data=known.data.resolve(),
        host=known.host,
        port=known.port,
        smtp_port=known.smtp_port,
        simulator_port=known.simulator_port,
        demo=known.demo,
    )


async def run(options: RunOptions) -> int:
    """Build the hub and run it; prints one JSON line when it can be used."""
    hub = await build_hub(options)
    if options.demo:
        add_simulator(hub)

    async def started(host: Host) -> None:
        for ready in hub.ready:
            await ready.done.wait()
        for runtime in hub.runtimes.values():
            listening = runtime.extras.get("listening")
            if listening is not None:
                await listening.wait()
        simulator = await start_demo(hub) if options.demo else None
        sys.stdout.write(json.dumps(ready_line(hub, simulator)) + "\n")
        sys.stdout.flush()

    hub.host.on_started = started
    return await hub.host.run()


def ready_line(hub: Hub, simulator: dict[str, Any] | None) -> dict[str, Any]:
    """What automation needs to know to use the hub."""
    admin = hub.runtimes["ticket-svc"].extras["first_admin"]
    smtp_port = hub.runtimes["email-gateway"].extras.get("smtp_port", hub.options.smtp_port)
    line: dict[str, Any] = {
        "event": "ready",
        "url": f"http://{hub.options.host}:{hub.port}",
        "smtp": f"{hub.options.host}:{smtp_port}",
        "outgoing": str(hub.runtimes["email-gateway"].settings.outgoing),
        "data": str(hub.options.data),
        "pid": os.getpid(),
        "admin": {"email": admin["email"]},
    }
    if admin["password"]:
        line["admin"]["one_time_password"] = admin["password"]
    if simulator is not None:
        line["simulator"] = simulator
    return line
