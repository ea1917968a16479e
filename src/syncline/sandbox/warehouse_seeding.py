"""The first contents of the warehouse: the same goods at two sites, its suppliers, and some sales of the past."""

from __future__ import annotations

import random
from datetime import UTC, datetime

from syncline.sandbox.companies import SUPPLIERS, Population, company, on_hand, product
from syncline.sandbox.sales import DAYS, sale
from syncline.sandbox.state import Fields
from syncline.sandbox.warehouse import Warehouse
from syncline.sandbox.warehouse_tables import written

SITES = (("WH-1", "Main warehouse", "Hamburg"), ("WH-2", "South", "München"))
_START = written(int(datetime(2024, 1, 8, 6, tzinfo=UTC).timestamp() * 1000))
_UNITS = {"pcs": "PC", "kg": "KG", "m": "M", "box": "BOX"}


def article_no(number: int) -> str:
    """The warehouse's own number of good `number` of the seed."""
    return f"A{100_001 + number}"


def seed_warehouse(warehouse: Warehouse, population: Population, goods: int, sales: int, orders: int) -> None:
    """Fill an empty warehouse; the last `orders` of the CRM's `sales` came through here."""
    state, seed = warehouse.state, population.seed
    stamps: Fields = {"changed_at": _START}
    with state.transaction():
        state.set_meta("seed", seed)
        state.load("sites", [dict(zip(("site_code", "name", "city"), site, strict=True)) for site in SITES])
        state.load("articles", [{**_article(seed, number), **stamps} for number in range(goods)])
        state.load("stock", [{**_stock(seed, n, site), **stamps} for site, *_ in SITES for n in range(goods)])
        state.load(
            "suppliers", [{**_supplier(seed, place, number), **stamps} for place, number in enumerate(SUPPLIERS)]
        )
        state.set_meta("truth:articles", {article_no(number): number for number in range(goods)})
        for number in range(sales - min(orders, sales) if goods else sales, sales):
            warehouse.create("fulfilment_orders", _order(population, goods, number, number * DAYS // sales), "import")
        draw = random.Random(f"{seed}:warehouse")
        for _ in range(orders // 2):
            if warehouse.pick():
                warehouse.ship(draw)
        for number in range(goods // 10):
            warehouse.buy(draw)
            if number % 2:
                warehouse.receive()
        state.set_meta("seeded", goods)


def _article(seed: int, number: int) -> Fields:
    good = product(seed, number)
    weight = random.Random(f"{seed}:weight:{number}").randint(5, 40_000) / 1000
    return {
        "article_no": article_no(number), "ext_item_no": good.sku, "descr": good.name, "uom": _UNITS[good.unit],
        "weight_kg": weight,
    }  # fmt: skip


def _stock(seed: int, number: int, site: str) -> Fields:
    draw = random.Random(f"{seed}:stock:{site}:{number}")
    return {
        "stock_id": f"{site}:{article_no(number)}", "site_code": site, "article_no": article_no(number),
        "on_hand": on_hand(seed, number)[site], "bin": f"{draw.choice('ABCD')}-{draw.randint(1, 60):02}",
    }  # fmt: skip


def _supplier(seed: int, place: int, number: int) -> Fields:
    known, draw = company(seed, number), random.Random(f"{seed}:supplier:{place}")
    return {
        "supplier_no": str(70_001 + place), "name": known.name, "country": known.country.iso, "mail": known.email,
        "lead_days": draw.choice((3, 5, 10, 21, 45)), "minimum": draw.choice((0, 100, 500)),
    }  # fmt: skip


def _order(population: Population, goods: int, number: int, day: int) -> Fields:
    sold = sale(population, goods, number, day)
    to = population.company(sold.customer)
    return {
        "ext_order_no": sold.number,
        "site_code": SITES[number % len(SITES)][0],
        "ship_name": to.name,
        "ship_street": to.street,
        "ship_zip": to.postcode,
        "ship_city": to.city,
        "ship_country": to.country.iso,
        "wanted_on": sold.ordered_on.isoformat(),
        "lines": [{"article_no": article_no(line.product), "qty": line.quantity} for line in sold.lines],
    }
