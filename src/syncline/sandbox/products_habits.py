"""What people in product management edit."""

from __future__ import annotations

from syncline.sandbox.people import Draw, Habits
from syncline.sandbox.products_seeding import wished
from syncline.sandbox.products_words import FEATURE_STATES, FEEDBACK_STATES, IMPORTANCES
from syncline.sandbox.state import Fields

_TEXTS = ("Reviewed with sales", "Prüfung im Labor läuft", "Nécessite un nouvel outil", "等待供应商样品", "")


def _name(draw: Draw, old: object) -> str:
    return f"{str(old).partition(' (')[0]} ({draw.randint(1, 99)})"


def _text(draw: Draw, _: object) -> str:
    return draw.choice(_TEXTS)


def _stage(draw: Draw, _: object) -> str:
    return draw.choice(("DEVELOPMENT", "LAUNCHED", "MATURE", "PHASE_OUT"))


def _price(draw: Draw, _: object) -> Fields:
    return {"amountMinor": draw.randint(50, 60_000), "currencyCode": "EUR"}


def _tags(draw: Draw, old: object) -> list[str]:
    tags = set(old) if isinstance(old, list) else set()
    return sorted(tags ^ {draw.choice(("new", "export", "eco", "spare"))})


def _variants(draw: Draw, old: object) -> list[Fields]:
    rows = [dict(row) for row in old] if isinstance(old, list) else []
    if rows:
        draw.choice(rows)["stockOnHand"] = draw.randint(0, 500)
    return rows


def _votes(draw: Draw, old: object) -> int:
    return (old if isinstance(old, int) else 0) + draw.randint(1, 3)


def _feedback_state(draw: Draw, _: object) -> str:
    return draw.choice(FEEDBACK_STATES[1:5])


def _feature_state(draw: Draw, _: object) -> str:
    return draw.choice(FEATURE_STATES[:4])


def _importance(draw: Draw, _: object) -> str:
    return draw.choice(IMPORTANCES)


def _day(draw: Draw, _: object) -> str:
    return f"2026-{draw.randint(3, 12):02}-{draw.randint(1, 28):02}"


PRODUCTS_HABITS = Habits(
    edits={
        "products": {
            "name": _name,
            "description": _text,
            "stage": _stage,
            "price": _price,
            "tags": _tags,
            "variants": _variants,
        },
        "feedback_items": {"body": _text, "state": _feedback_state, "votes": _votes, "importance": _importance},
        "features": {"title": _name, "description": _text, "state": _feature_state},
        "releases": {"plannedOn": _day, "notes": _text},
    },
    shares={"products": 40, "feedback_items": 40, "features": 15, "releases": 5},
    archive={"products": ("stage", "RETIRED"), "feedback_items": ("state", "DECLINED")},
    lines=("", ""),
    amount="",
    new=wished,
    new_resource="feedback_items",
    key=dict.fromkeys(("products", "feedback_items", "features", "releases"), "id"),
    computed=frozenset({"id", "version", "createdAt", "updatedAt", "deletedAt"}),
)
