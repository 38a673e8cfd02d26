#!/usr/bin/env python3
"""Write everything that is generated from the contracts: `make schemas`.

    export_contracts.py             write the files that changed, name them
    export_contracts.py --check     write nothing; exit 1 and name the stale files
    export_contracts.py --release   freeze the present schemas as the released baseline;
                                    refused where one breaks a running consumer

The output depends on the code alone: no clock, no environment, no order of import.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from contract_export.asyncapi import render_asyncapi
from contract_export.openapi import render_openapi
from contract_export.pages import render_events_page, render_reasons_page
from contract_export.release import breaks_against
from contract_export.services import load_system
from contract_export.topology import render_topology

from patchbay_contracts import registered
from patchbay_contracts.schemas import event_schema

ROOT = Path(__file__).resolve().parent.parent
CONTRACTS = ROOT / "libs/contracts"
GENERATED = CONTRACTS / "src/patchbay_contracts/generated"
RELEASED = CONTRACTS / "schemas/released"


def main() -> int:
    """Run one of the three modes; the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--check", action="store_true", help="exit 1 and name the stale files")
    mode.add_argument("--release", action="store_true", help="freeze the released baseline")
    arguments = parser.parse_args()
    if arguments.release:
        return _release()
    files = _files()
    stale = [path for path, text in files.items() if _text(path) != text]
    orphans = [path for path in (GENERATED / "schemas").glob("*.json") if path not in files]
    if arguments.check:
        return _report(stale, orphans)
    for path in stale:
        _write(path, files[path])
    for path in orphans:
        path.unlink()
        print(f"removed {path.relative_to(ROOT)}")
    return 0


def _files() -> dict[Path, str]:
    """Every generated file with its text."""
    system = load_system()
    asyncapi = render_asyncapi(system, CONTRACTS / "examples")
    return {
        **_schema_files(GENERATED / "schemas"),
        GENERATED / "asyncapi.json": _json(asyncapi),
        GENERATED / "topology.json": _json(render_topology(system)),
        GENERATED / "openapi.json": _json(render_openapi(system)),
        ROOT / "docs/events.md": render_events_page(system),
        ROOT / "docs/reasons.md": render_reasons_page(),
    }


def _schema_files(folder: Path) -> dict[Path, str]:
    return {folder / f"{name}.json": _json(event_schema(name)) for name in registered()}


def _release() -> int:
    breaks = breaks_against(RELEASED)
    for line in breaks:
        print(f"breaks a running consumer: {line}", file=sys.stderr)
    if breaks:
        print("give the event a new major version instead: <noun>.<verb>.v2", file=sys.stderr)
        return 1
    for path, text in _schema_files(RELEASED).items():
        if _text(path) != text:
            _write(path, text)
    return 0


def _report(stale: list[Path], orphans: list[Path]) -> int:
    for path in stale:
        print(f"stale: {path.relative_to(ROOT)}", file=sys.stderr)
    for path in orphans:
        print(f"no such event: {path.relative_to(ROOT)}", file=sys.stderr)
    if stale or orphans:
        print("run `make schemas` and commit what it writes", file=sys.stderr)
        return 1
    return 0


def _json(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _text(path: Path) -> str | None:
    return path.read_text("utf-8") if path.exists() else None


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    print(f"wrote {path.relative_to(ROOT)}")


if __name__ == "__main__":
    sys.exit(main())
