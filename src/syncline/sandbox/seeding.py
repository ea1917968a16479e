"""The first contents of each application: the same companies, told in two dialects."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from syncline.sandbox import crm, erp
from syncline.sandbox.companies import (
    Company,
    Likeness,
    Population,
    Product,
    on_hand,
    product,
)
from syncline.sandbox.crm_fields import lines_total
from syncline.sandbox.crm_seeding import seed_further
from syncline.sandbox.sales import DAYS, sale
from syncline.sandbox.state import Fields, Row, State
from syncline.sandbox.wording import fixed, iso

_START = int(datetime(2023, 9, 1, 6, tzinfo=UTC).timestamp() * 1000)
_IMPORT = 120  # records of one import share their time of change
_UNIT_CODES = {"pcs": "PCE", "kg": "KGM", "m": "MTR", "box": "BX"}
_TEAMS = ("team-north", "team-south", "team-east", "team-west")


def stamp(place: int) -> int:
    """When the seeded record at this place was changed; those of one import share their time [ms]."""
    return _START + place // _IMPORT * 60_000


def _share(*parts: object) -> float:
    """A number from 0 to 1 that depends on nothing but the parts."""
    return random.Random(":".join(map(str, parts))).random()


# --- CRM ----------------------------------------------------------------------


def seed_crm(state: State, population: Population, products: int, orders: int) -> None:
    """Fill an empty CRM."""
    seed = population.seed
    with state.transaction():
        state.set_meta("seed", seed)
        state.load("customers", _crm_rows("customers", _customers(population)))
        state.load("products", _crm_rows("products", _products(seed, products)))
        state.load("orders", _crm_rows("orders", _orders(population, products, orders)))
        if products and population.size:
            seed_further(state, population, products)
        state.set_truth(
            "customers",
            ((crm.identifier("customers", seed, number + 1), number) for number in population.crm()),
        )
        for name, count in (
            ("id:customers", population.size),
            ("id:addresses", 2 * population.size),
            ("id:products", products),
            ("id:orders", orders),
            ("order", orders),
        ):
            state.set_meta(name, count)
        state.set_meta("seeded", population.size)


def _crm_rows(resource: str, found: Iterator[Fields]) -> Iterator[Row]:
    for place, fields in enumerate(found):
        changed = fields.pop("changed", None) or stamp(place)
        stamps = {"created_at": iso(changed), "updated_at": iso(changed)}
        yield crm.row_of(resource, {**fields, **stamps, "updated_by": "import"}, changed)


def _customers(population: Population) -> Iterator[Fields]:
    for number in population.crm():
        yield _customer(population, population.company(number))


def _customer(population: Population, company: Company) -> Fields:
    seed, number = population.seed, company.number
    variant = population.likeness(number) is Likeness.VARIANT
    money = {
        "amount": fixed(Decimal(company.credit_limit), 2),
        "currency": company.country.currency,
    }
    return {
        "id": crm.identifier("customers", seed, number + 1),
        "version": 1,
        "name": company.name,
        "email": company.email,
        "phone": company.phone,
        "tax_id": None if variant and number % 2 else company.tax_id,
        "website": company.website,
        "credit_limit": money,
        "segment": "abc"[number % 3],
        "tags": ["import"] if number % 4 else ["import", "key-account"],
        "notes": "Delivers before 10 only 🚚" if number % 25 == 0 else None,
        "country": company.country.name,
        "owner": _TEAMS[number % len(_TEAMS)],
        "addresses": [
            {
                "id": crm.identifier("addresses", seed, 2 * number + side + 1),
                "kind": kind,
                "street": company.street,
                "postcode": company.postcode,
                "city": company.city,
                "country": company.country.name,
            }
            for side, kind in enumerate(("billing", "shipping"))
            if side == 0 or number % 3 == 0
        ],
        "archived": False,
        "external_ref": None,
    }


def _products(seed: int, count: int) -> Iterator[Fields]:
    for number in range(count):
        good = product(seed, number)
        yield {
            "id": crm.identifier("products", seed, number + 1),
            "version": 1,
            "sku": good.sku,
            "name": good.name,
            "description": f"{good.name}, sold by {good.unit}",
            "price": _euros(good),
            "currency": "EUR",
            "unit": good.unit,
            "active": True,
            "stage": None,
            "procurement": None,
            "variants": [],
            "external_ref": None,
        }


def _euros(good: Product) -> str:
    return fixed(Decimal(good.price_cents) / 100, 2)


def _orders(population: Population, products: int, count: int) -> Iterator[Fields]:
    for number in range(count):
        yield _order(population, products, number, number * DAYS // count)


def _order(population: Population, products: int, number: int, day: int) -> Fields:
    seed = population.seed
    sold = sale(population, products, number, day)
    to = population.company(sold.customer)
    lines: list[Fields] = [
        {
            "line_no": line_no,
            "product_id": crm.identifier("products", seed, line.product + 1),
            "quantity": str(line.quantity),
            "unit_price": _euros(product(seed, line.product)),
            "discount_percent": line.discount,
        }
        for line_no, line in enumerate(sold.lines, start=1)
    ]
    fields: Fields = {
        "id": crm.identifier("orders", seed, number + 1),
        "version": 1,
        "number": sold.number,
        "customer_id": crm.identifier("customers", seed, sold.customer + 1),
        "status": sold.status,
        "ordered_on": sold.ordered_on.isoformat(),
        "requested_on": (sold.ordered_on + timedelta(days=7 + number % 21)).isoformat(),
        "promised_on": None,
        "ship_to": {
            "name": to.name,
            "street": to.street,
            "postcode": to.postcode,
            "city": to.city,
            "country": to.country.name,
        },
        "delivery_state": None,
        "currency": "EUR",
        "note": None,
        "lines": lines,
        "external_ref": None,
        **dict.fromkeys(("erp_number", "erp_state", "invoice_number", "invoice_total")),
        "changed": _START + (30 + day) * 86_400_000 + number,
    }
    return {**fields, "total": lines_total(fields)}


# --- ERP ----------------------------------------------------------------------


def seed_erp(state: State, population: Population, items: int) -> None:
    """Fill an empty ERP."""
    numbers = population.erp()
    partners = (_partner(population, population.company(number), place) for place, number in enumerate(numbers))
    goods = (_item(population.seed, number) for number in range(items))
    with state.transaction():
        state.set_meta("seed", population.seed)
        state.load("partners", _erp_rows("partners", partners))
        state.load("items", _erp_rows("items", goods))
        state.set_truth(
            "partners",
            ((10_001 + place, number) for place, number in enumerate(numbers)),
        )
        state.set_meta("partners", len(numbers))
        state.set_meta("seeded", population.size)


def _erp_rows(resource: str, found: Iterator[Fields]) -> Iterator[Row]:
    for place, fields in enumerate(found):
        changed = stamp(place)
        stamped = {**fields, "Rev": 1, "ChangedAt": changed // 1000}
        yield erp.row_of(resource, stamped, changed)


def _partner(population: Population, company: Company, place: int) -> Fields:
    seed, number = population.seed, company.number
    likeness = population.likeness(number)
    variant = likeness is Likeness.VARIANT
    name = company.variant if variant else company.name
    mail = f"accounts@{company.email.partition('@')[2]}" if variant else company.email
    other_phone = _share(seed, "phone", number) < 0.1  # noqa: PLR2004 - one of ten
    other_limit = _share(seed, "limit", number) < 0.1  # noqa: PLR2004 - one of ten
    iso_code = company.country.iso
    return {
        "PartnerNo": 10_001 + place,
        "Name1": name[:40],
        "Name2": name[40:80],
        "Mail": mail.capitalize() if number % 20 == 0 else mail,
        "Phone": company.phone.replace(" ", "")[: -2 if other_phone else None] + ("99" if other_phone else ""),
        "VatNo": company.tax_id if likeness is Likeness.TAX_ID else "",
        "CountryCode": iso_code,
        "CreditLimit": fixed(Decimal(company.credit_limit + (2_500 if other_limit else 0)), 2),
        "CreditCurrency": company.country.currency,
        "Blocked": False,
        "Active": True,
        "PriceGroup": "ABC"[number % 3],
        "PaymentTerms": ("NET14", "NET30", "NET60")[number % 3],
        "Remark": "",
        "ForeignKey": "",
        "Addresses": [
            {
                "No": 1,
                "Type": "B",
                "Street": company.street,
                "Zip": company.postcode,
                "City": company.city,
                "CountryCode": iso_code,
            }
        ],
    }


def _item(seed: int, number: int) -> Fields:
    good = product(seed, number)
    stock = sum(on_hand(seed, number).values())
    return {
        "ItemNo": good.sku,
        "Descr": good.name,
        "ListPrice": good.price_cents,
        "Cur": "EUR",
        "Unit": _UNIT_CODES[good.unit],
        "Active": True,
        "StockQty": f"{stock}.000",
    }
