"""Count again what Tryton buys, makes, keeps and may sell: read both over their own APIs, pair, compare, tell.

Uses nothing of Syncline. What must be equal is written here by hand, and stock is reckoned from moves.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol

Row = Mapping[str, Any]

STAGES = {
    "lead": "open", "opportunity": "open", "converted": "open", "won": "won", "lost": "lost", "cancelled": "lost",
}  # fmt: skip
SALES_STAGES = {"won": "won", "lost": "lost"}  #: every other stage of the CRM is open
STATES = {
    "request": "planned", "draft": "planned", "waiting": "released", "assigned": "released", "running": "started",
    "done": "completed", "cancelled": "cancelled",
}  # fmt: skip
PURCHASES = {
    "draft": "draft", "quotation": "sent", "confirmed": "confirmed", "processing": "confirmed", "done": "closed",
    "cancelled": "cancelled",
}  # fmt: skip
COUNTRIES = {"DE": "Germany", "FR": "France", "AT": "Austria", "NL": "Netherlands", "US": "United States"}


class Crm(Protocol):
    def every(self, resource: str) -> list[dict[str, Any]]: ...


class People(Protocol):
    def on(self, method: str, *params: object) -> Any: ...


@dataclass(slots=True, kw_only=True)
class Count:
    """What has been compared so far."""

    records: dict[str, int] = field(default_factory=dict)
    fields: int = 0
    differences: list[str] = field(default_factory=list)

    @property
    def line(self) -> str:
        """What is told at the end."""
        told = ", ".join(f"{count} {kind}" for kind, count in sorted(self.records.items()))
        return f"agreement: {told}, {self.fields} fields compared, {len(self.differences)} unexplained differences"


def recount(crm: Crm, people: People) -> Count:
    """Read everything, pair it and compare it."""
    count = Count()
    skus = {row["id"]: row["sku"] for row in crm.every("products")}
    codes = {row["id"]: row["code"] for row in _rows(people, "product.product", [], ["code"])}
    _opportunities(count, crm, people, skus, codes)
    _work_orders(count, crm, people, skus, codes)
    _stock(count, crm, people, skus, codes)
    suppliers = _suppliers(count, crm, people)
    _purchases(count, crm, people, suppliers, skus, codes)
    _shipments(count, crm, people)
    return count


def _opportunities(count: Count, crm: Crm, people: People, skus: Row, codes: Row) -> None:
    names = {row["id"]: row["email"] for row in crm.every("customers")}
    fields = ["description", "state", "conversion_probability", "end_date", "party", "lines.sequence",
              "lines.product", "lines.quantity"]  # fmt: skip
    theirs = _rows(people, "sale.opportunity", [["description", "!=", None]], fields)
    mail = _mails(people, [row["party"] for row in theirs])

    def here(row: Row) -> Row:
        return {
            "customer": names[row["customer_id"]].lower(),
            "stage": SALES_STAGES.get(row["stage"], "open"),
            "probability": Decimal(row["probability"]),
            "expected": row["expected_on"],
            "lines": sorted((line["line_no"], skus[line["product_id"]], Decimal(line["quantity"]))
                            for line in row["lines"]),
        }  # fmt: skip

    def there(row: Row) -> Row:
        return {
            "customer": mail[row["party"]].lower(),
            "stage": STAGES[row["state"]],
            "probability": Decimal(str(row["conversion_probability"])) * 100,
            "expected": _day(row["end_date"]),
            "lines": sorted((line["sequence"], codes[line["product"]], Decimal(str(line["quantity"])))
                            for line in row["lines."]),
        }  # fmt: skip

    ours = Side(rows=crm.every("opportunities"), key="number", shown=here)
    _pair(count, "opportunities", ours, Side(rows=theirs, key="description", shown=there))


def _work_orders(count: Count, crm: Crm, people: People, skus: Row, codes: Row) -> None:
    """The materials are reckoned from the bill, not read from what Tryton made of it."""
    fields = ["reference", "state", "product", "quantity", "planned_date", "bom", "inputs.product", "inputs.quantity"]
    theirs = _rows(people, "production", [["reference", "!=", None]], fields)
    bills = defaultdict(list)
    for one in _rows(people, "production.bom.input", [], ["bom", "product", "quantity"]):
        bills[one["bom"]].append((codes[one["product"]], Decimal(str(one["quantity"]))))

    def here(row: Row) -> Row:
        return {
            "product": skus[row["product_id"]],
            "quantity": Decimal(row["quantity"]),
            "due": row["due_on"],
            "state": row["status"],
            "done": Decimal(row["good_quantity"] or 0),
            "materials": sorted((one["material"], Decimal(one["quantity"])) for one in row["materials"]),
        }

    def there(row: Row) -> Row:
        quantity = Decimal(str(row["quantity"]))
        return {
            "product": codes[row["product"]],
            "quantity": quantity,
            "due": _day(row["planned_date"]),
            "state": STATES[row["state"]],
            "done": quantity if row["state"] == "done" else Decimal(0),
            "materials": sorted((code, each * quantity) for code, each in bills[row["bom"]]),
        }

    ours = Side(rows=crm.every("work_orders"), key="number", shown=here)
    _pair(count, "work orders", ours, Side(rows=theirs, key="reference", shown=there))


def _stock(count: Count, crm: Crm, people: People, skus: Row, codes: Row) -> None:
    """What is there and what is set aside, from the moves into and out of the warehouse."""
    places = _rows(people, "stock.location", [["type", "in", ["storage", "view", "warehouse"]]], ["warehouse", "code"])
    [[warehouse, site]] = [(row["id"], row["code"]) for row in places if row["code"] == "WH"]
    inside = {row["id"] for row in places if row["warehouse"] == warehouse} | {warehouse}
    fields = ["product", "from_location", "to_location", "internal_quantity", "state"]
    there_is: dict[int, Decimal] = defaultdict(Decimal)
    free: dict[int, Decimal] = defaultdict(Decimal)
    for move in _rows(people, "stock.move", [["state", "in", ["done", "assigned"]]], fields):
        amount = Decimal(str(move["internal_quantity"]))
        comes, goes = move["to_location"] in inside, move["from_location"] in inside
        if move["state"] == "done":
            there_is[move["product"]] += amount * (comes - goes)
            free[move["product"]] += amount * (comes - goes)
        elif goes and not comes:
            free[move["product"]] -= amount
    goods = _rows(people, "product.product", [["type", "=", "goods"]], ["code"])

    def here(row: Row) -> Row:
        amounts = {name: Decimal(row[name]) for name in ("on_hand", "available", "reserved")}
        return {"product": skus[row["product_id"]], "site": row["site"], **amounts}

    def there(row: Row) -> Row:
        key = row["id"]
        amounts = {"on_hand": there_is[key], "available": free[key], "reserved": there_is[key] - free[key]}
        return {"product": codes[key], "site": site, **amounts}

    named = [{**row, "number": f"{row['id']}@{warehouse}"} for row in goods]
    ours = Side(rows=crm.every("stock"), key="number", shown=here)
    _pair(count, "stock levels", ours, Side(rows=named, key="number", shown=there))


def _suppliers(count: Count, crm: Crm, people: People) -> dict[int, str]:
    delivered = _rows(people, "purchase.product_supplier", [], ["party", "lead_time"])
    longest: dict[int, Any] = {}
    for one in delivered:
        longest[one["party"]] = max(longest.get(one["party"], 0), one["lead_time"]["seconds"])
    domain = [["id", "in", sorted(longest)]]
    fields = ["code", "name", "supplier_lead_time", "addresses.country.code"]
    theirs = _rows(people, "party.party", domain, fields)
    mail = _mails(people, sorted(longest))

    def here(row: Row) -> Row:
        return {name: row[name] for name in ("name", "email", "lead_days", "country")}

    def there(row: Row) -> Row:
        own = row["supplier_lead_time"]
        seconds = own["seconds"] if own else longest[row["id"]]
        country = COUNTRIES[row["addresses."][0]["country."]["code"]]
        return {"name": row["name"], "email": mail[row["id"]], "lead_days": round(seconds / 86400), "country": country}

    ours = Side(rows=crm.every("suppliers"), key="number", shown=here)
    _pair(count, "suppliers", ours, Side(rows=theirs, key="code", shown=there))
    return {row["id"]: row["code"] for row in theirs}


def _purchases(count: Count, crm: Crm, people: People, suppliers: Row, skus: Row, codes: Row) -> None:
    known = {row["id"]: row["number"] for row in crm.every("suppliers")}
    fields = ["number", "party", "state", "purchase_date", "delivery_date", "lines.sequence", "lines.product",
              "lines.quantity"]  # fmt: skip
    theirs = _rows(people, "purchase.purchase", [["number", "!=", None]], fields)

    def here(row: Row) -> Row:
        return {
            "supplier": known[row["supplier_id"]],
            "state": row["status"],
            "ordered": row["ordered_on"],
            "expected": row["expected_on"],
            "lines": sorted((line["line_no"], skus[line["product_id"]], Decimal(line["quantity"]))
                            for line in row["lines"]),
        }  # fmt: skip

    def there(row: Row) -> Row:
        return {
            "supplier": suppliers[row["party"]],
            "state": PURCHASES[row["state"]],
            "ordered": _day(row["purchase_date"]),
            "expected": _day(row["delivery_date"]),
            "lines": sorted((line["sequence"], codes[line["product"]], Decimal(str(line["quantity"])))
                            for line in row["lines."]),
        }  # fmt: skip

    ours = Side(rows=crm.every("purchase_orders"), key="number", shown=here)
    _pair(count, "purchase orders", ours, Side(rows=theirs, key="number", shown=there))


def _shipments(count: Count, crm: Crm, people: People) -> None:
    theirs = _rows(people, "stock.shipment.out", [["number", "!=", None]], ["number", "shipping_reference"])
    ours = Side(rows=crm.every("shipments"), key="number", shown=lambda row: {"tracking": row["tracking_number"]})
    others = Side(rows=theirs, key="number", shown=lambda row: {"tracking": row["shipping_reference"]})
    _pair(count, "shipments", ours, others)


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """What one of them has, by which field it is known, and how it is compared."""

    rows: Sequence[Row]
    key: str
    shown: Callable[[Row], Row]

    def by_key(self) -> Mapping[Any, list[Row]]:
        """The rows of each key."""
        found = defaultdict(list)
        for row in self.rows:
            found[row[self.key]].append(row)
        return found


def _pair(count: Count, kind: str, crm: Side, tryton: Side) -> None:
    """One record there for each one here, and the same in every field."""
    mine, yours = crm.by_key(), tryton.by_key()
    count.records[kind] = len(mine)
    for key in sorted({*mine, *yours}, key=str):
        ours, theirs = mine.get(key, []), yours.get(key, [])
        if len(ours) != 1 or len(theirs) != 1:
            count.differences.append(f"{kind} {key}: {len(ours)} in the CRM, {len(theirs)} in Tryton")
            continue
        one, other = crm.shown(ours[0]), tryton.shown(theirs[0])
        for name in one:
            count.fields += 1
            if one[name] != other[name]:
                count.differences.append(f"{kind} {key}: {name} is {one[name]!r} in the CRM, {other[name]!r} in Tryton")


def _rows(people: People, model: str, domain: list[Any], fields: list[str]) -> list[Row]:
    found: list[Row] = people.on(f"{model}.search_read", domain, 0, None, [["id", "ASC"]], fields)
    return found


def _mails(people: People, parties: Sequence[int]) -> dict[int, str]:
    domain = [["party", "in", list(parties)], ["type", "=", "email"]]
    found: dict[int, str] = {}
    for row in _rows(people, "party.contact_mechanism", domain, ["party", "value"]):
        found.setdefault(row["party"], row["value"])
    return found


def _day(value: Row | None) -> str | None:
    return f"{value['year']:04d}-{value['month']:02d}-{value['day']:02d}" if value else None
