"""Connects the hub to the simulated RMM and enables the connection. Harmless to repeat."""

import json
import os
import sys
import urllib.error
import urllib.request
from typing import Any

NAME = "Demo Continuum"
TIMEOUT = 30


def call(method: str, path: str, body: dict[str, Any] | None = None, token: str = "") -> Any:
    """One request to the hub; urllib's HTTPError for anything but success."""
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    request = urllib.request.Request(  # noqa: S310  # the operator's own address
        os.environ["HUB_URL"] + path,
        data=None if body is None else json.dumps(body).encode(),
        headers=headers,
        method=method,
    )
    with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310
        return json.load(answer)


def main() -> None:
    """Find or make the connection by its name, then see that it is enabled."""
    who = {"email": os.environ["ADMIN_EMAIL"], "password": os.environ["ADMIN_PASSWORD"]}
    token = call("POST", "/v1/auth/token", who)["access_token"]
    listed = call("GET", "/v1/connections?limit=200", token=token)["items"]
    found = next((each for each in listed if each["name"] == NAME), None)
    wanted = {
        "name": NAME,
        "base_url": os.environ["SIMULATOR_URL"],
        "psg_code": os.environ["SIMULATOR_CODE"],
        "poll_interval": 2,
    }
    connection = found or call("POST", "/v1/connections", wanted, token)
    if not connection["ticket_processing"]:
        call("POST", f"/v1/connections/{connection['id']}/enable", {"confirm": True}, token)
    sys.stdout.write(f"connected: {connection['id']}\n")


if __name__ == "__main__":
    try:
        main()
    except urllib.error.HTTPError as error:
        sys.exit(f"{error.url}: {error.code} {error.read(2000).decode(errors='replace')}")
    except OSError as error:
        sys.exit(f"{os.environ['HUB_URL']}: {error}")
