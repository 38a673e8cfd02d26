"""A durable simulator of the Continuum PSA service, on a contract that we invented.

It imports nothing of Patchbay, so that the adapter and the simulator cannot share one mistake.
"""

from continuum_sim.app import create_app
from continuum_sim.settings import CONTRACT, Settings
from continuum_sim.simulator import Simulator, StartRefusedError

__all__ = ["CONTRACT", "Settings", "Simulator", "StartRefusedError", "create_app"]
