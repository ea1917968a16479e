"""Size is a budget: a file fits in the head, a function on a screen."""

import ast
from collections.abc import Mapping
from pathlib import Path

from tests.architecture.repository import ROOT, SOURCE, files, modules

MODULE_LINES, MODULE_LINES_OF_MOST = 400, 250
FUNCTION_LINES, FUNCTION_LINES_OF_MOST = 50, 25
TEST_MODULE_LINES = 500


def module_lines(folder: Path = SOURCE) -> dict[str, int]:
    return {path.relative_to(folder).as_posix(): len(path.read_text().splitlines()) for path in files(folder, "*.py")}


def function_lines() -> dict[str, int]:
    return {
        f"{module}:{node.lineno} {node.name}": (node.end_lineno or node.lineno) - node.lineno + 1
        for module, tree in modules().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def ninth_of_ten(lines: Mapping[str, int]) -> int:
    return sorted(lines.values())[len(lines) * 9 // 10]


def test_no_module_is_longer_than_its_budget():
    assert {name: lines for name, lines in module_lines().items() if lines > MODULE_LINES} == {}


def test_nine_modules_of_ten_are_short():
    assert ninth_of_ten(module_lines()) <= MODULE_LINES_OF_MOST


def test_no_function_is_longer_than_its_budget():
    assert {name: lines for name, lines in function_lines().items() if lines > FUNCTION_LINES} == {}


def test_nine_functions_of_ten_are_short():
    assert ninth_of_ten(function_lines()) <= FUNCTION_LINES_OF_MOST


def test_no_test_module_is_longer_than_its_budget():
    assert {name: lines for name, lines in module_lines(ROOT / "tests").items() if lines > TEST_MODULE_LINES} == {}
