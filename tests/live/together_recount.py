"""Count again what stands in all systems, over their own interfaces, without believing the synchroniser.

    python tests/live/together_recount.py --crm URL [--tryton URL] [--vendure URL] [--cap URL] [--least KIND=N ...]

Standard library only; imports nothing of Syncline. Customers know each other by their mail, products by their number.
Whatever differs, is missing on one side or is there twice is unexplained, and ends with 1.
"""

from __future__ import annotations

import argparse
import base64
import json
import sys
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from live_field_table import (  # beside this script, which is run and not imported
    Form,
    Row,
    cents,
    crm_rows,
    digits,
    iso,
    log_in,
    lower,
    number,
    text,
    tryton_parties,
    tryton_products,
    upper,
)

USER, PASSWORD = "hub", "integration-user-pw"  #: of all three servers, which live for one test
_SHOWN = 40
Table = Mapping[str, Form]
#: field -> what does not count in it. A system compares those that it has.
CUSTOMERS: Table = {
    "name": text, "email": lower, "phone": digits, "tax_id": upper, "street": text, "postcode": text, "city": text,
    "country": iso,
}  # fmt: skip
PRODUCTS: Table = {"sku": text, "name": text, "description": text, "price": cents, "active": bool, "stock": number}


@dataclass(slots=True, kw_only=True)
class Count:
    """What has been compared so far."""

    records: Counter[str] = field(default_factory=Counter)
    fields: int = 0
    differences: list[str] = field(default_factory=list)


# --- reading --------------------------------------------------------------------------------------------------------


def crm_customers(url: str) -> Iterator[Row]:
    """Those that are not archived."""
    for row in crm_rows(url, "crm-token", "customers"):
        billing = next((one for one in row["addresses"] if one["kind"] == "billing"), {})
        where = {name: billing.get(name) for name in ("street", "postcode", "city", "country")}
        if not row["archived"]:
            yield {**{name: row[name] for name in ("name", "email", "phone", "tax_id")}, **where}


def tryton_customers(url: str) -> Iterator[Row]:
    """Active parties but the company itself."""
    for row in tryton_parties(log_in(url, "hub", USER, PASSWORD)):
        billing = row.get("billing", {})
        where = {"street": billing.get("street"), "postcode": billing.get("postal_code"), "city": billing.get("city")}
        country = (billing.get("country.") or {}).get("code")
        plain = {"name": row["name"], "email": row.get("email"), "phone": row.get("phone"), "tax_id": row.get("vat")}
        if row["id"] > 1:
            yield {**plain, **where, "country": country}


def tryton_goods(url: str) -> Iterator[Row]:
    """Active variants."""
    for row in tryton_products(log_in(url, "hub", USER, PASSWORD)):
        plain = {name: row[name] for name in ("name", "description", "active")}
        yield {**plain, "sku": row["code"], "price": row["list_price_used"]}


class Vendure:
    """A session of the shop."""

    def __init__(self, url: str) -> None:
        self._url = f"{url}/admin-api"
        self._token = ""
        self.ask(f'mutation {{ login(username: "{USER}", password: "{PASSWORD}") {{ __typename }} }}')

    def ask(self, query: str) -> Any:
        """The data of the answer."""
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self._token}"}
        request = urllib.request.Request(self._url, json.dumps({"query": query}).encode(), headers)  # noqa: S310  loopback
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310  loopback
            self._token = answer.headers.get("vendure-auth-token") or self._token
            found = json.loads(answer.read())
        if found.get("errors"):
            raise RuntimeError(found["errors"])
        return found["data"]

    def rows(self, name: str, fields: str) -> Iterator[Row]:
        """Every record."""
        seen, total = 0, 1
        while seen < total:
            asked = f"{name}(options: {{take: 100, skip: {seen}, sort: {{id: ASC}}}})"
            found = self.ask(f"{{ {asked} {{ items {{ {fields} }} totalItems }} }}")[name]
            yield from found["items"]
            seen, total = seen + len(found["items"]), found["totalItems"]


def vendure_customers(url: str) -> Iterator[Row]:
    """All of them."""
    for row in Vendure(url).rows("customers", "firstName lastName emailAddress phoneNumber"):
        name = f"{row['firstName']} {row['lastName']}".strip()
        yield {"name": name, "email": row["emailAddress"], "phone": row["phoneNumber"]}


