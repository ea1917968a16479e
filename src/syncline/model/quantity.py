"""A quantity with its unit; the units of UN/ECE Recommendation 20, with exact factors between those of one dimension.

Sources:
    UN/ECE Recommendation 20, revision 17 (codes) and 21 (packages, with an X before them); the International System of
    Units; the international yard and pound agreement of 1959; the US gallon of 231 cubic inches.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Context, Decimal, Inexact
from fractions import Fraction
from functools import cache
from typing import NamedTuple

#: dimension: code, factor to the first unit of the dimension, symbol, and what people also write
_UNITS = """
mass: KGM 1 kg kilogram kilogramme kilo kgs; GRM 1/1000 g gram gramme gr; MGM 1/1000000 mg milligram
mass: TNE 1000 t tonne ton to; DTN 100 dt decitonne quintal; LBR 45359237/100000000 lb pound lbs
mass: ONZ 45359237/1600000000 oz ounce
length: MTR 1 m metre meter; MMT 1/1000 mm millimetre millimeter; CMT 1/100 cm centimetre centimeter
length: DMT 1/10 dm decimetre; KMT 1000 km kilometre kilometer; 4H 1/1000000 um micrometre
length: INH 254/10000 in inch; FOT 3048/10000 ft foot feet; YRD 9144/10000 yd yard; SMI 1609344/1000 mi mile
area: MTK 1 m2 square-metre sqm qm; CMK 1/10000 cm2; MMK 1/1000000 mm2; KMK 1000000 km2; HAR 10000 ha hectare
area: FTK 9290304/100000000 ft2 sqft; INK 64516/100000000 in2; YDK 83612736/100000000 yd2
volume: LTR 1 l litre liter ltr; MLT 1/1000 ml millilitre milliliter; CLT 1/100 cl; DLT 1/10 dl; HLT 100 hl
volume: MTQ 1000 m3 cubic-metre cbm; DMQ 1 dm3; CMQ 1/1000 cm3 ccm; MMQ 1/1000000 mm3
volume: GLL 3785411784/1000000000 gal gallon; GLI 454609/100000 imp-gal; FTQ 28316846592/1000000000 ft3 cuft
volume: INQ 16387064/1000000000 in3
time: HUR 1 h hour hr hours; SEC 1/3600 s second sec seconds; MIN 1/60 min minute minutes; DAY 24 d day days
time: WEE 168 week weeks wk
calendar: MON 1 month months; QAN 3 quarter; ANN 12 year years
count: C62 1 one unit; H87 1 piece pieces pcs pce pc stk stück st ea; EA 1 each; PR 2 pair pairs; DZN 12 dozen doz
count: GRO 144 gross; CEN 100 hundred; MIL 1000 thousand
energy: KWH 1 kWh; WHR 1/1000 Wh; MWH 1000 MWh; GWH 1000000 GWh; JOU 1/3600000 J joule; KJO 1/3600 kJ; 3B 5/18 MJ
power: KWT 1 kW; WTT 1/1000 W watt; MAW 1000 MW
share: P1 1 % percent
set: SET 1 set sets
kit: KT 1 kit kits
box: XBX 1 box boxes bx
carton: XCT 1 carton ctn
case: XCS 1 case
pallet: XPX 1 pallet pal
package: XPK 1 package pack pkg
bag: XBG 1 bag sack
bottle: XBO 1 bottle
roll: XRO 1 roll rolls
drum: XDR 1 drum barrel
"""
_WIDE = Context(prec=200, rounding=ROUND_HALF_UP)
_EXACT = Context(prec=100, traps=[Inexact])  # a factor that needs more digits never ends


class Unit(NamedTuple):
    """One unit of measure."""

    code: str  #: UN/ECE Recommendation 20
    dimension: str
    factor: Fraction  #: in the first unit of its dimension
    symbol: str
    words: tuple[str, ...]


class Quantity(NamedTuple):
    """A number of units; `quantity` makes one that is checked."""

    value: Decimal
    unit: str  #: UN/ECE Recommendation 20

    def __str__(self) -> str:
        """As people read it."""
        return f"{self.value:f} {unit(self.unit).symbol}"


def quantity(value: Decimal | int | str, of: str) -> Quantity:
    """A number of units of this code; ValueError where either is none.

    >>> print(quantity("2.50", "KGM"))
    2.50 kg
    """
    number = Decimal(value)
    if not number.is_finite():
        raise ValueError("a quantity is a finite number")
    return Quantity(number, unit(of).code)


def unit(of: str) -> Unit:
    """The unit of this code of Recommendation 20.

    >>> unit("GRM").symbol, unit("GRM").factor
    ('g', Fraction(1, 1000))
    """
    found = units().get(of)
    if found is None:
        raise ValueError(f"`{of}` is no unit; write its code of UN/ECE Recommendation 20, such as KGM or H87")
    return found


def code(text: str) -> str:
    """The same code, where there is a unit of it.

    >>> code("KGM")
    'KGM'
    """
    return unit(text).code


def unit_of(word: str) -> Unit:
    """The unit that a code, a symbol or another word means.

    >>> unit_of("kg").code, unit_of("Pcs").code, unit_of("PCE").code, unit_of("dozen").code
    ('KGM', 'H87', 'H87', 'DZN')
    """
    found = units().get(word) or _by_word().get(word) or _by_word().get(word.casefold().strip(" ."))
    if found is None:
        raise ValueError(f"`{word}` is no unit")
    return found


def factor(of: str, to: str) -> Fraction:
    """How many units `to` are one unit `of`, exactly; ValueError where they measure different things.

    >>> factor("KGM", "GRM"), factor("DZN", "H87"), factor("INH", "CMT")
    (Fraction(1000, 1), Fraction(12, 1), Fraction(127, 50))
    """
    one, other = unit(of), unit(to)
    if one.dimension != other.dimension:
        raise ValueError(f"{one.symbol} ({one.dimension}) cannot be turned into {other.symbol} ({other.dimension})")
    return one.factor / other.factor


def converted(one: Quantity, to: str, places: int | None = None) -> Quantity:
    """The same in another unit: exactly, or rounded half up to so many places.

    >>> converted(quantity("1500", "GRM"), "KGM").value
    Decimal('1.5')
    >>> converted(quantity(1, "GRM"), "LBR", places=6).value
    Decimal('0.002205')
    >>> converted(quantity(1, "GRM"), "LBR")
    Traceback (most recent call last):
    ...
    ValueError: 1 g is no exact number of lb; say to how many places it is rounded
    """
    exact = Fraction(one.value) * factor(one.unit, to)
    numerator, denominator = Decimal(exact.numerator), Decimal(exact.denominator)
    if places is not None:
        return Quantity(_WIDE.divide(numerator, denominator).quantize(Decimal(1).scaleb(-places), context=_WIDE), to)
    try:
        return Quantity(_EXACT.divide(numerator, denominator), to)
    except Inexact:
        msg = f"{one} is no exact number of {unit(to).symbol}; say to how many places it is rounded"
        raise ValueError(msg) from None


@cache
def units() -> Mapping[str, Unit]:
    """Every unit by its code."""
    found = {}
    for line in _UNITS.strip().splitlines():
        dimension, _, listed = line.partition(":")
        for entry in listed.split(";"):
            name, share, symbol, *words = entry.split()
            found[name] = Unit(name, dimension, Fraction(share), symbol, tuple(words))
    return found


@cache
def _by_word() -> Mapping[str, Unit]:
    """By symbol as it is written, and by every word in small letters."""
    found: dict[str, Unit] = {}
    for one in units().values():
        for word in (one.symbol, one.symbol.casefold(), *one.words, one.code.casefold()):
            found.setdefault(word, one)
    return found
