"""What a canonical entity is made of: fields with a kind, keyed lines, groups that merge as one.

The definitions themselves are data in `model.entities`. A field says what its values mean, not how a system writes
them; that is a mapping's part. Values are those of `model.values`: an amount of money is a decimal whose currency is
another field, so that a system which knows but one of the two can still take part.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum

import msgspec

EXTENSION = "x_"  #: begins the name of a field that a project adds to an entity; its converters say its kind


class Kind(StrEnum):
    """What sort of value a field holds."""

    TEXT = "text"
    INTEGER = "whole number"
    DECIMAL = "number"
    BOOLEAN = "yes or no"
    MONEY = "money"  #: a decimal; `of` names the field with its currency
    QUANTITY = "quantity"  #: a decimal; `of` names the field with its unit
    DATE = "date"  #: of a calendar, without a clock or a time zone
    INSTANT = "instant"  #: a point in time, in UTC
    CHOICE = "word of a list"  #: of `choices`
    REFERENCE = "reference"  #: to the entity `of`
    SET = "set of texts"
    EMAIL = "e-mail address"
    PHONE = "phone number"  #: E.164
    COUNTRY = "country"  #: ISO 3166, two letters
    LANGUAGE = "language"  #: ISO 639, with a region where that matters
    CURRENCY = "currency"  #: ISO 4217, three letters
    UNIT = "unit"  #: UN/ECE Recommendation 20
    GTIN = "GTIN"
    GLN = "GLN"
    SSCC = "SSCC"
    VAT = "VAT number"
    IBAN = "IBAN"


class FieldDefinition(msgspec.Struct, frozen=True, kw_only=True):
    """One field of an entity, or of its lines."""

    name: str
    kind: Kind
    meaning: str
    term: str = ""  #: what the standard of the entity calls it
    of: str = ""  #: field of the currency or unit; entity of a reference
    unit: str = ""  #: of a number whose unit never changes: %, d, h, min
    choices: tuple[str, ...] = ()
    nullable: bool = True


class LinesDefinition(msgspec.Struct, frozen=True, kw_only=True):
    """Records that live inside an entity, named by their key."""

    name: str
    meaning: str
    key: str  #: its field that names a line
    fields: tuple[FieldDefinition, ...]
    term: str = ""

    def field(self, name: str) -> FieldDefinition | None:
        """The field of this name."""
        return next((one for one in self.fields if one.name == name), None)


class EntityDefinition(msgspec.Struct, frozen=True, kw_only=True):
    """One canonical entity."""

    name: str
    meaning: str
    standard: str  #: whose semantics it follows, and where it does not
    fields: tuple[FieldDefinition, ...]
    lines: tuple[LinesDefinition, ...] = ()
    groups: Mapping[str, tuple[str, ...]] = {}  #: fields that change together

    def field(self, name: str) -> FieldDefinition | None:
        """The field of this name; None for lines and for what the entity does not have."""
        return next((one for one in self.fields if one.name == name), None)

    def lines_of(self, name: str) -> LinesDefinition | None:
        """The lines of this name."""
        return next((one for one in self.lines if one.name == name), None)

    def names(self) -> Iterator[str]:
        """Every field, then every field that holds lines."""
        yield from (one.name for one in self.fields)
        yield from (one.name for one in self.lines)


def is_extension(name: str) -> bool:
    """May a project add a field of this name to any entity?

    >>> is_extension("x_colour"), is_extension("colour")
    (True, False)
    """
    return name.startswith(EXTENSION) and len(name) > len(EXTENSION)


# --- the words in which the definitions are written -------------------------------------------------------------------


def text(name: str, meaning: str, term: str = "", *, nullable: bool = True) -> FieldDefinition:
    """Any text."""
    return FieldDefinition(name=name, kind=Kind.TEXT, meaning=meaning, term=term, nullable=nullable)


def code(name: str, kind: Kind, meaning: str, term: str = "") -> FieldDefinition:
    """Text of a code list, or with a check digit."""
    return FieldDefinition(name=name, kind=kind, meaning=meaning, term=term)


def choice(name: str, choices: str, meaning: str, term: str = "") -> FieldDefinition:
    """One word of a fixed list."""
    return FieldDefinition(name=name, kind=Kind.CHOICE, meaning=meaning, term=term, choices=tuple(choices.split()))


def flag(name: str, meaning: str, term: str = "") -> FieldDefinition:
    """Yes or no."""
    return FieldDefinition(name=name, kind=Kind.BOOLEAN, meaning=meaning, term=term)


def count(name: str, meaning: str, term: str = "", *, unit: str = "") -> FieldDefinition:
    """A whole number."""
    return FieldDefinition(name=name, kind=Kind.INTEGER, meaning=meaning, term=term, unit=unit)


def number(name: str, unit: str, meaning: str, term: str = "") -> FieldDefinition:
    """An exact number in a unit that never changes; "" for none."""
    return FieldDefinition(name=name, kind=Kind.DECIMAL, meaning=meaning, term=term, unit=unit)


def money(name: str, meaning: str, term: str = "", *, currency: str = "currency") -> FieldDefinition:
    """An amount; `currency` is the field that holds its currency."""
    return FieldDefinition(name=name, kind=Kind.MONEY, meaning=meaning, term=term, of=currency)


def quantity(name: str, meaning: str, term: str = "", *, unit: str = "unit") -> FieldDefinition:
    """A quantity; `unit` is the field that holds its unit."""
    return FieldDefinition(name=name, kind=Kind.QUANTITY, meaning=meaning, term=term, of=unit)


def date(name: str, meaning: str, term: str = "") -> FieldDefinition:
    """A day of the calendar."""
    return FieldDefinition(name=name, kind=Kind.DATE, meaning=meaning, term=term)


def instant(name: str, meaning: str, term: str = "") -> FieldDefinition:
    """A point in time."""
    return FieldDefinition(name=name, kind=Kind.INSTANT, meaning=meaning, term=term)


def reference(name: str, entity: str, meaning: str, term: str = "") -> FieldDefinition:
    """Another entity."""
    return FieldDefinition(name=name, kind=Kind.REFERENCE, meaning=meaning, term=term, of=entity)


def words(name: str, meaning: str, term: str = "") -> FieldDefinition:
    """A set of texts whose order does not matter."""
    return FieldDefinition(name=name, kind=Kind.SET, meaning=meaning, term=term)


def key(name: str, meaning: str, term: str = "", *, kind: Kind = Kind.TEXT) -> FieldDefinition:
    """What names a line within its entity; never null."""
    return FieldDefinition(name=name, kind=kind, meaning=meaning, term=term, nullable=False)


def address(prefix: str, what: str, term: str, *, country: str = "country") -> tuple[FieldDefinition, ...]:
    """The fields of a postal address, each behind `prefix`."""
    return (
        text(f"{prefix}street", f"street and house number of the {what}", f"{term}/StreetName"),
        text(f"{prefix}postcode", f"post code of the {what}", f"{term}/PostalZone"),
        text(f"{prefix}city", f"city of the {what}", f"{term}/CityName"),
        text(f"{prefix}region", f"state or province of the {what}", f"{term}/CountrySubentity"),
        code(f"{prefix}{country}", Kind.COUNTRY, f"country of the {what}", f"{term}/Country/IdentificationCode"),
    )
