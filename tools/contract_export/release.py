"""The released baseline: the schemas that running systems may still speak."""

import json
from pathlib import Path

from patchbay_contracts import registered
from patchbay_contracts.compat import breaking_changes
from patchbay_contracts.schemas import event_schema


def released_schemas(folder: Path) -> dict[str, dict[str, object]]:
    """The baseline by event type."""
    return {
        path.stem: json.loads(path.read_text("utf-8")) for path in sorted(folder.glob("*.json"))
    }


def breaks_against(folder: Path) -> list[str]:
    """Every change since the baseline that a running consumer could not live with."""
    found: list[str] = []
    for event_type, released in released_schemas(folder).items():
        if event_type not in registered():
            found.append(f"{event_type}: removed")
            continue
        changes = breaking_changes(released, event_schema(event_type))
        found += [f"{event_type}{change}" for change in changes]
    return found
