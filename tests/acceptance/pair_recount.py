"""A CRM and an ERP counted again, without believing the synchroniser: read both over their own APIs, pair, compare.

    python tests/acceptance/pair_recount.py --crm http://127.0.0.1:8101 --erp http://127.0.0.1:8102 [--waiting FILE]

Imports nothing of Syncline. What must be equal stands in `pair_fields.py`, written by hand. FILE is what the hub itself
says that it waits for (`conflicts`, `parked`, `questions`, as its commands give them with --json): such differences are
shown as explained. Everything else that differs, is missing on one side or is there twice is unexplained, and ends
with 1; so does a recount that could pair fewer records than it was told to expect (--least customers=200).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeAlias

from applications import Crm, Erp, Fields
from pair_fields import CUSTOMERS, LINES, ORDERS, PRODUCTS, Field, look

Pair: TypeAlias = tuple[Fields, Fields]  #: a record of the CRM and one of the ERP
Waiting: TypeAlias = Mapping[str, Sequence[Fields]]  #: "conflicts", "parked", "questions", as the hub tells them

_SHOWN = 40
_CANCELLED = 90  #: a sales document that was deleted


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Something that is not the same in both systems."""

    kind: str  #: customers, products, orders
    crm: str  #: key there, or ""
    erp: str
    field: str  #: "" for the record as a whole
    what: str
    explained: str = ""


@dataclass(slots=True, kw_only=True)
class Count:
    """What has been compared so far."""

    records: Counter[str] = field(default_factory=Counter)
    fields: int = 0
    differences: list[Difference] = field(default_factory=list)

    @property
    def unexplained(self) -> list[Difference]:
        """Differences that nobody knows of."""
        return [one for one in self.differences if not one.explained]


def recount(crm: Crm, erp: Erp, waiting: Waiting, declared: Mapping[str, str]) -> Count:
    """Read everything, pair it and compare it."""
    count = Count()
    explain = _Explanations(waiting)
    customers = crm.every("customers")
    partners = erp.every("partners")
    known = _recount_customers(count, customers, partners, explain, declared)
    products, items = crm.every("products"), erp.every("items")
    _recount_products(count, products, items, explain)
    skus = {row["id"]: row["sku"] for row in products}
    alive = {row["id"]: known.get(row["id"], "") for row in customers if not row["archived"]}
    gone = {str(row["PartnerNo"]) for row in partners if not row["Active"]}
    orders = _Orders(count=count, explain=explain, partner_of=alive, gone=gone, skus=skus)
    orders.recount(crm.every("orders"), erp.every("salesdocs"))
    return count


# --- customers and products -----------------------------------------------------------------------------------------


def _recount_customers(
    count: Count, customers: list[Fields], partners: list[Fields], explain: _Explanations, declared: Mapping[str, str]
) -> dict[str, str]:
    """Compare customers; which partner each one is."""
    here = [row for row in customers if not row["archived"]]
    there = [row for row in partners if row["Active"]]
    _twice(count, "customers", here, "crm", ("tax_id", "external_ref"), "id")
    _twice(count, "customers", there, "erp", ("VatNo", "ForeignKey"), "PartnerNo")
    pairs = pair(
        here, there,
        (lambda row: declared.get(row["id"], ""), lambda row: str(row["PartnerNo"])),
        (lambda row: str(row["tax_id"] or "").upper(), lambda row: str(row["VatNo"])),
        (_mail_and_postcode, _erp_mail_and_postcode),
    )  # fmt: skip
    _compare(count, "customers", pairs, CUSTOMERS, ("id", "PartnerNo"), explain)
    _alone(count, "customers", (here, there), pairs, ("id", "PartnerNo"), explain)
    return {one["id"]: str(other["PartnerNo"]) for one, other in pairs}


def _mail_and_postcode(row: Fields) -> object:
    parts = (str(row["email"] or "").lower(), look(row, "addresses[kind=billing].postcode"))
    return parts if all(parts) else ""


def _erp_mail_and_postcode(row: Fields) -> object:
    parts = (str(row["Mail"]).lower(), look(row, "Addresses[Type=B].Zip"))
    return parts if all(parts) else ""


def _recount_products(count: Count, products: list[Fields], items: list[Fields], explain: _Explanations) -> None:
    _twice(count, "products", products, "crm", ("sku", "external_ref"), "id")
    pairs = pair(products, items, (lambda row: row["sku"], lambda row: row["ItemNo"]))
    _compare(count, "products", pairs, PRODUCTS, ("id", "ItemNo"), explain)
    living = [row for row in products if row["active"]], [row for row in items if row["Active"]]
    _alone(count, "products", living, pairs, ("id", "ItemNo"), explain)


