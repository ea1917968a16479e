"""Simulated people do what they say they did."""

import pytest

from syncline.sandbox.process import start
from tests.unit.sandbox.caller import Caller


@pytest.fixture(params=["crm", "erp"])
def office(request, tmp_path):
    with start(request.param, data=tmp_path, seed=3, size=60) as process:
        yield Caller(process=process)


@pytest.fixture
def two_offices(tmp_path):
    with (
        start("crm", data=tmp_path / "one", seed=3, size=60) as one,
        start("crm", data=tmp_path / "two", seed=3, size=60) as two,
    ):
        yield Caller(process=one), Caller(process=two)


def people(caller, **asked):
    return caller.post("/_sandbox/people", asked)["done"]


def test_what_people_say_is_what_the_records_show(office):
    resource, key = ("customers", "id") if office.process.kind == "crm" else ("partners", "PartnerNo")
    before = {record[key]: record for record in office.dump(resource)}

    done = people(office, edits=80, seed=1, resource=resource)

    for edit in done:
        record = before.setdefault(edit["id"], {})
        assert {name: record.get(name) for name in edit["old"]} == edit["old"]
        record.update(edit["new"])
        if edit["action"] == "delete" and resource == "customers":
            del before[edit["id"]]
        elif edit["action"] == "delete":
            record["Active"] = False
    after = {record[key]: record for record in office.dump(resource)}
    volatile = {"version", "updated_at", "updated_by", "created_at", "id", "Rev", "ChangedAt"}
    assert len(done) == 80
    assert {edit["action"] for edit in done} >= {"edit", "edit_several", "resave", "create", "delete", "archive"}
    assert before.keys() == after.keys()
    for identifier, record in after.items():
        told = before[identifier]
        assert {k: v for k, v in record.items() if k not in volatile and k in told} == {
            k: v for k, v in told.items() if k not in volatile
        }


def test_the_same_seed_makes_the_same_edits(two_offices):
    one, two = two_offices

    assert people(one, edits=60, seed=9) == people(two, edits=60, seed=9)


def test_people_can_be_told_what_to_touch(office):
    resource, field = ("customers", "phone") if office.process.kind == "crm" else ("partners", "Phone")
    done = people(office, edits=10, resource=resource, actions=["edit"], fields=[field])

    assert [(edit["resource"], edit["fields"]) for edit in done] == [(resource, [field])] * 10


def test_people_change_the_lines_of_orders(two_offices):
    crm, _ = two_offices

    done = people(crm, edits=20, actions=["add_line", "change_line"])

    assert {edit["resource"] for edit in done} == {"orders"}
    added = next(edit for edit in done if edit["action"] == "add_line")
    assert len(added["new"]["lines"]) == len(added["old"]["lines"]) + 1


def test_people_are_not_counted_as_writers(office):
    people(office, edits=30)

    stats = office.get("/_sandbox/stats")
    assert (stats["writes"], stats["requests"]) == (0, 0)


def test_an_unknown_action_is_refused(office):
    assert office.ask("POST", "/_sandbox/people", {"edits": 1, "actions": ["dance"]}).status == 400
