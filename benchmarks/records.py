"""The customers of the benchmark, each a function of its number and version, and what the target must show of them.

Nothing here uses the product: `wanted` knows the right answer by construction, not by conversion.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

import msgspec

Ids = Literal["ascending", "random"]

USD_PER_EUR = Decimal("1.0837")
_CENT = Decimal("0.01")
_BEGIN = datetime(2026, 1, 5, tzinfo=UTC)
_MASK = (1 << 64) - 1

_FIRST = ("Anna", "Louis", "Marta", "Jonas", "Ines", "Pieter", "Olga", "Sam", "Chiara", "Hugo", "Wei", "Nora")
_LAST = ("Weber", "Martin", "Rossi", "Garcia", "Jansen", "Smith", "Nowak", "Keller", "Dubois", "Moreno", "Visser")
_TRADES = ("Metals", "Optics", "Foods", "Paper", "Tools", "Textiles", "Pumps", "Lighting", "Gears")
_FORMS = ("Ltd", "GmbH", "SARL", "BV", "Inc")
_STREETS = ("Station Road", "Mill Lane", "Harbour Street", "Market Square", "Garden Avenue", "Church Street")
_CITIES = ("Northport", "Lakeside", "Ashford", "Riverton", "Millbrook", "Easton", "Fairview")
_SEGMENTS = ("key", "regular", "small")
_NOTES = "Rings first"
#: name as written, ISO code, how a phone number is written
_COUNTRIES = (
    ("Germany", "DE", "+49 (30) {0:04d}-{1:04d}"),
    ("Deutschland", "DE", "+49 30 {0:04d} {1:04d}"),
    ("France", "FR", "+33 (1) {0:04d}.{1:04d}"),
    ("Netherlands", "NL", "+31 (20) {0:03d}-{1:04d}"),
    ("United States", "US", "+1 (212) {0:03d}-{1:04d}"),
    ("United Kingdom", "GB", "+44 (20) {0:04d} {1:04d}"),
    ("Spain", "ES", "+34 91 {0:03d} {1:04d}"),
)
_PUNCTUATION = str.maketrans("", "", " ()-.")


def scrambled(number: int) -> int:
    """64 bits without any order, and no two alike (splitmix64).

    >>> scrambled(1) == scrambled(1), len({scrambled(n) for n in range(1000)})
    (True, 1000)
    """
    mixed = (number * 0x9E3779B97F4A7C15) & _MASK
    mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
    return mixed ^ (mixed >> 31)


def id_of(number: int, ids: Ids) -> str:
    """A record's id: counted from 1, or 16 random hexadecimal digits."""
    return str(number + 1) if ids == "ascending" else f"{scrambled(number + 1):016x}"


def iso(moment: datetime) -> str:
    """A time as both systems write it."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def first_stamp(number: int) -> datetime:
    """When a record was changed last, before the benchmark begins: one every 20 ms, long ago."""
    return _BEGIN + timedelta(milliseconds=20 * number)


def record(number: int, version: int, ids: Ids, updated_at: str) -> dict[str, object]:
    """The record as the source shows it: 20 fields, about 494 bytes."""
    country, _, phone = _COUNTRIES[number % len(_COUNTRIES)]
    first, last = _FIRST[number % 12], _LAST[number // 12 % 11]
    # a version that differs changes the phone number and the amount
    left, right = 200 + number % 700, (number * 7 + version * 13) % 10_000
    if phone.count("{0:04d}"):
        left += 4000
    cents = (number * 7919 + version * 104_729) % 5_000_000
    return {
        "id": id_of(number, ids),
        "number": f"C-{number:07d}",
        "first_name": first,
        "last_name": last,
        "company": f"{last} {_TRADES[number % 9]} {_FORMS[number % 5]}",
        "email": f" {first}.{last}{number}@Mail.Example.COM",
        "phone": phone.format(left, right),
        "street": f"{number % 180 + 1} {_STREETS[number % 6]}",
        "zip": f"{10_000 + number % 80_000}",
        "city": _CITIES[number % 7],
        "country": country,
        "credit_eur": f"{cents // 100}.{cents % 100:02d}",
        "segment": _SEGMENTS[number % 3],
        "vat_id": f"EU{100_000_000 + number}",
        "language": ("de", "fr", "en")[number % 3],
        "website": f"https://www.{last.lower()}{number % 997}.example",
        "notes": _NOTES,
        "active": number % 10 != 0,
        "created_at": iso(first_stamp(number)),
        "updated_at": updated_at,
    }


def wanted(number: int, version: int, ids: Ids, updated_at: str) -> dict[str, object]:
    """What the target must hold of it."""
    shown = record(number, version, ids, updated_at)
    usd = (Decimal(str(shown["credit_eur"])) * USD_PER_EUR).quantize(_CENT, rounding=ROUND_HALF_UP)
    return {
        "external_id": shown["id"],
        "number": shown["number"],
        "given_name": shown["first_name"],
        "family_name": shown["last_name"],
        "organisation": shown["company"],
        "email": str(shown["email"]).strip().lower(),
        "phone": str(shown["phone"]).translate(_PUNCTUATION),
        "address": shown["street"],
        "postal_code": shown["zip"],
        "city": shown["city"],
        "country": _COUNTRIES[number % len(_COUNTRIES)][1],
        "credit_usd": str(usd),
        "segment": shown["segment"],
        "tax_number": shown["vat_id"],
        "language": shown["language"],
        "website": shown["website"],
        "notes": shown["notes"],
        "active": shown["active"],
        "created_at": shown["created_at"],
        "updated_at": shown["updated_at"],
    }


def checksum(records: Iterable[Mapping[str, object]]) -> int:
    """One number for a set of records, whatever their order and that of their fields."""
    encode = msgspec.json.Encoder(order="sorted").encode
    return sum(zlib.crc32(encode(one)) * (len(one) + 1) for one in records) & _MASK
