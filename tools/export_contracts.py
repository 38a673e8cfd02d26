#!/usr/bin/env python3
"""Write everything that is generated from the contracts: `make schemas`.

    export_contracts.py             write the files that changed, name them
    export_contracts.py --check     write nothing; exit 1 and name the stale files
    export_contracts.py --release   freeze the present schemas as the released baseline;
                                    refused where one breaks a running consumer

The output depends on the code alone: no clock, no environment, no order of import.
"""

import argparse
import sys
from pathlib import Path

from contract_export.release import breaks_against
from contract_export.schemas import SCHEMAS, Files, schema_files

ROOT = Path(__file__).resolve().parent.parent
RELEASED = Path("libs/contracts/schemas/released")


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
    # Imported late: it brings all services along, and freezing schemas needs none.
    from contract_export.everything import generated_files

    files = generated_files(ROOT)
    stale = [path for path, text in files.items() if _text(arguments.root / path) != text]
    present = (arguments.root / SCHEMAS).glob("*.json")
    orphans = sorted({path.relative_to(arguments.root) for path in present} - files.keys())
    if arguments.check:
        return _report(stale, orphans)
    _write(arguments.root, {path: files[path] for path in stale})
    for path in orphans:
        (arguments.root / path).unlink()
        print(f"removed {path}")
    return 0


def _release(root: Path) -> int:
    breaks = breaks_against(root / RELEASED)
    for line in breaks:
        print(f"breaks a running consumer: {line}", file=sys.stderr)
    if breaks:
        print("give the event a new major version instead: <noun>.<verb>.v2", file=sys.stderr)
        return 1
    frozen = schema_files(RELEASED)
    _write(root, {path: text for path, text in frozen.items() if _text(root / path) != text})
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


def _text(path: Path) -> str | None:
    return path.read_text("utf-8") if path.exists() else None


def _write(root: Path, files: Files) -> None:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, "utf-8")
        print(f"wrote {path}")


if __name__ == "__main__":
    sys.exit(main())
