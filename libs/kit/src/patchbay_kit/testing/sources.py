"""The workspace's own files, for tests that check its shape."""

import ast
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

# This file sits at libs/kit/src/patchbay_kit/testing/ of the workspace.
ROOT = Path(__file__).resolve().parents[5]


@cache
def workspace() -> dict[str, Any]:
    """The root pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def members() -> list[Path]:
    """The folders of all workspace members."""
    patterns = workspace()["tool"]["uv"]["workspace"]["members"]
    return [path.parent for p in patterns for path in sorted(ROOT.glob(f"{p}/pyproject.toml"))]


def packages() -> dict[str, Path]:
    """Import name and folder of every member's package."""
    found = {}
    for member in members():
        for init in sorted((member / "src").glob("*/__init__.py")):
            found[init.parent.name] = init.parent
    return found


def code_files() -> Iterator[Path]:
    """Every Python file that ships."""
    for package in packages().values():
        yield from sorted(package.rglob("*.py"))


def test_files() -> Iterator[Path]:
    """Every Python file below a tests folder."""
    for folder in [*(member / "tests" for member in members()), ROOT / "tests"]:
        yield from sorted(folder.rglob("*.py"))


@cache
def parsed(path: Path) -> ast.Module:
    """The syntax tree of a file."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    """Every node of that tree; walking is what most rules would spend their time on."""
    return tuple(ast.walk(parsed(path)))


def place(path: Path, node: ast.AST | None = None) -> str:
    """`path:line` from the workspace's root, for messages."""
    line = getattr(node, "lineno", None)
    return str(path.relative_to(ROOT)) + (f":{line}" if line else "")
