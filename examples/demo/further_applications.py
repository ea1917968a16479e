"""The sandbox's other applications as any stranger meets them: each over its own interface.

Standard library only, and nothing of Syncline: what is read here is what the applications say of themselves.
"""

from __future__ import annotations

import csv
import json
import sqlite3
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from xml.etree import ElementTree as ET

from applications import Fields, RefusedError, ask, ask_text, basic

_SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
_DOCUMENTS = "urn:erp:documents:2"
_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"


@dataclass(frozen=True, slots=True, kw_only=True)
class Documents:
    """The ERP's documents: SOAP 1.1, HTTP Basic, pages by offset."""

    url: str
    user: str = "hub"
    password: str = "erp-token"  # noqa: S105  the sandbox's own password is no secret

    def every(self, resource: str) -> list[Fields]:
        """Every record; values are texts, lists are lists of records."""
        operation, row = {
            "salesdocs": ("ListSalesDocuments", "SalesDocument"), "invoices": ("ListInvoices", "Invoice"),
        }[resource]  # fmt: skip
        found: list[Fields] = []
        for _ in count():
            answer = self._call(operation, {"Offset": len(found), "Limit": 200})
            rows = [_fields(one) for one in answer.iter(f"{{{_DOCUMENTS}}}{row}")]
            found += rows
            if not rows or len(found) >= int(answer.findtext(f"{{{_DOCUMENTS}}}Total") or 0):
                break
        return found

    def pay(self, invoice: str, amount: str, day: str) -> None:
        """Take a payment, as accounting does."""
        self._call("AddPayment", {"InvoiceNo": invoice, "Amount": amount, "PaidOn": day})

    def _call(self, operation: str, given: Mapping[str, object]) -> ET.Element:
        parts = "".join(f"<{name}>{value}</{name}>" for name, value in given.items())
        body = (
            f'<e:Envelope xmlns:e="{_SOAP}"><e:Body><{operation} xmlns="{_DOCUMENTS}">{parts}</{operation}></e:Body>'
            "</e:Envelope>"
        )
        headers = {
            "Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{_DOCUMENTS}/{operation}"',
            "Authorization": basic(self.user, self.password),
        }  # fmt: skip
        text = ask_text("POST", f"{self.url}/soap/documents", body.encode(), headers)
        answer = ET.fromstring(text).find(f".//{{{_DOCUMENTS}}}{operation}Response")  # noqa: S314  of our own machine
        if answer is None:
            raise RefusedError(f"{operation}: {text[:500]}")
        return answer


