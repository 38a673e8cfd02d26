"""The one Dockerfile, by its text; an engine to build it is not part of a test run."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
STAGES = re.split(r"^FROM ", DOCKERFILE, flags=re.MULTILINE)[1:]
IMAGES = sorted(path.parent.name for path in ROOT.glob("s[ei]*/*/pyproject.toml"))

Document = dict[str, Any]


def test_third_party_packages_come_by_hash_and_ours_from_nowhere_else() -> None:
    commands = DOCKERFILE.replace("\\\n", " ").replace("\n", "&&").split("&&")
    fetching = [each for each in commands if re.search(r"pip.* (install|wheel|download) ", each)]
    assert len(fetching) == 4
    for command in fetching:
        assert "--require-hashes" in command or "--no-index" in command


def test_what_only_builds_is_taken_out_and_was_in_the_lock() -> None:
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    (removed,) = re.findall(r"uninstall --yes \\\n\s+(.*)", DOCKERFILE)
    for name in removed.split():
        assert re.search(rf"^{name}==", lock, re.MULTILINE), name


def test_the_final_stage_runs_as_nobody_special_and_holds_no_tools() -> None:
    final = STAGES[-1]
    assert re.findall(r"^USER (\S+)$", final, re.MULTILINE) == ["10001:10001"]
    assert "/opt/tools" not in final
    assert "pip" not in final.lower()
    assert re.search(r"^ENTRYPOINT \[\"python\", \"-m\"\]$", final, re.MULTILINE)


def test_the_context_holds_what_the_image_copies() -> None:
    ignored = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    assert ignored[1] == "*"
    for source in re.findall(r"^COPY (?!--from)(\S+)", DOCKERFILE, re.MULTILINE):
        names = ["services", "simulators"] if source.startswith("*/") else [source]
        assert {f"!{name}" for name in names} <= set(ignored)


def test_every_image_of_compose_is_built_from_a_folder_of_that_name(compose: Document) -> None:
    for service in compose["services"].values():
        name = service["image"].split(":")[0].removeprefix("patchbay/")
        if "build" in service:
            assert service["build"]["args"] == {"SERVICE": name}
            assert name in IMAGES
        if name in IMAGES and "entrypoint" not in service:
            assert service["command"][0] == name.replace("-", "_")
            assert (_package(name) / "__main__.py").exists()


def _package(name: str) -> Path:
    (folder,) = ROOT.glob(f"*/{name}")
    return folder / "src" / name.replace("-", "_")


def test_hadolint_finds_nothing() -> None:
    command = [str(Path(sys.executable).with_name("hadolint")), str(ROOT / "Dockerfile")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert (done.returncode, done.stdout) == (0, "")
