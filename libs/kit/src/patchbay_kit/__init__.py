"""The parts that Patchbay's services share."""

import sys

# structlog loads rich and pygments where some other tool has installed them, to draw tracebacks as
# we never do: 5 MiB in each process. Whoever wants rich can still import it afterwards.
if "rich" not in sys.modules:
    sys.modules["rich"] = None  # type: ignore[assignment]  # how the import system says "not there"
    import structlog  # noqa: F401

    del sys.modules["rich"]
