"""A simulator in this process on a clock that the test moves, and one as a process of its own."""

import json
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from continuum_sim import Settings, create_app

PSG = "psg-of-the-test"
HEADERS = {"X-PSG-Code": PSG}


class FakeClock:
    """A wall clock that only moves when told to."""

    def __init__(self) -> None:
        self.moment = datetime(2030, 1, 15, 10, 5, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.moment

    def advance(self, **parts: float) -> None:
        self.moment += timedelta(**parts)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def sim(clock: FakeClock) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a fresh simulator in memory, carrying the right PSG code."""
    app = create_app(Settings(psg_code=PSG, wall_clock=clock, public_url="http://sim.example"))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://sim.example", headers=HEADERS
    ) as client:
        yield client
    app.state.simulator.close()


class SimProcess:
    """The simulator as a child process."""

    def __init__(self, arguments: list[str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "continuum_sim", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            _, told = self.process.communicate(timeout=10)
            raise RuntimeError(told)
        self.ready: dict[str, str] = json.loads(line)
        headers = {"X-PSG-Code": self.ready.get("psgCode", PSG)}
        self.client = httpx.Client(base_url=self.ready["url"], headers=headers, timeout=10)

    def kill(self) -> None:
        """End it as `kill -9` does."""
        self._end(signal.SIGKILL)

    def terminate(self) -> int:
        """End it as an orchestrator does and return its exit code."""
        return self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> int:
        self.client.close()
        if self.process.poll() is None:
            self.process.send_signal(number)
        self.process.communicate(timeout=15)
        return self.process.returncode


@pytest.fixture
def start() -> Iterator[Callable[..., SimProcess]]:
    """Start a simulator process; what is still running at the end is killed."""
    started: list[SimProcess] = []

    def start_process(
        state: Path | None = None, *arguments: str, psg: str | None = PSG
    ) -> SimProcess:
        options = ["--port", "0", *arguments]
        options += ["--state", str(state)] if state else []
        options += ["--psg", psg] if psg else []
        started.append(SimProcess(options))
        return started[-1]

    yield start_process
    for process in started:
        process.kill()
