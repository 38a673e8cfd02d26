"""A private RabbitMQ node with the management API, and virtual hosts as cheap as a test needs.

The node and its port mapper (epmd) are both our children: a node that finds no epmd would start
one that outlives it.
"""

import base64
import http.client
import json
import os
import secrets
import socket
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self
from urllib.parse import quote

from patchbay_kit.testing.servers.ports import accepts_connections, free_port
from patchbay_kit.testing.servers.process import EngineMissingError, PrivateServer
from patchbay_kit.testing.waiting import wait_until

# The Debian wrapper in /usr/sbin insists on user rabbitmq and its home; this one does not.
_SCRIPTS = Path("/usr/lib/rabbitmq/bin")
_PROTOCOL_HEADER = b"AMQP\x00\x00\x09\x01"
# Statistics twice a second instead of every five, and shown at that grain.
_ADVANCED = """
[{rabbit, [{quorum_tick_interval, 500}, {collect_statistics_interval, 500}]},
 {rabbitmq_management_agent,
  [{sample_retention_policies, [{global, [{10, 1}]}, {basic, [{10, 1}]}, {detailed, [{10, 1}]}]}]}].
"""


class ManagementError(RuntimeError):
    """The management API refused a request."""


@dataclass(frozen=True)
class QueueStats:
    """What a queue held when it was asked."""

    name: str
    ready: int
    unacknowledged: int
    consumers: int

    @property
    def messages(self) -> int:
        """Everything the queue still holds."""
        return self.ready + self.unacknowledged


class Epmd(PrivateServer):
    """The Erlang port mapper of one node."""

    name: ClassVar[str] = "epmd"

    def __init__(self) -> None:
        super().__init__()
        self.port = free_port()

    @property
    def version(self) -> str:
        """Not interesting on its own."""
        return ""

    def _command(self) -> Sequence[str]:
        return ["epmd", "-port", str(self.port), "-address", "127.0.0.1"]

    def _is_ready(self) -> bool:
        return accepts_connections(self.port)


