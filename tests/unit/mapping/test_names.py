"""The names that the package carries are those of the libraries that they were made from."""

import importlib.util

import msgspec
import pytest

from tests.architecture.repository import ROOT


def made(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


TOOL, PHONES = made("names"), made("phones")


@pytest.mark.parametrize("kind", ["countries", "languages", "currencies"])
def test_the_names_are_those_of_the_libraries(kind):
    carried = msgspec.json.decode((TOOL.FOLDER / f"{kind}.json").read_bytes())

    assert carried == TOOL.tables()[kind], "run tools/names.py"


def test_a_name_in_any_of_the_languages_leads_to_its_code():
    known = msgspec.json.decode((TOOL.FOLDER / "countries.json").read_bytes())["known"]

    assert {known[name] for name in ("germany", "deutschland", "allemagne", "德国", "ألمانيا")} == {"DE"}


def test_the_patterns_of_phone_numbers_are_those_of_the_library():
    carried = msgspec.json.decode(PHONES.FILE.read_bytes())

    assert carried == PHONES.table(), "run tools/phones.py"
