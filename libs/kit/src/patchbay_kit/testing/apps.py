"""HTTP apps that tests share: building one costs more than most of what a test asks of it.

Promise: two clients that are open at once never share an app, and an app keeps nothing of the
runtime that it served before.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

from fastapi import FastAPI

from patchbay_kit.runtime import Runtime, ServiceDefinition

# Definitions that a test makes up for itself must not stay for ever.
_KEPT = 12


class _Stand:
    """Stands where an app expects its runtime, for the one that it serves just now."""

    def __init__(self) -> None:
        self.runtime: Runtime | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.runtime, name)


_Idle = list[tuple[FastAPI, _Stand]]
_IDLE: "OrderedDict[Callable[[Runtime], FastAPI], _Idle]" = OrderedDict()


@contextmanager
def app_of(service: ServiceDefinition, runtime: Runtime) -> Iterator[FastAPI]:
    """The service's app on this runtime, for as long as the block lasts."""
    idle = _IDLE.setdefault(service.create_app, [])
    _IDLE.move_to_end(service.create_app)
    while len(_IDLE) > _KEPT:
        _IDLE.popitem(last=False)
    app, stand = idle.pop() if idle else _new(service)
    stand.runtime = runtime
    try:
        yield app
    finally:
        stand.runtime = None
        idle.append((app, stand))


def _new(service: ServiceDefinition) -> tuple[FastAPI, _Stand]:
    stand = _Stand()
    return service.create_app(cast("Runtime", stand)), stand
