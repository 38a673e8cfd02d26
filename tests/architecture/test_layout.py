"""The shape of the workspace: members, features and their import contracts, budgets of size."""

import ast
from pathlib import Path

from patchbay_kit.testing import sources

CODE_LINES = 400
TEST_LINES = 600
FUNCTION_LINES = 60


def _protected() -> set[str]:
    contracts = sources.workspace()["tool"]["importlinter"]["contracts"]
    return {m for c in contracts if c["type"] == "protected" for m in c["protected_modules"]}


def _lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def test_every_package_is_known_to_the_import_linter() -> None:
    known = set(sources.workspace()["tool"]["importlinter"]["root_packages"])

    assert set(sources.packages()) == known


def test_every_feature_has_the_contract_that_keeps_its_repository_to_itself() -> None:
    repositories = {
        f"{name}.{repository.parent.name}.repository"
        for name, package in sources.packages().items()
        for repository in package.glob("*/repository.py")
    }

    assert repositories - _protected() == set()


def test_files_stay_within_their_budget() -> None:
    too_long = [
        f"{sources.place(path)} has {_lines(path)} lines, at most {limit}"
        for paths, limit in ((sources.code_files(), CODE_LINES), (sources.test_files(), TEST_LINES))
        for path in paths
        if _lines(path) > limit
    ]

    assert too_long == []


def test_functions_stay_within_their_budget() -> None:
    too_long = []
    # A migration's upgrade is a list of statements; splitting it helps nobody.
    for path in (path for path in sources.code_files() if "migrations" not in path.parts):
        for node in sources.nodes(path):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > FUNCTION_LINES:
                    too_long.append(f"{sources.place(path, node)} {node.name}: {length} lines")

    assert too_long == []


def test_every_file_opens_with_its_role() -> None:
    silent = [
        sources.place(path)
        for path in sources.code_files()
        if sources.parsed(path).body and not ast.get_docstring(sources.parsed(path))
    ]

    assert silent == []


def test_tests_do_not_form_packages() -> None:
    folders = [sources.ROOT / "tests", *(member / "tests" for member in sources.members())]
    found = [sources.place(path) for f in folders for path in f.rglob("__init__.py")]

    assert found == []


def test_every_package_is_typed() -> None:
    untyped = [
        name for name, package in sources.packages().items() if not (package / "py.typed").exists()
    ]

    assert untyped == []
