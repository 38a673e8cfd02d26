"""The shape of the workspace: members, features and their import contracts, budgets of size."""

import ast
from pathlib import Path

from patchbay_kit.testing import sources

CODE_LINES = 400
TEST_LINES = 600
FUNCTION_LINES = 60
# Packages that nothing else imports and that have no features of their own.
WITHOUT_FEATURES = {"patchbay_contracts", "patchbay_kit", "patchbay_hub", "continuum_sim"}
PRIVATE_PARTS = ("tables", "repository")


def _contracts() -> list[dict[str, object]]:
    contracts: list[dict[str, object]] = sources.workspace()["tool"]["importlinter"]["contracts"]
    return contracts


def _protected_by_one_contract(modules: set[str]) -> bool:
    return any(
        contract["type"] == "protected" and modules <= set(contract["protected_modules"])  # type: ignore[call-overload]
        for contract in _contracts()
    )


def _lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def test_every_package_is_known_to_the_import_linter() -> None:
    known = set(sources.workspace()["tool"]["importlinter"]["root_packages"])

    assert set(sources.packages()) == known


def test_every_feature_keeps_its_tables_and_repository_to_itself() -> None:
    unprotected = []
    for name, package in sources.packages().items():
        if name in WITHOUT_FEATURES:
            continue
        for folder in sorted(path for path in package.iterdir() if path.is_dir()):
            private = {
                f"{name}.{folder.name}.{part}"
                for part in PRIVATE_PARTS
                if (folder / f"{part}.py").exists()
            }
            if private and not _protected_by_one_contract(private):
                unprotected.append(f"{name}.{folder.name}: {sorted(private)}")

    assert unprotected == []


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
    for path in sources.code_files():
        for node in ast.walk(sources.parsed(path)):
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
