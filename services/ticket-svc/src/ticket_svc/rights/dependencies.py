"""What routes ask for: the caller as a reader of tickets."""

from typing import Annotated

from fastapi import Depends

from patchbay_kit.http import Caller
from ticket_svc.rights.viewer import Viewer


async def viewer(principal: Caller) -> Viewer:
    """The dependency behind `ViewerDep`."""
    return Viewer(principal)


ViewerDep = Annotated[Viewer, Depends(viewer)]
