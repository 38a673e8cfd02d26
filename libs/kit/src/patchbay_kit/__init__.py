"""The parts that Patchbay's services share."""

import sys

# Where some developers' tool has installed these, structlog and httpx load them for output that we
# never write: 5 MiB in each process. No image of ours has them.
for _name in ("pygments", "rich"):
    sys.modules.setdefault(_name, None)  # type: ignore[arg-type]  # stands for "not there"
