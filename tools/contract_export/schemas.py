"""One JSON Schema file per event."""

import json
from pathlib import Path
from typing import Any, Final

from patchbay_contracts import registered
from patchbay_contracts.schemas import event_schema

# Files by their path under the root of the repository.
Files = dict[Path, str]

GENERATED: Final = Path("libs/contracts/src/patchbay_contracts/generated")
SCHEMAS: Final = GENERATED / "schemas"


def schema_files(folder: Path) -> Files:
    return {folder / f"{name}.json": to_json(event_schema(name)) for name in registered()}


def to_json(document: dict[str, Any]) -> str:
    """The form in which every generated document is committed."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
