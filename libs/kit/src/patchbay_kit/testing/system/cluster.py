"""Five services as role processes on a private RabbitMQ and PostgreSQL, as Kubernetes runs them."""

import contextlib
import json
import secrets
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, ClassVar, Self
from urllib.parse import urlsplit

from patchbay_kit.runtime import ServiceDefinition
from patchbay_kit.testing.servers.ports import free_port
from patchbay_kit.testing.servers.postgres import Postgres
from patchbay_kit.testing.servers.process import PrivateServer, ServerFailedError
from patchbay_kit.testing.servers.rabbitmq import RabbitMQ
from patchbay_kit.testing.system.api import Api
from patchbay_kit.testing.system.base import (
    ADMIN_EMAIL,
    ADMIN_PASSWORD,
    System,
    common_settings,
)
from patchbay_kit.testing.system.process import Program

ROLES = ("api", "worker", "relay")
_ISSUER = "ticket-svc"


class Cluster(System):
    """One process for each service and role. `settings` are more environment variables for all."""

    form: ClassVar[str] = "cluster"

    def __init__(
        self,
        services: Sequence[ServiceDefinition],
        rabbitmq: RabbitMQ,
        postgres: Postgres,
        *,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self._rabbitmq, self._postgres = rabbitmq.ensure_running(), postgres.ensure_running()
        self._services = {service.name: service for service in services}
        self._amqp_url = rabbitmq.new_vhost()
        self._databases = {name: postgres.create_database() for name in self._services}
        self._ports = {(name, role): free_port() for name in self._services for role in ROLES}
        self.smtp_port = free_port()
        self._migrated = False
        self._programs: dict[str, Program] = {}
        for service in services:
            for role in ROLES:
                self._add(service, role, settings or {})
        self._prefixes = self._prefix_table()
        self.api = Api(self.base_url, ADMIN_EMAIL, ADMIN_PASSWORD)

    def start(self) -> Self:
        self._rabbitmq.ensure_running()
        self._postgres.ensure_running()
        if not self._migrated:
            with ThreadPoolExecutor() as pool:
                list(pool.map(self._migrate, self._services.values()))
            self._migrated = True
        for program in self._programs.values():
            program.launch()
        for program in self._programs.values():
            program.start()
        return self

    def killable(self) -> Mapping[str, PrivateServer]:
        engines = {"RabbitMQ": self._rabbitmq, "PostgreSQL": self._postgres}
        return {**self._programs, **engines}

    def programs(self) -> Mapping[str, Program]:
        return self._programs

    def close(self) -> None:
        self.api.close()
        for program in self._programs.values():
            program.close()
        self._rabbitmq.ensure_running().delete_vhost(self._amqp_url)
        for url in self._databases.values():
            self._postgres.ensure_running().drop_database(url)

    def base_url(self, path: str) -> str:
        for prefix, name in self._prefixes:
            if path == prefix or path.startswith(prefix + "/"):
                return self._url(name, "api")
        return self._url(_ISSUER, "api")

    def rows(self, service: str, query: str) -> list[dict[str, Any]]:
        wrapped = f"SELECT coalesce(json_agg(t), '[]') FROM ({query}) t"  # noqa: S608 - a test's own
        database = urlsplit(self._databases[service]).path.lstrip("/")
        found: list[dict[str, Any]] = json.loads(self._postgres.sql(wrapped, database))
        return found

    def on_the_bus(self) -> dict[str, int]:
        queues = self._rabbitmq.queues(self._amqp_url).values()
        return {each.name: each.messages for each in queues if each.messages}

    def publish_raw(self, routing_key: str, body: bytes) -> None:
        self._rabbitmq.publish(self._amqp_url, "patchbay.events", routing_key, body)

    def settle(self) -> None:
        """A queue that was declared a moment ago would be forgotten (see `RabbitMQ.settle`)."""
        with contextlib.suppress(Exception):  # It may be dead already; then it settled or not.
            self._rabbitmq.settle()

    def program(self, service: str, role: str) -> Program:
        """The process of one service's role."""
        return self._programs[f"{service} {role}"]

    def _add(self, service: ServiceDefinition, role: str, more: Mapping[str, str]) -> None:
        label = f"{service.name} {role}"
        program = Program(label, [service.package, role], {})
        self._programs[label] = program
        program.settings.update(self._settings(service.name, role), **more)
        program.probe = self._url(service.name, role) + "/readyz"

    def _settings(self, service: str, role: str) -> dict[str, str]:
        settings = common_settings() | {
            "PATCHBAY_DATABASE_URL": self._databases[service],
            "PATCHBAY_DATABASE_POOL": "4",
            "PATCHBAY_BUS_URL": self._amqp_url,
            "PATCHBAY_BLOB_DIR": str(self._blobs),
            "PATCHBAY_HTTP_PORT": str(self._ports[service, role]),
            "PATCHBAY_JWKS_URL": self._url(_ISSUER, "api") + "/.well-known/jwks.json",
            "PATCHBAY_MAIL_SECRET_KEY": "a key that two private services share, long enough",
            # The private broker has its default user only.
            "PATCHBAY_ENV": "development",
        }
        if (service, role) == ("email-gateway", "worker"):
            settings["PATCHBAY_SMTP_LISTEN_PORT"] = str(self.smtp_port)
        return settings

    @property
    def _blobs(self) -> Path:
        """One folder for all roles of email-gateway, in the first process's directory."""
        return next(iter(self._programs.values())).directory / "blobs"

    def _migrate(self, service: ServiceDefinition) -> None:
        settings = self._programs[f"{service.name} worker"].settings
        program = Program(f"{service.name} migrate", [service.package, "migrate"], settings)
        try:
            program.launch()
            program.wait(60)
            if program.exit_status != 0:
                raise ServerFailedError(f"{program.label}:\n{program.log_tail()}")
        finally:
            program.close()

    def _prefix_table(self) -> list[tuple[str, str]]:
        table = []
        for name, service in self._services.items():
            own = (f"/v1/dead-letters/{name}", f"/openapi.{name}.json")
            table += [(prefix, name) for prefix in (*service.prefixes, *own)]
        return sorted(table, key=lambda row: len(row[0]), reverse=True)

    def _url(self, service: str, role: str) -> str:
        return f"http://127.0.0.1:{self._ports[service, role]}"


def new_password() -> str:
    """A password for somebody who lives as long as a test."""
    return secrets.token_urlsafe(18)
