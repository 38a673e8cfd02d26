"""Inside a service a feature may read its neighbours' tables, so that a batch is one statement;
it writes only its own. What has two writers has no invariants."""

import ast
from collections.abc import Iterator
from pathlib import Path

from patchbay_kit.testing import sources

WRITES = {"add", "add_all", "delete", "insert", "insert_many", "merge", "update", "upsert"}


def _feature_files() -> Iterator[tuple[str, Path]]:
    """Every file of a service with the feature (`package.folder`) it belongs to."""
    for name, package in sources.packages().items():
        if (package / "migrations").exists():
            for path in sorted(package.rglob("*.py")):
                folders = path.relative_to(package).parts[:-1]
                if folders[:1] != ("migrations",):
                    yield ".".join([name, *folders[:1]]), path


def _names(node: ast.AST) -> set[str]:
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}


def _foreign_tables(feature: str, tree: ast.Module) -> set[str]:
    """Names in a file that stand for a table of another feature, module-level aliases included."""
    service = feature.split(".", maxsplit=1)[0]
    foreign: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.ImportFrom):
            module = node.module or ""
            is_table = module.startswith(f"{service}.") and module.endswith(".tables")
            if is_table and module.count(".") == 2 and not module.startswith(f"{feature}."):
                foreign |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if _names(node.value) & foreign:
                foreign |= {target.id for target in targets if isinstance(target, ast.Name)}
    return foreign


def _writes(call: ast.Call, tables: set[str]) -> bool:
    function = call.func
    name = function.attr if isinstance(function, ast.Attribute) else ast.unparse(function)
    arguments = [*call.args, *(keyword.value for keyword in call.keywords)]
    # The table itself, or for `add` a new row of it.
    written = [a.func if isinstance(a, ast.Call) else a for a in arguments]
    return name in WRITES and any(isinstance(w, ast.Name) and w.id in tables for w in written)


def test_a_feature_writes_only_its_own_tables() -> None:
    found = [
        f"{sources.place(path, node)} {ast.unparse(node)[:80]}"
        for feature, path in _feature_files()
        for tables in [_foreign_tables(feature, sources.parsed(path))]
        if tables
        for node in sources.nodes(path)
        if isinstance(node, ast.Call) and _writes(node, tables)
    ]

    assert found == []
