"""Files stay in the project folder, small, and plain data."""

import pytest

from syncline.config.order import order_flows, required_circle
from syncline.model.flow import Field, Flow, Rule, RuleKind
from tests.unit.config.project import SMALL, changed, load, problem, problems

SYSTEM = '{connector: tryton, url: "http://erp.example", database: hub}'


def test_a_part_may_stand_in_another_file(tmp_path):
    text = changed(SYSTEM, "!include systems/erp.yaml")
    project = load(tmp_path, text, systems__erp="connector: tryton\ndatabase: hub\nurl: x")

    assert project.systems["erp"].options == {"database": "hub", "url": "x"}
    assert project.systems["erp"].where("url").file == "systems/erp.yaml"


def test_includes_are_relative_to_the_file_they_stand_in(tmp_path):
    text = changed(SYSTEM, "!include systems/erp.yaml")
    parts = {"systems__erp": "connector: x\nmore: !include more.yaml", "systems__more": "[1, 2]"}

    assert load(tmp_path, text, **parts).systems["erp"].options == {"more": [1, 2]}


def test_a_problem_names_the_included_file(tmp_path):
    text = changed(SYSTEM, "!include systems/erp.yaml")
    found = problem(tmp_path, text, systems__erp="\nconnector: x\ntoken: ${NOT_SET}\n")

    assert (found.file, found.line, found.column) == ("systems/erp.yaml", 3, 8)


def test_files_that_include_each_other_are_refused(tmp_path):
    text = changed(SYSTEM, "!include a.yaml")
    found = problems(tmp_path, text, a="connector: x\nb: !include b.yaml", b="c: !include a.yaml")

    assert "a.yaml -> b.yaml -> a.yaml" in found[0].what


@pytest.mark.parametrize("name", ["../outside.yaml", "/etc/hostname", "link.yaml", "folder", "none.yaml", "a\\0b"])
def test_a_file_outside_the_project_is_not_read(tmp_path, name):
    folder = tmp_path / "project"
    (folder / "folder").mkdir(parents=True)
    outside = tmp_path / "outside.yaml"
    outside.write_text("connector: kanarie")
    (folder / "link.yaml").symlink_to(outside)

    found = problems(folder, changed(SYSTEM, f'!include "{name}"'))

    assert "kanarie" not in str(found)
    assert found[0].line == 4


def test_a_large_file_is_refused(tmp_path):
    found = problems(tmp_path, changed(SYSTEM, "!include big.yaml"), big="a: " + "x" * 1_100_000)

    assert "larger than" in found[0].what


def test_aliases_cannot_grow_without_bound(tmp_path):
    laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9)
    )

    found = problems(tmp_path, changed(SYSTEM, "!include laughs.yaml"), laughs=laughs)

    assert any("too large or nested too deep" in one.what for one in found)


def test_a_value_that_holds_itself_is_refused(tmp_path):
    found = problems(tmp_path, changed(SYSTEM, "!include loop.yaml"), loop="connector: x\na: &a [*a]")

    assert any("too deep" in one.what for one in found)


def test_text_in_another_encoding_is_refused(tmp_path):
    (tmp_path / "latin.yaml").write_bytes("name: M\xfcller".encode("latin-1"))

    assert "not UTF-8" in problems(tmp_path, changed(SYSTEM, "!include latin.yaml"))[0].what


def test_merge_keys_share_settings(tmp_path):
    text = changed(SYSTEM, "{<<: *base, database: hub}").replace(
        "systems:", "systems:\n  one: &base {connector: x, a: 1}", 1
    )

    assert load(tmp_path, text).systems["erp"].options == {"a": 1, "database": "hub"}


def test_norway_is_no_truth_and_numbers_are_numbers(tmp_path):
    text = changed(SYSTEM, "{connector: x, a: [NO, on, 0x1F, 010, 1_000, 1.5, ~, true, 2026-03-01, '1']}")

    assert load(tmp_path, text).systems["erp"].options["a"] == [
        "NO",
        "on",
        31,
        10,
        1000,
        1.5,
        None,
        True,
        "2026-03-01",
        "1",
    ]


def flow(entity, **references):
    rule = Rule(kind=RuleKind.MANUAL)
    fields = tuple(
        Field(name=name, rule=rule, reference=name, nullable=nullable) for name, nullable in references.items()
    )
    return Flow(name=f"{entity}s", entity=entity, fields=fields, sides=())


def order_of(*flows):
    return [one.entity for one in order_flows(flows)]


def test_parents_come_first():
    assert order_of(flow("c", b=True), flow("b", a=False), flow("a")) == ["a", "b", "c"]


def test_independent_flows_keep_their_order():
    assert order_of(flow("b"), flow("a"), flow("c")) == ["b", "a", "c"]


def test_a_circle_is_broken_at_its_nullable_reference():
    flows = flow("account", contact=True), flow("contact", account=False)

    assert order_of(*flows) == ["account", "contact"]
    assert order_of(*reversed(flows)) == ["account", "contact"]
    assert required_circle(flows) == ()


def test_a_circle_of_required_references_is_found():
    assert required_circle([flow("a", b=False), flow("b", c=False), flow("c", a=False), flow("d")]) == ("a", "b", "c")
    assert required_circle([flow("a", a=False)]) == ("a",)
    assert required_circle([flow("a", a=True)]) == ()


def test_the_small_project_itself_is_sound(tmp_path):
    assert load(tmp_path, SMALL).flow("customers").notes == ()