class RabbitMQ(PrivateServer):
    """One node. Ports stay the same over `restart` and `kill9` + `start`, and so do queues."""

    name: ClassVar[str] = "RabbitMQ"

    def __init__(self) -> None:
        if not (_SCRIPTS / "rabbitmq-server").exists():
            raise EngineMissingError(self.name, "rabbitmq-server")
        super().__init__()
        self.port, self.management_port, self._distribution_port = (free_port() for _ in range(3))
        self._epmd = Epmd()
        self._nodename = f"pb{secrets.token_hex(4)}@localhost"
        self._write_files()

    @property
    def version(self) -> str:
        """As the running node reports it."""
        return str(self._request("GET", "/overview")["rabbitmq_version"])

    def launch(self) -> Self:
        """Start the port mapper, which takes no time, and then the node, which takes seconds."""
        self._epmd.start()
        return super().launch()

    def close(self) -> None:
        """Remove node and port mapper."""
        super().close()
        self._epmd.close()

    def url(self, vhost: str) -> str:
        """The AMQP address of a virtual host."""
        return f"amqp://guest:guest@127.0.0.1:{self.port}/{quote(vhost, safe='')}"

    def new_vhost(self) -> str:
        """Make an empty virtual host and return its AMQP address."""
        vhost = f"t-{secrets.token_hex(6)}"
        everything = {"configure": ".*", "write": ".*", "read": ".*"}
        self._request("PUT", f"/vhosts/{vhost}", {})
        self._request("PUT", f"/permissions/{vhost}/guest", everything)
        return self.url(vhost)

    def delete_vhost(self, url: str) -> None:
        """Remove a virtual host with everything in it; no error if it is gone."""
        self._request("DELETE", f"/vhosts/{_vhost(url)}", missing_is_fine=True)

    def queues(self, url: str) -> dict[str, QueueStats]:
        """All queues of a virtual host by name, counted now (takes about half a second).

        Not from the management API: it shows no counts for a quorum queue that nobody has used
        since the node's start.
        """
        columns = ("name", "messages_ready", "messages_unacknowledged", "consumers")
        listing = self.ctl("list_queues", "-p", _vhost(url), *columns, "--formatter", "json")
        return {
            row["name"]: QueueStats(row["name"], *(int(row[column] or 0) for column in columns[1:]))
            for row in json.loads(listing)
        }

    def publish(self, url: str, exchange: str, routing_key: str, body: bytes) -> bool:
        """Publish as a foreign program would; False where no queue wanted it."""
        message = {
            "routing_key": routing_key,
            "payload": base64.b64encode(body).decode(),
            "payload_encoding": "base64",
            "properties": {"delivery_mode": 2},
        }
        answer = self._request("POST", f"/exchanges/{_vhost(url)}/{exchange}/publish", message)
        return bool(answer["routed"])

    def delete_queue(self, url: str, name: str) -> None:
        """Take a queue away under its consumers, as an operator's slip would."""
        self._request("DELETE", f"/queues/{_vhost(url)}/{quote(name, safe='')}")

    def close_connections(self, url: str) -> int:
        """Cut every connection to a virtual host; returns how many were cut."""
        rows = self._request("GET", f"/vhosts/{_vhost(url)}/connections")
        for row in rows:
            path = f"/connections/{quote(row['name'], safe='')}"
            self._request("DELETE", path, missing_is_fine=True)
        return len(rows)

    def ctl(self, *arguments: str) -> str:
        """Run rabbitmqctl against this node (about a second) and return what it printed."""
        done = subprocess.run(
            [str(_SCRIPTS / "rabbitmqctl"), "-n", self._nodename, "--quiet", *arguments],
            env=self._environment(),
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        return done.stdout

    def settle(self) -> None:
        """Put virtual hosts, queues and bindings on disk now; takes about half a second.

        RabbitMQ 3.10 writes them up to two seconds late: a `kill9` sooner than that forgets a
        queue declared meanwhile, with the confirmed messages in it. Call this before a `kill9`
        that is about messages; leave it out to test that the topology is declared again.
        """
        self.ctl("eval", "mnesia:sync_log(), [dets:sync(Table) || Table <- dets:all()].")

    def raise_disk_alarm(self) -> None:
        """Block every publisher, as a full disk does, until `clear_disk_alarm`."""
        self.ctl("set_disk_free_limit", "900000GB")

    def clear_disk_alarm(self) -> None:
        """Let publishers go on."""
        self.ctl("set_disk_free_limit", "1MB")

    def _write_files(self) -> None:
        home = self.directory / "home"
        home.mkdir()
        cookie = home / ".erlang.cookie"
        cookie.write_text(secrets.token_hex(16))
        cookie.chmod(0o400)
        (self.directory / "enabled_plugins").write_text("[rabbitmq_management].\n")
        (self.directory / "advanced.config").write_text(_ADVANCED)
        (self.directory / "rabbitmq.conf").write_text(
            f"listeners.tcp.1 = 127.0.0.1:{self.port}\n"
            "management.tcp.ip = 127.0.0.1\n"
            f"management.tcp.port = {self.management_port}\n"
            "disk_free_limit.absolute = 1MB\n"
            "log.file.level = warning\n"
        )

    def _environment(self) -> Mapping[str, str]:
        here = self.directory
        loopback = "{127,0,0,1}"
        return {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "HOME": str(here / "home"),
            "LC_ALL": "C.UTF-8",
            "ERL_EPMD_PORT": str(self._epmd.port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": self._nodename,
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_DIST_PORT": str(self._distribution_port),
            "RABBITMQ_MNESIA_BASE": str(here / "mnesia"),
            "RABBITMQ_LOG_BASE": str(here / "log"),
            "RABBITMQ_PID_FILE": str(here / "pid"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(here / "enabled_plugins"),
            "RABBITMQ_CONFIG_FILE": str(here / "rabbitmq.conf"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(here / "advanced.config"),
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": (
                f"-noinput -kernel inet_dist_use_interface {loopback}"
            ),
            # Makes the script replace itself by the Erlang machine, so that our pid is the node's.
            "RUNNING_UNDER_SYSTEMD": "true",
        }

    def _command(self) -> Sequence[str]:
        return [str(_SCRIPTS / "rabbitmq-server")]

    def _is_ready(self) -> bool:
        return self._speaks_amqp() and self._management_answers()

    def _speaks_amqp(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=2) as connection:
                connection.sendall(_PROTOCOL_HEADER)
                return connection.recv(1) == b"\x01"  # a method frame: connection.start
        except OSError:
            return False

    def _management_answers(self) -> bool:
        try:
            self._request("GET", "/overview")
        except (OSError, http.client.HTTPException, ManagementError):
            return False
        return True

    def _request(
        self,
        method: str,
        path: str,
        body: Mapping[str, object] | None = None,
        *,
        missing_is_fine: bool = False,
    ) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self.management_port, timeout=10)
        try:
            connection.request(
                method,
                f"/api{path}",
                body=None if body is None else json.dumps(body),
                headers={
                    "Authorization": "Basic " + base64.b64encode(b"guest:guest").decode(),
                    "Content-Type": "application/json",
                },
            )
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        if answer.status == http.client.NOT_FOUND and missing_is_fine:
            return None
        if answer.status >= http.client.BAD_REQUEST:
            raise ManagementError(f"{method} {path}: {answer.status} {content[:200]!r}")
        return json.loads(content) if content else None

    def wait_for_queue(
        self, url: str, name: str, *, messages: int, timeout: float = 15
    ) -> QueueStats:
        """Wait until a queue holds exactly that many messages, ready and unacknowledged."""

        def reached() -> QueueStats | None:
            stats = self.queues(url).get(name)
            return stats if stats and stats.messages == messages else None

        found = wait_until(
            reached, timeout=timeout, interval=0.2, message=f"{name} holding {messages}"
        )
        assert found is not None
        return found


def _vhost(url: str) -> str:
    return url.rsplit("/", 1)[1]
