"""What may be bought next, who may leave: with reasons, and nothing from after the day."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pytest

from syncline.analytics.interaction.churn import CHURN, churn_risk
from syncline.analytics.interaction.likely_next import NEXT, next_best_product
from syncline.errors import RejectedError
from tests.unit.analytics.interaction.made import START, lines, orders

SOLD = [("a", "tea"), ("a", "cup"), ("b", "tea"), ("b", "cup"), ("c", "tea"), ("c", "rice"), ("d", "tea"), ("e", "oil")]


def stock(*rows: tuple[str, float, date | None, float | None]) -> pa.Table:
    names, units, days, margins = zip(*rows, strict=True)
    return pa.table(
        {
            "product": names,
            "available": units,
            "promise_date": pa.array(days, pa.date32()),
            "margin": pa.array(margins, pa.float64()),
        }
    )


ALL = stock(("tea", 5.0, START, 1.0), ("cup", 5.0, START, 2.0), ("rice", 0.0, THEN := date(2024, 2, 1), None))


def test_the_next_product_is_what_others_have_with_it_and_says_because_of_what():
    table = next_best_product(lines(*SOLD), ALL, START, customers=["d"])

    assert [(row["product"], row["because_of"], row["rank"]) for row in table.to_pylist()] == [
        ("cup", ["tea"], 1),
        ("rice", ["tea"], 2),
    ]
    assert [(row["in_stock"], row["promise_date"]) for row in table.to_pylist()] == [(True, START), (False, THEN)]
    assert table.schema.equals(NEXT.schema, check_metadata=True)


def test_what_loses_money_or_cannot_be_had_is_not_offered():
    never = stock(("cup", 5.0, START, -1.0), ("rice", 0.0, None, 2.0))

    assert next_best_product(lines(*SOLD), never, START, customers=["d"]).num_rows == 0


def test_repeats_are_what_was_bought_most():
    tx = pa.table(
        {
            "customer": ["a"] * 4,
            "order": ["1", "2", "3", "3"],
            "product": ["cup", "tea", "tea", "tea"],
            "day": [START] * 4,
        }
    )

    table = next_best_product(tx, ALL, START, mode="repeat")

    assert [(row["product"], row["score"]) for row in table.to_pylist()] == [("tea", 2.0), ("cup", 1.0)]


def test_what_nobody_shares_leads_to_nothing():
    assert next_best_product(lines(*SOLD), ALL, START, customers=["e"]).num_rows == 0


def test_later_lines_change_no_advice():
    later = lines(("d", "rice"), ("d", "cup"), ("z", "oil"), day=START + timedelta(days=1))

    assert next_best_product(pa.concat_tables([lines(*SOLD), later]), ALL, START).equals(
        next_best_product(lines(*SOLD), ALL, START)
    )


def test_the_advice_is_better_than_what_sells_best():
    random = np.random.default_rng(3)
    rows = []
    for customer in range(600):
        taste = customer % 6
        rows += [(f"c{customer}", f"p{taste}-{item}") for item in random.choice(10, 4, replace=False)]
    held = {f"c{i}": rows[4 * i + 3][1] for i in range(600)}
    known = [row for at, row in enumerate(rows) if at % 4 != 3]
    every = stock(*((f"p{taste}-{item}", 1.0, START, 1.0) for taste in range(6) for item in range(10)))

    table = next_best_product(lines(*known), every, START, k=10)
    hits = sum(held[row["customer"]] == row["product"] for row in table.to_pylist())

    assert hits / 600 > 0.95  # a sixth of all products, so what sells best would hit about every sixth


def test_who_bought_nothing_is_named():
    with pytest.raises(RejectedError, match="The customer z bought nothing yet"):
        next_best_product(lines(*SOLD), ALL, START, customers=["z"])
    with pytest.raises(RejectedError, match="0 is no number of products"):
        next_best_product(lines(*SOLD), ALL, START, k=0)
    with pytest.raises(RejectedError, match="Nothing was bought until 2023"):
        next_best_product(lines(*SOLD), ALL, date(2023, 1, 1))


NOW = START + timedelta(days=720)


def leavers(count: int, *, seed: int) -> pa.Table:
    """Customers who buy every month until, one day, most of them leave."""
    random = np.random.default_rng(seed)
    rows = []
    for customer in range(count):
        pause = random.uniform(20, 40)
        last = random.uniform(60, 1000)
        day = float(random.uniform(0, 60))
        while day < min(720, last):
            rows.append((f"c{customer}", START + timedelta(days=int(day)), 10.0))
            day += pause * random.uniform(0.7, 1.3)
    return orders(*rows)


def test_who_is_silent_for_long_is_about_to_leave_and_the_reasons_say_so():
    tx = leavers(700, seed=1)

    found = churn_risk(tx, None, NOW, 90)
    rows = found.table.to_pylist()
    last = dict(zip(tx.column("customer").to_pylist(), tx.column("day").to_pylist(), strict=True))
    silent = [row["p_churn"] for row in rows if (NOW - last[row["customer"]]).days > 120]
    lively = [row["p_churn"] for row in rows if (NOW - last[row["customer"]]).days < 30]

    assert found.flag == ""
    assert found.auc is not None
    assert found.auc > 0.85
    assert np.mean(silent) > 0.9
    assert np.mean(lively) < 0.35
    assert any("since the last purchase" in one or "silence" in one for one in rows[0]["top_reasons"])
    assert found.table.schema.equals(CHURN.schema, check_metadata=True)


def test_later_purchases_and_cases_change_no_risk():
    tx = leavers(300, seed=2)
    noise = orders(*((f"c{i}", NOW + timedelta(days=1 + i % 60), 99.0) for i in range(300))).cast(tx.schema)
    cases = pa.table({"customer": ["c1"], "day": [NOW - timedelta(days=3)]})
    more = pa.table({"customer": ["c1", "c2"], "day": [NOW - timedelta(days=3), NOW + timedelta(days=3)]})

    first = churn_risk(tx, cases, NOW, 60)
    again = churn_risk(pa.concat_tables([tx, noise]), more, NOW, 60)

    assert first.table.equals(again.table)


def test_service_cases_are_seen():
    tx = orders(*((f"c{i}", START + timedelta(days=30 * month), 10.0) for i in range(400) for month in range(24)))
    gone = {f"c{i}" for i in range(0, 400, 2)}
    kept = [row for row in tx.to_pylist() if row["customer"] not in gone or (row["day"] - START).days <= 600]
    tx = pa.Table.from_pylist(kept, schema=tx.schema)
    cases = pa.table({"customer": sorted(gone), "day": [START + timedelta(days=600)] * len(gone)})

    found = churn_risk(tx, cases, START + timedelta(days=700), 90)
    plain = churn_risk(tx, None, START + timedelta(days=700), 90)

    assert plain.auc == pytest.approx(0.5, abs=0.1)
    assert found.auc is not None
    assert found.auc > 0.95


def test_where_nothing_can_be_learnt_everybody_has_the_share_that_left():
    few = churn_risk(orders(("a", START, 1.0), ("b", NOW, 1.0)), None, NOW, 90)
    none = churn_risk(orders(("a", NOW, 1.0)), None, NOW, 90)
    nobody = churn_risk(
        orders(*((f"c{i}", START + timedelta(days=30 * month), 9.0) for i in range(250) for month in range(24))),
        None, START + timedelta(days=700), 60,
    )  # fmt: skip

    assert few.table.column("p_churn").to_pylist() == [pytest.approx(2 / 3)] * 2
    assert none.base == 0.5
    assert few.auc is none.auc is nobody.auc is None
    assert "Fewer than 200" in few.flag
    assert "0 left" in nobody.flag
    with pytest.raises(RejectedError, match="horizon of 0 days"):
        churn_risk(orders(("a", START, 1.0)), None, NOW, 0)
