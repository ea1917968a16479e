"""Converters of identifiers with check digits, and of units by their code: one spelling in the hub, theirs outside."""

from __future__ import annotations

from syncline.mapping.converting import Arguments, Converter, ConverterSpec, Parameter
from syncline.mapping.values import Step, as_text
from syncline.model.definitions import Kind

_GTIN_LENGTHS = (8, 12, 13, 14)
_GROUP = 4  # characters of an IBAN as it is printed


def _both_ways(step: Step) -> Converter:
    return Converter(get=step, put=step, remembers=True)


def _gtin(arguments: Arguments) -> Converter:
    from syncline.model.identifiers import gtin, gtin_of  # noqa: PLC0415  most mappings need none of it

    def read(value: object) -> object:
        return gtin(as_text(value))

    if not len(arguments):
        return _both_ways(read)
    length = arguments.count(0, most=max(_GTIN_LENGTHS))
    if length not in _GTIN_LENGTHS:
        raise arguments.wrong(0, f"no GTIN has {length} digits", "Write 8, 12, 13 or 14.")
    return Converter(get=read, put=lambda value: gtin_of(as_text(value), length), remembers=True)


def _gln(_: Arguments) -> Converter:
    from syncline.model.identifiers import gln  # noqa: PLC0415  most mappings need none of it

    return _both_ways(lambda value: gln(as_text(value)))


def _sscc(_: Arguments) -> Converter:
    from syncline.model.identifiers import sscc  # noqa: PLC0415  most mappings need none of it

    return _both_ways(lambda value: sscc(as_text(value)))


def _iban(arguments: Arguments) -> Converter:
    from syncline.model.identifiers import iban  # noqa: PLC0415  most mappings need none of it

    spaced = len(arguments) > 0 and arguments.choice(0, ("spaced",), "spaced") == "spaced"

    def read(value: object) -> object:
        return iban(as_text(value))

    def write(value: object) -> object:
        text = iban(as_text(value))
        return " ".join(text[at : at + _GROUP] for at in range(0, len(text), _GROUP))

    return Converter(get=read, put=write if spaced else read, remembers=True)


def _vat(arguments: Arguments) -> Converter:
    from syncline.model.vat import vat  # noqa: PLC0415  most mappings need none of it

    country = arguments.text(0, "").upper()
    if country and not (len(country) == 2 and country.isascii() and country.isalpha()):  # noqa: PLR2004  of ISO 3166
        raise arguments.wrong(0, f"`{country}` is not a country", "Write its two letters, such as DE.")
    bare = len(arguments) > 1 and arguments.choice(1, ("bare",), "bare") == "bare"
    prefix = {"GR": "EL"}.get(country, country)

    def read(value: object) -> object:
        return vat(as_text(value), country)

    def write(value: object) -> object:
        text = vat(as_text(value))
        if not text.startswith(prefix):
            msg = f"this is no VAT number of {prefix}, and the system keeps no other"
            raise ValueError(msg)
        return text.removeprefix(prefix)

    return Converter(get=read, put=write if bare else read, remembers=True)


def _unit_code(arguments: Arguments) -> Converter:
    from syncline.model.quantity import unit, unit_of  # noqa: PLC0415  most mappings need none of it

    form = arguments.choice(0, ("code", "symbol", "word"), "code")

    def write(value: object) -> object:
        one = unit(as_text(value))
        return one.code if form == "code" else one.symbol if form == "symbol" else (one.words or (one.symbol,))[0]

    return Converter(get=lambda value: unit_of(as_text(value)).code, put=write, remembers=True)


SPECS = (
    ConverterSpec(
        name="gtin",
        summary="A global trade item number (EAN, UPC) with a right check digit, as 8, 13 or 14 digits.",
        example="barcode | gtin(14)",
        build=_gtin,
        gives=Kind.GTIN,
        parameters=(Parameter(name="digits", meaning="8, 12, 13 or 14 in the system; as few as do if not given"),),
    ),
    ConverterSpec(
        name="gln",
        summary="A global location number with a right check digit.",
        example="location | gln",
        build=_gln,
        gives=Kind.GLN,
    ),
    ConverterSpec(
        name="sscc",
        summary="A serial shipping container code with a right check digit.",
        example="pallet | sscc",
        build=_sscc,
        gives=Kind.SSCC,
    ),
    ConverterSpec(
        name="vat",
        summary="A number for value added tax with its country before it, by the check digits of that country.",
        example="vat_no | vat(DE)",
        build=_vat,
        gives=Kind.VAT,
        parameters=(
            Parameter(name="country", meaning="of numbers that come without one, ISO 3166 two letters"),
            Parameter(name="form", meaning="`bare`: the system keeps numbers of that country alone, without it"),
        ),
    ),
    ConverterSpec(
        name="iban",
        summary="An international bank account number with right check digits.",
        example="account | iban(spaced)",
        build=_iban,
        gives=Kind.IBAN,
        parameters=(Parameter(name="form", meaning="`spaced`: the system keeps it in groups of four"),),
    ),
    ConverterSpec(
        name="unit code",
        summary="A unit of measure by its code, symbol or another word, as UN/ECE Recommendation 20.",
        example="uom | unit code(symbol)",
        build=_unit_code,
        gives=Kind.UNIT,
        parameters=(Parameter(name="form", meaning="what is written: code (if not given: KGM), symbol (kg) or word"),),
    ),
)
