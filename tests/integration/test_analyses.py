"""Plans and advice from small companies: what is there is given once, and no single bad record stops the rest."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from syncline.analytics.dataset.opening import asked_through_ibis, open_dataset
from syncline.analytics.dataset.refresh import Refreshed
from syncline.analytics.dataset.schema import layouts
from syncline.app.analyses.agreed import AgreedData
from syncline.app.analyses.digging import dig
from syncline.app.analyses.recommending import Assumed, advise
from syncline.app.analyses.supplying import OrderPromise, SupplyPlan, Wanted, plan_supply
from syncline.errors import RejectedError

AT = dt.datetime(2026, 11, 2, 12, tzinfo=dt.UTC)
D = date
Rows = list[dict[str, Any]]
A, B, C = 1, 2, 3
LAST = D(2026, 10, 26)
GOODS: Rows = [{"eid": eid, "sku": name, "price": 2.0} for eid, name in ((A, "A"), (B, "B"), (C, "C"))]
ANN: Rows = [{"eid": 50, "name": "Ann"}]


@pytest.fixture
def company() -> Iterator[Any]:
    """Makes a company from rows of its tables; nothing of the hub takes part."""
    opened = []

    def make(**tables: Rows) -> AgreedData:
        dataset = open_dataset()
        opened.append(dataset)
        for name, layout in layouts().items():
            rows = [{column: row.get(column) for column in layout.schema.names} for row in tables.get(name, [])]
            new = pa.Table.from_pylist(rows, schema=layout.schema) if rows else layout.schema.empty_table()
            dataset.register("new", new)
            dataset.execute(f'CREATE TABLE "{name}" AS SELECT * FROM new')  # noqa: S608
            dataset.unregister("new")
        return AgreedData(None, asked_through_ibis(dataset), AT, [], Refreshed({}, {}), {})  # type: ignore[arg-type]

    yield make
    for dataset in opened:
        dataset.close()


def sold(*, weeks: int = 30, product: int = A, quantity: float = 10.0, last: date = LAST) -> dict[str, Rows]:
    """Ann buys each week, and has all of it."""
    days = [last - dt.timedelta(weeks=week) for week in range(weeks)]
    heads = [
        {"eid": 100 + n, "number": f"O{n}", "customer": 50, "state": "delivered", "ordered_on": day, "currency": "EUR"}
        for n, day in enumerate(days)
    ]
    lines = [
        {"eid": 100 + n, "number": "1", "product": product, "quantity": quantity, "price": 2.0} for n in range(weeks)
    ]
    return {"sales_order": heads, "sales_order_lines": lines}


def asked_for(*wishes: tuple[int, int, float, date], agreed: date | None = None) -> dict[str, Rows]:
    """Open orders: eid, product, quantity, wanted on."""
    heads = [
        {"eid": eid, "number": f"W{eid}", "customer": 50, "state": "open", "ordered_on": D(2026, 10, 30),
         "currency": "EUR", "requested_date": wanted, "promise_date": agreed}
        for eid, _, _, wanted in wishes
    ]  # fmt: skip
    lines = [
        {"eid": eid, "number": "1", "product": product, "quantity": units, "price": 2.0}
        for eid, product, units, _ in wishes
    ]
    return {"sales_order": heads, "sales_order_lines": lines}


def both(one: dict[str, Rows], other: dict[str, Rows]) -> dict[str, Rows]:
    return {name: [*one.get(name, []), *other.get(name, [])] for name in one.keys() | other.keys()}


def promised(plan: SupplyPlan) -> dict[str, OrderPromise]:
    return {one.number: one for one in plan.orders}


TWO_OF_C = {
    "bill_of_materials": [{"eid": 300, "product": A, "quantity": 1.0}, {"eid": 301, "product": B, "quantity": 1.0}],
    "bill_of_materials_components": [
        {"eid": 300, "number": "1", "product": C, "quantity": 1.0},
        {"eid": 301, "number": "1", "product": C, "quantity": 1.0},
    ],
}  # fmt: skip


def test_a_part_that_two_goods_need_is_promised_once(company):
    orders = asked_for((901, A, 5.0, D(2026, 11, 2)), (902, B, 5.0, D(2026, 11, 3)))
    parts = [*GOODS[:2], {**GOODS[2], "lead_time": 20.0}]

    plan = plan_supply(company(product=parts, customer=ANN, stock_level=[{"eid": 1, "product": C, "available": 5.0}],
                               **TWO_OF_C, **orders), Wanted())  # fmt: skip

    days = promised(plan)
    assert days["W901"].day == AT.date()
    assert (days["W902"].day - AT.date()).days >= 19
    assert not days["W902"].is_measured
    assert "nothing was received yet" in days["W902"].hangs_on


def test_whoever_wanted_it_earlier_comes_first(company):
    orders = asked_for((901, A, 5.0, D(2026, 12, 1)), (902, A, 5.0, D(2026, 11, 3)))
    goods = [{**GOODS[0], "lead_time": 10.0}]

    days = promised(
        plan_supply(
            company(product=goods, stock_level=[{"eid": 1, "product": A, "available": 5.0}], **orders), Wanted()
        )
    )

    assert days["W902"].day == AT.date()
    assert days["W901"].day > AT.date()


def test_a_company_without_orders_has_a_plan_and_no_advice(company):
    data = company(product=GOODS)

    plan = plan_supply(data, Wanted())

    assert (plan.orders, plan.suppliers) == ((), None)
    with pytest.raises(RejectedError, match="No customer has ordered"):
        advise(data, Path(), plan, Assumed())
    assert dig(data, Path(), false_share=0.05, keep=False).found.tested == 0


PURCHASE = {
    "eid": 200,
    "number": "PO1",
    "supplier": 70,
    "state": "received",
    "ordered_on": D(2026, 5, 1),
    "received_on": D(2026, 5, 9),
}
BAD: dict[str, dict[str, Rows]] = {
    "lead time of zero, and no days between two looks": {"product": [{**GOODS[0], "lead_time": 0.0}]},
    "negative lead time": {"product": [{**GOODS[0], "lead_time": -5.0}]},
    "lead time of a thousand years": {"product": [{**GOODS[0], "lead_time": 1e9}]},
    "lead time that is no number": {"product": [{**GOODS[0], "lead_time": math.nan}]},
    "endless lead time": {"product": [{**GOODS[0], "lead_time": math.inf}]},
    "negative purchase": {
        "purchase_order": [PURCHASE],
        "purchase_order_lines": [{"eid": 200, "number": "1", "product": A, "quantity": -3.0}],
    },
    "receipt twenty years after its order": {
        "purchase_order": [{**PURCHASE, "ordered_on": D(2006, 5, 1)}],
        "purchase_order_lines": [{"eid": 200, "number": "1", "product": A, "quantity": 3.0}],
    },
    "receipt before its order": {
        "purchase_order": [{**PURCHASE, "received_on": D(2026, 4, 1)}],
        "purchase_order_lines": [{"eid": 200, "number": "1", "product": A, "quantity": 3.0}],
    },
    "bill that contains itself": {
        "bill_of_materials": [{"eid": 300, "product": A}, {"eid": 301, "product": B}],
        "bill_of_materials_components": [
            {"eid": 300, "number": "1", "product": B, "quantity": 1.0},
            {"eid": 301, "number": "1", "product": A, "quantity": 1.0},
        ],
    },
    "negative component": {
        "bill_of_materials": [{"eid": 300, "product": A}],
        "bill_of_materials_components": [{"eid": 300, "number": "1", "product": B, "quantity": -1.0}],
    },
    "all of it is scrap": {
        "bill_of_materials": [{"eid": 300, "product": A}],
        "bill_of_materials_components": [{"eid": 300, "number": "1", "product": B, "quantity": 1.0, "scrap": 100.0}],
    },
    "absurd order": asked_for((901, A, 1e300, D(2026, 11, 2))),
    "order of no number": asked_for((901, A, math.nan, D(2026, 11, 2))),
    "draft": {
        "purchase_order": [{**PURCHASE, "state": "draft", "received_on": None}],
        "purchase_order_lines": [{"eid": 200, "number": "1", "product": A, "quantity": 999.0}],
    },
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_one_bad_record_stops_nobody(company, name: str):
    """Product C is well known, whatever is wrong with the rest."""
    tables = both(both(sold(product=C), BAD[name]), {"stock_level": [{"eid": 1, "product": C, "available": 1.0}]})
    goods = {row["eid"]: row for row in [{**GOODS[2], "lead_time": 7.0}, *GOODS[:2], *tables.pop("product", [])]}

    plan = plan_supply(company(product=list(goods.values()), customer=ANN, **tables), Wanted(review_days=0))

    (known,) = [row for row in plan.stocks.to_pylist() if row["product"] == "C"]
    assert 0 < known["reorder_point"] < 100
    assert known["order_now"] > 0
    figures = [value for row in plan.stocks.to_pylist() for value in row.values() if isinstance(value, float)]
    assert all(map(math.isfinite, figures))
    assert all(row["incoming"] == 0 for row in plan.stocks.to_pylist())


def test_what_nobody_sells_any_more_is_not_ordered(company):
    tables = both(sold(), {"stock_level": [{"eid": 1, "product": A, "available": 0.0}]})

    for retired in ({"active": False}, {"stage": "retired"}):
        plan = plan_supply(
            company(product=[{**GOODS[0], "lead_time": 7.0, **retired}], customer=ANN, **tables), Wanted()
        )
        assert plan.stocks.to_pylist() == []


def test_two_late_orders_of_one_customer_are_two_things_to_say(company, tmp_path: Path):
    (tmp_path / "syncline.yaml").write_text(
        "project: small\nsystems: {crm: {connector: files, folder: .}}\nflows: {}\n"
    )
    late = asked_for((901, A, 5.0, D(2026, 11, 3)), (902, B, 5.0, D(2026, 11, 3)), agreed=D(2026, 11, 3))
    goods = [{**row, "lead_time": 30.0} for row in GOODS]
    data = company(product=goods, customer=ANN, **both(sold(product=C), late))

    advice = advise(data, tmp_path, plan_supply(data, Wanted()), Assumed())

    said = {row["order_number"]: row for row in advice.plan if row["order_number"]}
    assert sorted(said) == ["W901", "W902"]
    assert all(number in row["body"] and number in row["subject"] for number, row in said.items())
    assert len({row["number"] for row in said.values()}) == 2


def test_a_margin_that_is_none_is_refused(company):
    data = company(product=GOODS, customer=ANN, **sold())
    with pytest.raises(RejectedError, match="margin of 7"):
        advise(data, Path(), plan_supply(data, Wanted()), Assumed(margin=7.0))


def test_a_month_that_goes_on_is_no_finding(company):
    """Thirty units a month, and two days of November."""
    tables = sold(weeks=100, quantity=7.0, last=D(2026, 10, 31))
    more = {"eid": 999, "number": "N", "customer": 50, "state": "open", "ordered_on": D(2026, 11, 1), "currency": "EUR"}
    tables["sales_order"].append(more)
    tables["sales_order_lines"].append({"eid": 999, "number": "1", "product": A, "quantity": 1.0, "price": 2.0})

    found = dig(company(product=GOODS, customer=ANN, **tables), Path(), false_share=0.05, keep=False).found

    assert found.tested > 0
    assert all("2026-11" not in one.candidate.evidence for one in found.findings)
