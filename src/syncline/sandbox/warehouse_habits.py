"""What people do in the warehouse, and what its program does: each a deed that can be asked for."""

from __future__ import annotations

from collections.abc import Callable

from syncline.sandbox.people import Deed, Draw, Habits
from syncline.sandbox.state import Fields, Key
from syncline.sandbox.warehouse import Warehouse
from syncline.sandbox.warehouse_words import CANCELLED, RESOURCES

PROGRAM = ("pick", "ship", "deliver", "buy", "receive", "list_suppliers")
_NOTES = ("Stack no more than two", "Zerbrechlich", "Αφήστε στην πύλη", "需要叉车", "")


def warehouse_habits(warehouse: Warehouse) -> Habits:
    """How people of this warehouse work."""
    return Habits(
        edits={
            "articles": {"descr": _text, "weight_kg": _weight},
            "stock": {"on_hand": _counted, "bin": _bin},
            "fulfilment_orders": {"note": _note, "prio": _prio},
            "suppliers": {"lead_days": _days, "name": _text},
            "shipments": {"carrier": _text},
            "purchase_orders": {"expected_on": lambda _, old: old},
        },
        shares={
            "articles": 10, "stock": 45, "fulfilment_orders": 25, "suppliers": 10, "shipments": 5, "purchase_orders": 5,
        },
        archive={"fulfilment_orders": ("status", CANCELLED), "suppliers": ("active", 0)},
        key={name: described.key for name, described in RESOURCES.items()},
        computed=frozenset({"row_version", "changed_at"}),
        deeds={
            "pick": _found(warehouse, "fulfilment_orders", 15, lambda _: warehouse.pick()),
            "ship": _found(warehouse, "shipments", 15, warehouse.ship),
            "deliver": _found(warehouse, "shipments", 10, warehouse.deliver),
            "buy": _found(warehouse, "purchase_orders", 5, warehouse.buy),
            "receive": _found(warehouse, "purchase_orders", 5, lambda _: warehouse.receive()),
            "list_suppliers": _found(warehouse, "suppliers", 2, warehouse.list_suppliers),
        },
    )  # fmt: skip


def _found(warehouse: Warehouse, resource: str, weight: int, do: Callable[[Draw], Fields | None]) -> Deed:
    def deed(draw: Draw, _: Key | None, __: str) -> Fields | None:
        with warehouse.state.transaction():  # what it reads there holds until it has written
            return do(draw)

    return Deed(resource=resource, weight=weight, finds=True, do=deed)


def _text(draw: Draw, old: object) -> str:
    return f"{str(old).partition(' (')[0]} ({draw.randint(1, 99)})"


def _note(draw: Draw, _: object) -> str:
    return draw.choice(_NOTES)


def _prio(draw: Draw, _: object) -> int:
    return draw.randint(1, 9)


def _days(draw: Draw, _: object) -> int:
    return draw.choice((3, 5, 10, 21, 45))


def _counted(draw: Draw, _: object) -> float:
    return float(draw.randint(0, 900))


def _weight(draw: Draw, _: object) -> float:
    return draw.randint(5, 40_000) / 1000


def _bin(draw: Draw, _: object) -> str:
    return f"{draw.choice('ABCD')}-{draw.randint(1, 60):02}"
