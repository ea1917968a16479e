"""Notices, priorities, plans and offers: once, by day, within what there is, and never promised twice."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncline.analytics.interaction.notices import NOTICES, NoticePolicy, delay_notices
from syncline.analytics.interaction.offers import OFFERS, sales_matching
from syncline.analytics.interaction.planning import PLAN, ContactPolicy, interaction_plan
from syncline.analytics.interaction.priority import PRIORITY, PriorityWeights, service_priority
from syncline.errors import RejectedError, SetupError

DAY = date(2026, 3, 2)
NOON = datetime(2026, 2, 20, 12, tzinfo=UTC)


def open_orders(*rows: tuple[str, date], zone: str | None = None) -> pa.Table:
    return pa.table(
        {
            "customer": [f"of {name}" for name, _ in rows],
            "order": [name for name, _ in rows],
            "promise_date": pa.array([day for _, day in rows], pa.date32()),
            "zone": pa.array([zone] * len(rows), pa.string()),
        }
    )


def promises(*rows: tuple[str, date], confidence: float = 0.9) -> pa.Table:
    return pa.table(
        {
            "order": [name for name, _ in rows],
            "promise_date": pa.array([day for _, day in rows], pa.date32()),
            "confidence": [confidence] * len(rows),
            "system": ["erp"] * len(rows),
            "object": ["PO-12"] * len(rows),
        }
    )


def later(days: int) -> date:
    return DAY + timedelta(days=days)


def test_a_change_is_told_once_with_its_cause():
    orders, new = open_orders(("1", DAY), ("2", DAY)), promises(("1", later(5)), ("2", DAY))

    due = delay_notices(orders, new, NOON)

    row = due.to_pylist()[0]
    assert due.num_rows == 1
    assert (row["order"], row["days"], row["system"], row["object"]) == ("1", 5, "erp", "PO-12")
    assert (row["text_key"], row["send_at"]) == ("delay_notice.later", NOON)
    assert delay_notices(orders, new, NOON, told=due).num_rows == 0
    assert delay_notices(orders, new, NOON).equals(due)
    assert due.schema.equals(NOTICES.schema, check_metadata=True)


def test_each_further_change_is_told_against_what_was_told_last():
    orders = open_orders(("1", DAY))
    told = delay_notices(orders, promises(("1", later(5))), NOON)
    back = delay_notices(orders, promises(("1", DAY)), NOON, told=told)
    again = delay_notices(orders, promises(("1", later(5))), NOON, told=pa.concat_tables([told, back]))

    ids = [*told.column("id").to_pylist(), *back.column("id").to_pylist(), *again.column("id").to_pylist()]
    assert [one.column("days").to_pylist() for one in (told, back, again)] == [[5], [-5], [5]]
    assert back.column("text_key").to_pylist() == ["delay_notice.earlier"]
    assert len(set(ids)) == 3


def test_small_shifts_doubtful_dates_and_unknown_orders_are_not_told():
    orders = open_orders(("1", DAY))

    assert delay_notices(orders, promises(("1", later(2))), NOON, policy=NoticePolicy(threshold_days=3)).num_rows == 0
    assert delay_notices(orders, promises(("1", later(9)), confidence=0.7), NOON).num_rows == 0
    assert delay_notices(orders, promises(("9", later(9))), NOON).num_rows == 0


@pytest.mark.parametrize(
    ("zone", "now", "sent"),
    [
        ("Europe/Berlin", "2026-02-20T18:59:00", "2026-02-20T18:59:00"),
        ("Europe/Berlin", "2026-02-20T19:00:00", "2026-02-21T07:00:00"),
        ("Europe/Berlin", "2026-02-21T03:00:00", "2026-02-21T07:00:00"),
        ("Europe/Berlin", "2026-02-21T07:00:00", "2026-02-21T07:00:00"),
        ("America/New_York", "2026-02-20T12:00:00", "2026-02-20T13:00:00"),
        (None, "2026-02-20T23:30:00", "2026-02-21T08:00:00"),
    ],
)
def test_nothing_is_sent_in_the_customers_night(zone: str | None, now: str, sent: str):
    instant = datetime.fromisoformat(now).replace(tzinfo=UTC)

    due = delay_notices(open_orders(("1", DAY), zone=zone), promises(("1", later(5))), instant)

    assert due.column("send_at").to_pylist() == [datetime.fromisoformat(sent).replace(tzinfo=UTC)]


def test_quiet_hours_may_lie_within_a_day_or_not_be():
    midday = NoticePolicy(quiet_from=time(11), quiet_until=time(14))
    never = NoticePolicy(quiet_from=time(8), quiet_until=time(8))

    sent = [
        delay_notices(open_orders(("1", DAY)), promises(("1", later(5))), NOON, policy=one)
        .column("send_at")
        .to_pylist()
        for one in (midday, never)
    ]

    assert sent == [[NOON.replace(hour=14)], [NOON]]


def test_bad_notices_are_refused():
    with pytest.raises(RejectedError, match="no time zone"):
        delay_notices(open_orders(("1", DAY)), promises(("1", DAY)), NOON.replace(tzinfo=None))
    with pytest.raises(RejectedError, match="The order 1 is in promises twice"):
        delay_notices(open_orders(("1", DAY)), promises(("1", DAY), ("1", later(1))), NOON)
    with pytest.raises(RejectedError, match="zone Mars/Olympus of the order 1 is unknown"):
        delay_notices(open_orders(("1", DAY), zone="Mars/Olympus"), promises(("1", later(3))), NOON)
    with pytest.raises(RejectedError, match="threshold of 0 days"):
        delay_notices(open_orders(("1", DAY)), promises(("1", DAY)), NOON, policy=NoticePolicy(threshold_days=0))


def customers(*rows: tuple[str, float, float, float]) -> pa.Table:
    return pa.table(dict(zip(("customer", "clv", "strategic", "sla"), map(list, zip(*rows, strict=True)), strict=True)))


LATE = pa.table({"customer": ["b", "b"], "late_d": [-3.0, 14.0]})


def test_priority_grows_with_each_part_and_stays_between_0_and_1():
    table = service_priority(customers(("a", 0.0, 0.0, 0.0), ("b", 0.0, 0.0, 0.0), ("c", 9.0, 5.0, 1.0)), LATE)

    rows = {row["customer"]: row for row in table.to_pylist()}
    assert rows["a"]["priority"] == 0.0
    assert rows["a"]["why"] == "nothing speaks for it"
    assert rows["b"]["priority"] == pytest.approx(0.2 * (1 - 2.718281828**-2))
    assert rows["c"]["priority"] == pytest.approx(0.8)
    assert table.schema.equals(PRIORITY.schema, check_metadata=True)


def test_priorities_of_nobody_and_weights_without_sense():
    none = customers(("a", 0.0, 0.0, 0.0)).slice(0, 0)

    assert service_priority(none, LATE).num_rows == 0
    with pytest.raises(SetupError, match="weights of a priority"):
        service_priority(none, LATE, PriorityWeights(clv=0, strategic=0, lateness=0, sla=0))
    with pytest.raises(SetupError, match="weights of a priority"):
        service_priority(none, LATE, PriorityWeights(clv=-1))


def suggestions(*rows: tuple[str, str, str, float, float, bool]) -> pa.Table:
    names = ("customer", "action", "channel", "p", "worth", "owed")
    columns = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
    return pa.table(columns | {"when": [DAY] * len(rows), "why": ["because"] * len(rows)})


def planned(table: pa.Table) -> list[tuple[str, str, str]]:
    return [(row["customer"], row["action"], row["channel"]) for row in table.to_pylist()]


def test_what_is_owed_comes_first_and_what_costs_more_than_it_brings_not_at_all():
    table = interaction_plan(
        suggestions(
            ("a", "recommend", "campaign", 0.1, 10.0, False),
            ("a", "win back", "task", 0.1, 10.0, False),
            ("b", "tell of a delay", "task", 0.0, 0.0, True),
        ),
        DAY,
    )

    assert planned(table) == [("b", "tell of a delay", "task"), ("a", "recommend", "campaign")]
    assert table.column("expected_value").to_pylist() == pytest.approx([-15.0, 0.9])
    assert table.schema.equals(PLAN.schema, check_metadata=True)


def test_customers_and_people_are_not_asked_too_much():
    many = [("a", f"offer {i}", "campaign", 0.5, 10.0 + i, False) for i in range(5)]
    tasks = [(f"c{i}", "win back", "task", 0.5, 100.0 + i, i == 0) for i in range(4)]

    table = interaction_plan(suggestions(*many, *tasks), later(3), ContactPolicy(tasks=2))

    assert planned(table) == [
        ("c0", "win back", "task"), ("c3", "win back", "task"),
        ("a", "offer 4", "campaign"), ("a", "offer 3", "campaign"),
    ]  # fmt: skip
    assert set(table.column("when").to_pylist()) == {later(3)}


def test_what_is_owed_goes_out_though_nobody_has_time():
    table = interaction_plan(suggestions(("a", "tell of a delay", "task", 0.0, 0.0, True)), DAY, ContactPolicy(tasks=0))

    assert planned(table) == [("a", "tell of a delay", "campaign")]


def test_bad_suggestions_are_refused_and_none_give_none():
    with pytest.raises(SetupError, match="channel pigeon"):
        interaction_plan(suggestions(("a", "x", "pigeon", 0.5, 1.0, False)), DAY)
    with pytest.raises(RejectedError, match="no probability"):
        interaction_plan(suggestions(("a", "x", "task", 1.5, 1.0, False)), DAY)
    assert interaction_plan(suggestions(("a", "x", "task", 0.5, 1.0, False)).slice(0, 0), DAY).num_rows == 0


def wanted(*rows: tuple[str, float, float], product: str = "bike") -> pa.Table:
    return pa.table(
        {
            "opportunity": [name for name, _, _ in rows],
            "customer": [f"of {name}" for name, _, _ in rows],
            "product": [product] * len(rows),
            "qty": [qty for _, qty, _ in rows],
            "due": pa.array([DAY] * len(rows), pa.date32()),
            "p_win": [p for _, _, p in rows],
        }
    )


def supply(*rows: tuple[str, float, float, float, float, date | None]) -> pa.Table:
    names = ("product", "price", "cost", "available", "makeable")
    columns = {name: [row[at] for row in rows] for at, name in enumerate(names)}
    making = pa.array([row[5] for row in rows], pa.date32())
    return pa.table(columns | {"from_stock": pa.array([DAY] * len(rows), pa.date32()), "from_making": making})


def test_what_cannot_be_there_or_loses_money_is_not_offered():
    assert sales_matching(wanted(("o", 5, 0.5)), supply(("bike", 10, 6, 4, 0, None))).num_rows == 0
    assert sales_matching(wanted(("o", 5, 0.5)), supply(("bike", 10, 6, 4, 0.5, DAY))).num_rows == 0
    assert sales_matching(wanted(("o", 5, 0.5)), supply(("bike", 10, 12, 9, 0, None))).num_rows == 0
    assert sales_matching(wanted(("o", 5, 0.5)), supply(("bike", 10, 9, 9, 0, None)), least_margin=0.2).num_rows == 0


def test_a_substitute_is_offered_by_what_it_brings():
    instead = pa.table({"product": ["bike"], "instead": ["trike"], "fit": [0.5]})
    there = supply(("bike", 10, 6, 0, 9, later(70)), ("trike", 12, 7, 9, 0, None))

    table = sales_matching(wanted(("o", 5, 0.5)), there, instead)

    rows = table.to_pylist()
    assert [(row["product"], row["on_time"], row["reserved"]) for row in rows] == [
        ("trike", True, True),
        ("bike", False, False),
    ]
    assert rows[0]["expected_margin"] == pytest.approx(0.25 * 5 * 5)
    assert "instead of bike" in rows[0]["why"]
    assert "70 days late" in rows[1]["why"]
    assert table.schema.equals(OFFERS.schema, check_metadata=True)


@given(
    asked_for=st.lists(st.tuples(st.integers(1, 6), st.floats(0, 1)), min_size=1, max_size=8),
    stock=st.integers(0, 12),
    makeable=st.integers(0, 12),
)
def test_no_more_is_reserved_than_there_is(asked_for: list[tuple[int, float]], stock: int, makeable: int):
    table = wanted(*((f"o{at}", float(qty), p) for at, (qty, p) in enumerate(asked_for)))

    rows = sales_matching(table, supply(("bike", 10, 6, stock, makeable, later(7)))).to_pylist()

    assert sum(row["qty"] for row in rows if row["reserved"]) <= stock + makeable
    assert sum(row["qty"] for row in rows if row["reserved"] and row["promise_date"] == DAY) <= stock
    first = [row["expected_margin"] for row in rows if row["rank"] == 1]
    assert all(later <= earlier + 1e-9 for earlier, later in pairwise(first))


def test_bad_opportunities_are_refused():
    there = supply(("bike", 10, 6, 4, 0, None))

    with pytest.raises(RejectedError, match="asks for 0 units"):
        sales_matching(wanted(("o", 0, 0.5)), there)
    with pytest.raises(RejectedError, match="at a chance of 2"):
        sales_matching(wanted(("o", 1, 2.0)), there)
    with pytest.raises(RejectedError, match="opportunity is there twice"):
        sales_matching(wanted(("o", 1, 0.5), ("o", 1, 0.5)), there)
    with pytest.raises(RejectedError, match="product is in the supply twice"):
        sales_matching(wanted(("o", 1, 0.5)), pa.concat_tables([there, there]))
    with pytest.raises(RejectedError, match="supply of bike is below 0"):
        sales_matching(wanted(("o", 1, 0.5)), supply(("bike", 10, 6, -4, 0, None)))
