"""Advice from the agreed data: what customers are worth, who may leave, what to offer, and what must be said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from syncline.analytics.dataset.doubt import Doubt, doubts_in
from syncline.analytics.interaction.churn import churn_risk
from syncline.analytics.interaction.clv import clv
from syncline.analytics.interaction.likely_next import STOCK, next_best_product
from syncline.analytics.interaction.notices import ORDERS, PROMISES, delay_notices
from syncline.analytics.interaction.planning import SUGGESTIONS, interaction_plan
from syncline.analytics.interaction.purchases import LINES, PURCHASES
from syncline.analytics.interaction.rfm import rfm
from syncline.app.analyses.agreed import AgreedData
from syncline.app.analyses.supplying import SupplyPlan
from syncline.app.analyses.telling import Conclusion, known, tell
from syncline.errors import RejectedError

_ENTITIES = ("customer", "sales_order", "stock_level", "opportunity")
_ASKED_BACK = ("at risk", "loyal once, at risk")  #: segments of customers that somebody should speak with
Rows = list[dict[str, Any]]


class Assumed(NamedTuple):
    """What no data say; each is told with the result."""

    margin: float = 0.3  #: share of an order that is earned
    discount: float = 0.1  #: of money, per year
    weeks: int = 52  #: that a customer's worth looks ahead
    horizon: int = 180  #: days without an order that count as having left
    win_back: float = 0.05  #: by how much a call raises the chance that somebody comes back
    recommend: float = 0.02  #: by how much a recommendation raises the chance of an order
    as_of: date | None = None  #: today, where it is none


class Advice(NamedTuple):
    """What to say to whom, and why."""

    as_of: date
    currency: str
    customers: Rows  #: customer, eid, segment, recency_d, frequency, monetary, clv, churn, next, next_because
    plan: Rows  #: as `PLAN`, with eid, number, body
    notes: tuple[str, ...]
    doubts: tuple[Doubt, ...]
    assumed: Assumed


class _Seen(NamedTuple):
    """What is known, in the tables that the analyses ask for."""

    purchases: pa.Table
    lines: pa.Table
    names: Mapping[int, str]
    eids: Mapping[str, int]
    as_of: date


def advise(data: AgreedData, folder: Path, supply: SupplyPlan, assumed: Assumed) -> Advice:
    """Look at every customer who has ordered, and at every order whose day has moved since its customer knows one."""
    if not 0 < assumed.margin <= 1:
        raise RejectedError(f"A margin of {assumed.margin:g} is none.", cure="Give a share above 0, at most 1.")
    seen, currency, notes = _seen(data, assumed)
    segments = rfm(seen.purchases, seen.as_of).to_pylist()
    worth = _worth(seen, assumed, notes)
    leaving = churn_risk(seen.purchases, None, seen.as_of, assumed.horizon)
    notes += [leaving.flag] if leaving.flag else []
    told = leaving.table.to_pylist() if leaving.auc is not None else []  # one share for all says nothing of anybody
    risks = {row["customer"]: row for row in told}
    offers = _next_products(data, seen, supply)
    customers = [_customer(row, seen, worth, risks, offers) for row in segments]
    suggestions, bodies = _suggestions(customers, _notices(data, folder, seen, supply), seen, assumed)
    plan = interaction_plan(pa.Table.from_pylist(suggestions, schema=SUGGESTIONS.schema), seen.as_of).to_pylist()
    contacts = [_told(row, seen, bodies) for row in plan]
    return Advice(seen.as_of, currency, customers, contacts, tuple(notes), doubts_in(data.doubts, _ENTITIES), assumed)


def tell_advice(data: AgreedData, folder: Path, advice: Advice) -> Mapping[str, int]:
    """Let the planner tell what customers are worth, and the tasks for people; table -> rows with news."""
    customers = [
        Conclusion(row["eid"], str(row["eid"]), {
            "lifetime_value": None if row["clv"] is None else f"{row['clv']:.2f}",
            "churn_risk": None if row["churn"] is None else f"{row['churn']:.3f}",
        })
        for row in advice.customers
        if row["eid"]
    ]  # fmt: skip
    known = {one.key for one in customers}
    tasks = [
        Conclusion(0, row["number"], {
            "kind": "call", "subject": row["subject"], "body": row["body"], "customer": str(row["eid"]),
            "due_on": row["when"].isoformat(), "expected_value": f"{row['expected_value']:.2f}",
            "currency": advice.currency, "reason": row["why"], "order_number": row["order_number"],
            "promise_date": row["promise_date"],
        })
        for row in advice.plan
        if row["channel"] == "task" and str(row["eid"]) in known
    ]  # fmt: skip
    return {
        "customers": tell(data.hub, folder, "customers", customers),
        "tasks": tell(data.hub, folder, "tasks", tasks),
    }


# --- what is known ----------------------------------------------------------------------------------------------------


def _seen(data: AgreedData, assumed: Assumed) -> tuple[_Seen, str, list[str]]:
    names, products = data.customers(), data.products()
    bought = [row for row in data.facts("purchases").to_pylist() if row["customer"] in names]
    currencies = Counter(row["currency"] for row in bought if row["revenue"] is not None)
    if not currencies:
        raise RejectedError("No customer has ordered anything with a price.", cure="Run `syncline sync` first.")
    currency, _ = currencies.most_common(1)[0]
    notes = [
        f"{count:,} orders in {other} are left out: amounts are not converted."
        for other, count in currencies.items()
        if other != currency
    ]
    rows = [
        {"customer": names[row["customer"]], "day": row["day"], "amount": max(row["revenue"], 0.0)}
        for row in bought
        if row["currency"] == currency and row["revenue"] is not None
    ]
    lines = [
        {
            "customer": names[row["customer"]], "order": str(row["order"]), "product": products[row["product"]],
            "day": row["ordered_on"],
        }
        for row in data.facts("order_lines").to_pylist()
        if row["customer"] in names and row["product"] in products
    ]  # fmt: skip
    as_of, last = assumed.as_of or data.at.date(), max(row["day"] for row in rows)
    if assumed.as_of is None and (as_of - last).days > assumed.horizon:
        notes.append(f"The last order is of {last}: all is judged as of that day. --as-of says another one.")
        as_of = last
    tables = (pa.Table.from_pylist(rows, schema=PURCHASES.schema), pa.Table.from_pylist(lines, schema=LINES.schema))
    return _Seen(*tables, names, {name: eid for eid, name in names.items()}, as_of), currency or "", notes


def _worth(seen: _Seen, assumed: Assumed, notes: list[str]) -> dict[str, dict[str, Any]]:
    try:
        found = clv(seen.purchases, seen.as_of, assumed.weeks, assumed.discount, assumed.margin)
    except RejectedError as error:
        notes.append(f"What customers will bring cannot be said. {error}")
        return {}
    notes += [found.flag] if found.flag else []
    return {row["customer"]: row for row in found.table.to_pylist()}


def _next_products(data: AgreedData, seen: _Seen, supply: SupplyPlan) -> dict[str, dict[str, Any]]:
    """The best product that a customer never bought, of those that are there."""
    stock = [
        {"product": row["product"], "available": row["available"], "promise_date": supply.as_of, "margin": None}
        for row in supply.stocks.to_pylist()
        if row["available"] > 0
    ]
    until = seen.lines.filter(pc.less_equal(seen.lines.column("day"), pa.scalar(seen.as_of, pa.date32())))
    if not stock or not len(until):
        return {}
    table = next_best_product(until, pa.Table.from_pylist(stock, schema=STOCK.schema), seen.as_of, k=1)
    return {row["customer"]: row for row in table.to_pylist() if row["score"] > 0}


def _customer(
    row: Mapping[str, Any], seen: _Seen, worth: Mapping[str, Any], risks: Mapping[str, Any], offers: Mapping[str, Any]
) -> dict[str, Any]:
    name = row["customer"]
    value, risk, offer = worth.get(name, {}), risks.get(name, {}), offers.get(name, {})
    return {
        "customer": name, "eid": seen.eids.get(name, 0), "segment": row["segment"], "recency_d": row["recency_d"],
        "frequency": row["frequency"], "monetary": row["monetary"], "clv": value.get("clv"),
        "churn": risk.get("p_churn"), "next": offer.get("product"), "next_because": offer.get("because_of", []),
    }  # fmt: skip


# --- what follows -----------------------------------------------------------------------------------------------------


def _suggestions(
    customers: Sequence[Mapping[str, Any]], notices: Sequence[Mapping[str, Any]], seen: _Seen, assumed: Assumed
) -> tuple[Rows, dict[tuple[str, str], dict[str, Any]]]:
    """As `SUGGESTIONS`; and (customer, action) -> what it is known by, what to say, and about which order."""
    rows: Rows = []
    bodies: dict[tuple[str, str], dict[str, Any]] = {}
    month = f"{seen.as_of:%Y-%m}"

    def suggest(name: str, action: str, **more: Any) -> None:  # noqa: ANN401
        said = {one: more.pop(one, None) for one in ("number", "body", "order_number", "promise_date")}
        rows.append({"customer": name, "action": action, "when": seen.as_of, "owed": False, **more})
        bodies[name, action] = said

    for one in customers:
        usual = one["monetary"] / max(one["frequency"], 1) * assumed.margin
        key = one["eid"]
        if one["segment"] in _ASKED_BACK and one["frequency"] > 1:
            why = f"{one['segment']}: {one['frequency']} orders, the last one {one['recency_d']} days ago"
            suggest(one["customer"], "win back", channel="task", p=assumed.win_back, worth=usual, why=why,
                    number=f"win-back-{key}-{month}", body=f"Ask what they need. {why}.")  # fmt: skip
        if one["next"]:
            why = f"because of {', '.join(one['next_because'])}; in stock"
            suggest(one["customer"], "recommend", channel="campaign", p=assumed.recommend, worth=usual, why=why,
                    number=f"recommend-{key}-{month}", body=f"{one['next']}, {why}.")  # fmt: skip
    for notice in notices:  # each order is an action of its own: two late ones are two things to say
        why = f"{notice['order']}: {notice['old']} -> {notice['new']}, {notice['object']}"
        suggest(notice["customer"], f"tell of {notice['order']}", channel="task", p=1.0, worth=0.0, owed=True, why=why,
                number=f"tell-{notice['eid']}-{notice['new']}", body=f"{why}. Tell them the new day.",
                order_number=notice["order"], promise_date=notice["new"].isoformat())  # fmt: skip
    return rows, bodies


def _notices(data: AgreedData, folder: Path, seen: _Seen, supply: SupplyPlan) -> Rows:
    """Orders that come later than their customer was told: by the last notice, else by the first promise."""
    said = _last_said(folder)
    orders = data.backend.table("sales_order").select("eid", "customer").to_pyarrow().to_pylist()
    buyers = {row["eid"]: row["customer"] for row in orders}
    rows, promises, about = [], [], {}
    for one in supply.orders:
        before = said.get(str(one.eid)) or said.get(one.number) or one.promised
        if one.number and one.number not in about and one.day and before and buyers.get(one.eid) in seen.names:
            day = max(one.day, one.wanted) if one.wanted else one.day
            about[one.number] = one.eid
            name = seen.names[buyers[one.eid]]
            rows.append({"customer": name, "order": one.number, "promise_date": before, "zone": None})
            why = {"system": "planner", "object": one.hangs_on}
            promises.append({"order": one.number, "promise_date": day, "confidence": 0.8, **why})
    if not rows:
        return []
    tables = (pa.Table.from_pylist(rows, schema=ORDERS.schema), pa.Table.from_pylist(promises, schema=PROMISES.schema))
    found = [dict(row) for row in delay_notices(*tables, data.at).to_pylist()]
    return [{**row, "eid": about[row["order"]]} for row in found if row["new"] > row["old"]]


def _last_said(folder: Path) -> dict[str, date]:
    """Number of an order -> the day in its last notice; its number here -> the day that was promised at first."""
    orders = known(folder, "orders")
    first = {str(row["sales_order"]): row["first_promise_date"] for row in orders}
    notices: dict[str, str] = {}
    for row in known(folder, "tasks"):
        if row["order_number"] and row["promise_date"]:
            number, day = str(row["order_number"]), str(row["promise_date"])
            notices[number] = max(day, notices.get(number, ""))
    numbers = {str(row["number"]): str(row["sales_order"]) for row in orders}
    days = {key: date.fromisoformat(str(day)) for key, day in first.items() if day}
    return days | {numbers.get(number, number): date.fromisoformat(day) for number, day in notices.items()}


def _told(row: Mapping[str, Any], seen: _Seen, bodies: Mapping[tuple[str, str], dict[str, Any]]) -> dict[str, Any]:
    subject = f"{row['action'][:1].upper()}{row['action'][1:]}: {row['customer']}"
    return {
        **row,
        **bodies[row["customer"], row["action"]],
        "eid": seen.eids.get(row["customer"], 0),
        "subject": subject,
    }
