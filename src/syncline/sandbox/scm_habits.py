"""What planners and buyers edit in the SCM."""

from __future__ import annotations

from syncline.sandbox.people import Draw, Habits
from syncline.sandbox.scm import REMOVED, VERSION
from syncline.sandbox.scm_seeding import supplier

_NOTES = ("Call before delivery", "Teilmenge möglich", "供应商确认", "Palette 80 x 120", "Zweite Quelle prüfen")


def _day(draw: Draw, _: object) -> str:
    return f"2026-{draw.randint(3, 12):02}-{draw.randint(1, 28):02}"


def _days(draw: Draw, _: object) -> int:
    return draw.randint(1, 60)


def _quantity(draw: Draw, _: object) -> str:
    return f"{draw.randint(0, 900)}.{draw.choice(('000', '000', '500'))}"


def _name(draw: Draw, old: object) -> str:
    return f"{str(old).partition(' (')[0]} ({draw.randint(1, 99)})"


def _phone(draw: Draw, _: object) -> str:
    return f"+49 40 3{draw.randint(1_000_000, 9_999_999)}"


def _note(draw: Draw, _: object) -> str:
    return draw.choice(_NOTES)


def _rating(draw: Draw, _: object) -> str:
    return draw.choice("ABC")


def _group(draw: Draw, _: object) -> str:
    return draw.choice(("FAST", "SLOW", "BULK", "PROJECT"))


def _demand_status(draw: Draw, _: object) -> str:
    return draw.choice(("OPEN", "PLANNED", "COVERED"))


def _order_status(draw: Draw, _: object) -> str:
    return draw.choice(("CREATED", "CONFIRMED", "RECEIVED"))


SCM_HABITS = Habits(
    edits={
        "Materials": {
            "Description": _name,
            "MaterialGroup": _group,
            "LeadTimeDays": _days,
            "SafetyStock": _quantity,
        },
        "Suppliers": {"Phone": _phone, "LeadTimeDays": _days, "Rating": _rating},
        "StockLevels": {"OnHand": _quantity, "Reserved": _quantity, "NextReceiptOn": _day},
        "Demands": {"Status": _demand_status, "ConfirmedOn": _day, "Note": _note},
        "PurchaseOrders": {"PromisedOn": _day, "Status": _order_status, "Note": _note},
    },
    shares={"Materials": 15, "Suppliers": 15, "StockLevels": 40, "Demands": 20, "PurchaseOrders": 10},
    archive={"Materials": ("Blocked", True), "Suppliers": ("Blocked", True)},
    lines=("PurchaseOrders", "Items"),
    amount="Quantity",
    new=supplier,
    new_resource="Suppliers",
    key={
        "Materials": "MaterialNumber",
        "Suppliers": "SupplierNumber",
        "StockLevels": "Material",
        "Demands": "DemandNumber",
        "PurchaseOrders": "OrderNumber",
    },
    computed=frozenset({VERSION, REMOVED, "LastChanged", "Available", "NetTotal"}),
)
