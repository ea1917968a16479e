import pytest

from syncline.app import open_project
from syncline.cli.daemon import timers_of
from syncline.cli.ending import Code
from syncline.cli.lazy import Asked
from syncline.cli.ledgers import code_of, show_run
from syncline.cli.matches import show_matches
from syncline.cli.plans import show_plan
from syncline.cli.show import Screen
from syncline.cli.standing import show_drift
from syncline.config import write_blueprint
from syncline.model.report import (
    Agreement,
    DriftCount,
    DriftRow,
    FieldDiff,
    MatchReport,
    MatchSide,
    Plan,
    PlanItem,
    RunAccount,
    RunReport,
)

AGREEMENT = Agreement(
    records=2809, agreed=2808, conflicts=1, parked=1, waiting=0, questions=0, verified_through=0
)  # fmt: skip


def account(**changes) -> RunAccount:
    given = {"flow": "customers", "system": "crm", "read": 0, "reads": {}, "intended": 0, "sent": {}} | changes
    return RunAccount(**given)


def run_report(*accounts: RunAccount, **changes) -> RunReport:
    given = {"run": 7, "started": 1, "finished": 2, "accounts": accounts, "held": (), "paused": {}} | changes
    return RunReport(**given)


def plan_of(*items: PlanItem, **changes) -> Plan:
    given = {
        "id": "7f3a", "made": 1, "run": 7, "flows": ("customers",), "items": items, "more": 0, "counts": {},
        "conflicts": 0, "parked": 0, "questions": 0, "held": (), "paused": {},
    }  # fmt: skip
    return Plan(**(given | changes))


def item(op: str, *fields: FieldDiff, **changes) -> PlanItem:
    given = {
        "flow": "customers", "entity": "customer", "system": "erp", "op": op, "eid": 12, "label": "Jade River",
        "key": "C00342", "fields": fields,
    }  # fmt: skip
    return PlanItem(**(given | changes))


def test_a_ledger_is_told_as_a_sum(capsys):
    account_of_crm = account(
        read=1204, reads={"parked": 1, "unchanged": 1190, "updated": 13}, intended=13, sent={"acknowledged": 13}
    )

    show_run(Screen(Asked()), run_report(account_of_crm, agreement=AGREEMENT))

    told = capsys.readouterr().out.splitlines()
    assert told[0] == "customers  crm  read 1,204 = unchanged 1,190 + updated 13 + parked 1"
    assert told[1] == "                sent    13 = acknowledged 13"
    assert told[2] == "in agreement: 2,808 of 2,809 records · 1 conflict, 1 parked"
    assert told[3] == "next: syncline conflicts · syncline parked"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, Code.FINE),
        ({"paused": {"erp": "cannot be reached"}}, Code.WAITS),
        ({"held": ("190 creations",)}, Code.WAITS),
        ({"problems": ("3 read but 2 outcomes",)}, Code.ERROR),
    ],
)
def test_the_exit_code_of_a_run_says_whether_something_waits(changes, code):
    assert code_of(run_report(account(), **changes)) is code


def test_a_write_in_doubt_waits():
    assert code_of(run_report(account(intended=1, sent={"in doubt": 1}))) is Code.WAITS


def test_a_conflict_alone_is_no_reason_to_fail_a_script():
    assert code_of(run_report(account(), agreement=AGREEMENT)) is Code.FINE


def test_a_plan_shows_each_field_before_and_after_and_why(capsys):
    phone = FieldDiff(field="phone", before="0134", after="0199", reason="edited in crm")

    show_plan(Screen(Asked()), plan_of(item("update", phone), counts={"update": 1}, conflicts=1))

    told = capsys.readouterr().out
    assert "  erp  C00342  Jade River\n         phone  0134  ->  0199  edited in crm\n" in told
    assert "1 update · 1 conflict waits (syncline conflicts)" in told
    assert "syncline apply 7f3a" in told


def test_a_plan_without_changes_offers_nothing_to_apply(capsys):
    show_plan(Screen(Asked()), plan_of())

    told = capsys.readouterr().out
    assert "nothing would change" in told
    assert "apply" not in told


def test_a_new_record_is_told_in_a_line(capsys):
    fields = [FieldDiff(field=f"field{n}", before=None, after=f"value{n}", reason="new in crm") for n in range(6)]

    show_plan(Screen(Asked()), plan_of(item("create", *fields, key=""), counts={"create": 1}))

    told = capsys.readouterr().out
    assert "  erp  create  Jade River\n" in told
    assert "field3 value3 · 2 more" in told


def test_lines_of_an_order_are_told_by_what_happened_to_them(capsys):
    lines = FieldDiff(
        field="lines", before={"1": {"quantity": "3"}, "2": {"quantity": "1"}},
        after={"1": {"quantity": "4"}, "3": {"quantity": "9"}}, reason="edited in crm",
    )  # fmt: skip

    show_plan(Screen(Asked()), plan_of(item("update", lines), counts={"update": 1}))

    assert "2 lines: 1 added, 1 changed, 1 removed" in capsys.readouterr().out


def test_agreement_is_never_rounded_up(capsys):
    row = DriftRow(
        flow="customers", left="crm", right="erp", records=100_000, unexplained=("customer:7.phone",),
        total=DriftCount(fields=1_000_000, equal=999_999, unexplained=1), by_field={}, verified_through=0,
    )  # fmt: skip

    show_drift(Screen(Asked()), [row])

    told = capsys.readouterr().out
    assert "99.999 %" in told
    assert "syncline why customer:7.phone" in told


def test_a_match_tells_each_way_in_which_records_found_each_other(capsys):
    side = MatchSide(
        system="erp", records=13, linked=12, rules={"by tax_id": 11, "by email and postcode": 1}, asked=1,
        only_here=0, created_in=(), read=True,
    )  # fmt: skip

    show_matches(Screen(Asked()), [MatchReport(flow="customers", entity="customer", run=1, sides=(side,), paused={})])

    told = capsys.readouterr().out
    assert "linked by tax_id" in told
    assert "syncline match customers --review" in told


def test_a_match_tells_what_will_be_created_and_what_waits_for_a_condition(capsys):
    side = MatchSide(
        system="crm", records=3, linked=0, rules={}, asked=0, only_here=3, created_in=("erp",), created_when=("mes",),
        read=True,
    )  # fmt: skip

    show_matches(Screen(Asked()), [MatchReport(flow="orders", entity="order", run=1, sides=(side,), paused={})])

    told = " ".join(capsys.readouterr().out.split())
    assert "crm's will be created in erp; crm's will be created in mes once they meet its condition" in told


def test_the_timers_of_a_flow_are_those_that_time_decides(tmp_path):
    write_blueprint("sandbox", tmp_path)

    timers = timers_of(open_project(tmp_path), ["products"])

    assert [(one.flow, one.every) for one in timers] == [("products", 300.0)]
