"""The repository as the architecture tests read it: its files, its modules, its settings."""

import ast
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "syncline"

_MADE = {"__pycache__", "build", "dist"}
_WRITTEN = {".ci"}  # every other folder whose name begins with a dot was made by a tool


def files(folder: Path, pattern: str) -> Iterator[Path]:
    """Yield the files that people wrote, in a stable order."""
    for path in sorted(folder.rglob(pattern)):
        if path.is_file() and not any(_is_made(part) for part in path.relative_to(folder).parts[:-1]):
            yield path


def _is_made(folder: str) -> bool:
    return folder in _MADE or (folder.startswith(".") and folder not in _WRITTEN)


@cache
def modules() -> dict[str, ast.Module]:
    """Every module of src, parsed, by its path below src/syncline."""
    return {path.relative_to(SOURCE).as_posix(): ast.parse(path.read_text()) for path in files(SOURCE, "*.py")}


@cache
def settings() -> dict[str, Any]:
    """What pyproject.toml says."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def names(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Yield every dotted name that a module uses, spelled as if imported in full, with its line.

    >>> list(names(ast.parse("from datetime import datetime as d; d.now()")))
    [('datetime.datetime', 1), ('datetime.datetime.now', 1), ('datetime.datetime', 1)]
    """
    known: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            known |= {
                alias.asname or alias.name.split(".")[0]: alias.name if alias.asname else alias.name.split(".")[0]
                for alias in node.names
            }
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            known |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)
    for node in ast.walk(tree):
        dotted = _dotted(node, known)
        if dotted and isinstance(node, ast.expr):
            yield dotted, node.lineno


def _dotted(node: ast.AST, known: dict[str, str]) -> str | None:
    if isinstance(node, ast.Name):
        return known.get(node.id)
    if isinstance(node, ast.Attribute):
        owner = _dotted(node.value, known)
        return owner and f"{owner}.{node.attr}"
    return None
