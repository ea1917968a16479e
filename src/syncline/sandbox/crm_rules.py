"""A workflow rule of the CRM: what a confirmed order asks of production.

Every line of a confirmed order whose product is made here asks for one work order, known by the order and the number of
its line. What people change in the line is changed there, and what they take out of the order is withdrawn.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from syncline.sandbox.crm_words import MAKE
from syncline.sandbox.state import Fields, Key, State

PRODUCTION = "rule-production"  #: who it says that it was
_ASKED = ("product_id", "quantity")
_GOING_ON = frozenset({"confirmed", "shipped", "invoiced"})
_USUAL_DAYS = 14  #: from the day of the order until its goods are needed


def work_wanted(state: State, before: Fields, order: Fields) -> Iterator[tuple[Key | None, Fields]]:
    """The work orders to make (without a key) and to change, now that an order was written."""
    if order["status"] not in _GOING_ON | {"cancelled"} or (order["status"], order["lines"]) == _told(before):
        return
    rows = [row.fields() for row in state.find("work_orders", "order_id", order["id"])]
    known = {str(one["order_line"]): one for one in rows if not one["withdrawn"]}
    lines = {str(line["line_no"]): line for line in order["lines"]} if order["status"] != "cancelled" else {}
    for number, line in lines.items():
        if number in known:
            changed = {name: line[name] for name in _ASKED if line[name] != _line(before, number).get(name)}
            if changed:
                yield known[number]["id"], changed
        elif order["status"] == "confirmed" and _made_here(state, line["product_id"]):
            yield None, _request(state, order, number, line)
    for number in sorted(known.keys() - lines.keys()):
        yield known[number]["id"], {"withdrawn": True}


def _told(before: Fields) -> tuple[object, object]:
    return before.get("status"), before.get("lines")


def _line(order: Fields, number: str) -> Fields:
    return next((line for line in order.get("lines", ()) if str(line["line_no"]) == number), {})


def _made_here(state: State, product: Key) -> bool:
    row = state.get("products", product)
    return row is not None and row.fields().get("procurement") == MAKE


def _request(state: State, order: Fields, number: str, line: Fields) -> Fields:
    customer = state.get("customers", order["customer_id"]) if order["customer_id"] else None
    return {
        "number": f"{order['number']}/{number}",
        "order_id": order["id"],
        "order_number": order["number"],
        "order_line": number,
        "customer_name": customer.fields()["name"] if customer else None,
        "product_id": line["product_id"],
        "quantity": line["quantity"],
        "due_on": (date.fromisoformat(order["ordered_on"]) + timedelta(days=_USUAL_DAYS)).isoformat(),
    }
