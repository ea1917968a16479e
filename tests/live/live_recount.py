"""Count again, without believing the synchroniser: read the CRM and Tryton over their own APIs, pair, compare, tell.

    python tests/live/live_recount.py --crm URL --tryton URL --database D --user U --password P [--waiting FILE]

Imports nothing of Syncline and nothing that mends what it compares. What must be equal stands in `live_field_table.py`,
written by hand. FILE is what the hub itself says that it waits for (`match --review`, `conflicts`, `parked`, with
--json): such differences are shown as explained. Everything else that differs, is missing on one side or is there twice
is unexplained, and ends with 1.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import Any

from live_field_table import (  # beside this script, which is run and not imported
    CENT,
    CUSTOMERS,
    LINES,
    ORDERS,
    PRODUCTS,
    Equal,
    Form,
    Row,
    Tryton,
    cents,
    crm_rows,
    digits,
    log_in,
    look,
    lower,
    text,
    tryton_parties,
    tryton_products,
    tryton_sales,
    upper,
)

TAX = Decimal("0.19")
_SHOWN = 40


# --- comparing ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Something that is not the same in both systems."""

    kind: str
    crm: str
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


def recount(crm: tuple[str, str], erp: Tryton, waiting: Mapping[str, Sequence[Row]]) -> Count:
    """Read everything, pair it and compare it."""
    count, explain = Count(), Explanations(waiting)
    customers = [_flat_customer(row) for row in crm_rows(*crm, "customers") if not row["archived"]]
    goods = crm_rows(*crm, "products")
    parties = tryton_parties(erp)
    pairs = _recount_customers(count, customers, parties, explain)
    both = _recount_products(count, goods, tryton_products(erp), explain)
    skus = {one["id"]: other["code"] for one, other in both}
    party_of = {one["id"]: other["id"] for one, other in pairs}
    known = _Known(
        party_of=party_of, living={row["id"] for row in customers}, active={row["id"] for row in parties}, skus=skus
    )
    _recount_orders(count, (crm_rows(*crm, "orders"), tryton_sales(erp)), known, explain)
    return count


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What orders refer to."""

    party_of: Row  #: CRM customer -> Tryton party
    living: set[Any]  #: CRM customers
    active: set[Any]  #: parties
    skus: Row  #: CRM product -> code


def _flat_customer(row: Row) -> Row:
    found = dict(row)
    for address in row["addresses"]:
        found.setdefault(address["kind"], address)
    return found


def _recount_customers(count: Count, here: list[Row], there: list[Row], explain: Explanations) -> list[tuple[Row, Row]]:
    _twice(count, "customers", here, "crm", ("tax_id", "external_ref"), explain)
    _twice(count, "customers", there, "erp", ("vat", "marker"), explain)
    pairs = pair(
        here, there,
        (lambda row: upper(row["tax_id"]), lambda row: upper(row.get("vat"))),
        (_reached, _reached),
        (lambda row: lower(row["email"]), lambda row: lower(row.get("email"))),
        (lambda row: digits(row["phone"]), lambda row: digits(row.get("phone"))),
        (lambda row: text(row["name"]), lambda row: text(row["name"])),
    )  # fmt: skip
    for one, other in pairs:
        _compare(count, "customers", (one, other), CUSTOMERS, explain)
    _alone(count, "customers", (here, there), pairs, explain)
    return pairs


def _reached(row: Row) -> tuple[str, str]:
    return lower(row.get("email")), digits(row.get("phone"))


def _recount_products(count: Count, here: list[Row], there: list[Row], explain: Explanations) -> list[tuple[Row, Row]]:
    _twice(count, "products", here, "crm", ("sku", "external_ref"), explain)
    pairs = pair(here, there, (lambda row: row["sku"], lambda row: row["code"]))
    for one, other in pairs:
        _compare(count, "products", (one, other), PRODUCTS, explain)
    _alone(count, "products", (here, [row for row in there if row["active"]]), pairs, explain)
    return pairs


def _recount_orders(count: Count, rows: tuple[list[Row], list[Row]], known: _Known, explain: Explanations) -> None:
    """Orders with their customers, lines, taxes, states and invoices."""
    here, there = rows
    _twice(count, "orders", here, "crm", ("number", "external_ref"), explain)
    _twice(count, "orders", there, "erp", ("description", "reference"), explain)
    for row in there:
        posted = [one for one in row.get("invoices.") or () if one["state"] == "posted"]
        row["invoice"] = posted[0] if posted else None
    pairs = pair(here, there, (lambda row: row["number"], lambda row: row["description"]))
    for one, other in pairs:
        _compare(count, "orders", (one, other), ORDERS, explain)
        buyer = known.party_of.get(one["customer_id"])
        seller = other["party"] if buyer or other["party"] in known.active else None  # a customer that was deleted
        _says(count, (one, other), "customer", (buyer, seller), explain)
        _compare_lines(count, (one, other), known.skus, explain)
        _compare_taxes(count, (one, other), explain)
    before = len(count.differences)
    _alone(count, "orders", (here, there), pairs, explain)
    _waiting_for_customers(count, before, {str(row["id"]): row["customer_id"] for row in here}, known)


def _compare_lines(count: Count, both: tuple[Row, Row], skus: Row, explain: Explanations) -> None:
    here = {line["line_no"]: {**line, "sku": skus.get(line["product_id"])} for line in both[0]["lines"]}
    there = {line["sequence"]: line for line in both[1]["lines."] if line["type"] == "line"}
    count.fields += 1
    if len(there) != len(both[1]["lines."]):
        _differs(count, "orders", both, "lines", (len(here), len(both[1]["lines."])), explain)
    for place in sorted({*here, *there}, key=str):
        one, other = here.get(place), there.get(place)
        for line in LINES:
            count.fields += 1
            shown = (None if one is None else look(one, line.crm), None if other is None else look(other, line.erp))
            if line.crm_form(shown[0]) != line.erp_form(shown[1]):
                _differs(count, "orders", both, f"line {place} {line.name}", shown, explain)


def _compare_taxes(count: Count, both: tuple[Row, Row], explain: Explanations) -> None:
    """What the CRM never says, and Tryton must know by itself: 19 % of the order's own total."""
    net = cents(both[0]["total"])
    wanted = (net * TAX).quantize(CENT, rounding=ROUND_HALF_EVEN)
    for name, value in (("tax_amount", wanted), ("total_amount", net + wanted)):
        count.fields += 1
        if value != cents(both[1][name]):
            _differs(count, "orders", both, name, (value, both[1][name]), explain)


