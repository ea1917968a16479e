"""Rules hold a record, a system or nothing up, each as its severity says, and let go when the record is corrected."""

from collections.abc import Iterator
from pathlib import Path
from textwrap import indent

import pytest

from syncline.app import operations
from syncline.app.opening import compose, note_mappings
from syncline.config import load_project
from syncline.engine.judging import findings
from syncline.security import EnvSecrets
from tests.integration.fakes import CUSTOMERS, World, agreed, customer, world

RULES = """\
quality:
  - {pattern: {phone: "[+][0-9]+ ?[0-9]*"}, severity: park}
  - {unique: email, severity: park}
  - {required: city}
  - {range: {credit: [0, 1000]}, severity: stop, name: sane credit}
  - {one_of: {name: [Company 1, Company 2, Company 3, Company 4, Renamed]}}
secret: [tax_id]
"""


def with_rules(rules: str, text: str = CUSTOMERS) -> str:
    return text.replace("    entity: client\n", "    entity: client\n" + indent(rules, "    "))


@pytest.fixture
def strict(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path, with_rules(RULES)) as made:
        yield made


def found(made: World, system: str = "crm") -> list[tuple[str, str, str]]:
    bound = made.hub.of_entity("client")
    return [(key, one.rule, one.value) for key, one in findings(made.hub, bound, bound.sides[system])]


def test_a_record_that_breaks_a_rule_waits_alone_and_flows_when_it_is_corrected(strict: World):
    (first, _), (second, partner) = agreed(strict, 2)
    strict.crm.edit("customers", first, city="Rome")
    strict.crm.edit("customers", second, phone="call me")

    report = operations.sync(strict.hub)

    (row,) = operations.parked(strict.hub)
    assert (row.kind, row.system, row.key, row.fields) == ("read", "crm", second, {"phone": "call me"})
    assert "rule `pattern phone`" in row.message
    assert row.suggestion
    assert strict.erp.show("partners", partner)["tel"] == "+49 2"
    assert strict.erp.show("partners", _)["town"] == "Rome"
    assert report.accounts[0].reads["parked"] == 1

    strict.crm.edit("customers", second, phone="+49 22")
    operations.sync(strict.hub)

    assert operations.parked(strict.hub) == []
    assert strict.erp.show("partners", partner)["tel"] == "+49 22"


def test_a_new_record_that_breaks_a_rule_is_created_nowhere(strict: World):
    agreed(strict, 1)
    key = strict.crm.create("customers", customer(2, phone="no"))

    operations.sync(strict.hub)
    assert len(strict.erp.table("partners")) == 1

    strict.crm.edit("customers", key, phone="+49 2")
    operations.sync(strict.hub)
    assert len(strict.erp.table("partners")) == 2


def test_nothing_is_written_over_what_waits(strict: World):
    ((crm, erp),) = agreed(strict, 1)
    strict.crm.edit("customers", crm, phone="call me", city="Rome")
    strict.erp.edit("partners", erp, tel="+49 77")

    operations.sync(strict.hub)

    assert strict.crm.show("customers", crm)["phone"] in ("call me", "+49 77")
    strict.crm.edit("customers", crm, phone="+49 1")
    operations.sync(strict.hub)
    strict.env.sleep(60)
    operations.sync(strict.hub)
    assert operations.parked(strict.hub) == []
    assert strict.erp.show("partners", erp)["town"] == "Rome"


def test_a_value_that_another_record_of_the_system_holds_is_not_unique(strict: World):
    (first, _), (second, _) = agreed(strict, 2)
    strict.crm.edit("customers", second, email="1@example.com")
    operations.sync(strict.hub)
    (row,) = operations.parked(strict.hub)
    assert row.key == second
    assert first in row.message

    strict.crm.edit("customers", first, email="other@example.com")
    operations.sync(strict.hub)
    operations.sync(strict.hub)

    assert operations.parked(strict.hub) == []


def test_two_new_records_of_one_page_with_one_value(strict: World):
    strict.crm.create("customers", customer(1))
    strict.crm.create("customers", customer(2, email="1@example.com"))

    operations.sync(strict.hub, approved=True)

    assert len(operations.parked(strict.hub)) == 1
    assert len(strict.erp.table("partners")) == 1


