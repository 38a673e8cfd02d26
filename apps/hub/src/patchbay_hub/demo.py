"""The demo:

a simulated Continuum on its own port, and a connection to it. Its state is kept beside the hub's.
"""

import socket
from pathlib import Path
from typing import Any

import httpx

from continuum_sim import Settings, create_app
from continuum_sim.simulator import StartRefusedError
from patchbay_hub.hub import Hub
from patchbay_hub.options import RunOptions
from patchbay_kit.auth import EVERYTHING, Principal
from patchbay_kit.errors import ConfigurationError
from patchbay_kit.host import HttpEndpoint

CONNECTION = "Demo Continuum"
ALERT_SECONDS = 5.0
SYSTEM = Principal(id="demo", kind="system", name="Demo", permissions=frozenset({EVERYTHING}))


def add_simulator(hub: Hub) -> None:
    """Put the simulator into the hub's process, on the port that it had before if that is free."""
    options = hub.options
    port = options.simulator_port or remembered_port(options)
    settings = Settings(
        state_file=options.data / "simulator.db",
        scenario="demo",
        interval_seconds=ALERT_SECONDS,
        public_url=f"http://{options.host}:{port}",
    )
    try:
        app = create_app(settings)
    except StartRefusedError as error:
        raise ConfigurationError(f"--data: {error}; does another hub run on it?") from None
    hub.simulator = HttpEndpoint(app, options.host, port, hub.host.grace, lifespan="on")
    hub.host.endpoints.append(hub.simulator)


def remembered_port(options: RunOptions) -> int:
    """The simulator's port of the last start, or a free one where somebody has taken it."""
    path = options.data / "simulator.port"
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((options.host, _read_port(path)))
        except OSError:
            probe.bind((options.host, 0))
        port: int = probe.getsockname()[1]
    path.write_text(str(port))
    return port


def _read_port(path: Path) -> int:
    """0 for a file that is not there, or that a kill left empty."""
    text = path.read_text() if path.exists() else ""
    return int(text) if text.isdecimal() and int(text) < 65536 else 0


async def start_demo(hub: Hub) -> dict[str, Any]:
    """Connect rmm-gateway to the simulator and enable it, once; returns what the ready line says
    about it.
    """
    assert hub.simulator is not None  # noqa: S101  # add_simulator came before
    url = f"http://{hub.options.host}:{hub.simulator.bound_port}"
    code = hub.simulator.app.state.simulator.psg.code
    token = hub.runtimes["ticket-svc"].extras["own_keys"].issuer.issue(SYSTEM).token
    transport = httpx.ASGITransport(app=hub.apps["rmm-gateway"])
    async with httpx.AsyncClient(
        transport=transport,
        base_url="http://hub",
        headers={"Authorization": f"Bearer {token}"},
        timeout=30,
    ) as client:
        connection = await _connection(client, url, code)
        if connection["base_url"].rstrip("/") != url:
            path = f"/v1/connections/{connection['id']}"
            (await client.patch(path, json={"base_url": url, "psg_code": code})).raise_for_status()
    return {"url": url, "control": f"{url}/__sim/", "connection_id": connection["id"]}


async def _connection(client: httpx.AsyncClient, url: str, code: str) -> dict[str, Any]:
    listed = await client.get("/v1/connections", params={"limit": 200})
    listed.raise_for_status()
    for each in listed.json()["items"]:
        if each["name"] == CONNECTION:
            return dict(each)
    created = await client.post(
        "/v1/connections",
        json={"name": CONNECTION, "base_url": url, "psg_code": code, "poll_interval": 2},
    )
    created.raise_for_status()
    connection: dict[str, Any] = created.json()
    enabled = await client.post(
        f"/v1/connections/{connection['id']}/enable", json={"confirm": True}
    )
    enabled.raise_for_status()
    return connection