def pair(here: list[Fields], there: list[Fields], *ways: tuple[Callable[[Fields], object], ...]) -> list[Pair]:
    """Who is who: one way after the other, only where a key is on each side once."""
    pairs: list[Pair] = []
    for one_key, other_key in ways:
        ours, theirs = _by_key(here, one_key), _by_key(there, other_key)
        found = [(ours[key][0], theirs[key][0]) for key in ours if len(ours[key]) == len(theirs.get(key, ())) == 1]
        pairs += found
        taken = {id(row) for both in found for row in both}
        here = [row for row in here if id(row) not in taken]
        there = [row for row in there if id(row) not in taken]
    return pairs


def _capitals(row: Fields, name: str) -> object:
    return str(row[name] or "").upper()


def _by_key(rows: Iterable[Fields], key_of: Callable[[Fields], object]) -> dict[object, list[Fields]]:
    found: dict[object, list[Fields]] = defaultdict(list)
    for row in rows:
        key = key_of(row)
        if key:
            found[key].append(row)
    return found


def _compare(
    count: Count, kind: str, pairs: list[Pair], table: Sequence[Field], keys: tuple[str, str], explain: _Explanations
) -> None:
    for one, other in pairs:
        count.records[kind] += 1
        for line in table:
            count.fields += 1
            shown, there = look(one, line.crm), look(other, line.erp)
            if line.crm_form(shown) != line.erp_form(there):
                _differs(count, kind, (str(one[keys[0]]), str(other[keys[1]])), line.name, (shown, there), explain)


def _differs(
    count: Count, kind: str, keys: tuple[str, str], name: str, shown: tuple[object, object], explain: _Explanations
) -> None:
    what = f"crm {shown[0]!r}, erp {shown[1]!r}"
    why = explain.field(kind, keys, name)
    count.differences.append(Difference(kind=kind, crm=keys[0], erp=keys[1], field=name, what=what, explained=why))


def _alone(
    count: Count, kind: str, living: tuple[list[Fields], list[Fields]], pairs: list[Pair], keys: tuple[str, str],
    explain: _Explanations,
) -> None:  # fmt: skip
    """Live records that only one system has."""
    paired = {id(row) for both in pairs for row in both}
    for system, rows, key_name in zip(("crm", "erp"), living, keys, strict=True):
        for row in rows:
            if id(row) not in paired:
                key = str(row[key_name])
                _lonely(count, kind, system, key, explain.record(kind, system, key))


def _lonely(count: Count, kind: str, system: str, key: str, explained: str) -> None:
    both = {"crm": "", "erp": "", system: key}
    what = f"only in {system}"
    count.differences.append(Difference(kind=kind, **both, field="", what=what, explained=explained))


def _twice(count: Count, kind: str, rows: list[Fields], system: str, names: tuple[str, ...], key: str) -> None:
    """Two live records with one tax number, one SKU or one marker."""
    for name in names:
        seen = _by_key(rows, partial(_capitals, name=name))
        for value, same in seen.items():
            if len(same) > 1:
                both = {"crm": "", "erp": "", system: str(same[1][key])}
                what = f"{name} {value} is there {len(same)} times in {system}"
                count.differences.append(Difference(kind=kind, **both, field=name, what=what))


# --- orders ---------------------------------------------------------------------------------------------------------


