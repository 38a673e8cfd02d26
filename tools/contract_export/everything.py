"""All generated files together; importing it imports every service."""

from pathlib import Path

from contract_export.asyncapi import render_asyncapi
from contract_export.openapi import render_openapi
from contract_export.pages import render_events_page, render_reasons_page
from contract_export.problems import render_problems_page
from contract_export.schemas import GENERATED, SCHEMAS, Files, schema_files, to_json
from contract_export.services import load_system
from contract_export.topology import render_topology


def generated_files(root: Path) -> Files:
    """Every generated file as the code under `root` says it; nothing is written."""
    system = load_system()
    asyncapi = render_asyncapi(system, root / "libs/contracts/examples")
    return {
        **schema_files(SCHEMAS),
        GENERATED / "asyncapi.json": to_json(asyncapi),
        GENERATED / "topology.json": to_json(render_topology(system)),
        GENERATED / "openapi.json": to_json(render_openapi(system)),
        Path("docs/events.md"): render_events_page(system),
        Path("docs/reasons.md"): render_reasons_page(),
        Path("docs/problems.md"): render_problems_page(root),
    }
