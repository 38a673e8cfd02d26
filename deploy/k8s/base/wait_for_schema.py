"""Waits until the database of $SERVICE is at the revision that this image knows."""

import asyncio
import os
import sys

from sqlalchemy.exc import SQLAlchemyError

from patchbay_kit.db.engine import create_engine
from patchbay_kit.db.revisions import current_revision, head_revision

PAUSE_SECONDS = 2.0


async def wait(package: str, url: str) -> None:
    """Ask until it is there; Kubernetes decides when that takes too long."""
    wanted = head_revision(package)
    engine = create_engine(url, pool_size=1, application_name=f"patchbay-wait-{package}")
    try:
        while True:
            try:
                found = await current_revision(engine)
            except (SQLAlchemyError, OSError, TimeoutError) as error:
                found = type(error).__name__
            if found == wanted:
                return
            sys.stdout.write(f"schema is at {found or 'nothing'}, waiting for {wanted}\n")
            sys.stdout.flush()
            await asyncio.sleep(PAUSE_SECONDS)
    finally:
        await engine.dispose()


if __name__ == "__main__":
    asyncio.run(wait(os.environ["SERVICE"].replace("-", "_"), os.environ["PATCHBAY_DATABASE_URL"]))
