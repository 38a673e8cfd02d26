"""The written pages: every file and link they name exists, and decisions are numbered once."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
DECISIONS = sorted(ROOT.glob("docs/adr/[0-9]*.md"))
FILE = re.compile(r"`([\w.-]+(?:/[\w.-]+)+\.(?:py|json|md|toml|ya?ml))`")
LINK = re.compile(r"\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)")
# A page may name a file by its import path, or by its place in any package.
BASES = ["", "libs/*/src/", "services/*/src/", "apps/*/src/", "*/*/src/*/"]


def _page_name(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=_page_name)
def test_every_file_that_a_page_names_exists(page: Path) -> None:
    named = FILE.findall(page.read_text("utf-8"))
    missing = [n for n in named if not any(any(ROOT.glob(base + n)) for base in BASES)]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=_page_name)
def test_every_link_between_pages_leads_somewhere(page: Path) -> None:
    targets = LINK.findall(page.read_text("utf-8"))
    assert [t for t in targets if not (page.parent / t).exists()] == []


def test_decisions_are_numbered_once_and_listed() -> None:
    numbers = [decision.name[:4] for decision in DECISIONS]
    assert numbers == [f"{number:04}" for number in range(1, len(numbers) + 1)]
    index = (ROOT / "docs/adr/README.md").read_text("utf-8")
    assert [d.name for d in DECISIONS if f"({d.name})" not in index] == []


@pytest.mark.parametrize("decision", DECISIONS, ids=_page_name)
def test_a_decision_is_one_page_in_the_form_of_the_template(decision: Path) -> None:
    lines = decision.read_text("utf-8").splitlines()
    assert lines[0].startswith(f"# {decision.name[:4]}: ")
    headings = [line for line in lines if line.startswith("## ")]
    template = (ROOT / "docs/adr/template.md").read_text("utf-8").splitlines()
    assert headings == [line for line in template if line.startswith("## ")]
    assert 20 <= len(lines) <= 45
