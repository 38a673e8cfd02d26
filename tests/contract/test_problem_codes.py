"""The page of problem codes has every code that the API's description speaks of."""

import json
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
OPENAPI = ROOT / "libs/contracts/src/patchbay_contracts/generated/openapi.json"
PAGE = (ROOT / "docs/problems.md").read_text("utf-8")
# "409 `ticket_closed`", and what is listed behind it.
NAMED = re.compile(r"\b4\d\d((?:[\s,]|and|or|`[a-z_]+`)*)")
CODE = re.compile(r"`([a-z_]+)`")


def _in_page(code: str) -> bool:
    known = CODE.findall(PAGE)
    ends = re.findall(r"`<[a-z]+>(_[a-z_]+)`", PAGE)
    return code in known or any(code.endswith(end) for end in ends)


def test_every_code_that_a_route_names_is_in_the_page() -> None:
    paths = json.loads(OPENAPI.read_text("utf-8"))["paths"].values()
    texts = [operation.get("description", "") for path in paths for operation in path.values()]
    named = {
        code for text in texts for found in NAMED.findall(text) for code in CODE.findall(found)
    }
    assert len(named) > 10
    assert sorted(code for code in named if not _in_page(code)) == []


def test_a_code_is_read_off_however_it_is_made() -> None:
    rows = {
        line.split("|")[1].strip(): line for line in PAGE.splitlines() if line.startswith("| `")
    }
    for code, status in (
        ("`ticket_closed`", 409),
        ("`closed_at_in_future`", 422),
        ("`<what>_unknown`", 422),
        ("`asset_not_found`", 404),
        ("`if_match_required`", 428),
    ):
        assert f"| {status} |" in rows[code]
