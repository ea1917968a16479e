"""What people do in the MES: planners, and those at the terminals of the shop floor."""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial

from syncline.sandbox.mes import Mes
from syncline.sandbox.mes_seeding import is_made, material_no
from syncline.sandbox.mes_words import CANCELLED, RUNNING
from syncline.sandbox.people import Deed, Draw, Habits
from syncline.sandbox.state import Fields, Key
from syncline.sandbox.wording import fixed, number

_REMARKS = ("Tool 12 is worn", "Zuerst prüfen", "Lieferung per Kran", "换刀后再开工", "")


def mes_habits(mes: Mes) -> Habits:
    """How people of this MES work."""
    return Habits(
        edits={
            "workOrders": {"remark": _remark, "priority": _priority, "dueDate": _due},
            "materials": {"text": _text},
            "workCentres": {"hoursPerDay": _hours, "text": _text},
            "bills": {"text": _text},
            "routings": {"text": _text},
        },
        shares={"workOrders": 82, "materials": 6, "workCentres": 4, "bills": 4, "routings": 4},
        archive={"workOrders": ("status", CANCELLED)},
        key={
            "workOrders": "orderNo", "materials": "materialNo", "workCentres": "code", "bills": "billNo",
            "routings": "routingNo",
        },
        computed=frozenset({"rowVersion", "lastChange", "changedBy", "load", "freeFrom"}),
        deeds={
            "plan": Deed(resource="workOrders", weight=10, finds=True, do=partial(_plan, mes)),
            "progress": Deed(resource="workOrders", weight=40, do=partial(_progress, mes)),
            "postpone": Deed(resource="workOrders", weight=10, do=partial(_postpone, mes)),
        },
    )  # fmt: skip


def _remark(draw: Draw, _: object) -> str:
    return draw.choice(_REMARKS)


def _text(draw: Draw, old: object) -> str:
    return f"{str(old).partition(' (')[0]} ({draw.randint(1, 99)})"


def _priority(draw: Draw, _: object) -> str:
    return str(draw.randint(1, 99))


def _due(draw: Draw, _: object) -> str:
    return (date(2026, 1, 5) + timedelta(days=draw.randint(0, 500))).isoformat()


def _hours(draw: Draw, _: object) -> str:
    return draw.choice(("8.0", "16.0", "24.0"))


def _plan(mes: Mes, draw: Draw, _: Key | None, who: str) -> Fields | None:
    """Plan something for stock."""
    goods = int(mes.state.meta("seeded") or 0)
    wanted = draw.randrange(goods) if goods else 0
    if not goods or not is_made(wanted):
        return None
    given = {"material": material_no(wanted), "quantity": str(draw.randint(1, 60)), "remark": "For stock"}
    return mes.create("workOrders", given, who)


def _progress(mes: Mes, draw: Draw, key: Key | None, who: str) -> Fields | None:
    """Move a work order on; work that runs reports a part of it, some of it scrap."""
    if key is None:
        return None
    order = mes.get("workOrders", key)
    if order["status"] != RUNNING:
        return mes.advance(key, who)
    part = number("quantity", order["quantity"]) * draw.choice((1, 2, 4)) / 4
    return mes.advance(key, who, good=fixed(part, 3), scrap=str(draw.choice((0, 0, 0, 1, 2))))


def _postpone(mes: Mes, draw: Draw, key: Key | None, who: str) -> Fields | None:
    return None if key is None else mes.postpone(key, draw.randint(1, 10), who)