def _fields(element: ET.Element) -> Fields:
    found: Fields = {}
    for part in element:
        name = part.tag.partition("}")[2]
        listed = name in {"Positions", "Payments"}
        found[name] = [_fields(one) for one in part] if listed else None if part.get(_NIL) else part.text or ""
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Scm:
    """The SCM: OData 4, HTTP Basic, pages with a link to the next."""

    url: str
    user: str = "hub"
    password: str = "scm-token"  # noqa: S105  the sandbox's own password is no secret

    def every(self, resource: str) -> list[Fields]:
        """Every record of a set, with its items where it has some."""
        expand = "?$expand=Items" if resource in {"Demands", "PurchaseOrders"} else ""
        found: list[Fields] = []
        link: str | None = f"{self.url}/odata/v4/scm/{resource}{expand}"
        while link:
            page = ask("GET", link, None, basic(self.user, self.password))
            found += page["value"]
            link = page.get("@odata.nextLink")
            link = link if link is None or "://" in link else f"{self.url}/odata/v4/scm/{link}"
        return found

    def change(self, resource: str, key: str, fields: Mapping[str, object]) -> None:
        """Edit a record as a user would: a token first, then the version that was read."""
        place = f"{self.url}/odata/v4/scm/{resource}('{key}')"
        mine = {"Authorization": basic(self.user, self.password)}
        asked = urllib.request.Request(place, headers={**mine, "X-CSRF-Token": "Fetch"})  # noqa: S310  on this machine
        with urllib.request.urlopen(asked, timeout=30) as answer:  # noqa: S310
            version, told = json.loads(answer.read())["@odata.etag"], answer.headers
        headers = {
            **mine, "Content-Type": "application/json", "If-Match": version, "X-CSRF-Token": told["X-CSRF-Token"],
            "Cookie": told["Set-Cookie"].partition(";")[0],
        }  # fmt: skip
        ask_text("PATCH", place, json.dumps(fields).encode(), headers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mes:
    """The MES: JSON, HTTP Basic, pages by offset."""

    url: str
    user: str = "hub"
    password: str = "mes-token"  # noqa: S105  the sandbox's own password is no secret

    def every(self, resource: str) -> list[Fields]:
        """Every record."""
        found: list[Fields] = []
        for _ in count():
            page = self._ask("GET", f"{resource}?offset={len(found)}&limit=200")
            found += page["items"]
            if not page["items"] or len(found) >= page["total"]:
                break
        return found

    def advance(self, order: str, **made: str) -> Fields:
        """Move a work order one state on, as the shop floor does."""
        return self._ask("POST", f"workOrders/{order}/advance", made)

    def _ask(self, method: str, path: str, body: object = None) -> Fields:
        return ask(method, f"{self.url}/mes/v2/{path}", body, basic(self.user, self.password))


#: what is read of each list of the product management
_SELECTED = {
    "products": "id itemNumber name description stage price { amountMinor currencyCode } "
    "variants { sku name price { amountMinor currencyCode } stockOnHand } tags externalRef",
    "feedbackItems": "id title body customerName customerEmail productId featureId importance votes state "
    "featureTitle plannedRelease plannedOn externalRef",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductManagement:
    """The product management: GraphQL, bearer token, connections."""

    url: str
    token: str = "products-token"  # noqa: S105  the sandbox's own token is no secret

    def every(self, resource: str) -> list[Fields]:
        """Every record that is not deleted."""
        query = (
            f"query($after: String) {{ {resource}(first: 100, after: $after) "
            f"{{ edges {{ node {{ {_SELECTED[resource]} }} }} pageInfo {{ hasNextPage endCursor }} }} }}"
        )
        found: list[Fields] = []
        after: str | None = None
        while True:
            page = self.run(query, after=after)[resource]
            found += [edge["node"] for edge in page["edges"]]
            if not page["pageInfo"]["hasNextPage"]:
                return found
            after = page["pageInfo"]["endCursor"]

    def run(self, query: str, **variables: object) -> Fields:
        """Run one document; what its `data` says."""
        answer = ask("POST", f"{self.url}/graphql", {"query": query, "variables": variables}, f"Bearer {self.token}")
        if answer.get("errors"):
            raise RefusedError(json.dumps(answer["errors"])[:500])
        data: Fields = answer["data"]
        return data


#: table -> its lines, and the column of the parent's key
_LINES = {
    "fulfilment_orders": ("fulfilment_lines", "fo_id"), "shipments": ("shipment_lines", "shipment_no"),
    "purchase_orders": ("purchase_lines", "po_no"),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Warehouse:
    """The warehouse: the tables of its database, and the CSV files of its drop folder."""

    database: Path
    drop: Path

    def every(self, resource: str) -> list[Fields]:
        """Every row of a table with its lines; `deliveries` are those that the files tell of."""
        if resource == "deliveries":
            return list(self._deliveries())
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=30)) as open_:
            open_.row_factory = sqlite3.Row
            rows = [dict(row) for row in open_.execute(f"SELECT * FROM {resource}")]  # noqa: S608  names of our own
            if resource in _LINES:
                table, parent = _LINES[resource]
                lines = [dict(row) for row in open_.execute(f"SELECT * FROM {table} ORDER BY line_no")]  # noqa: S608
                for row in rows:
                    row["lines"] = [line for line in lines if line[parent] == row[parent]]
        return rows

    def versions(self) -> int:
        """The sum of all row versions, which every write counts up."""
        tables = ("articles", "stock", "fulfilment_orders", "shipments", "suppliers", "purchase_orders")
        return sum(row["row_version"] for table in tables for row in self.every(table))

    def _deliveries(self) -> Iterator[Fields]:
        """The last word of the files on each shipment."""
        said: dict[str, Fields] = {}
        for path in sorted(self.drop.glob("deliveries-*.csv")):
            with path.open(encoding="utf-8-sig", newline="") as file:
                for row in csv.DictReader(file, delimiter=";"):
                    if None not in row:  # a row with too many cells means nothing
                        said[row["shipment"]] = dict(row)
        yield from said.values()
