"""The init container: pods start when the job has migrated, never before."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from patchbay_kit.db.migrate import migrate
from patchbay_kit.runtime import ServiceDefinition
from patchbay_kit.testing.waiting import wait_until

SCRIPT = Path(__file__).parents[2] / "deploy/k8s/base/wait_for_schema.py"


@pytest.mark.slow
def test_it_ends_once_the_database_is_at_the_revision_of_the_image(
    services: dict[str, ServiceDefinition], sqlite_url: str, tmp_path: Path
) -> None:
    service = services["link-svc"]
    environment = {
        "PATH": os.environ["PATH"],
        "SERVICE": service.name,
        "PATCHBAY_DATABASE_URL": sqlite_url,
    }
    said = tmp_path / "said"
    with (
        said.open("w") as output,
        subprocess.Popen([sys.executable, str(SCRIPT)], env=environment, stdout=output) as waiting,
    ):
        try:
            wait_until(
                lambda: "schema is at nothing" in said.read_text(),
                timeout=30,
                message="it says what it waits for",
            )
            assert waiting.poll() is None
            migrate(service.package, sqlite_url, service.metadata)
            assert waiting.wait(30) == 0
        finally:
            waiting.kill()
