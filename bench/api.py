"""The API at 1,000,000 tickets beside the same reading and writing by hand, in one run."""

import asyncio
import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import asyncpg
import orjson

from bench.api_load import Load, connect, get, in_turn, load, post
from bench.floor_api import PAGE, SCHEMA
from bench.report import Line, median, ratio, say
from bench.servers import Servers, environment, process, run
from patchbay_kit.auth import hash_password
from patchbay_kit.ids import new_id
from patchbay_kit.testing.many_tickets import Size, fill, id_of
from patchbay_kit.testing.servers.ports import free_port
from patchbay_kit.testing.waiting import eventually

ADMIN = "admin@desk.example"
PASSWORD = "bench-password-1"
_ADMINISTRATOR = """UPDATE employee SET email1 = $2, permissions = '["*"]', password_hash = $3
WHERE id = $1"""
CLIENTS = 16
SECONDS = 4.0
# Floor and ours take turns within a round: what else the machine does comes and goes in seconds.
SLICES = 4
TIMEOUT = 60
OPEN = "/v1/tickets?view=open"


@dataclass(frozen=True)
class Ends:
    """Where ours and the floor answer, and what the requests name."""

    ours: int
    floor: int
    dsn: str
    token: str
    deep: str
    ticket: str
    account: str


@contextmanager
def prepared(servers: Servers, size: Size) -> Iterator[Ends]:
    """One large database, ticket-svc's `api` and the floor on it, one process each."""
    database = servers.postgres.create_database()
    ours, floor = free_port(), free_port()
    env = environment(
        database_url=database,
        bus_url=servers.rabbitmq.new_vhost(),
        http_port=str(ours),
        admin_email=ADMIN,
    )
    run("ticket_svc", "migrate", env=env)
    started = time.perf_counter()
    asyncio.run(fill(database, size))
    say(f"  {size.tickets:,} tickets in {time.perf_counter() - started:.0f} s")
    dsn = database.replace("+asyncpg", "")
    with process("ticket_svc", "api", env=env):
        command = ("bench.floor_api", dsn, str(floor))
        with process(*command, env=environment()):
            yield asyncio.run(_ends(ours, floor, dsn, size))


