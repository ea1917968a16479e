"""Converters of the user's own, from converters.py in the project folder."""

import msgspec
import pytest

from syncline.errors import ConfigError, SetupError
from tests.unit.config.project import SMALL, load

SHELF = """
from syncline.mapping import Converter, ConverterSpec

CONVERTERS = [
    ConverterSpec(
        name="shelf", summary="Our shelves.", example="bin | shelf",
        build=lambda _: Converter(get=lambda value: value.upper(), put=lambda value: value.lower()),
    )
]
"""
TEXT = SMALL.replace("name: name", 'name: "name | shelf"', 1)


def test_a_mapping_may_name_a_converter_of_the_project(tmp_path):
    (tmp_path / "converters.py").write_text(SHELF)

    project = load(tmp_path, TEXT)

    lens = project.flows[0].lenses["crm"]
    assert lens.get([msgspec.json.encode({"name": "a-7"})]).columns[lens.fields.index("name")] == ["A-7"]


def test_without_the_file_the_name_is_a_problem_with_its_place(tmp_path):
    with pytest.raises(ConfigError, match="shelf"):
        load(tmp_path, TEXT)


@pytest.mark.parametrize(
    ("program", "said"),
    [("1 / 0", "ZeroDivisionError"), ("x = 1", "no list `CONVERTERS`"), ("CONVERTERS = [1]", "no list `CONVERTERS`")],
)
def test_a_file_that_cannot_be_used_is_told_with_its_cure(tmp_path, program, said):
    (tmp_path / "converters.py").write_text(program)

    with pytest.raises(SetupError, match=said) as refused:
        load(tmp_path, TEXT)

    assert refused.value.cure
