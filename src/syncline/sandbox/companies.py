"""The companies and goods of the seed, the same in both applications.

The two applications never talk to each other: each derives its own view from this
generator, so the same seed and size give overlapping populations.
"""

from __future__ import annotations

import random
import unicodedata
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from syncline.sandbox.tax_ids import tax_id
from syncline.sandbox.words import (
    GOODS,
    MATERIALS,
    UNITS,
    WHEEL,
    Country,
)

#: Numbers of the companies that goods are bought from, whatever the size. Neither the CRM nor the ERP knows them.
SUPPLIERS = range(500_000, 500_012)

_STRIDE = 7919  # a prime larger than any list: neighbours get unlike names


class Likeness(Enum):
    """How the ERP knows a company that the CRM knows too."""

    TAX_ID = "tax_id"  #: the same tax number
    MAIL = "mail"  #: no tax number, the same e-mail and postcode
    VARIANT = "variant"  #: no tax number, another spelling, another e-mail


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """The truth about one company."""

    number: int
    name: str
    variant: str  #: the name as somebody else would type it
    tax_id: str
    email: str
    phone: str
    street: str
    postcode: str
    city: str
    country: Country
    website: str
    credit_limit: int  #: whole units of the country's currency


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """The truth about one good."""

    sku: str
    name: str
    price_cents: int
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """Which companies each application knows, for a seed and a size."""

    seed: int
    size: int  #: customers in the CRM

    @property
    def partners(self) -> int:
        """How many partners the ERP has."""
        return round(self.size * 0.95)

    def crm(self) -> range:
        """Numbers of the companies in the CRM."""
        return range(self.size)

    def erp(self) -> list[int]:
        """Numbers of the companies in the ERP: 80 % of them are in the CRM too."""
        draw = random.Random(f"{self.seed}:erp")
        shared = draw.sample(self.crm(), round(self.partners * 0.8))
        others = range(self.size, self.size + self.partners - len(shared))
        numbers = [*shared, *others]
        draw.shuffle(numbers)
        return numbers

    def company(self, number: int) -> Company:
        """Tell the truth about company `number`.

        Of those that only the ERP knows, every tenth is a true look-alike of a
        company in the CRM: almost the same name in the same city, another company.
        """
        alone = number - self.size
        if alone >= 0 and alone % 10 == 3:  # noqa: PLR2004 - any fixed place of ten
            twin = company(self.seed, alone * 5 % self.size)
            return _look_alike(company(self.seed, number), twin)
        return company(self.seed, number)

    def likeness(self, number: int) -> Likeness:
        """Say how the ERP knows a company."""
        chance = random.Random(f"{self.seed}:likeness:{number}").random()
        if number >= self.size or chance < 0.7:  # noqa: PLR2004 - seven of ten
            return Likeness.TAX_ID
        return Likeness.MAIL if chance < 0.85 else Likeness.VARIANT  # noqa: PLR2004


def company(seed: int, number: int) -> Company:
    """Assemble company `number` of a seed."""
    draw = random.Random(f"{seed}:company:{number}")
    country, serial = _place(seed, number)
    city, postcode = draw.choice(country.cities)
    root, branch, form = _words(country, seed, serial)
    house = draw.randint(1, 240)
    host = _host(root, branch, country, number)
    return Company(
        number=number,
        name=_name(country, root, branch, form[0], city),
        variant=_variant(_name(country, root, branch, form[1], city), draw),
        tax_id=tax_id(country.iso, serial * 10_007 + seed * 101),
        email=f"{draw.choice(('info', 'office', 'contact', 'sales'))}@{host}",
        phone=_digits(country.phone, draw),
        street=country.street.format(street=draw.choice(country.streets), house=house),
        postcode=_digits(postcode, draw),
        city=city,
        country=country,
        website=f"https://www.{host}",
        credit_limit=draw.choice((0, 5_000, 10_000, 25_000, 50_000, 120_000)),
    )


