"""What routes ask for beside the kit's own dependencies."""

from typing import Annotated

from fastapi import Depends

from patchbay_kit.http import RuntimeDep
from rmm_gateway.wiring import Parts, parts_of


def _parts(runtime: RuntimeDep) -> Parts:
    return parts_of(runtime)


PartsDep = Annotated[Parts, Depends(_parts)]
