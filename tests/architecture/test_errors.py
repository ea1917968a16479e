"""An error tells its catcher what happens next, so each belongs to exactly one fate."""

import ast
import inspect

import pytest

from syncline import errors
from tests.architecture.repository import modules

FATES = (errors.TransientError, errors.RejectedError, errors.SetupError)
ERRORS = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, BaseException) and kind is not errors.SynclineError
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.__name__)
def test_an_error_has_exactly_one_fate(error: type[BaseException]):
    assert sum(issubclass(error, fate) for fate in FATES) == 1


def test_no_error_is_born_outside_the_page_of_errors():
    strangers = [
        f"{module}:{node.lineno} {node.name}"
        for module, tree in modules().items()
        if module != "errors.py" and not module.startswith("sandbox/")
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and any(_is_error(base) for base in node.bases)
    ]

    assert strangers == []


def _is_error(base: ast.expr) -> bool:
    name = ast.unparse(base).rsplit(".", 1)[-1]
    return name.endswith(("Error", "Exception")) and name != "BaseException"  # the end of a process is no error