@dataclass(slots=True, kw_only=True)
class _Orders:
    """Orders and sales documents share no number at first: they are paired by what they say."""

    count: Count
    explain: _Explanations
    partner_of: Mapping[str, str]  #: partner of each live customer, "" where it has none
    gone: set[str]  #: numbers of inactive partners
    skus: Mapping[str, str]

    def recount(self, orders: list[Fields], documents: list[Fields]) -> None:
        """Compare orders."""
        _twice(self.count, "orders", documents, "erp", ("ForeignKey",), "DocNo")
        _twice(self.count, "orders", orders, "crm", ("number",), "id")
        pairs = self._pairs(orders, documents)
        _compare(self.count, "orders", pairs, ORDERS, ("id", "DocNo"), self.explain)
        for order, document in pairs:
            self._compare_customer(order, document)
            self._compare_lines(order, document)
        living = (orders, [row for row in documents if row["State"] != _CANCELLED])
        before = len(self.count.differences)
        _alone(self.count, "orders", living, pairs, ("id", "DocNo"), self.explain)
        self._waiting_for_customers(before, {row["id"]: row["customer_id"] for row in orders})

    def _pairs(self, orders: list[Fields], documents: list[Fields]) -> list[Pair]:
        """By all that they say, first with documents that live; only then by less."""
        exact = (self._said, self._said_there)
        less = (
            (lambda row: row["erp_number"], lambda row: row["OrderNo"]),
            (self._goods, self._goods_there),
            (self._buyer_and_day, self._buyer_and_day_there),
            (lambda row: self.partner_of.get(row["customer_id"]), lambda row: str(row["PartnerNo"])),
        )
        living = [row for row in documents if row["State"] != _CANCELLED]
        cancelled = [row for row in documents if row["State"] == _CANCELLED]
        pairs: list[Pair] = []
        for candidates, ways in ((living, (exact,)), (cancelled, (exact,)), (living, less)):
            taken = {id(row) for both in pairs for row in both}
            left = [row for row in orders if id(row) not in taken]
            pairs += pair(left, [row for row in candidates if id(row) not in taken], *ways)
        return pairs

    def _buyer_and_day(self, row: Fields) -> object:
        return (self.partner_of.get(row["customer_id"]) or "-", row["ordered_on"])

    def _buyer_and_day_there(self, row: Fields) -> object:
        return (str(row["PartnerNo"]), "-".join(reversed(row["DocDate"].split("."))))

    def _goods(self, row: Fields) -> object:
        return (
            row["ordered_on"],
            tuple((self.skus.get(one["product_id"]), float(one["quantity"])) for one in row["lines"]),
        )

    def _goods_there(self, row: Fields) -> object:
        day = "-".join(reversed(row["DocDate"].split(".")))
        return (day, tuple((one["ItemNo"], float(one["Qty"])) for one in row["Positions"]))

    def _said(self, row: Fields) -> object:
        return (self.partner_of.get(row["customer_id"]) or "-", self._goods(row))

    def _said_there(self, row: Fields) -> object:
        return (str(row["PartnerNo"]), self._goods_there(row))

    def _compare_customer(self, order: Fields, document: Fields) -> None:
        self.count.fields += 1
        wanted, there = self.partner_of.get(order["customer_id"], ""), str(document["PartnerNo"])
        if wanted != there and not (not wanted and there in self.gone):
            self._differs(order, document, "customer", (order["customer_id"], there))

    def _compare_lines(self, order: Fields, document: Fields) -> None:
        here = {one["line_no"]: one for one in order["lines"]}
        there = {one["PosNo"]: one for one in document["Positions"]}
        for number in sorted({*here, *there}):
            if number not in here or number not in there:
                self.count.fields += 1
                self._differs(order, document, "lines", (number in here, number in there))
                continue
            self._compare_line(order, document, here[number], there[number])

    def _compare_line(self, order: Fields, document: Fields, one: Fields, other: Fields) -> None:
        self.count.fields += 1 + len(LINES)
        sku = self.skus.get(one["product_id"])
        if sku != other["ItemNo"]:
            self._differs(order, document, f"line {one['line_no']} product", (sku, other["ItemNo"]))
        for line in LINES:
            shown, there = look(one, line.crm), look(other, line.erp)
            if line.crm_form(shown) != line.erp_form(there):
                self._differs(order, document, f"line {one['line_no']} {line.name}", (shown, there))

    def _differs(self, order: Fields, document: Fields, name: str, shown: tuple[object, object]) -> None:
        _differs(self.count, "orders", (str(order["id"]), str(document["DocNo"])), name, shown, self.explain)

    def _waiting_for_customers(self, start: int, customer_of: Mapping[str, str]) -> None:
        """An order waits as long as its customer does."""
        waits = {
            one.crm for one in self.count.differences if one.kind == "customers" and one.explained and not one.field
        }
        for place, one in enumerate(self.count.differences[start:], start):
            if one.crm and not one.explained and customer_of.get(one.crm) in waits:
                self.count.differences[place] = Difference(
                    kind="orders", crm=one.crm, erp="", field="", what=one.what, explained="its customer waits"
                )


# --- what the hub knows of ------------------------------------------------------------------------------------------

_KIND = {"customer": "customers", "product": "products", "sales_order": "orders"}
#: the hub's names for fields that are called otherwise here
_HUB_NAMES = {
    "billing street": "street", "billing postcode": "postcode", "billing city": "city",
    "billing country": "address_country", "shipping street": "shipping_street",
    "shipping postcode": "shipping_postcode", "shipping city": "shipping_city", "shipping country": "shipping_country",
    "erp_state": "state",
}  # fmt: skip


