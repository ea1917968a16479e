"""The first contents of the MES: the same goods, each made from raw materials on work centres of its own plant."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime

from syncline.sandbox.companies import product
from syncline.sandbox.mes import Mes, row_of
from syncline.sandbox.mes_words import PLANT, ZONE, stamped
from syncline.sandbox.state import Fields, State
from syncline.sandbox.words import MATERIALS

_START = int(datetime(2024, 1, 8, 6, tzinfo=PLANT).timestamp() * 1000)
_UNITS = {"pcs": "ST", "kg": "KG", "m": "M", "box": "KAR"}
_CENTRES = (
    ("CUT-1", "Cutting", "16.0", [1, 2, 3, 4, 5]),
    ("MILL-1", "Milling", "24.0", [1, 2, 3, 4, 5, 6]),
    ("TURN-1", "Turning", "16.0", [1, 2, 3, 4, 5]),
    ("COAT-1", "Coating", "8.0", [1, 2, 3, 4]),
    ("ASSY-1", "Assembly", "16.0", [1, 2, 3, 4, 5]),
)
_BOUGHT_EVERY = 8  # one of so many goods is bought, not made


def material_no(number: int) -> str:
    """The MES's own number of good `number` of the seed."""
    return str(700_001 + number)


def seed_mes(mes: Mes, seed: int, goods: int, orders: int) -> None:
    """Fill an empty MES; some of its work orders have moved on already."""
    state = mes.state
    with state.transaction():
        state.set_meta("seed", seed)
        _load(state, "workCentres", _centres())
        _load(state, "materials", _materials(seed, goods))
        _load(state, "bills", _bills(seed, goods))
        _load(state, "routings", _routings(seed, goods))
        state.set_truth("materials", ((material_no(number), number) for number in range(goods)))
        made = [number for number in range(goods) if is_made(number)]
        for number in range(orders if made else 0):
            _stock_order(mes, random.Random(f"{seed}:work:{number}"), made)
        state.set_meta("seeded", goods)


def is_made(number: int) -> bool:
    """Is this good made here, and not bought?"""
    return number % _BOUGHT_EVERY != _BOUGHT_EVERY - 1


def _load(state: State, resource: str, found: Iterator[Fields]) -> None:
    stamps = {"rowVersion": 1, "lastChange": stamped(_START), "changedBy": "import"}
    state.load(resource, (row_of(resource, {**fields, **stamps}, _START) for fields in found))


def _centres() -> Iterator[Fields]:
    for code, text, hours, days in _CENTRES:
        yield {
            "code": code, "text": text, "zone": ZONE, "days": days, "hoursPerDay": hours, "load": [], "freeFrom": None,
        }  # fmt: skip


def _materials(seed: int, goods: int) -> Iterator[Fields]:
    for number in range(goods):
        good = product(seed, number)
        yield {
            "materialNo": material_no(number),
            "externalNo": good.sku,
            "text": good.name,
            "unit": _UNITS[good.unit],
            "kind": "MADE" if is_made(number) else "BOUGHT",
        }
    for place, name in enumerate(MATERIALS):
        yield {
            "materialNo": _raw_no(place),
            "externalNo": None,
            "text": f"{name.capitalize()}, raw",
            "unit": "KG",
            "kind": "RAW",
        }


def _raw_no(place: int) -> str:
    return str(900_001 + place)


def _bills(seed: int, goods: int) -> Iterator[Fields]:
    for number in filter(is_made, range(goods)):
        draw = random.Random(f"{seed}:bill:{number}")
        raw = draw.sample(range(len(MATERIALS)), draw.randint(1, 3))
        yield {
            "billNo": f"B{material_no(number)}",
            "material": material_no(number),
            "text": f"Bill of {product(seed, number).name}",
            "components": [
                {
                    "pos": 10 * pos,
                    "material": _raw_no(place),
                    "quantity": f"{draw.randint(50, 2_000) / 1000:.3f}",
                    "unit": "KG",
                    "scrapPercent": draw.choice(("0.0", "2.0", "5.0")),
                }
                for pos, place in enumerate(raw, start=1)
            ],
        }


def _routings(seed: int, goods: int) -> Iterator[Fields]:
    for number in filter(is_made, range(goods)):
        draw = random.Random(f"{seed}:routing:{number}")
        steps = sorted(draw.sample(range(len(_CENTRES)), draw.randint(1, 3)))
        yield {
            "routingNo": f"R{material_no(number)}",
            "material": material_no(number),
            "text": f"How {product(seed, number).name} is made",
            "operations": [
                {
                    "step": 10 * step,
                    "workCentre": _CENTRES[place][0],
                    "text": _CENTRES[place][1],
                    "setupMinutes": str(draw.choice((10, 20, 45))),
                    "minutesPerUnit": f"{draw.randint(2, 60) / 10:.1f}",
                }
                for step, place in enumerate(steps, start=1)
            ],
        }


def _stock_order(mes: Mes, draw: random.Random, made: list[int]) -> None:
    order = mes.create(
        "workOrders",
        {"material": material_no(draw.choice(made)), "quantity": str(draw.randint(5, 80)), "remark": "For stock"},
        "import",
    )
    for _ in range(draw.choice((0, 0, 1, 2, 3, 4))):
        mes.advance(order["orderNo"], "import")
