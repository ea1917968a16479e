"""The product management's records: which fields they have and what it accepts in them.

Which values a field can have at all, as the stages of a product, the schema of the interface says; here is the rest.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from syncline.sandbox.state import Fields, Table
from syncline.sandbox.wording import Cleaner, invalid, one_of, text

STAGES = ("IDEA", "CONCEPT", "DEVELOPMENT", "LAUNCHED", "MATURE", "PHASE_OUT", "RETIRED")
FEEDBACK_STATES = ("NEW", "UNDER_REVIEW", "PLANNED", "IN_PROGRESS", "SHIPPED", "DECLINED")
FEATURE_STATES = ("PROPOSED", "COMMITTED", "BUILDING", "DONE", "DROPPED")
RELEASE_STATES = ("PLANNED", "RELEASED", "CANCELLED")
IMPORTANCES = ("LOW", "MEDIUM", "HIGH", "CRITICAL")
_LISTED_MAX = 200
_MOST = 2_000_000_000
_EMPTY_MONEY = {"amountMinor": 0, "currencyCode": "EUR"}


def _whole(name: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _MOST:
        raise invalid(name, f"{name} must be a whole number from 0 to {_MOST}")
    return value


def _money(name: str, value: object) -> object:
    if value is None:
        return None
    given = value if isinstance(value, dict) else _EMPTY_MONEY
    currency = given.get("currencyCode")
    if not isinstance(currency, str) or not re.fullmatch("[A-Z]{3}", currency):
        raise invalid(f"{name}.currencyCode", "currencyCode must have three letters")
    return {"amountMinor": _whole(f"{name}.amountMinor", given.get("amountMinor")), "currencyCode": currency}


def _day(name: str, value: object) -> object:
    if value is None:
        return None
    try:
        return date.fromisoformat(str(value)).isoformat()
    except ValueError:
        raise invalid(name, f"{name} must be a day such as 2026-03-01") from None


def _email(name: str, value: object) -> object:
    if value is None or value == "":
        return None
    if not isinstance(value, str) or not re.fullmatch(r"[^@\s]+@[^@\s]+", value):
        raise invalid(name, f"{name} must be an e-mail address")
    return value


def _listed(name: str, value: object) -> list[object]:
    if not isinstance(value, list) or len(value) > _LISTED_MAX:
        raise invalid(name, f"{name} must be a list of at most {_LISTED_MAX}")
    return value


def _tags(name: str, value: object) -> object:
    """Tags have no order and no doubles: they are kept in the alphabet's."""
    return sorted({str(text(40, required=True)(name, tag)) for tag in _listed(name, value)})


def _variants(name: str, value: object) -> object:
    found = [_variant(name, row) for row in _listed(name, value)]
    if len({row["sku"] for row in found}) < len(found):
        raise invalid(f"{name}.sku", "Two variants have the same sku")
    return found


def _variant(name: str, row: object) -> Fields:
    given = row if isinstance(row, dict) else {}
    return {
        "sku": text(40, required=True)(f"{name}.sku", given.get("sku")),
        "name": text(120, required=True)(f"{name}.name", given.get("name")),
        "price": _money(f"{name}.price", given.get("price")),
        "stockOnHand": _whole(f"{name}.stockOnHand", given.get("stockOnHand") or 0),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of record."""

    table: Table
    type: str  #: in the schema
    required: str
    cleaners: Mapping[str, Cleaner]
    defaults: Mapping[str, object]
    computed: Mapping[str, object]
    points_to: Mapping[str, str]  #: field -> the table of what it names


_ID = text(40)
_REFERENCE = text(100)

PRODUCTS = Kind(
    table=Table(name="products", lookups=("externalRef", "itemNumber")),
    type="Product",
    required="name",
    cleaners={
        "itemNumber": text(40),
        "name": text(120, required=True),
        "description": text(10_000),
        "stage": one_of(*STAGES),
        "price": _money,
        "variants": _variants,
        "tags": _tags,
        "externalRef": _REFERENCE,
    },
    defaults={"stage": "IDEA", "variants": [], "tags": []},
    computed={},
    points_to={},
)

FEEDBACK_ITEMS = Kind(
    table=Table(name="feedback_items", lookups=("externalRef", "featureId")),
    type="FeedbackItem",
    required="title",
    cleaners={
        "title": text(200, required=True),
        "body": text(10_000),
        "customerName": text(200),
        "customerEmail": _email,
        "productId": _ID,
        "featureId": _ID,
        "importance": one_of(*IMPORTANCES),
        "votes": _whole,
        "state": one_of(*FEEDBACK_STATES),
        "externalRef": _REFERENCE,
    },
    defaults={"importance": "MEDIUM", "votes": 1, "state": "NEW"},
    computed={"featureTitle": None, "plannedRelease": None, "plannedOn": None},
    points_to={"productId": "products", "featureId": "features"},
)

FEATURES = Kind(
    table=Table(name="features", lookups=("externalRef", "releaseId")),
    type="Feature",
    required="title",
    cleaners={
        "title": text(200, required=True),
        "description": text(10_000),
        "productId": _ID,
        "releaseId": _ID,
        "state": one_of(*FEATURE_STATES),
        "externalRef": _REFERENCE,
    },
    defaults={"state": "PROPOSED"},
    computed={},
    points_to={"productId": "products", "releaseId": "releases"},
)

RELEASES = Kind(
    table=Table(name="releases", lookups=("externalRef", "name")),
    type="Release",
    required="name",
    cleaners={
        "name": text(60, required=True),
        "notes": text(10_000),
        "plannedOn": _day,
        "state": one_of(*RELEASE_STATES),
        "externalRef": _REFERENCE,
    },
    defaults={"state": "PLANNED"},
    computed={},
    points_to={},
)

KINDS: Mapping[str, Kind] = {kind.table.name: kind for kind in (PRODUCTS, FEEDBACK_ITEMS, FEATURES, RELEASES)}


def empty(kind: Kind) -> Fields:
    """A new record before anything is given."""
    return {**dict.fromkeys(kind.cleaners), **kind.defaults, **kind.computed}
