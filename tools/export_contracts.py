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
EXAMPLES = ROOT / "libs/contracts/examples"
GENERATED = Path("libs/contracts/src/patchbay_contracts/generated")
RELEASED = Path("libs/contracts/schemas/released")

Files = dict[Path, str]


def main() -> int:
    """Run one of the three modes; the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--check", action="store_true", help="exit 1 and name the stale files")
    mode.add_argument("--release", action="store_true", help="freeze the released baseline")
    parser.add_argument("--root", type=Path, default=ROOT, help="the tree to write to or check")
    arguments = parser.parse_args()
    if arguments.release:
        return _release(arguments.root)
    files = _files()
    stale = [path for path, text in files.items() if _text(arguments.root / path) != text]
    present = (arguments.root / GENERATED / "schemas").glob("*.json")
    orphans = sorted({path.relative_to(arguments.root) for path in present} - files.keys())
    if arguments.check:
        return _report(stale, orphans)
    for path in stale:
        _write(arguments.root / path, files[path])
    for path in orphans:
        (arguments.root / path).unlink()
        print(f"removed {path}")
    return 0


def _files() -> Files:
    """Every generated file, by its path under the root."""
    system = load_system()
    return {
        **_schema_files(GENERATED / "schemas"),
        GENERATED / "asyncapi.json": _json(render_asyncapi(system, EXAMPLES)),
        GENERATED / "topology.json": _json(render_topology(system)),
        GENERATED / "openapi.json": _json(render_openapi(system)),
        Path("docs/events.md"): render_events_page(system),
        Path("docs/reasons.md"): render_reasons_page(),
    }


def _schema_files(folder: Path) -> Files:
    return {folder / f"{name}.json": _json(event_schema(name)) for name in registered()}


def _release(root: Path) -> int:
    breaks = breaks_against(root / RELEASED)
    for line in breaks:
        print(f"breaks a running consumer: {line}", file=sys.stderr)
    if breaks:
        print("give the event a new major version instead: <noun>.<verb>.v2", file=sys.stderr)
        return 1
    for path, text in _schema_files(root / RELEASED).items():
        if _text(path) != text:
            _write(path, text)
    return 0


def _report(stale: list[Path], orphans: list[Path]) -> int:
    for path in stale:
        print(f"stale: {path}", file=sys.stderr)
    for path in orphans:
        print(f"no such event: {path}", file=sys.stderr)
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
    print(f"wrote {path}")


if __name__ == "__main__":
    sys.exit(main())
