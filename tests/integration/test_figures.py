"""Each figure says what its definition says: applied and rejected, lateness, the score, the volume, the mappings."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from syncline.app import operations
from syncline.engine.figures import volume_of
from syncline.engine.validation import A_DAY, SLOT, sample
from syncline.model.figures import ExchangeFigure, Figures
from tests.integration.fakes import CUSTOMERS, World, agreed, customer, world
from tests.integration.test_quality_rules import with_rules

RULES = """\
targets: {lag: 1m, additive: {credit: EUR}}
when: {every: 30s}
quality:
  - {required: city, weight: 3}
  - {range: {credit: [0, 100]}}
  - {equal: credit}
"""


@pytest.fixture
def measured(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path, with_rules(RULES)) as made:
        yield made


def erp(made: World) -> ExchangeFigure:
    return next(one for one in operations.figures(made.hub).exchange if one.system == "erp")


def counts(one: ExchangeFigure) -> tuple[int, int, int, int, int]:
    return (one.captured, one.applied, one.rejected, one.parked, one.backlog)


def test_what_is_delivered_is_applied(measured: World):
    keys = agreed(measured, 3)
    measured.crm.edit("customers", keys[0][0], city="Rome")
    operations.sync(measured.hub)

    assert counts(erp(measured)) == (4, 4, 0, 0, 0)
    assert operations.figures(measured.hub).light == "green"


def test_what_is_taken_back_before_it_was_delivered_is_rejected(measured: World):
    ((crm, _),) = agreed(measured, 1)
    measured.crm.edit("customers", crm, city="Rome")
    operations.plan(measured.hub)
    assert counts(erp(measured)) == (2, 1, 0, 0, 1)

    measured.crm.edit("customers", crm, city="Bonn")
    operations.sync(measured.hub)

    assert counts(erp(measured)) == (2, 1, 1, 0, 0)


def test_a_refused_write_is_parked_and_counted_once(measured: World):
    ((crm, _),) = agreed(measured, 1)
    measured.erp.refuses = lambda fields: "no" if fields.get("town") == "Rome" else ""
    measured.crm.edit("customers", crm, city="Rome")
    for _ in range(3):
        operations.sync(measured.hub)

    assert counts(erp(measured)) == (2, 1, 0, 1, 0)


def test_a_change_that_waits_makes_its_system_late(measured: World):
    ((crm, _), *_rest) = agreed(measured, 2)
    measured.erp.reachable = False
    measured.crm.edit("customers", crm, city="Rome")
    operations.sync(measured.hub)
    measured.env.sleep(100)
    first = erp(measured)
    measured.crm.edit("customers", crm, city="Oslo")
    operations.sync(measured.hub)
    measured.env.sleep(100)

    second = erp(measured)

    assert (first.lag_p50, second.lag_p50) == (0.0, 0.0)  # one of two records is late
    assert 100 <= first.lag_p99 < 101.5
    assert first.lights["lag"] == "amber"
    assert 200 <= second.lag_p99 < 320  # the oldest change counts, not the newest
    assert second.lights["lag"] == "red"
    assert (second.backlog, second.missing) == (1, 0)


def test_open_changes_are_summed_over_time_and_burn_the_budget(measured: World):
    ((crm, _),) = agreed(measured, 1)
    measured.crm.edit("customers", crm, city="Rome")
    operations.plan(measured.hub)
    before = erp(measured).open_24h
    measured.env.sleep(1800)

    told = erp(measured)

    assert abs(told.open_24h - before - 0.5) < 0.001
    assert told.burn_1h > 14.4
    assert told.lights["budget"] == "red"
    assert told.open_30d == told.open_24h


def test_a_system_that_was_not_read_for_two_periods_is_red(measured: World):
    agreed(measured, 1)
    operations.sync(measured.hub)
    assert erp(measured).lights["heartbeat"] == "green"

    measured.env.sleep(61)

    assert erp(measured).lights["heartbeat"] == "red"


def test_a_difference_is_in_flight_and_then_settled(measured: World):
    ((crm, _),) = agreed(measured, 1)
    measured.erp.reachable = False
    measured.crm.edit("customers", crm, city="Rome")
    operations.sync(measured.hub)
    (young,) = operations.figures(measured.hub).drift
    measured.env.sleep(61)

    (old,) = operations.figures(measured.hub).drift

    assert (young.comparable, young.settled, young.in_flight) == (6, 0, 1)
    assert (old.comparable, old.settled, old.in_flight) == (6, 1, 0)
    assert (young.lights["rate"], old.lights["rate"]) == ("green", "red")


def test_money_is_summed_net_and_gross(measured: World):
    (first, second) = agreed(measured, 2)
    measured.crm.reachable = False
    measured.erp.edit("partners", first[1], credit=11)
    measured.erp.edit("partners", second[1], credit=-5)
    operations.sync(measured.hub)
    measured.env.sleep(61)

    (drift,) = operations.figures(measured.hub).drift

    (credit,) = [one for one in drift.fields if one.field == "credit"]
    assert (credit.settled, credit.net, credit.gross, credit.ledger, credit.unit) == (2, "-3", "17", "16", "EUR")
    assert drift.lights["money credit"] == "red"


def test_a_tolerance_makes_no_drift_of_small_change(tmp_path: Path):
    with world(tmp_path, with_rules("targets: {lag: 1s, tolerance: {credit: 2}}\n")) as made:
        ((_, partner),) = agreed(made, 1)
        made.crm.reachable = False
        made.erp.edit("partners", partner, credit=3)
        operations.sync(made.hub)
        made.env.sleep(61)
        assert operations.figures(made.hub).drift[0].settled == 0

        made.erp.edit("partners", partner, credit=4)
        operations.sync(made.hub)
        made.env.sleep(61)
        assert operations.figures(made.hub).drift[0].settled == 1


def test_missing_and_orphaned_records_are_counted_apart(measured: World):
    ((crm, _), _other) = agreed(measured, 2)
    measured.erp.reachable = False
    measured.crm.create("customers", customer(9))
    measured.crm.delete("customers", crm)
    for _ in range(3):
        measured.env.sleep(120)
        operations.sync(measured.hub, full=True, approved=True)

    (drift,) = operations.figures(measured.hub).drift

    assert (drift.missing, drift.orphans, drift.settled) == (1, 1, 0)


def test_the_score_weighs_what_fails_and_a_hard_rule_ends_it(measured: World):
    agreed(measured, 4)
    measured.crm.create("customers", customer(5, city="", credit=1))
    operations.sync(measured.hub)
    bound = measured.hub.of_entity("client")

    taken = sample(measured.hub, bound)

    assert [one[2:] for one in taken.checks] == [(5, 4), (5, 5), (5, 5)]
    assert abs(taken.score - (3 * 0.8 + 1 + 1) / 5) < 1e-12
    assert not taken.sampled


def test_one_sample_in_five_minutes_is_kept_for_a_day(measured: World):
    agreed(measured, 1)
    for _ in range(3):
        operations.sync(measured.hub)
    (told,) = operations.figures(measured.hub).validation
    assert told.samples == 1

    for _ in range(3):
        measured.env.sleep(SLOT / 1e6)
        operations.sync(measured.hub)
    (told,) = operations.figures(measured.hub).validation
    assert (told.samples, told.w, told.light) == (4, 1.0, "green")

    measured.env.sleep(A_DAY * SLOT / 1e6)
    operations.sync(measured.hub)
    assert [one.samples for one in operations.figures(measured.hub).validation] == [1]
    assert len(measured.hub.store.documents("validation customers")) <= 2


def test_without_rules_there_is_no_score(acme: World):
    agreed(acme, 1)

    assert operations.figures(acme.hub).validation == ()
    assert acme.hub.store.documents("validation customers") == {}


def test_the_volume_of_a_run_counts_each_key_once(measured: World):
    keys = agreed(measured, 4)
    measured.crm.edit("customers", keys[0][0], city="Rome", phone="+49 9")
    measured.erp.edit("partners", keys[0][1], credit=50)
    measured.crm.create("customers", customer(7))
    report = operations.sync(measured.hub)

    made = volume_of(measured.hub, list(measured.hub.flows.values()), report.run)
    told = operations.figures(measured.hub).volume

    assert (made.inserts, made.updates, made.deletes, made.fields, made.records) == (1, 1, 0, 3, 5)
    assert made.bytes > 0
    assert told is not None
    assert (told.run, told.ratio, told.light) == (report.run, 2 / 5, "green")


def test_a_run_that_changes_much_of_what_was_there_is_amber(measured: World):
    keys = agreed(measured, 21)
    for crm, _ in keys:
        measured.crm.edit("customers", crm, city="Rome")
    operations.sync(measured.hub, approved=True)

    told = operations.figures(measured.hub).volume

    assert told is not None
    assert (told.updates, told.light) == (21, "amber")


def test_mappings_tell_what_they_lose_and_what_they_write_alike(tmp_path: Path):
    text = CUSTOMERS.replace("label, phone: tel", 'label, phone: "tel | truncate(5)"')
    with world(tmp_path, text) as made:
        for number, phone in enumerate(("12345", "123456", "123457"), 1):
            made.crm.create("customers", customer(number, phone=phone))
        operations.sync(made.hub, approved=True)

        crm, partner = operations.figures(made.hub).mappings

        assert (crm.round_trip, crm.lossy, crm.ambiguous, crm.light) == (1.0, (), (), "green")
        assert (partner.compared, partner.kept) == (18, 16)
        assert (partner.lossy, partner.ambiguous, partner.light) == (("phone",), ("phone",), "amber")
        assert (partner.mapped, partner.offered) == (6, 0)


def test_figures_are_told_as_they_stand(measured: World):
    agreed(measured, 2)
    told: Figures = operations.figures(measured.hub, deep=False)

    assert told.drift == told.mappings == ()
    assert told.volume is None
    assert operations.status(measured.hub).figures is not None