def _says(count: Count, both: tuple[Row, Row], name: str, values: tuple[Any, Any], explain: Explanations) -> None:
    count.fields += 1
    if values[0] != values[1]:
        _differs(count, "orders", both, name, values, explain)


def pair(here: list[Row], there: list[Row], *ways: tuple[Form, Form]) -> list[tuple[Row, Row]]:
    """Who is who: one way after the other, only where a key is on each side once."""
    pairs: list[tuple[Row, Row]] = []
    for one_key, other_key in ways:
        ours, theirs = _by_key(here, one_key), _by_key(there, other_key)
        found = [(ours[key][0], theirs[key][0]) for key in ours if len(ours[key]) == len(theirs.get(key, ())) == 1]
        pairs += found
        taken = {id(row) for both in found for row in both}
        here = [row for row in here if id(row) not in taken]
        there = [row for row in there if id(row) not in taken]
    return pairs


def _by_key(rows: Iterable[Row], key_of: Form) -> dict[Any, list[Row]]:
    found: dict[Any, list[Row]] = defaultdict(list)
    for row in rows:
        key = key_of(row)
        if all(key) if isinstance(key, tuple) else key:
            found[key].append(row)
    return found


def _compare(count: Count, kind: str, both: tuple[Row, Row], table: Sequence[Equal], explain: Explanations) -> None:
    count.records[kind] += 1
    for line in table:
        count.fields += 1
        shown = look(both[0], line.crm), look(both[1], line.erp)
        if line.crm_form(shown[0]) != line.erp_form(shown[1]):
            _differs(count, kind, both, line.name, shown, explain)


def _differs(
    count: Count, kind: str, both: tuple[Row, Row], name: str, shown: tuple[Any, Any], explain: Explanations
) -> None:
    keys = str(both[0]["id"]), str(both[1]["id"])
    what = f"crm {shown[0]!r}, erp {shown[1]!r}"
    why = explain.field(kind, keys, name)
    count.differences.append(Difference(kind=kind, crm=keys[0], erp=keys[1], field=name, what=what, explained=why))


def _alone(
    count: Count, kind: str, living: tuple[list[Row], list[Row]], pairs: list[tuple[Row, Row]], explain: Explanations
) -> None:
    """Live records that only one system has."""
    paired = {id(row) for both in pairs for row in both}
    for system, rows in zip(("crm", "erp"), living, strict=True):
        for row in rows:
            if id(row) not in paired:
                key = str(row["id"])
                both = {"crm": "", "erp": "", system: key}
                why = explain.record(kind, system, key)
                what = f"only in {system}: {text(row.get('name') or row.get('number'))}"
                count.differences.append(Difference(kind=kind, **both, field="", what=what, explained=why))


def _twice(
    count: Count, kind: str, rows: list[Row], system: str, names: tuple[str, ...], explain: Explanations
) -> None:
    """Two live records with one tax number, one code, one number or one marker."""
    for name in names:
        for value, same in _by_key(rows, lambda row, name=name: upper(row.get(name))).items():
            if len(same) > 1:
                both = {"crm": "", "erp": "", system: ", ".join(str(row["id"]) for row in same)}
                what = f"{len(same)} records with the same value {value}"
                reasons = [explain.record(kind, system, str(row["id"])) for row in same]
                why = reasons[0] if all(reasons) else ""
                count.differences.append(Difference(kind=kind, **both, field=name, what=what, explained=why))