def vendure_goods(url: str) -> Iterator[Row]:
    """All variants, with what can be sold."""
    fields = "sku name enabled prices { price currencyCode } stockLevels { stockOnHand stockAllocated }"
    for row in Vendure(url).rows("productVariants", fields):
        stock = sum(one["stockOnHand"] - one["stockAllocated"] for one in row["stockLevels"])
        plain = {"sku": row["sku"], "name": row["name"], "active": row["enabled"], "stock": stock}
        yield {**plain, "price": cents(str(row["prices"][0]["price"])) / 100}


def cap_goods(url: str) -> Iterator[Row]:
    """All products of the service, page by page."""
    known = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    address: str | None = f"{url}/odata/v4/shop/Products?$orderby=ID"
    while address:
        request = urllib.request.Request(address, headers={"Authorization": f"Basic {known}"})  # noqa: S310  loopback
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310  loopback
            found = json.loads(answer.read())
        for row in found["value"]:
            yield {name: row[name] for name in ("sku", "name", "price", "stock")}
        following = found.get("@odata.nextLink")
        address = f"{url}/odata/v4/shop/{following}" if following else None


def crm_goods(url: str) -> Iterator[Row]:
    """All products of the CRM."""
    for row in crm_rows(url, "crm-token", "products"):
        yield {name: row[name] for name in ("sku", "name", "description", "price", "active")}


# --- comparing ------------------------------------------------------------------------------------------------------


def compare(count: Count, kind: str, sides: Mapping[str, Sequence[Row]], key: str, table: Table) -> None:
    """Every record of every system against those of the others."""
    found = {system: _by_key(count, kind, system, rows, (key, table[key])) for system, rows in sides.items()}
    everyone = sorted(set().union(*found.values()))
    for name in everyone:
        holders = [system for system in found if name in found[system]]
        count.records[kind] += len(holders)
        for system in found.keys() - set(holders):
            count.differences.append(f"{kind} {name}: not in {system}")
        for one, form in table.items():
            shown = {system: form(found[system][name][one]) for system in holders if one in found[system][name]}
            count.fields += len(shown)
            if len(set(shown.values())) > 1:
                count.differences.append(f"{kind} {name}: {one} is {shown}")


def _by_key(count: Count, kind: str, system: str, rows: Sequence[Row], key: tuple[str, Form]) -> dict[str, Row]:
    found: dict[str, Row] = {}
    for row in rows:
        value = key[1](row[key[0]])
        if not value or value in found:
            count.differences.append(f"{kind} {value!r}: {'twice' if value else 'without a name'} in {system}")
        found[value] = row
    return found


_READERS = {
    "customers": {"crm": crm_customers, "tryton": tryton_customers, "vendure": vendure_customers},
    "products": {"crm": crm_goods, "tryton": tryton_goods, "vendure": vendure_goods, "cap": cap_goods},
}
_KEYS = {"customers": ("email", CUSTOMERS), "products": ("sku", PRODUCTS)}


def main() -> int:
    """Recount from the command line; 0 only when nothing is unexplained."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("crm", "tryton", "vendure", "cap"):
        parser.add_argument(f"--{name}", default="")
    parser.add_argument("--least", nargs="*", default=[], metavar="KIND=N", help="how many records there must be")
    given = parser.parse_args()
    there = {name: url for name in ("crm", "tryton", "vendure", "cap") if (url := getattr(given, name))}
    count = Count()
    for kind, readers in _READERS.items():
        sides = {name: list(readers[name](url)) for name, url in there.items() if name in readers}
        compare(count, kind, sides, *_KEYS[kind])
    for kind, _, least in (one.partition("=") for one in given.least):
        if count.records[kind] < int(least):
            count.differences.append(f"{kind}: only {count.records[kind]} records, {least} were expected")
    for one in count.differences[:_SHOWN]:
        print(f"  UNEXPLAINED {one}")  # noqa: T201  a person runs this
    records, wrong = sum(count.records.values()), len(count.differences)
    line = f"agreement: {records:,} records, {count.fields:,} fields, {len(there)} systems"
    print(f"{line}, {wrong:,} unexplained differences")  # noqa: T201
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
