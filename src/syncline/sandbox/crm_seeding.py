"""What the CRM knows besides customers, products and orders: contacts, opportunities, cases, needs, deeds."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from syncline.sandbox.companies import Population, product
from syncline.sandbox.crm import identifier, row_of
from syncline.sandbox.crm_fields import lines_total
from syncline.sandbox.crm_resources import RESOURCES
from syncline.sandbox.crm_sales import KINDS, RESPONSES, STAGES
from syncline.sandbox.crm_service import CASE_STATUSES, NEED_STATUSES
from syncline.sandbox.state import Fields, State
from syncline.sandbox.wording import fixed, iso

_LAST_DAY = date(2025, 10, 1)
_CHANCES = dict(zip(STAGES, (10, 25, 50, 75, 100, 0), strict=True))
_ROLES = ("Purchasing", "Goods inward", "Accounts", "Maintenance")
_SUBJECTS = ("Late", "Wrong length", "Noise after a week", "Certificate is missing", "Thread is damaged")
_WISHES = ("a longer one", "in stainless steel", "a drawing as STEP", "smaller boxes", "with a QR code")
_CAMPAIGNS = ("Spring fair", "New catalogue", "Winter stock")


def seed_further(state: State, population: Population, products: int) -> None:
    """Fill what an empty CRM knows besides; the size of each follows from the number of customers."""
    size = population.size
    made = {
        "contacts": (size // 2, _contact), "opportunities": (size // 2, _opportunity),
        "interactions": (size // 2, _interaction), "campaigns": (min(len(_CAMPAIGNS), size), _campaign),
        "cases": (size // 5, _case), "needs": (size // 10, _need),
    }  # fmt: skip
    for resource, (count, fields_of) in made.items():
        drawn = (
            fields_of(population, products, number, _drawn(population, resource, number)) for number in range(count)
        )
        state.load(
            resource, (row_of(resource, fields, changed) for fields, changed in _complete(population, resource, drawn))
        )
        state.set_meta(f"id:{resource}", count)
        if RESOURCES[resource].numbered:
            state.set_meta(resource.removesuffix("s"), count)


def _drawn(population: Population, resource: str, number: int) -> random.Random:
    return random.Random(f"{population.seed}:{resource}:{number}")


def _complete(population: Population, resource: str, found: Iterator[Fields]) -> Iterator[tuple[Fields, int]]:
    described = RESOURCES[resource]
    start = int(datetime(2025, 3, 1, 6, tzinfo=UTC).timestamp() * 1000)
    for number, given in enumerate(found):
        changed = start + number * 1_800_000
        fields = {
            "id": identifier(resource, population.seed, number + 1), "version": 1, **described.defaults(), **given,
        }  # fmt: skip
        if described.numbered:
            fields["number"] = f"{described.numbered}-2025-{number + 1:06d}"
        if described.total:
            fields[described.total] = lines_total(fields)
        yield {**fields, "created_at": iso(changed), "updated_at": iso(changed), "updated_by": "import"}, changed


def _customer(population: Population, draw: random.Random) -> str:
    return identifier("customers", population.seed, draw.randrange(population.size) + 1)


def _product(population: Population, products: int, draw: random.Random) -> tuple[str, int]:
    number = draw.randrange(products)
    return identifier("products", population.seed, number + 1), number


def _contact(population: Population, _: int, number: int, draw: random.Random) -> Fields:
    """A department, as companies name one for their suppliers: no name of a person is made up."""
    role = _ROLES[number % len(_ROLES)]
    known = population.company(number)
    host = known.email.partition("@")[2]
    return {
        "customer_id": identifier("customers", population.seed, number + 1), "last_name": role, "role": role,
        "email": f"{role.split()[0].lower()}@{host}", "phone": f"{known.phone}-{draw.randint(10, 99)}",
        "opted_in": draw.random() < 0.5,  # noqa: PLR2004 - half of them
    }  # fmt: skip


def _opportunity(population: Population, products: int, number: int, draw: random.Random) -> Fields:
    lines = []
    for line_no in range(1, draw.randint(1, 3) + 1):
        key, good = _product(population, products, draw)
        price = fixed(Decimal(product(population.seed, good).price_cents) / 100, 2)
        lines.append({
            "line_no": line_no, "product_id": key, "quantity": str(draw.randint(5, 200)), "unit_price": price,
            "discount_percent": draw.choice(("0.00", "2.00", "5.00")),
        })  # fmt: skip
    stage = draw.choice(STAGES)
    return {
        "name": f"Framework {number + 1}", "customer_id": _customer(population, draw), "stage": stage,
        "probability": _CHANCES[stage], "lines": lines, "owner": draw.choice(("team-north", "team-south")),
        "expected_on": (_LAST_DAY + timedelta(days=draw.randint(-60, 180))).isoformat(),
    }  # fmt: skip


def _interaction(population: Population, _: int, __: int, draw: random.Random) -> Fields:
    happens = datetime(2025, 9, 1, 8, tzinfo=UTC) + timedelta(minutes=30 * draw.randrange(2_000))
    kind = draw.choice(KINDS)
    return {
        "kind": kind, "subject": f"{kind.capitalize()} about delivery", "customer_id": _customer(population, draw),
        "happens_at": iso(int(happens.timestamp() * 1000)), "minutes": draw.choice((5, 15, 60)), "done": True,
    }  # fmt: skip


def _campaign(population: Population, _: int, number: int, draw: random.Random) -> Fields:
    members = draw.sample(range(population.size), min(population.size, 10))
    return {
        "name": _CAMPAIGNS[number], "channel": draw.choice(("mail", "post", "fair", "phone")), "status": "ended",
        "starts_on": f"2025-0{number + 2}-01", "ends_on": f"2025-0{number + 3}-01",
        "budget": {"amount": f"{draw.randint(5, 50) * 100}.00", "currency": "EUR"},
        "members": [
            {
                "customer_id": identifier("customers", population.seed, member + 1),
                "response": draw.choice(RESPONSES),
                "answered_on": None,
            }
            for member in members
        ],
    }  # fmt: skip


def _case(population: Population, products: int, _: int, draw: random.Random) -> Fields:
    key, good = _product(population, products, draw)
    reported = datetime(2025, 9, 1, 8, tzinfo=UTC) + timedelta(minutes=draw.randrange(40_000))
    return {
        "subject": f"{draw.choice(_SUBJECTS)}: {product(population.seed, good).name}", "product_id": key,
        "customer_id": _customer(population, draw), "status": draw.choice(CASE_STATUSES),
        "priority": draw.choice(("low", "normal", "normal", "high")),
        "reported_at": iso(int(reported.timestamp() * 1000)),
    }  # fmt: skip


def _need(population: Population, products: int, _: int, draw: random.Random) -> Fields:
    key, good = _product(population, products, draw)
    title = f"{product(population.seed, good).name}: {draw.choice(_WISHES)}"
    number = draw.randrange(population.size)
    asking = population.company(number)
    return {
        "title": title, "product_id": key, "customer_id": identifier("customers", population.seed, number + 1),
        "customer_name": asking.name, "customer_email": asking.email,
        "importance": draw.choice(("must", "should", "could")), "votes": draw.randint(1, 40),
        "status": draw.choice(NEED_STATUSES[:2]),
    }  # fmt: skip
