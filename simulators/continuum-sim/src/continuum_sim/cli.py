"""Command line: one simulator on one address, one JSON line when it is ready."""

import argparse
import json
import logging
import os
import socket
import sys
from pathlib import Path

import uvicorn

from continuum_sim.app import create_app
from continuum_sim.settings import CONTRACT, Settings
from continuum_sim.simulator import Simulator, StartRefusedError

_GRACE_SECONDS = 5


class _Server(uvicorn.Server):
    """Tells the caller when the simulator answers, and ends injected delays when it stops."""

    def __init__(self, config: uvicorn.Config, simulator: Simulator, ready: dict[str, str]) -> None:
        super().__init__(config)
        self._simulator = simulator
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            sys.stdout.write(json.dumps(self._ready) + "\n")
            sys.stdout.flush()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._simulator.stop()
        await super().shutdown(sockets)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="continuum_sim", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--state", type=Path, help="SQLite file; without it, in memory")
    parser.add_argument(
        "--psg",
        default=os.environ.get("CONTINUUM_SIM_PSG"),
        help="PSG security code, also CONTINUUM_SIM_PSG; the demo makes one up",
    )
    parser.add_argument("--scenario", choices=("demo", "none"), help="default: as stored")
    parser.add_argument("--interval", type=float, help="seconds between steps of the demo")
    parser.add_argument("--lease", type=float, default=30.0, help="seconds of a queue lease")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--public-url", help="base of ticket urls")
    return parser


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    return listener


def main(argv: list[str] | None = None) -> int:
    """Run until SIGTERM or SIGINT; returns 2 when the start was refused."""
    arguments = _parser().parse_args(argv)
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    try:
        listener = _listen(arguments.host, arguments.port)
    except OSError as error:
        sys.stderr.write(f"{arguments.host}:{arguments.port}: {error}\n")
        return 2
    url = f"http://{_bracketed(arguments.host)}:{listener.getsockname()[1]}"
    settings = Settings(
        psg_code=arguments.psg,
        state_file=arguments.state,
        scenario=arguments.scenario,
        interval_seconds=arguments.interval,
        lease_seconds=arguments.lease,
        public_url=arguments.public_url or url,
        seed=arguments.seed,
    )
    try:
        app = create_app(settings)
    except StartRefusedError as error:
        listener.close()
        sys.stderr.write(f"{error}\n")
        return 2
    ready = {"event": "ready", "url": url, "contract": CONTRACT}
    simulator: Simulator = app.state.simulator
    if not arguments.psg and simulator.psg.code:
        # Only a code that the caller cannot know is told.
        ready["psgCode"] = simulator.psg.code
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    _Server(config, simulator, ready).run(sockets=[listener])
    return 0


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
