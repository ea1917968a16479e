"""Requirements: gross and net, level by level, pegged; against a recount by hand in plain Python."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest

from syncline.analytics.supply.bom import low_levels
from syncline.analytics.supply.explode_bom import Supply, explode_bom
from syncline.analytics.supply.explosion import explosion, leaf_parts
from syncline.analytics.tables import unit_of
from syncline.errors import RejectedError, SetupError

DAY = date(2026, 5, 4)


def bom(*rows: tuple[str, str, float], scrap: float | None = None, **told: list[date | None]) -> pa.Table:
    return pa.table({
        "assembly": [row[0] for row in rows], "component": [row[1] for row in rows], "qty": [row[2] for row in rows],
        "scrap": pa.array([scrap] * len(rows), pa.float64()),
        "valid_from": pa.array(told.get("begin", [None] * len(rows)), pa.date32()),
        "valid_to": pa.array(told.get("end", [None] * len(rows)), pa.date32()),
    })  # fmt: skip


def demand(*rows: tuple[str, date, float, str]) -> pa.Table:
    names = ("product", "period", "qty", "pegged_to")
    return pa.table(dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)))


def stock(**units: float) -> pa.Table:
    return pa.table({"item": list(units), "qty": list(units.values())})


def told(found: pa.Table, *names: str) -> list[tuple[object, ...]]:
    return [tuple(row[name] for name in names) for row in found.to_pylist()]


def test_a_part_of_several_levels_is_netted_once_on_its_deepest():
    parts = bom(("bike", "wheel", 2), ("bike", "bolt", 4), ("wheel", "bolt", 3))

    found = explode_bom(demand(("bike", DAY, 10, "SO1")), parts, Supply(stock(bolt=30, wheel=5)))

    assert told(found, "component", "gross", "net", "parent") == [
        ("bike", 10, 10, None), ("wheel", 20, 15, "bike"), ("bolt", 40, 10, "bike"), ("bolt", 45, 45, "wheel"),
    ]  # fmt: skip


def test_stock_serves_the_earliest_day_and_then_the_orders_by_name():
    later = DAY + timedelta(days=7)
    wanted = demand(("bolt", later, 5, "SO1"), ("bolt", DAY, 6, "SO3"), ("bolt", DAY, 4, "SO2"))
    coming = pa.table({"item": ["bolt"], "period": [later], "qty": [3.0]})

    found = explode_bom(wanted, bom(("bike", "bolt", 1)), Supply(stock(bolt=7), coming))

    assert told(found, "pegged_to", "net") == [("SO2", 0), ("SO3", 3), ("SO1", 2)]


def test_a_receipt_comes_too_late_for_an_earlier_day():
    coming = pa.table({"item": ["bolt"], "period": [DAY + timedelta(days=1)], "qty": [99.0]})

    found = explode_bom(demand(("bolt", DAY, 6, "SO1")), bom(("bike", "bolt", 1)), Supply(open_orders=coming))

    assert told(found, "net") == [(6,)]


def test_components_are_needed_when_making_begins_and_rows_count_while_they_are_valid():
    change = DAY - timedelta(days=4)
    parts = bom(("bike", "old", 1), ("bike", "new", 1), begin=[None, change], end=[change, None])
    days = pa.table({"item": ["bike"], "days": [5]})
    wanted = demand(("bike", DAY, 1, "SO1"), ("bike", DAY + timedelta(days=1), 1, "SO2"))

    found = explode_bom(wanted, parts, Supply(days=days))
    fixed = explode_bom(wanted, parts, Supply(days=days), effective_date=DAY)

    needs = [row for row in told(found, "component", "period", "pegged_to") if row[0] != "bike"]
    assert needs == [("new", change, "SO2"), ("old", change - timedelta(days=1), "SO1")]
    assert {row[0] for row in told(fixed, "component")} == {"bike", "new"}


def test_scrap_asks_for_more():
    found = explode_bom(demand(("bike", DAY, 10, "SO1")), bom(("bike", "bolt", 4), scrap=0.2))

    assert told(found, "component", "net")[-1] == ("bolt", pytest.approx(50))


def test_requirements_equal_a_recount():
    draw = np.random.default_rng(2)
    edges = [
        (f"i{a}", f"i{b}", float(draw.integers(1, 4)))
        for a in range(12)
        for b in range(a + 1, 12)
        if draw.random() < 0.3
    ]
    on_hand = {f"i{place}": float(draw.integers(0, 300)) for place in range(12)}

    def a_day() -> date:
        return DAY + timedelta(days=int(draw.integers(0, 5)))

    wanted = [(f"i{draw.integers(0, 4)}", a_day(), float(draw.integers(1, 30)), f"SO{n:02}") for n in range(30)]

    found = explode_bom(demand(*wanted), bom(*edges), Supply(stock(**on_hand)))

    rows = {(row["component"], row["period"], row["pegged_to"], row["parent"] or ""): row for row in found.to_pylist()}
    levels = dict(told(low_levels(bom(*edges)), "item", "level"))
    gross: dict[str, dict[tuple[date, str, str], float]] = defaultdict(lambda: defaultdict(float))
    for item, day, units, order in wanted:
        gross[item][day, order, ""] += units
    for item in sorted(levels, key=lambda name: (levels[name], name)):
        left = on_hand[item]
        for (day, order, parent), units in sorted(gross[item].items()):
            net = max(units - left, 0.0)
            left -= units - net
            row = rows[item, day, order, parent]
            assert (row["gross"], row["net"]) == (pytest.approx(units), pytest.approx(net))
            for above, below, need in edges:
                if above == item and net > 1e-9:
                    gross[below][day, order, item] += net * need
    assert len(found) == sum(len(rows) for rows in gross.values())
    assert unit_of(found, "net") == "unit"


def test_an_explosion_tells_every_way_down():
    parts = bom(("a", "b", 2), ("b", "c", 3), ("a", "c", 1))

    assert told(explosion(parts), "assembly", "parent", "component", "level", "qty") == [
        ("a", "a", "b", 1, 2), ("a", "a", "c", 1, 1), ("b", "b", "c", 1, 3), ("a", "b", "c", 2, 6),
    ]  # fmt: skip
    assert told(leaf_parts(parts), "product", "part", "qty") == [("a", "c", 7), ("b", "c", 3)]
    assert len(explosion(parts, levels=1)) == 3


def test_a_cycle_is_named_in_its_order():
    with pytest.raises(RejectedError, match=r"contains itself: \w > \w > \w > \w\.") as caught:
        explode_bom(demand(("a", DAY, 1, "SO1")), bom(("top", "a", 1), ("a", "b", 1), ("b", "c", 1), ("c", "a", 1)))

    items = caught.value.what.partition(": ")[2].rstrip(".").split(" > ")
    assert set(items) == {"a", "b", "c"}
    assert items[0] == items[-1]
    assert {("a", "b"), ("b", "c"), ("c", "a")} == set(pairwise(items))


def test_a_part_of_itself_is_a_cycle_too():
    with pytest.raises(RejectedError, match="a > a"):
        low_levels(bom(("a", "a", 1)))


def test_rows_that_are_valid_at_different_times_are_no_cycle_on_one_day():
    parts = bom(("a", "b", 1), ("b", "a", 1), begin=[None, DAY], end=[DAY, None])

    assert len(explosion(parts, on=DAY)) == 1


def test_what_is_in_no_bill_of_materials_is_netted_too():
    found = explode_bom(demand(("cap", DAY, 5, "SO1")), bom(("bike", "bolt", 1)), Supply(stock(cap=2)))

    assert told(found, "component", "level", "net") == [("cap", 0, 3)]


@pytest.mark.parametrize(
    ("wanted", "parts", "words"),
    [
        (demand(("a", DAY, -1, "SO1")), bom(("a", "b", 1)), "below zero"),
        (demand(("a", DAY, 1, "SO1")), bom(("a", "b", -1)), "below zero"),
        (demand(("a", DAY, 1, "SO1")), bom(("a", "b", 1), scrap=1.0), "scrap"),
        (demand(("a", DAY, float("nan"), "SO1")), bom(("a", "b", 1)), "no number"),
    ],
)
def test_absurd_figures_are_refused_with_their_rows(wanted: pa.Table, parts: pa.Table, words: str):
    with pytest.raises(RejectedError, match=words):
        explode_bom(wanted, parts)


def test_quantities_in_another_unit_are_refused():
    parts = bom(("a", "b", 1))
    kilos = parts.set_column(2, pa.field("qty", pa.float64(), metadata={"unit": "kg"}), pa.array([1.0]))

    with pytest.raises(SetupError, match="is in kg, and unit is needed"):
        explode_bom(demand(("a", DAY, 1, "SO1")), kilos)


def test_a_bill_of_materials_that_is_too_deep_is_refused():
    chain = bom(*((f"i{place:03}", f"i{place + 1:03}", 1.0) for place in range(80)))

    with pytest.raises(RejectedError, match="80 levels"):
        explode_bom(demand(("i000", DAY, 1, "SO1")), chain)
