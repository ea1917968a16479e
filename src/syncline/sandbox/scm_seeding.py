"""The first contents of the SCM: the ERP's items as materials, the companies that sell them, stock at both sites."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from decimal import Decimal

from syncline.sandbox.companies import SUPPLIERS, Company, Population, on_hand, product
from syncline.sandbox.scm import VERSION, local, net_total, row_of
from syncline.sandbox.scm_words import PURCHASE_ORDERS, SETS, EntitySet, empty
from syncline.sandbox.seeding import stamp
from syncline.sandbox.state import Fields, Row, State
from syncline.sandbox.wording import fixed

_UNITS = {"pcs": "PC", "kg": "KG", "m": "M", "box": "BOX"}
_FIRST_DAY = date(2025, 6, 2)
_SHARE = 5  #: one purchase order for so many materials


def seed_scm(state: State, population: Population, materials: int) -> None:
    """Fill an empty SCM."""
    seed = population.seed
    suppliers = [_number(SETS["Suppliers"], place + 1) for place in range(len(SUPPLIERS))]
    orders = materials // _SHARE
    newest = 0
    with state.transaction():
        state.set_meta("seed", seed)
        newest = max(newest, _load(state, "Suppliers", _suppliers(population, suppliers)))
        newest = max(newest, _load(state, "Materials", _materials(seed, materials, suppliers)))
        newest = max(newest, _load(state, "StockLevels", _stock(seed, materials)))
        newest = max(newest, _load(state, "PurchaseOrders", _orders(seed, orders, materials, suppliers)))
        state.set_truth("Suppliers", zip(suppliers, SUPPLIERS, strict=True))
        for name, count in (("Suppliers", len(suppliers)), ("PurchaseOrders", orders), ("changed", newest)):
            state.set_meta(name, count)
        state.set_meta("seeded", population.size)


def _load(state: State, name: str, found: Iterable[Fields]) -> int:
    """Write the records; the time of the newest change [ms]."""
    rows = list(_rows(SETS[name], found))
    state.load(name, iter(rows))
    return max((row.changed for row in rows), default=0)


def _rows(described: EntitySet, found: Iterable[Fields]) -> Iterator[Row]:
    for place, fields in enumerate(found):
        changed = stamp(place)
        whole = {**empty(described), **fields, VERSION: 1, "LastChanged": local(changed)}
        yield row_of(described, whole, changed)


def _number(described: EntitySet, count: int) -> str:
    return f"{described.prefix}{described.first + count:0{described.digits}d}"


def _suppliers(population: Population, numbers: list[str]) -> Iterator[Fields]:
    for number, place in zip(numbers, SUPPLIERS, strict=True):
        yield {"SupplierNumber": number, **supplier(population.company(place))}


def supplier(company: Company) -> Fields:
    """A company as the SCM knows its suppliers."""
    return {
        "Name": company.name,
        "TaxNumber": company.tax_id,
        "Email": company.email,
        "Phone": company.phone,
        "Street": company.street,
        "PostalCode": company.postcode,
        "City": company.city,
        "Country": company.country.iso,
        "LeadTimeDays": 3 + company.number % 5 * 4,
        "Rating": "ABC"[company.number % 3],
    }


def _materials(seed: int, count: int, suppliers: list[str]) -> Iterator[Fields]:
    for number in range(count):
        good = product(seed, number)
        yield {
            "MaterialNumber": good.sku,
            "Description": good.name,
            "BaseUnit": _UNITS[good.unit],
            "MaterialGroup": good.sku[:2],
            "Procurement": "BUY" if number % 3 else "MAKE",
            "Supplier": suppliers[number % len(suppliers)] if number % 3 else None,
            "LeadTimeDays": 2 + number % 4 * 5,
            "SafetyStock": f"{number % 6 * 10}.000",
        }


def _stock(seed: int, count: int) -> Iterator[Fields]:
    for number in range(count):
        good = product(seed, number)
        for site, stock in on_hand(seed, number).items():
            yield {
                "Material": good.sku,
                "Site": site,
                "OnHand": f"{stock}.000",
                "Reserved": f"{stock // 10}.000",
                "Available": f"{stock - stock // 10}.000",
                "BaseUnit": _UNITS[good.unit],
            }


def _orders(seed: int, count: int, materials: int, suppliers: list[str]) -> Iterator[Fields]:
    for number in range(count):
        draw = random.Random(f"{seed}:purchase:{number}")
        ordered = _FIRST_DAY + timedelta(days=draw.randrange(120))
        fields: Fields = {
            "OrderNumber": _number(PURCHASE_ORDERS, number + 1),
            "Supplier": draw.choice(suppliers),
            "OrderedOn": ordered.isoformat(),
            "PromisedOn": (ordered + timedelta(days=draw.randint(5, 40))).isoformat(),
            "Status": draw.choice(("CREATED", "CONFIRMED", "CONFIRMED", "RECEIVED")),
            "Items": [_item(seed, draw, place, materials) for place in range(1, draw.randint(1, 3) + 1)],
        }
        received = fields["Status"] == "RECEIVED"
        for item in fields["Items"]:
            item["ReceivedQuantity"] = item["Quantity"] if received else "0.000"
        yield {**fields, "Currency": "EUR", "NetTotal": net_total(fields)}


def _item(seed: int, draw: random.Random, place: int, materials: int) -> Fields:
    good = product(seed, draw.randrange(materials))
    return {
        "ItemNumber": 10 * place,
        "Material": good.sku,
        "Quantity": f"{draw.randint(1, 20) * 10}.000",
        "BaseUnit": _UNITS[good.unit],
        "NetPrice": fixed(Decimal(good.price_cents) * 6 / 1000, 4),
        "Site": draw.choice(("WH-1", "WH-1", "WH-2")),
    }