def _waiting_for_customers(count: Count, start: int, customer_of: Mapping[str, Any], known: _Known) -> None:
    """An order waits as long as its customer does; one whose customer is archived or deleted, Tryton never takes."""
    waits = {one.crm for one in count.differences if one.kind == "customers" and one.explained and not one.field}
    for place, one in enumerate(count.differences[start:], start):
        customer = customer_of.get(one.crm)
        why = "its customer waits" if customer in waits else "" if customer in known.living else "its customer is gone"
        if one.crm and not one.explained and why:
            new = Difference(kind="orders", crm=one.crm, erp="", field="", what=one.what, explained=why)
            count.differences[place] = new


# --- what the hub knows of ------------------------------------------------------------------------------------------

_KIND = {"customer": "customers", "product": "products", "sales_order": "orders"}
#: names of the hub for values that follow from it
_FOLLOWS = {"erp_state": "state", "total": "lines", "tax_amount": "lines", "total_amount": "lines"}


class Explanations:
    """What the hub itself says that it waits for, by record and field."""

    def __init__(self, waiting: Mapping[str, Sequence[Row]]) -> None:
        self._records: dict[tuple[str, str, str], str] = {}
        self._fields: dict[tuple[str, str, str], dict[str, str]] = defaultdict(dict)
        for row in waiting.get("conflicts", ()):
            if row["state"] == "open":
                self._conflict(row, _KIND[row["entity"]], f"conflict {row['cid']}")
        for row in waiting.get("parked", ()):
            for system, key in {row["system"]: row["key"], **row["keys"]}.items():
                self._note(_KIND[row["entity"]], system, key, list(row["fields"]), f"parked {row['number']}")
                if row["op"] in {"create", "read"}:
                    self._records[_KIND[row["entity"]], system, str(key)] = f"parked {row['number']}"
        for row in waiting.get("questions", ()):
            keys = [(row["system"], row["key"]), *((s, k) for one in row["candidates"] for s, k in one["keys"].items())]
            for system, key in keys:
                self._records[row["flow"], system, str(key)] = "a question"

    def _conflict(self, row: Row, kind: str, why: str) -> None:
        """Of a field; or of two records here that are one in the other system."""
        for system, key in row["keys"].items():
            self._note(kind, system, key, row["names"] or [row["field"]], why)
        if row["field"] == "*":
            for key in (*row["theirs"], *row["ours"]):
                self._records[kind, row["system"], str(key)] = why

    def _note(self, kind: str, system: str, key: object, names: Iterable[str], why: str) -> None:
        for name in names:
            self._fields[kind, system, str(key)][name] = why

    def field(self, kind: str, keys: tuple[str, str], name: str) -> str:
        """Why this field may differ; "" when nobody knows."""
        hub_name = "lines" if name.startswith("line ") else _FOLLOWS.get(name, name)
        for system, key in zip(("crm", "erp"), keys, strict=True):
            known = self._fields.get((kind, system, key), {})
            if hub_name in known or "*" in known:
                return known.get(hub_name) or known["*"]
        return ""

    def record(self, kind: str, system: str, key: str) -> str:
        """Why this record may be alone."""
        return self._records.get((kind, system, key), "")


# --- telling --------------------------------------------------------------------------------------------------------


def too_few(count: Count, least: Mapping[str, int]) -> None:
    """A recount that pairs too little proves nothing."""
    for kind in ("customers", "products", "orders"):
        wanted = least.get(kind, 1)
        if count.records[kind] < wanted:
            what = f"only {count.records[kind]} could be paired, {wanted} were expected"
            count.differences.append(Difference(kind=kind, crm="", erp="", field="", what=what))


def tell(count: Count) -> Iterator[str]:
    """What a person reads; the last line is for everybody."""
    for one in sorted(count.differences, key=lambda one: bool(one.explained))[:_SHOWN]:
        who = " ~ ".join(f"{system} {key}" for system, key in (("crm", one.crm), ("erp", one.erp)) if key)
        verdict = f"explained: {one.explained}" if one.explained else "UNEXPLAINED"
        yield "  " + "  ".join(filter(None, [one.kind, who, one.field, one.what, f"({verdict})"]))
    if len(count.differences) > _SHOWN:
        yield f"  and {len(count.differences) - _SHOWN} more"
    records, found = sum(count.records.values()), count.unexplained
    yield f"agreement: {records:,} records, {count.fields:,} fields, 2 systems, {len(found):,} unexplained differences"


def main() -> int:
    """Recount from the command line; 0 only when nothing is unexplained."""
    parser = argparse.ArgumentParser(description="Count again over the applications' own APIs.")
    for name in ("crm", "tryton", "database", "user", "password"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--token", default="crm-token", help="of the CRM")
    parser.add_argument("--waiting", type=Path, help="JSON: what the hub says that it waits for")
    parser.add_argument("--least", nargs="*", default=[], metavar="KIND=N", help="how many must be paired")
    given = parser.parse_args()
    waiting = json.loads(given.waiting.read_text()) if given.waiting else {}
    erp = log_in(given.tryton, given.database, given.user, given.password)
    count = recount((given.crm, given.token), erp, waiting)
    too_few(count, {name: int(value) for name, _, value in (one.partition("=") for one in given.least)})
    for line in tell(count):
        print(line)  # noqa: T201  a person runs this
    return 1 if count.unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
