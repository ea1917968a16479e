"""What import-linter does not say: cycles are not hidden, dependencies are declared, purity misses no package."""

import re
import sys
from importlib.metadata import packages_distributions

from tests.architecture.repository import ROOT, SOURCE, modules, names, settings

#: Packages of the third layer, and the nouns: they decide, and touch nothing.
PURE = {"model", "mapping", "matching", "merging", "quality"}

#: Only the suites for authors of connectors may lean on the test extra.
SUITES = "testing/"


def distribution(requirement: str) -> str:
    """The distribution that a requirement asks for, in its normal spelling."""
    return _normal(re.split(r"[\[<>=!~; ]", requirement, maxsplit=1)[0])


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def declared(*extras: str) -> set[str]:
    project = settings()["project"]
    requirements = [*project["dependencies"]]
    for extra in extras:
        requirements += project["optional-dependencies"][extra]
    return {distribution(requirement) for requirement in requirements}


def runtime_extras() -> list[str]:
    return [extra for extra in settings()["project"]["optional-dependencies"] if extra not in {"test", "dev"}]


def third_party(module: str) -> set[str]:
    tops = {name.split(".")[0] for name, _ in names(modules()[module])}
    return tops - set(sys.stdlib_module_names) - {"syncline"}


def test_every_third_party_import_is_declared():
    providers = packages_distributions()
    undeclared = [
        f"{module} {top}"
        for module in modules()
        for top in sorted(third_party(module))
        if not {_normal(name) for name in providers.get(top, [top])}
        & declared(*runtime_extras(), *(["test"] if module.startswith(SUITES) else []))
    ]

    assert undeclared == []


def test_the_lock_covers_every_declared_dependency():
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    locked = {distribution(line) for line in lines if line[:1].isalnum()}

    assert declared(*settings()["project"]["optional-dependencies"]) - {"syncline"} <= locked


def test_the_lock_leaves_the_source_of_packages_to_the_machine():
    lines = (ROOT / "requirements.lock").read_text().splitlines()

    assert [line for line in lines if "://" in line or line.startswith("-")] == []


def test_no_cycle_hides_behind_type_checking():
    hidden = [
        f"{module}:{line}"
        for module, tree in modules().items()
        for name, line in names(tree)
        if name == "typing.TYPE_CHECKING"
    ]

    assert hidden == []


def test_every_pure_package_is_under_the_purity_contract():
    contracts = settings()["tool"]["importlinter"]["contracts"]
    purity = next(contract for contract in contracts if contract["name"] == "Decisions are pure")

    written = {f"syncline.{name}" for name in PURE if (SOURCE / name / "__init__.py").exists()}

    assert written <= set(purity["source_modules"])
