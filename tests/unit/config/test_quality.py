"""What a flow may expect of its values, and every mistake in it at its place."""

from decimal import Decimal
from pathlib import Path

import pytest

from syncline.model.quality import RuleSort, Severity
from tests.unit.config.project import SMALL, load, problem, problems

ALL = """\
    quality:
      - {required: [name, tax_id], severity: park}
      - {unique: tax_id, name: one of each}
      - {pattern: {phone: "[+][0-9]+"}, weight: 2, hard: true}
      - {range: {credit_limit: [0, null]}, severity: stop}
      - {one_of: {payment_terms: [net30, 14]}}
      - {freshness: 90d}
      - {freshness: {payment_terms: 1h}}
      - {compare: "credit_limit >= payment_terms"}
      - {equal: credit_limit, tolerance: 0.01}
    secret: [tax_id]
    clean: {name: "spaces | trim"}
    targets: {lag: 2m, tolerance: {credit_limit: "0.5"}, additive: {credit_limit: EUR}}
"""


def with_part(part: str) -> str:
    return SMALL.replace("    when: {every: 30s}\n", f"    when: {{every: 30s}}\n{part}")


def test_every_sort_of_rule_is_read(tmp_path: Path):
    settings = load(tmp_path, with_part(ALL)).flow("customers")
    quality = settings.flow.quality

    assert {rule.sort for rule in quality.rules} == set(RuleSort) - {RuleSort.REFERENCE}
    names = [rule.name for rule in quality.rules]
    assert names[:4] == ["required name", "required tax_id", "one of each", "pattern phone"]
    assert quality.rules[0].severity is Severity.PARK
    assert (quality.rules[3].weight, quality.rules[3].hard) == (2.0, True)
    assert (quality.rules[4].least, quality.rules[4].most) == ("0", "")
    assert (quality.rules[6].fields, quality.rules[6].age) == ((), 90 * 86_400.0)
    assert quality.rules[-1].tolerance == Decimal("0.01")
    assert quality.secret == {"tax_id"}
    assert quality.targets.lag == 120.0
    assert quality.targets.period == 30.0
    assert quality.targets.tolerance == {"credit_limit": Decimal("0.5")}
    assert settings.cleaners["name"]([" a  b ", None, 3]) == ["a b", None, "3"]


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("{required: nme}", "no field nme"),
        ("{required: [name], unique: name}", "exactly one of"),
        ("{reqired: name}", "unknown setting"),
        ("{pattern: {phone: '(a'}}", "missing"),
        ("{pattern: {phone: '(?=a)'}}", "look-around"),
        ("{range: {credit_limit: [1]}}", "[least, most]"),
        ("{range: {credit_limit: [a, b]}}", "no range"),
        ("{one_of: {payment_terms: []}}", "list the values"),
        ("{freshness: soon}", "no duration"),
        ("{compare: name}", "does not compare"),
        ("{compare: 'name = nothing'}", "no field nothing"),
        ("{equal: name, severity: park}", "can only warn"),
        ("{required: name, tolerance: 1}", "only `equal`"),
        ("{required: name, severity: loud}", "loud"),
        ("{required: name, weight: 0}", "weight"),
        ("{required: name, hard: 1}", "`hard`"),
        ("required", "is no rule"),
    ],
)
def test_what_is_wrong_with_a_rule_is_said_at_its_place(tmp_path: Path, entry: str, said: str):
    found = problem(tmp_path, with_part(f"    quality:\n      - {entry}\n"))

    assert said in found.what
    assert found.line == 10


def test_two_rules_of_one_name_are_refused(tmp_path: Path):
    found = problem(tmp_path, with_part("    quality: [{required: name}, {required: name}]\n"))

    assert "two rules are called `required name`" in found.what


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ("secret: [nothing]", "no field nothing"),
        ("clean: {nothing: trim}", "no field nothing"),
        ("clean: {name: trmi}", "no converter `trmi`"),
        ("clean: {name: ref(customer)}", "nothing to clean"),
        ("targets: {lag: never}", "no duration"),
        ("targets: {speed: 1}", "lag, tolerance and additive"),
        ("targets: {additive: {nothing: EUR}}", "no field nothing"),
        ("targets: {tolerance: {name: x}}", "no amount"),
    ],
)
def test_what_is_wrong_beside_the_rules(tmp_path: Path, part: str, said: str):
    assert said in " ".join(one.what for one in problems(tmp_path, with_part(f"    {part}\n")))


def test_rules_are_part_of_what_is_said_of_a_field(tmp_path: Path):
    plain = load(tmp_path, SMALL).flow("customers").texts
    ruled = load(tmp_path, with_part("    quality: [{required: name}]\n")).flow("customers").texts

    assert plain["crm"]["name"] != ruled["crm"]["name"]
    assert plain["crm"]["phone"] == ruled["crm"]["phone"]
