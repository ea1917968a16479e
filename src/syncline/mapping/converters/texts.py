"""Converters of text: spaces, case, prefixes, padding, e-mail addresses and phone numbers."""

from __future__ import annotations

import re
import unicodedata

from syncline.mapping.converters.columns import kept_where, lowered
from syncline.mapping.converters.phones import E164, phone_column, phone_steps
from syncline.mapping.converting import Arguments, Converter, ConverterSpec, Parameter
from syncline.mapping.values import Step, as_text
from syncline.model.definitions import Kind

_SPACES = re.compile(r"\s+")


def _tidy(value: object) -> object:
    text = " ".join(as_text(value).split())
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def _single_spaced(value: object) -> object:
    return _SPACES.sub(" ", as_text(value))


def _both_ways(step: Step) -> Converter:
    return Converter(get=step, put=step)


def _email(arguments: Arguments) -> Converter:
    lowers_all = len(arguments) > 0 and arguments.choice(0, ["lower"], "lower") == "lower"

    def tidy(value: object) -> object:
        text = value.strip() if isinstance(value, str) else as_text(value)
        if lowers_all:
            return text.lower()
        name, at, domain = text.rpartition("@")
        return name + at + domain.lower() if at else text

    short = lowered if lowers_all else None
    return Converter(get=tidy, put=tidy, get_column=short, put_column=short)


def _phone(arguments: Arguments) -> Converter:
    read, write = phone_steps(arguments)
    return Converter(get=read, put=write, get_column=phone_column(read), put_column=kept_where(E164))


def _prefix(arguments: Arguments) -> Converter:
    prefix = arguments.text(0)

    def strip(value: object) -> object:
        text = as_text(value)
        if text.startswith(prefix):
            return text[len(prefix) :]
        msg = f"this does not begin with `{prefix}`"
        raise ValueError(msg)

    return Converter(get=strip, put=lambda value: prefix + as_text(value))


def _pad(arguments: Arguments) -> Converter:
    width, filler = arguments.count(0, most=1000), arguments.text(1, "0")
    if len(filler) != 1:
        raise arguments.wrong(1, f"`{filler}` is not one character")

    def fill(value: object) -> object:
        return as_text(value).rjust(width, filler)

    return Converter(get=lambda value: _unfilled(value, filler), put=fill)


def _unfilled(value: object, filler: str) -> str:
    # a text of nothing but filling is the number zero, not nothing
    return as_text(value).lstrip(filler) or filler


def _truncate(arguments: Arguments) -> Converter:
    most = arguments.count(0)
    return Converter(put=lambda value: as_text(value)[:most], loses=f"all after {most} characters")


SPECS = (
    ConverterSpec(
        name="text",
        summary="Text without outer and doubled spaces, in Unicode form NFC.",
        example="name | text",
        build=lambda _: _both_ways(_tidy),
        gives=Kind.TEXT,
    ),
    ConverterSpec(
        name="trim",
        summary="Text without outer spaces.",
        example="name | trim",
        build=lambda _: _both_ways(lambda value: as_text(value).strip()),
        gives=Kind.TEXT,
    ),
    ConverterSpec(
        name="spaces",
        summary="Text in which every run of spaces is one space.",
        example="name | spaces",
        build=lambda _: _both_ways(_single_spaced),
        gives=Kind.TEXT,
    ),
    ConverterSpec(
        name="upper",
        summary="Text in capitals.",
        example="code | upper",
        build=lambda _: _both_ways(lambda value: as_text(value).upper()),
        gives=Kind.TEXT,
    ),
    ConverterSpec(
        name="lower",
        summary="Text in small letters.",
        example="login | lower",
        build=lambda _: _both_ways(lambda value: as_text(value).lower()),
        gives=Kind.TEXT,
    ),
    ConverterSpec(
        name="email",
        summary="An e-mail address, trimmed, with its domain in small letters.",
        example="mail | email",
        build=_email,
        gives=Kind.EMAIL,
        parameters=(Parameter(name="lower", meaning="`lower` writes the part before the @ in small letters, too"),),
    ),
    ConverterSpec(
        name="phone",
        summary="A phone number as E.164; text that is no phone number stays as it is.",
        example="phone | phone(CN)",
        build=_phone,
        gives=Kind.PHONE,
        parameters=(
            Parameter(name="region", meaning="country of numbers without a country code, ISO 3166 two letters"),
        ),
    ),
    ConverterSpec(
        name="prefix",
        summary="The system writes this text before the value.",
        example="number | prefix(C-)",
        build=_prefix,
        gives=Kind.TEXT,
        parameters=(Parameter(name="text", meaning="what stands before the value", optional=False),),
    ),
    ConverterSpec(
        name="pad",
        summary="The system fills the value up from the left.",
        example="code | pad(8, 0)",
        build=_pad,
        gives=Kind.TEXT,
        parameters=(
            Parameter(name="width", meaning="characters in the system", optional=False),
            Parameter(name="filler", meaning="one character, 0 if not given"),
        ),
    ),
    ConverterSpec(
        name="truncate",
        summary="The system takes so many characters; what is longer is cut when it is written.",
        example="name | truncate(40)",
        build=_truncate,
        keeps=True,
        parameters=(Parameter(name="length", meaning="characters", optional=False),),
    ),
)