def test_a_warning_is_listed_until_it_is_cured_and_holds_nothing_up(strict: World):
    ((crm, erp),) = agreed(strict, 1)
    strict.crm.edit("customers", crm, city="", name="Nobody")
    operations.sync(strict.hub)

    assert {one[1] for one in found(strict)} == {"required city", "one_of name"}
    assert strict.erp.show("partners", erp)["town"] == ""

    strict.crm.edit("customers", crm, city="Bonn", name="Renamed")
    operations.sync(strict.hub)

    assert found(strict) == []


def test_a_rule_that_stops_pauses_this_side_and_nothing_else(strict: World):
    (first, partner), (second, _) = agreed(strict, 2)
    strict.erp.edit("partners", partner, credit=5000)
    strict.crm.edit("customers", second, city="Rome")

    report = operations.sync(strict.hub)

    assert list(report.paused) == ["customers erp"]
    assert "sane credit" in report.paused["customers erp"]
    assert strict.crm.show("customers", first)["limit"] == 1

    strict.erp.edit("partners", partner, credit=50)
    report = operations.sync(strict.hub)
    assert report.paused == {}
    assert strict.crm.show("customers", first)["limit"] == 50


def test_a_new_rule_reaches_the_records_that_nobody_edits(tmp_path: Path):
    with world(tmp_path) as made:
        note_mappings(made.hub, load_project(tmp_path, environ={}, secrets=EnvSecrets({})))
        agreed(made, 1)
        made.crm.create("customers", customer(2, city=""))
        operations.sync(made.hub)
        (tmp_path / "syncline.yaml").write_text(with_rules("quality: [{required: city}]\n"))
        project = load_project(tmp_path, environ={}, secrets=EnvSecrets({}))
        connectors = {side.system: side.connector for side in made.hub.of_entity("client").sides.values()}
        again = compose(project, made.hub.store, connectors, made.env, [], executor=made.hub.executor)
        note_mappings(again, project)
        operations.sync(again)
        bound = again.of_entity("client")
        assert [one.rule for _, one in findings(again, bound, bound.sides["crm"])] == ["required city"]


def test_no_secret_value_is_told(tmp_path: Path):
    rules = 'secret: [tax_id]\nquality: [{pattern: {tax_id: "T[0-9]"}, severity: park}, {required: city}]\n'
    with world(tmp_path, with_rules(rules)) as made:
        made.crm.create("customers", customer(1, tax_id="DE-SECRET"))
        operations.sync(made.hub, approved=True)

        (row,) = operations.parked(made.hub)
        kept = made.hub.store.documents("parked-read crm client")
        assert row.fields == {"tax_id": "***"}
        assert b"DE-SECRET" not in b"".join(kept.values())
        assert "DE-SECRET" not in repr(row)


def test_a_reference_to_what_is_deleted_breaks_its_rule(tmp_path: Path):
    orders = """\
  orders:
    entity: deal
    quality: [{reference: client}]
    systems:
      crm: {resource: orders, map: {number: number, client: "customer | ref(client)"}}
      erp: {resource: sales, map: {number: number, client: "customer | ref(client)"}}
"""
    with world(tmp_path, CUSTOMERS + orders) as made:
        ((crm, _),) = agreed(made, 1)
        order = made.crm.create("orders", {"number": "O1", "customer": crm})
        operations.sync(made.hub, approved=True)
        bound = made.hub.of_entity("deal")
        assert list(findings(made.hub, bound, bound.sides["crm"])) == []

        made.crm.delete("customers", crm)
        for _ in range(3):
            made.env.sleep(120)
            operations.sync(made.hub, full=True, approved=True)
        made.crm.edit("orders", order, number="O2")
        operations.sync(made.hub)

        assert [one.rule for _, one in findings(made.hub, bound, bound.sides["crm"])] == ["reference client"]


def test_what_cannot_be_read_or_is_refused_tells_no_secret_either(tmp_path: Path):
    with world(tmp_path, with_rules("secret: [credit, phone]\n")) as made:
        made.crm.create("customers", customer(1, limit="SECRET-7"))
        made.crm.create("customers", customer(2, phone="SECRET-8"))
        made.erp.refuses = lambda fields: "bad number" if fields.get("tel") == "SECRET-8" else ""
        operations.sync(made.hub, approved=True)

        rows = operations.parked(made.hub)

        assert {row.kind for row in rows} == {"read", "write"}
        assert "SECRET" not in repr(rows)
        assert next(row for row in rows if row.kind == "write").fields["phone"] == "***"
