"""The scripts that prepare PostgreSQL and RabbitMQ, run against real ones."""

import asyncio
import json
import os
import re
import subprocess
from pathlib import Path

import asyncpg
import pytest
import yaml

from patchbay_contracts import system_topology
from patchbay_kit.bus.port import BusUnavailable, OutgoingMessage, PublishOutcome
from patchbay_kit.bus.rabbitmq import RabbitBus
from patchbay_kit.ids import new_id
from patchbay_kit.runtime import ServiceDefinition
from patchbay_kit.testing.servers.postgres import Postgres
from patchbay_kit.testing.servers.rabbitmq import RabbitMQ

ROOT = Path(__file__).parents[2]
# A quote and a backslash: whoever builds SQL or JSON by hand trips over them.
PASSWORD = """it's "quoted" \\ here"""


def _environment(services: dict[str, ServiceDefinition], kind: str, **more: str) -> dict[str, str]:
    names = {
        f"{service.package.upper()}_{kind}_PASSWORD": PASSWORD for service in services.values()
    }
    return {"PATH": os.environ["PATH"], **names, **more}


def _run(script: str, environment: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["sh", str(ROOT / script)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.integration
async def test_each_service_gets_a_database_that_is_shut_to_the_others(
    services: dict[str, ServiceDefinition],
) -> None:
    with Postgres(settings=["password_encryption = 'scram-sha-256'"]) as server:
        where = {"PGHOST": "127.0.0.1", "PGPORT": str(server.port)}
        done = _run("deploy/database/init.sh", _environment(services, "DATABASE", **where))
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        _ask_for_passwords(server)
        names = [service.package for service in services.values()]
        for name in names:
            connection = await _connect(server, name, name)
            await connection.execute("CREATE TABLE proof (id int)")
            rights = await connection.fetchrow(
                "SELECT rolsuper, rolcreatedb, rolcreaterole FROM pg_roles WHERE rolname = $1", name
            )
            assert rights is not None
            assert not any(rights.values())
            await connection.close()
            for other in [*names, "postgres"]:
                if other != name:
                    with pytest.raises(asyncpg.InsufficientPrivilegeError):
                        await _connect(server, name, other)


def _ask_for_passwords(server: Postgres) -> None:
    """The private cluster trusts everybody; a real one does not."""
    path = Path(server.sql("SHOW hba_file"))
    path.write_text(
        "local all all trust\nhost all postgres all trust\nhost all all all scram-sha-256\n"
    )
    server.sql("SELECT pg_reload_conf()")


async def _connect(
    server: Postgres, user: str, database: str
) -> "asyncpg.Connection[asyncpg.Record]":
    return await asyncpg.connect(
        host="127.0.0.1", port=server.port, user=user, database=database, password=PASSWORD
    )


def test_a_missing_password_stops_the_database_script(
    services: dict[str, ServiceDefinition],
) -> None:
    environment = _environment(services, "DATABASE")
    del environment["TICKET_SVC_DATABASE_PASSWORD"]
    done = _run("deploy/database/init.sh", environment)
    assert done.returncode != 0
    assert "TICKET_SVC_DATABASE_PASSWORD" in done.stderr


def _definitions(
    services: dict[str, ServiceDefinition], folder: Path, password: str = "p" * 24
) -> Path:
    """What start.sh writes before it starts the broker; the broker itself is a stand-in."""
    stand_in = folder / "docker-entrypoint.sh"
    stand_in.write_text('#!/bin/sh\necho "$@"\n')
    stand_in.chmod(0o755)
    target = folder / "definitions.json"
    environment = _environment(
        services, "BROKER", BROKER_ADMIN_PASSWORD=password, DEFINITIONS_FILE=str(target)
    )
    environment |= {key: password for key in environment if key.endswith("_BROKER_PASSWORD")}
    environment["PATH"] = f"{folder}:{environment['PATH']}"
    done = _run("deploy/broker/start.sh", environment)
    assert (done.returncode, done.stdout, done.stderr) == (0, "rabbitmq-server\n", "")
    assert target.stat().st_mode & 0o777 == 0o600
    return target


def test_the_brokers_users_are_written_as_json_whatever_the_password(
    services: dict[str, ServiceDefinition], tmp_path: Path
) -> None:
    written = json.loads(_definitions(services, tmp_path, PASSWORD).read_text("utf-8"))
    users = {user["name"]: user for user in written["users"]}
    assert set(users) == {"admin", *(service.package for service in services.values())}
    assert {user["password"] for user in users.values()} == {PASSWORD}
    assert [name for name, user in users.items() if user["tags"]] == ["admin"]


async def test_each_services_user_can_do_its_work_and_nothing_else(
    services: dict[str, ServiceDefinition], tmp_path: Path, rabbitmq_node: RabbitMQ
) -> None:
    node = rabbitmq_node.ensure_running()
    node.ctl("import_definitions", str(_definitions(services, tmp_path)))
    urls = {
        name: f"amqp://{service.package}:{'p' * 24}@127.0.0.1:{node.port}"
        for name, service in services.items()
    }
    try:
        # All have the same rights, as is looked at below: two stand for the five.
        for name in ("ticket-svc", "notifier"):
            await _works(f"{urls[name]}/patchbay", name)
        await asyncio.gather(*(_is_refused(f"{url}/%2F", name) for name, url in urls.items()))
        for row in json.loads(
            node.ctl("list_permissions", "-p", "patchbay", "--formatter", "json")
        ):
            expected = ".*" if row["user"] == "admin" else _ours(row["configure"])
            assert row["configure"] == row["write"] == row["read"] == expected
    finally:
        node.ctl("delete_vhost", "patchbay")
        for user in ("admin", *(service.package for service in services.values())):
            node.ctl("delete_user", user)


def _ours(pattern: str) -> str:
    """The pattern itself, if it takes our names and no others."""
    for name in ("patchbay.events", "patchbay.retry.5s", "ticket-svc.mail.dlq", "amq.default"):
        assert re.search(pattern, name)
    for name in ("ticket-svcx", "other.queue", "amq.topic", "xpatchbay.events"):
        assert not re.search(pattern, name)
    return pattern


async def _works(url: str, service: str) -> None:
    """Declare everything, publish, consume, put off and finish, as the service's processes do."""
    own = [queue for queue in system_topology() if queue.service == service]
    bus = RabbitBus(url, system_topology(), service=service, delay_steps=(0.2,))
    await bus.start()
    try:
        for queue in own[:1]:
            message = OutgoingMessage(new_id(), queue.routing_keys[0], b"{}")
            assert await bus.publish([message]) == [PublishOutcome.CONFIRMED]
            subscription = await bus.subscribe(queue.name, prefetch=10)
            (first,) = await subscription.receive(1, 10)
            await subscription.retry_later(first, delay_step=0)
            (again,) = await subscription.receive(1, 10)
            assert (again.event_id, again.attempt) == (message.event_id, 2)
            await subscription.done([again])
            await subscription.close()
    finally:
        await bus.stop()


async def _is_refused(url: str, service: str) -> None:
    with pytest.raises(BusUnavailable):
        await RabbitBus(url, (), service=service, connect_timeout=1.5).start()


def test_the_operators_users_have_the_same_rights(
    services: dict[str, ServiceDefinition], tmp_path: Path
) -> None:
    written = json.loads(_definitions(services, tmp_path).read_text("utf-8"))
    by_script = {row["user"]: row["configure"] for row in written["permissions"]}
    text = (ROOT / "deploy/k8s/components/rabbitmq-operator/users.yaml").read_text("utf-8")
    by_operator = {
        each["spec"]["userReference"]["name"]: each["spec"]["permissions"]
        for each in yaml.safe_load_all(text)
        if each["kind"] == "Permission"
    }
    for name, service in services.items():
        assert set(by_operator[name].values()) == {by_script[service.package]}
