"""Converters of numbers: exact decimals, minor units, scales and units of measure; never binary floating point."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context, Decimal, Inexact, InvalidOperation, localcontext
from fractions import Fraction

from syncline.mapping.converters.columns import canonical_numbers, multiplied, padded
from syncline.mapping.converting import Arguments, Converter, ConverterSpec, Parameter, did_you_mean
from syncline.mapping.values import (
    HALF_UP,
    SIMPLE_NUMBER,
    Step,
    as_decimal,
    as_integer,
    canonical_decimal,
    rounded,
)
from syncline.model.definitions import Kind

_MOST_PLACES = 30
_PLACES_READ, _PLACES_WRITTEN = (
    18,
    14,
)  # a factor such as 1/60 never ends: what is written back is rounded more coarsely
_SHORT_DIGITS, _SHORT_RANGE = 50, 18  # of a factor
_WIDE = Context(prec=200, rounding=ROUND_HALF_EVEN)


def json_number(number: Decimal) -> int | float:
    """A number that JSON carries without loss; refused where it has too many digits."""
    if number == number.to_integral_value():
        return int(number)
    binary = float(number)
    if Decimal(repr(binary)) != number:
        msg = "this has more digits than a JSON number keeps"
        raise ValueError(msg)
    return binary


def _plain(number: Decimal) -> str:
    """Without an exponent; `str` is three times as quick as a format, and rarely writes one."""
    text = str(number)
    return f"{number:f}" if "E" in text else text


def _fixed(places: int) -> Step:
    smallest, round_to, is_simple = Decimal(1).scaleb(-places), HALF_UP.quantize, SIMPLE_NUMBER.fullmatch
    zeros = f".{'0' * places}" if places else ""

    def write(value: object) -> object:
        if not isinstance(value, str) or not is_simple(value):
            number = rounded(as_decimal(value), places)
        else:
            point = value.find(".")
            missing = places + 1 + point - len(value) if point > 0 else places
            if missing >= 0 and value > ".":  # it only needs zeros, and has no sign, which sorts before the point
                return value + ("0" * missing if point > 0 else zeros)
            number = round_to(Decimal(value), smallest)
        return _plain(number or abs(number))  # zero has no sign

    return write


def _decimal(arguments: Arguments) -> Converter:
    if not len(arguments):
        return Converter(
            get=canonical_decimal, put=canonical_decimal, get_column=canonical_numbers, put_column=canonical_numbers
        )
    places = arguments.count(0, most=_MOST_PLACES)
    return Converter(
        get=canonical_decimal,
        put=_fixed(places),
        get_column=canonical_numbers,
        put_column=padded(places),
        loses=f"digits after place {places} are rounded",
    )


def _number(arguments: Arguments) -> Converter:
    if not len(arguments):
        return Converter(get=canonical_decimal, put=lambda value: json_number(as_decimal(value)), remembers=True)
    places = arguments.count(0, most=_MOST_PLACES)
    return Converter(
        get=canonical_decimal,
        put=lambda value: json_number(rounded(as_decimal(value), places)),
        remembers=True,
        loses=f"digits after place {places} are rounded",
    )


def _minor(arguments: Arguments) -> Converter:
    places = arguments.count(0, 2, most=_MOST_PLACES)

    def read(value: object) -> object:
        return canonical_decimal(Decimal(as_integer(value)).scaleb(-places))

    def write(value: object) -> object:
        return as_integer(rounded(as_decimal(value).scaleb(places), 0))

    return Converter(get=read, put=write, remembers=True, loses=f"digits after place {places} are rounded")


def _scale(arguments: Arguments) -> Converter:
    text = arguments.text(0)
    try:
        factor = Fraction(Decimal(text))
    except (InvalidOperation, ValueError, OverflowError):
        factor = Fraction(0)
    if factor == 0:
        raise arguments.wrong(0, f"`{text}` is not a factor", "Write a number such as 0.001; it must not be zero.")
    return _scaled(factor, arguments.count(1, most=_PLACES_READ) if len(arguments) > 1 else _PLACES_READ)


def _unit(arguments: Arguments) -> Converter:
    from syncline.model.quantity import factor  # noqa: PLC0415  most mappings need none of it

    wire, canonical = (_unit_named(arguments, index) for index in (0, 1))
    try:
        ratio = factor(wire, canonical)
    except ValueError:
        what = f"`{arguments.text(0)}` cannot be turned into `{arguments.text(1)}`"
        raise arguments.wrong(1, what, "Name two units of one kind.") from None
    return _scaled(ratio)


def _unit_named(arguments: Arguments, index: int) -> str:
    from syncline.model.quantity import unit_of, units  # noqa: PLC0415  most mappings need none of it

    name = arguments.text(index)
    try:
        return unit_of(name).code
    except ValueError:
        cure = did_you_mean(name, [word for one in units().values() for word in (one.code, one.symbol)])
        raise arguments.wrong(index, f"`{name}` is not a unit", cure) from None


def _scaled(factor: Fraction, places: int = _PLACES_READ) -> Converter:
    rounds = f"digits after place {places} are rounded" if places < _PLACES_READ else ""
    short = _short(factor)
    return Converter(
        get=_times(factor, places),
        put=_times(1 / factor, _PLACES_WRITTEN),
        get_column=multiplied(short, places, _WIDE.multiply) if short is not None else None,
        loses=rounds or f"digits after place {_PLACES_WRITTEN} are rounded when written",
    )


def _times(factor: Fraction, places: int) -> Step:
    """Multiplying by a factor; a factor that is a short decimal, and a usual number, need no fraction."""
    short, multiply = _short(factor), _WIDE.multiply
    smallest, round_to = Decimal(1).scaleb(-places), HALF_UP.quantize

    def step(value: object) -> object:
        if short is None or not isinstance(value, str) or not SIMPLE_NUMBER.fullmatch(value):
            return _product(value, factor, places)
        text = _plain(multiply(Decimal(value), short))
        point = text.find(".")
        if point < 0:
            return "0" if text == "-0" else text
        if len(text) - point - 1 > places:
            text = _plain(round_to(Decimal(text), smallest))
            if not places:
                return "0" if text == "-0" else text
        text = text.rstrip("0").rstrip(".")
        return "0" if text == "-0" else text

    return step


def _short(factor: Fraction) -> Decimal | None:
    """The factor where a product with it has all its digits; None where a decimal would be longer, or never end."""
    with localcontext(_WIDE) as context:
        context.prec, context.traps[Inexact] = _SHORT_DIGITS, True
        try:
            short = Decimal(factor.numerator) / Decimal(factor.denominator)
        except Inexact:
            return None
    return short if abs(short.adjusted()) <= _SHORT_RANGE else None


def _product(value: object, factor: Fraction, places: int) -> str:
    product = Fraction(as_decimal(value)) * factor
    quotient = _WIDE.divide(Decimal(product.numerator), Decimal(product.denominator))
    return canonical_decimal(rounded(quotient, places))


def _integer(_: Arguments) -> Converter:
    return Converter(get=as_integer, put=as_integer)


_PLACES = Parameter(name="places", meaning="digits after the point when written")

SPECS = (
    ConverterSpec(
        name="decimal",
        summary="An exact number that the system keeps as text; extra digits are rounded half-up when written.",
        example="credit_limit | decimal(2)",
        build=_decimal,
        gives=Kind.DECIMAL,
        parameters=(_PLACES,),
    ),
    ConverterSpec(
        name="number",
        summary="An exact number that the system keeps as a JSON number.",
        example="weight | number",
        build=_number,
        gives=Kind.DECIMAL,
        parameters=(_PLACES,),
    ),
    ConverterSpec(
        name="minor",
        summary="An amount that the system keeps in its smallest unit, such as cents.",
        example="total | minor(2)",
        build=_minor,
        gives=Kind.DECIMAL,
        parameters=(Parameter(name="places", meaning="digits of the smallest unit, 2 if not given"),),
    ),
    ConverterSpec(
        name="integer",
        summary="A whole number of at most 64 bits.",
        example="quantity | integer",
        build=_integer,
        gives=Kind.INTEGER,
    ),
    ConverterSpec(
        name="scale",
        summary="The canonical value is the system's value times a factor, exactly or rounded half-up to some places.",
        example="weight | number | scale(0.001)",
        build=_scale,
        gives=Kind.DECIMAL,
        parameters=(
            Parameter(name="factor", meaning="a number other than zero", optional=False),
            Parameter(name="places", meaning="digits after the point that are kept; all when it is not given"),
        ),
    ),
    ConverterSpec(
        name="unit",
        summary="A quantity in another unit of one kind: mass, length, area, volume, time, energy, power or count.",
        example="weight | number | unit(g, kg)",
        build=_unit,
        gives=Kind.DECIMAL,
        parameters=(
            Parameter(name="from", meaning="unit in the system, by symbol or code", optional=False),
            Parameter(name="to", meaning="canonical unit", optional=False),
        ),
    ),
)