@lru_cache(maxsize=1 << 16)
def product(seed: int, number: int) -> Product:
    """Assemble good `number` of a seed."""
    draw = random.Random(f"{seed}:product:{number}")
    size = draw.choice((6, 8, 10, 12, 16, 20, 25, 32, 40, 50))
    goods = GOODS[(number * 5 + seed) % len(GOODS)]
    return Product(
        sku=f"{goods[:2].upper()}-{number:05d}",
        name=f"{goods} {draw.choice(MATERIALS)} {size} mm",
        price_cents=draw.randint(50, 60_000),
        unit=draw.choice(UNITS),
    )


def on_hand(seed: int, number: int) -> dict[str, int]:
    """How much of good `number` lies at each site; together it is what the ERP shows."""
    stock = random.Random(f"{seed}:stock:{number}").randint(0, 900)
    return {"WH-1": stock - stock // 3, "WH-2": stock // 3}


def _place(seed: int, number: int) -> tuple[Country, int]:
    """The company's country and its serial number within that country."""
    turn, place = divmod(number + seed % len(WHEEL), len(WHEEL))
    country = WHEEL[place]
    before = WHEEL[:place].count(country)
    return country, turn * WHEEL.count(country) + before


def _words(country: Country, seed: int, serial: int) -> tuple[str, str, tuple[str, str]]:
    """Draw a name that no other serial number of the country has."""
    roots, branches, forms = country.roots, country.branches, country.forms
    single = len(roots) * len(branches) * len(forms)
    joint, serial = divmod(serial, single)
    rest = (serial * _STRIDE + seed * 31) % single
    rest, form = divmod(rest, len(forms))
    first, branch = divmod(rest, len(branches))
    root = roots[first]
    if joint:
        more, turn = divmod(joint, len(roots))
        root += country.joint + roots[turn] + (f" {more}" if more else "")
    return root, branches[branch], forms[form]


def _name(country: Country, root: str, branch: str, form: str, city: str) -> str:
    return country.template.format(root=root, branch=branch, form=form, city=city)


def _variant(name: str, draw: random.Random) -> str:
    """Spell a name as another person would."""
    changed = draw.choice((_transliterated, str.upper, _without_marks))(name)
    return changed.replace(" & ", " + ")


def _transliterated(name: str) -> str:
    for letter, plain in (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("ß", "ss")):
        name = name.replace(letter, plain).replace(letter.upper(), plain.title())
    return name


def _without_marks(name: str) -> str:
    split = unicodedata.normalize("NFD", name)
    # Only over Latin and Greek letters: elsewhere a mark makes another letter.
    kept = [
        mark
        for before, mark in zip(" " + split, split, strict=False)
        if not (unicodedata.combining(mark) and before < "\u0400")
    ]
    return unicodedata.normalize("NFC", "".join(kept))


def _host(root: str, branch: str, country: Country, number: int) -> str:
    plain = _without_marks(f"{root}-{branch}").replace("ß", "ss").replace("ł", "l")
    words = "".join(letter if letter.isalnum() else "-" for letter in plain.lower())
    if not words.isascii():
        words = f"{country.iso.lower()}-trade"
    return f"{words}-{number}.example"


def _digits(pattern: str, draw: random.Random) -> str:
    return "".join(str(draw.randint(0, 9)) if letter == "#" else letter for letter in pattern)


def _look_alike(own: Company, twin: Company) -> Company:
    """Another company of its own that is easily taken for `twin`."""
    forms = [form for form, _ in twin.country.forms]
    name = twin.name
    for form, other in zip(forms, [*forms[1:], forms[0]], strict=True):
        if form in twin.name:
            name = twin.name.replace(form, other)
            break
    return Company(
        number=own.number,
        name=name,
        variant=name,
        tax_id=tax_id(twin.country.iso, 4_000_037 + own.number * 10_007),
        email=own.email,
        phone=own.phone,
        street=own.street,
        postcode=twin.postcode,
        city=twin.city,
        country=twin.country,
        website=own.website,
        credit_limit=own.credit_limit,
    )
