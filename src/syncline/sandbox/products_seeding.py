"""The first contents of the product management: the ERP's items as products, wishes of the CRM's customers."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator

from syncline.sandbox.companies import Company, Population, on_hand, product
from syncline.sandbox.products import identifier, row_of
from syncline.sandbox.products_words import (
    FEATURES,
    FEEDBACK_ITEMS,
    IMPORTANCES,
    KINDS,
    PRODUCTS,
    RELEASES,
    Kind,
    empty,
)
from syncline.sandbox.seeding import stamp
from syncline.sandbox.state import Fields, State
from syncline.sandbox.wording import iso

_EXECUTIONS = ("Standard", "Long", "Coated")
_STAGES = ("LAUNCHED", "LAUNCHED", "MATURE", "MATURE", "LAUNCHED", "PHASE_OUT", "DEVELOPMENT")
WISHES = (
    "Lighter by a fifth",
    "Holds at 120 °C",
    "Certificate for food contact",
    "Kleinere Packung",
    "Livraison en kit",
    "更长的保修期",
    "Quieter when it runs",
    "Colour by RAL number",
)
_QUARTERS = ("2026.1", "2026.2", "2026.3", "2026.4")
_GOODS_OF_A_FEATURE, _CUSTOMERS_OF_A_WISH = 5, 4


def seed_products(state: State, population: Population, products: int) -> None:
    """Fill an empty product management."""
    seed = population.seed
    features = products // _GOODS_OF_A_FEATURE
    wishes = population.size // _CUSTOMERS_OF_A_WISH if products else 0
    with state.transaction():
        state.set_meta("seed", seed)
        _load(state, RELEASES, _releases())
        _load(state, PRODUCTS, (_product(seed, number) for number in range(products)))
        _load(state, FEATURES, (_feature(seed, number) for number in range(features)))
        _load(state, FEEDBACK_ITEMS, (_feedback(population, number, products, features) for number in range(wishes)))
        state.set_truth("feedback_items", _truth(wishes))
        for name in KINDS:
            state.set_meta(f"id:{name}", state.count(name))
        state.set_meta("seeded", population.size)


def _load(state: State, kind: Kind, found: Iterable[Fields]) -> None:
    state.load(
        kind.table.name,
        (row_of(kind, _whole(kind, place, fields), stamp(place)) for place, fields in enumerate(found)),
    )


def _whole(kind: Kind, place: int, given: Fields) -> Fields:
    changed = iso(stamp(place))
    key = identifier(kind, place + 1)
    stamps = {"createdAt": changed, "updatedAt": changed, "deletedAt": None}
    return {"id": key, "version": 1, **empty(kind), **given, **stamps}


def _truth(wishes: int) -> Iterator[tuple[str, int]]:
    for number in range(wishes):
        yield identifier(FEEDBACK_ITEMS, number + 1), number * _CUSTOMERS_OF_A_WISH


def _product(seed: int, number: int) -> Fields:
    good = product(seed, number)
    executions = _EXECUTIONS[: number % len(_EXECUTIONS) + 1]
    stock = sum(on_hand(seed, number).values())
    share = stock // len(executions)
    variants = [
        {
            "sku": f"{good.sku}-{place}",
            "name": f"{good.name}, {execution.lower()}",
            "price": _money(good.price_cents * (10 + place) // 10),
            "stockOnHand": share if place else stock - share * (len(executions) - 1),
        }
        for place, execution in enumerate(executions)
    ]
    return {
        "itemNumber": good.sku,
        "name": good.name,
        "description": f"{good.name}. Sold by {good.unit}.",
        "stage": _STAGES[number % len(_STAGES)],
        "price": _money(good.price_cents),
        "variants": variants,
        "tags": sorted({good.unit, "catalogue" if number % 2 else "core"}),
    }


def _money(cents: int) -> Fields:
    return {"amountMinor": cents, "currencyCode": "EUR"}


def _releases() -> Iterator[Fields]:
    for place, name in enumerate(_QUARTERS):
        yield {"name": name, "plannedOn": f"2026-{3 * place + 3:02}-15", "state": "PLANNED" if place else "RELEASED"}


def _feature(seed: int, number: int) -> Fields:
    draw = random.Random(f"{seed}:feature:{number}")
    return {
        "title": feature_title(seed, number),
        "productId": identifier(PRODUCTS, number * _GOODS_OF_A_FEATURE + 1),
        "releaseId": identifier(RELEASES, 1 + number % len(_QUARTERS)) if number % 3 else None,
        "state": draw.choice(("PROPOSED", "COMMITTED", "BUILDING")),
    }


def feature_title(seed: int, number: int) -> str:
    """What feature `number` of the seed is called."""
    return f"{product(seed, number * _GOODS_OF_A_FEATURE).name}: {WISHES[number % len(WISHES)].lower()}"


def _feedback(population: Population, number: int, products: int, features: int) -> Fields:
    draw = random.Random(f"{population.seed}:feedback:{number}")
    feature = number // 2 % features if features and number % 2 else None
    release = feature % len(_QUARTERS) if feature is not None and feature % 3 else None
    wish = wished(population.company(number * _CUSTOMERS_OF_A_WISH))
    return {
        **wish,
        "productId": identifier(PRODUCTS, number % products + 1),
        "featureId": identifier(FEATURES, feature + 1) if feature is not None else None,
        "importance": draw.choice(IMPORTANCES),
        "votes": draw.randint(1, 40),
        "state": "PLANNED" if feature is not None else "NEW",
        "featureTitle": feature_title(population.seed, feature) if feature is not None else None,
        "plannedRelease": _QUARTERS[release] if release is not None else None,
        "plannedOn": f"2026-{3 * release + 3:02}-15" if release is not None else None,
    }


def wished(company: Company) -> Fields:
    """What a customer asks for."""
    wish = WISHES[company.number % len(WISHES)]
    return {
        "title": wish,
        "body": f"{company.name} asks: {wish}",
        "customerName": company.name,
        "customerEmail": company.email,
    }
