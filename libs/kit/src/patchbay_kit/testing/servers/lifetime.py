"""What everything that a test starts and ends has in common: one server, or a whole system."""

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self


class Lifetime(ABC):
    """Used as a context it is started at the beginning, and closed whatever happens."""

    @abstractmethod
    def start(self) -> Self:
        """Start what does not run and wait until clients can work."""

    @abstractmethod
    def stop(self) -> object:
        """Ask it to end (SIGTERM) and wait; kill it if it does not."""

    @abstractmethod
    def close(self) -> None:
        """Kill it and remove everything it had."""

    def restart(self) -> Self:
        """Stop in order and start again on the same ports and data."""
        self.stop()
        return self.start()

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