async def _ends(ours: int, floor: int, dsn: str, size: Size) -> Ends:
    connection = await asyncpg.connect(dsn)
    await connection.execute(SCHEMA)
    # Somebody who may see everything; there is a first administrator only on an empty desk.
    await connection.execute(_ADMINISTRATOR, id_of(1, 1), ADMIN, await hash_password(PASSWORD))
    await connection.close()
    for port in (ours, floor):
        await eventually(partial(_listens, port), timeout=TIMEOUT, interval=0.2)
    body = orjson.dumps({"email": ADMIN, "password": PASSWORD})
    token = _body(await (await connect(ours)).ask(post("/v1/auth/token", "", body)))["access_token"]
    cursor = ""
    for _ in range(25):
        page = _body(await (await connect(ours)).ask(get(f"{OPEN}&limit=200{cursor}", token)))
        cursor = f"&cursor={page['next_cursor']}"
    return Ends(ours, floor, dsn, token, OPEN + cursor, id_of(0, size.tickets // 2), id_of(2, 7))


async def _listens(port: int) -> bool:
    try:
        await (await connect(port)).ask(get("/readyz"))
    except OSError:
        return False
    return True


def _body(answer: bytes) -> dict[str, str]:
    found: dict[str, str] = orjson.loads(answer.partition(b"\r\n\r\n")[2])
    return found


async def one_client(ends: Ends) -> list[Load]:
    """The page of 50 open tickets by the driver alone, by the API, and deep down by the API."""
    database = await asyncpg.connect(ends.dsn)
    connection = await connect(ends.ours)
    first, deep = get(OPEN, ends.token), get(ends.deep, ends.token)
    try:
        return await in_turn(
            [
                lambda: database.fetch(PAGE),
                lambda: connection.ask(first),
                lambda: connection.ask(deep),
            ],
            SECONDS,
        )
    finally:
        await database.close()


def measure(ends: Ends, rounds: int, only: str = "") -> list[Line]:
    """The paths with `only` in their names, floor and ours in turn."""
    pages = _Pair("page of 50 open, one client", must=6, aim=5)
    deep = _Pair("deep page of 50 open, one client", must=1.3, aim=1.1)
    many = _Pair(f"page of 50 open, {CLIENTS} clients", must=0.55, aim=0.70)
    one = _Pair(f"one ticket with its parts, {CLIENTS} clients", must=0.40, aim=0.65)
    create = _Pair(f"create a ticket, {CLIENTS} clients", must=0.35, aim=0.50)
    loads: dict[_Pair, tuple[Callable[[], bytes], Callable[[], bytes]]] = {
        many: (lambda: get("/page"), lambda: get(OPEN, ends.token)),
        one: (
            lambda: get(f"/ticket/{ends.ticket}"),
            lambda: get(f"/v1/tickets/{ends.ticket}", ends.token),
        ),
        create: (_raw_insert(ends), _opened(ends)),
    }
    single = [pair for pair in (pages, deep) if only in pair.path]
    loads = {pair: asked for pair, asked in loads.items() if only in pair.path}
    for _ in range(rounds):
        if single:
            bare, first, below = asyncio.run(one_client(ends))
            pages.add(bare, first)
            deep.add(first, below)
        for _ in range(SLICES):
            for pair, (floor, ours) in loads.items():
                pair.add(_load(ends.floor, floor), _load(ends.ours, ours))
    for pair in (*single, *loads):
        say(pair.shown)
    return [*(pair.slower() for pair in single), *(pair.rate() for pair in loads)]


class _Pair:
    """The rounds of one path."""

    def __init__(self, path: str, *, must: float, aim: float) -> None:
        self.path = path
        self._must, self._aim = must, aim
        self._floor: list[Load] = []
        self._ours: list[Load] = []

    def add(self, floor: Load, ours: Load) -> None:
        self._floor.append(floor)
        self._ours.append(ours)

    @property
    def shown(self) -> str:
        sides = (("floor", self._floor), ("ours", self._ours))
        return f"  {self.path}: " + ", ".join(
            f"{name} p50 {median([each.p50 for each in loads]):.2f}"
            f" p99 {median([each.p99 for each in loads]):.2f} ms"
            f" {median([each.rate for each in loads]):.0f}/s"
            for name, loads in sides
        )

    def slower(self) -> Line:
        """How many times the p50 of the floor."""
        ours, floor = (median([each.p50 for each in side]) for side in (self._ours, self._floor))
        shown = f"{ours:.2f} ms", f"{floor:.2f} ms"
        path, slower = f"{self.path}, p50", ours / floor
        return Line(path, *shown, slower, self._must, self._aim, at_least=False)

    def rate(self) -> Line:
        ours, floor = (median([each.rate for each in side]) for side in (self._ours, self._floor))
        return ratio(self.path, ours, floor, self._must, self._aim)


def _load(port: int, make: Callable[[], bytes]) -> Load:
    return asyncio.run(load(port, make, clients=CLIENTS, seconds=SECONDS / SLICES))


def _raw_insert(ends: Ends) -> Callable[[], bytes]:
    def make() -> bytes:
        return post("/ticket", "", _new_ticket(ends, number=new_id()))

    return make


def _opened(ends: Ends) -> Callable[[], bytes]:
    numbers = itertools.count()

    def make() -> bytes:
        next(numbers)
        return post("/v1/tickets", ends.token, _new_ticket(ends), new_id())

    return make


def _new_ticket(ends: Ends, **fields: str) -> bytes:
    return orjson.dumps(
        {
            "account_id": ends.account,
            "subject": "The printer on the second floor does not print",
            "description": "It says that there is no paper, but there is. " * 8,
            **fields,
        }
    )
