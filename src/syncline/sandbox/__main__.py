"""`python -m syncline.sandbox KIND`: run one simulated application."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from syncline.sandbox.companies import Population
from syncline.sandbox.crm import Crm
from syncline.sandbox.crm_http import CrmInterface
from syncline.sandbox.door import Door
from syncline.sandbox.erp import Erp
from syncline.sandbox.erp_http import ErpInterface
from syncline.sandbox.faults import Faults
from syncline.sandbox.habits import CRM_HABITS, erp_habits
from syncline.sandbox.mes import Mes
from syncline.sandbox.mes_events import Events
from syncline.sandbox.mes_habits import mes_habits
from syncline.sandbox.mes_http import MesInterface
from syncline.sandbox.mes_seeding import seed_mes
from syncline.sandbox.people import Habits
from syncline.sandbox.products import Products
from syncline.sandbox.products_habits import PRODUCTS_HABITS
from syncline.sandbox.products_seeding import seed_products
from syncline.sandbox.scm import Scm
from syncline.sandbox.scm_habits import SCM_HABITS
from syncline.sandbox.scm_http import ScmInterface
from syncline.sandbox.scm_seeding import seed_scm
from syncline.sandbox.seeding import seed_crm, seed_erp
from syncline.sandbox.serve import Interface, application, serve
from syncline.sandbox.warehouse import Warehouse
from syncline.sandbox.warehouse_files import DropFolder
from syncline.sandbox.warehouse_http import WarehouseInterface
from syncline.sandbox.warehouse_seeding import seed_warehouse


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one application until it is told to stop."""
    asked = _parser().parse_args(arguments)
    population = Population(seed=asked.seed, size=asked.size)
    interface, habits = _OPENED[asked.kind](asked, population)
    business = interface.business
    faults = Faults(business.state, business.tally, interface)
    door = Door(business, faults, habits)
    app = application(interface, door.routes(), faults)
    try:
        asyncio.run(serve(app, interface.kind, asked.port))
    finally:
        business.state.close()
    return 0


def _open_crm(asked: argparse.Namespace, population: Population) -> tuple[Interface, Habits]:
    business = Crm(asked.data / "crm.sqlite", asks_for_work=not asked.no_work_orders)
    if business.state.meta("seeded") is None:
        products = asked.size // 2 if asked.products is None else asked.products
        orders = asked.size if asked.orders is None else asked.orders
        # An order needs goods: without products there are no orders either.
        seed_crm(business.state, population, products, orders if products else 0)
    return CrmInterface(business, asked.token or "crm-token"), CRM_HABITS


def _open_erp(asked: argparse.Namespace, population: Population) -> tuple[Interface, Habits]:
    business = Erp(asked.data / "erp.sqlite")
    if business.state.meta("seeded") is None:
        items = asked.size // 2 if asked.products is None else asked.products
        seed_erp(business.state, population, items)
    return ErpInterface(business, asked.token or "erp-token"), erp_habits(business)


def _open_scm(asked: argparse.Namespace, population: Population) -> tuple[Interface, Habits]:
    business = Scm(asked.data / "scm.sqlite")
    if business.state.meta("seeded") is None:
        seed_scm(business.state, population, asked.size // 2 if asked.products is None else asked.products)
    return ScmInterface(business, asked.token or "scm-token"), SCM_HABITS


def _open_products(asked: argparse.Namespace, population: Population) -> tuple[Interface, Habits]:
    try:
        from syncline.sandbox.products_http import ProductsInterface  # noqa: PLC0415  its library may be missing
    except ModuleNotFoundError as error:
        if error.name != "graphql":
            raise
        sys.exit("The product management needs graphql-core. Install it: pip install 'syncline[sandbox]'.")
    business = Products(asked.data / "products.sqlite")
    if business.state.meta("seeded") is None:
        seed_products(business.state, population, asked.size // 2 if asked.products is None else asked.products)
    return ProductsInterface(business, asked.token or "products-token"), PRODUCTS_HABITS


def _open_mes(asked: argparse.Namespace, population: Population) -> tuple[Interface, Habits]:
    business = Mes(asked.data / "mes.sqlite")
    if business.state.meta("seeded") is None:
        goods = asked.size // 2 if asked.products is None else asked.products
        orders = asked.size // 5 if asked.orders is None else asked.orders
        seed_mes(business, population.seed, goods, orders)
    events = Events(business)
    if asked.events:
        events.aim({"url": asked.events, "secret": asked.events_secret or "mes-events-secret"})
    return MesInterface(business, asked.token or "mes-token", events), mes_habits(business)


def _open_warehouse(asked: argparse.Namespace, population: Population) -> tuple[Interface, Habits]:
    business = Warehouse(asked.data / "warehouse.sqlite", DropFolder(asked.data / "drop"))
    if business.state.meta("seeded") is None:
        goods = asked.size // 2 if asked.products is None else asked.products
        orders = asked.size // 10 if asked.orders is None else asked.orders
        seed_warehouse(business, population, goods, asked.size, orders)
    interface = WarehouseInterface(business, asked.every)
    return interface, interface.habits


_OPENED: Mapping[str, Callable[[argparse.Namespace, Population], tuple[Interface, Habits]]] = {
    "crm": _open_crm,
    "erp": _open_erp,
    "products": _open_products,
    "scm": _open_scm,
    "mes": _open_mes,
    "warehouse": _open_warehouse,
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m syncline.sandbox", description=main.__doc__)
    parser.add_argument("kind", choices=tuple(_OPENED))
    parser.add_argument("--port", type=int, default=0, help="0: any free port")
    parser.add_argument("--data", type=Path, required=True, help="folder of its data")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--size", type=int, default=200, help="customers in the CRM")
    parser.add_argument("--products", type=int, help="goods at the start (size / 2)")
    parser.add_argument("--orders", type=int, help="orders at the start (size)")
    parser.add_argument("--token", help="KIND-token unless given")
    parser.add_argument("--no-work-orders", action="store_true", help="CRM: a confirmed order asks for no production")
    parser.add_argument("--every", type=float, default=0, help="warehouse: its program works every so many seconds")
    parser.add_argument("--events", help="MES: where its events go, http://... or amqp://...")
    parser.add_argument("--events-secret", help="MES: what signs them (mes-events-secret)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
