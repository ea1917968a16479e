"""What the CRM does by itself: a confirmed order asks for production, and a need shows who it is of."""

import pytest

from syncline.sandbox.process import start
from tests.unit.sandbox.caller import Caller

GOODS = ("made", "bought")


@pytest.fixture
def goods(crm):
    """One product that is made here, and one that is bought."""
    found = {}
    for name, procurement in zip(GOODS, ("make", "buy"), strict=True):
        found[name] = crm.post("/api/products", {"name": name, "procurement": procurement})["id"]
    return found


def line(number, product, quantity="7"):
    return {"line_no": number, "product_id": product, "quantity": quantity, "unit_price": "3.00"}


def order(crm, goods, status="open"):
    customer = crm.get("/api/customers?limit=1")["data"][0]
    lines = [line(1, goods["made"]), line(2, goods["bought"]), line(3, goods["made"], "5")]
    given = {"customer_id": customer["id"], "status": status, "ordered_on": "2026-02-20", "lines": lines}
    return crm.post("/api/orders", given)


def change(crm, resource, key, **fields):
    answer = crm.ask("PATCH", f"/api/{resource}/{key}", fields)
    assert answer.status == 200, answer.json
    return answer.json


def asked(crm, made):
    rows = crm.get(f"/api/work_orders?order_id={made['id']}")["data"]
    return sorted((row["order_line"], row["quantity"], row["withdrawn"]) for row in rows)


def test_a_confirmed_order_asks_for_what_is_made_here_and_once(crm, goods):
    made = order(crm, goods)
    before = asked(crm, made)
    change(crm, "orders", made["id"], status="confirmed")
    change(crm, "orders", made["id"], note="Call before")

    (first, *_) = crm.get(f"/api/work_orders?order_id={made['id']}")["data"]
    customer = crm.get(f"/api/customers/{made['customer_id']}")
    assert (before, asked(crm, made)) == ([], [("1", "7", False), ("3", "5", False)])
    assert first["number"] == f"{made['number']}/{first['order_line']}"
    assert (first["order_number"], first["customer_name"]) == (made["number"], customer["name"])
    assert (first["product_id"], first["due_on"]) == (goods["made"], "2026-03-06")


def test_a_request_shows_how_far_its_order_is_and_one_by_hand_is_not_made_twice(crm, goods):
    made = order(crm, goods)
    by_hand = {"number": f"{made['number']}/1", "order_id": made["id"], "order_line": "1", "quantity": "7"}
    first = crm.post("/api/work_orders", {**by_hand, "product_id": goods["made"]})
    change(crm, "orders", made["id"], status="confirmed")
    after = crm.get(f"/api/work_orders/{first['id']}")
    free = crm.post("/api/work_orders", {"number": "by hand"})

    assert (first["order_status"], after["order_status"], free["order_status"]) == ("open", "confirmed", None)
    assert after["version"] > first["version"]
    assert asked(crm, made) == [("1", "7", False), ("3", "5", False)]


def test_an_order_that_is_entered_as_confirmed_asks_as_well(crm, goods):
    made = order(crm, goods, "confirmed")

    assert asked(crm, made) == [("1", "7", False), ("3", "5", False)]


def test_a_changed_line_changes_what_is_asked_and_what_the_plant_changed_stays(crm, goods):
    made = order(crm, goods, "confirmed")
    rows = {row["order_line"]: row["id"] for row in crm.get(f"/api/work_orders?order_id={made['id']}")["data"]}
    change(crm, "work_orders", rows["1"], quantity="8")
    change(crm, "orders", made["id"], lines=[line(1, goods["made"]), line(3, goods["made"], "6")])

    assert asked(crm, made) == [("1", "8", False), ("3", "6", False)]


def test_what_is_taken_out_of_an_order_is_withdrawn(crm, goods):
    made = order(crm, goods, "confirmed")
    change(crm, "orders", made["id"], lines=[line(3, goods["made"], "5"), line(4, goods["made"], "1")])
    fewer = asked(crm, made)
    change(crm, "orders", made["id"], status="cancelled")

    assert fewer == [("1", "7", True), ("3", "5", False), ("4", "1", False)]
    assert asked(crm, made) == [("1", "7", True), ("3", "5", True), ("4", "1", True)]


def test_the_rule_can_be_switched_off(tmp_path):
    with start("crm", data=tmp_path, size=4, options=["--no-work-orders"]) as process:
        crm = Caller(process=process)
        product = crm.post("/api/products", {"name": "made", "procurement": "make"})["id"]
        made = order(crm, {"made": product, "bought": product}, "confirmed")

        assert asked(crm, made) == []


def test_a_need_shows_its_customer_as_it_is_called_now(crm):
    customer = crm.post("/api/customers", {"name": "Quay Nine", "email": "buying@quay-nine.example"})
    winner = crm.post("/api/customers", {"name": "Quay Ten"})
    need = crm.post("/api/needs", {"title": "A longer one", "customer_id": customer["id"], "customer_name": "Nobody"})
    change(crm, "customers", customer["id"], name="Quay Nine Ltd")
    renamed = crm.get(f"/api/needs/{need['id']}")
    change(crm, "customers", customer["id"], phone="+49 30 1")
    called = crm.get(f"/api/needs/{need['id']}")
    crm.post(f"/api/customers/{winner['id']}/merge", {"loser": customer["id"]})
    merged = crm.get(f"/api/needs/{need['id']}")
    crm.ask("DELETE", f"/api/customers/{winner['id']}")
    left = crm.get(f"/api/needs/{need['id']}")

    assert (need["customer_name"], need["customer_email"]) == ("Quay Nine", "buying@quay-nine.example")
    assert (renamed["customer_name"], renamed["version"], renamed["updated_by"]) == ("Quay Nine Ltd", 2, "system")
    assert called["version"] == 2
    assert (merged["customer_id"], merged["customer_name"]) == (winner["id"], "Quay Ten")
    assert (left["customer_id"], left["customer_name"], left["customer_email"]) == (None, None, None)


def test_a_seeded_need_shows_its_customer(crm):
    named = {row["id"]: (row["name"], row["email"]) for row in crm.dump("customers")}
    seeded = [row for row in crm.dump("needs") if row["updated_by"] == "import" and row["customer_id"] in named]

    assert seeded
    for row in seeded:
        assert (row["customer_name"], row["customer_email"]) == named[row["customer_id"]]