class _Explanations:
    """What the hub itself says that it waits for, by record and field."""

    def __init__(self, waiting: Waiting) -> None:
        self._records: dict[tuple[str, str, str], str] = {}
        self._fields: dict[tuple[str, str, str], dict[str, str]] = defaultdict(dict)
        for row in waiting.get("conflicts", ()):
            if row["state"] == "open":
                for system, key in row["keys"].items():
                    names = row["names"] or [row["field"]]
                    self._note(_KIND[row["entity"]], system, key, names, f"conflict {row['cid']}")
        for row in waiting.get("parked", ()):
            names = list(row["fields"])
            self._note(_KIND[row["entity"]], row["system"], row["key"], names, f"parked {row['number']}")
            for system, key in (row.get("keys") or {}).items():
                self._note(_KIND[row["entity"]], system, key, names, f"parked {row['number']}")
                self._records[_KIND[row["entity"]], system, str(key)] = f"parked {row['number']}"
        for row in waiting.get("questions", ()):
            keys = [(row["system"], row["key"]), *((s, k) for one in row["candidates"] for s, k in one["keys"].items())]
            for system, key in keys:
                self._records[row["flow"], system, str(key)] = "a question"

    def _note(self, kind: str, system: str, key: object, names: Iterable[str], why: str) -> None:
        for name in names:
            self._fields[kind, system, str(key)][name] = why

    def field(self, kind: str, keys: tuple[str, str], name: str) -> str:
        """Why this field may differ; "" when nobody knows."""
        hub_name = "lines" if name.startswith("line ") else _HUB_NAMES.get(name, name)
        for system, key in zip(("crm", "erp"), keys, strict=True):
            known = self._fields.get((kind, system, key), {})
            if hub_name in known or "*" in known:
                return known.get(hub_name) or known["*"]
        return ""

    def record(self, kind: str, system: str, key: str) -> str:
        """Why this record may be alone."""
        return self._records.get((kind, system, key), "")


# --- telling --------------------------------------------------------------------------------------------------------


def tell(count: Count) -> Iterator[str]:
    """What a person reads; the last line is for everybody."""
    for one in count.differences[:_SHOWN]:
        who = " ~ ".join(f"{system} {key}" for system, key in (("crm", one.crm), ("erp", one.erp)) if key)
        verdict = f"explained: {one.explained}" if one.explained else "UNEXPLAINED"
        yield f"  {one.kind}  {who}  {one.field}  {one.what}  ({verdict})".replace("    ", "  ")
    if len(count.differences) > _SHOWN:
        yield f"  and {len(count.differences) - _SHOWN} more"
    records = sum(count.records.values())
    found = count.unexplained
    yield f"agreement: {records:,} records, {count.fields:,} fields, 2 systems, {len(found):,} unexplained differences"


def too_few(count: Count, least: Mapping[str, int]) -> None:
    """A recount that pairs too little proves nothing."""
    for kind in ("customers", "products", "orders"):
        wanted = least.get(kind, 1)
        if count.records[kind] < wanted:
            what = f"only {count.records[kind]} could be paired, {wanted} were expected"
            count.differences.append(Difference(kind=kind, crm="", erp="", field="", what=what))


def main(arguments: Sequence[str] | None = None) -> int:
    """Recount from the command line; 0 only when nothing is unexplained."""
    parser = argparse.ArgumentParser(description="Count again over the applications' own APIs.")
    parser.add_argument("--crm", required=True, help="address of the CRM")
    parser.add_argument("--erp", required=True, help="address of the ERP")
    parser.add_argument("--waiting", type=Path, help="JSON: what the hub says that it waits for")
    parser.add_argument("--declared", type=Path, help="JSON: CRM key -> ERP number, as a person decided")
    parser.add_argument("--least", nargs="*", default=[], metavar="KIND=N", help="how many must be paired")
    given = parser.parse_args(arguments)
    waiting = json.loads(given.waiting.read_text()) if given.waiting else {}
    declared = json.loads(given.declared.read_text()) if given.declared else {}
    count = recount(Crm(url=given.crm), Erp(url=given.erp), waiting, declared)
    least = {name: int(number) for name, _, number in (one.partition("=") for one in given.least)}
    too_few(count, least)
    for line in tell(count):
        sys.stdout.write(f"{line}\n")
    return 1 if count.unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
