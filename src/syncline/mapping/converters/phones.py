"""Phone numbers as E.164, fast: most numbers need only their punctuation removed.

The library behind this takes 20 microseconds and more for one number. A number whose digits already match the general
pattern of its country, and cannot be read as one with a trunk or carrier prefix, is what the library would return; only
the others are given to it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache, lru_cache
from operator import itemgetter
from pathlib import Path
from types import ModuleType
from typing import cast

import msgspec

from syncline.mapping.converters.columns import lines_of
from syncline.mapping.converting import Arguments, did_you_mean
from syncline.mapping.values import Column, ShortWay, Step, as_text

_PUNCTUATION = b" -().\t"
_LONGEST_CODE = 3
_START = itemgetter(slice(_LONGEST_CODE + 1))  #: of a number: the plus and what may be its country's code
_REMEMBERED = 50_000
_REMEMBERED_STARTS = 2_000
_LONGEST_NUMBER = 200  # characters, with all that people write around a number
_NOTHING = re.compile(rb"(?!)")  #: matches no number
E164 = r"\+[1-9][0-9]{6,14}"
_E164 = re.compile(E164, re.ASCII)


def phone_steps(arguments: Arguments) -> tuple[Step, Step]:
    """Reading and writing by the rules of the region that the call names; E.164 is written as it is."""
    region = arguments.text(0, "").upper()
    if region and region not in _table().regions:
        raise arguments.wrong(0, f"`{region}` is not a region", did_you_mean(region, _table().regions))
    read = _reading(region)

    def write(value: object) -> object:
        return value if isinstance(value, str) and _E164.fullmatch(value) else read(value)

    return read, write


def phone_column(read: Step) -> ShortWay:
    """What `read` makes of plain texts: their punctuation goes all at once; most start with their country's code."""

    def short(values: Column) -> Column | None:
        text = lines_of(values)
        if text is None:
            return None
        lines = text.encode().translate(None, _PUNCTUATION).split(b"\n")
        made: Column = [*b"\n".join(lines).decode().split("\n")]
        starts = map(_of_country, map(_START, lines))
        for number in [n for n, (fits, begin) in enumerate(starts) if not fits(lines[n], begin)]:
            made[number] = read(values[number]) if values[number] else ""
        return made

    return short


def _reading(region: str) -> Step:
    home, own = _table().regions[region] if region else ("0", "")
    plus_home, start = f"+{home}".encode(), len(home) + 1
    abroad = _pattern_of(home.encode()).fullmatch
    domestic = re.compile(own.encode(), re.ASCII).fullmatch if own else abroad

    def read(value: object) -> object:
        text = value if value.__class__ is str else as_text(value)
        digits = text.encode().translate(None, _PUNCTUATION)
        if digits.startswith(plus_home):
            if abroad(digits, start):
                return digits.decode()
        elif digits.startswith(b"+"):
            national, begin = _of_country(_START(digits))
            if national(digits, begin):
                return digits.decode()
        elif domestic(digits):
            return f"+{home}{digits.decode()}"
        return by_library(text, region) if len(text) <= _LONGEST_NUMBER else text

    return read


@lru_cache(maxsize=_REMEMBERED_STARTS)
def _of_country(start: bytes) -> tuple[Callable[[bytes, int], object], int]:
    """What tells whether a number that begins so needs no work, and where its national part begins."""
    for end in range(2, _LONGEST_CODE + 2) if start.startswith(b"+") else ():
        pattern = _pattern_of(start[1:end])
        if pattern is not _NOTHING:
            return pattern.fullmatch, end
    return _NOTHING.fullmatch, 0


@cache
def _pattern_of(code: bytes) -> re.Pattern[bytes]:
    pattern = _table().codes.get(code.decode(errors="replace"))
    return _NOTHING if pattern is None else re.compile(pattern.encode(), re.ASCII)


class _Table(msgspec.Struct, frozen=True, kw_only=True):
    """National numbers that need no work, as `tools/phones.py` wrote them."""

    codes: dict[str, str]  #: country code -> pattern
    regions: dict[str, tuple[str, str]]  #: region -> its country code, and its pattern where that is another


@cache
def _table() -> _Table:
    return msgspec.json.decode(Path(__file__).with_name("names").joinpath("phones.json").read_bytes(), type=_Table)


@lru_cache(maxsize=_REMEMBERED)
def by_library(text: str, region: str) -> str:
    """The long way: whatever people write as a phone number, by the library."""
    library = _library()
    try:
        number = library.parse(text, region or None)
    except library.NumberParseException:
        return text
    if not library.is_possible_number(number):
        return text
    plain = cast("str", library.format_number(number, library.PhoneNumberFormat.E164))
    return f"{plain};ext={number.extension}" if number.extension else plain


@cache
def _library() -> ModuleType:
    import phonenumbers  # noqa: PLC0415  heavy: only numbers that need it pay for it

    return phonenumbers
