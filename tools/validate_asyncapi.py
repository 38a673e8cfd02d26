#!/usr/bin/env python3
"""Check asyncapi.json against the JSON Schema that the AsyncAPI Initiative publishes.

An extra for whoever has npm: the schema comes into a temporary folder, and nothing of it is kept.
The tests check the document's own references and examples without it.
"""

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import jsonschema

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "libs/contracts/src/patchbay_contracts/generated/asyncapi.json"
PACKAGE = "@asyncapi/specs@6"


def main() -> int:
    """Exit 0 if the document is valid, 1 with every error otherwise."""
    document = json.loads(DOCUMENT.read_text("utf-8"))
    with TemporaryDirectory() as folder:
        command = ["npm", "install", "--no-save", "--ignore-scripts", "--prefix", folder, PACKAGE]
        subprocess.run(command, check=True, capture_output=True, timeout=180)
        specs = Path(folder) / "node_modules/@asyncapi/specs/schemas"
        schema = json.loads((specs / f"{document['asyncapi']}.json").read_text("utf-8"))
    errors = list(jsonschema.Draft7Validator(schema).iter_errors(document))
    for error in errors:
        print(f"{'/'.join(map(str, error.path))}: {error.message[:200]}", file=sys.stderr)
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
