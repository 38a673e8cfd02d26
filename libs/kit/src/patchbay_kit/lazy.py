"""Names of a package that are loaded on first use.

A relay needs neither FastAPI nor cryptography, and each process keeps in memory what it has ever
imported. Import rules and type checkers see the same names below `if TYPE_CHECKING`.
"""

from collections.abc import Callable, Mapping
from pkgutil import resolve_name
from typing import Any


def on_first_use(package: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """A module's `__getattr__` (PEP 562). `homes` names the module of each name."""

    def load(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return resolve_name(f"{package}.{homes[name]}:{name}")

    return load


def found_at(place: str) -> Callable[[], Any]:
    """Gives what is at `module:name`, imported when it is asked for."""
    return lambda: resolve_name(place)


def called_at(place: str) -> Callable[..., Any]:
    """Stands for the function at `module:name`, imported when it is called."""
    return lambda *given: resolve_name(place)(*given)
