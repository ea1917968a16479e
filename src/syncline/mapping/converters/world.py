"""Converters of countries, languages and currencies: names in many languages and all ISO codes to one code.

The names are data beside this file; `tools/names.py` makes it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import msgspec

from syncline.mapping.converting import Arguments, Converter, ConverterSpec, Parameter
from syncline.mapping.values import Step, as_text
from syncline.model.definitions import Kind

Table = Callable[[], Mapping[str, str]]

_LANGUAGE_TAG = r"([A-Za-z]{2,3})[-_]([A-Za-z]{2}|[A-Za-z]{4}|[0-9]{3})"
_LANGUAGES = ("en", "de", "fr", "es", "it", "pt", "nl", "pl", "tr", "ru", "zh", "ja", "ko", "ar")
# what people write and no table of names holds
_COUNTRY_WORDS = {
    "USA": "US", "U.S.A.": "US", "U.S.": "US", "United States of America": "US", "America": "US", "UK": "GB",
    "U.K.": "GB", "Great Britain": "GB", "England": "GB", "Scotland": "GB", "Wales": "GB", "Holland": "NL",
    "PR China": "CN", "P.R. China": "CN", "People's Republic of China": "CN", "Mainland China": "CN",
    "中华人民共和国": "CN", "Czech Republic": "CZ", "South Korea": "KR", "Korea": "KR", "Russia": "RU",
    "Hong Kong": "HK", "香港": "HK", "Macau": "MO", "澳门": "MO", "台湾": "TW", "BRD": "DE", "Türkiye": "TR",
    "Turkey": "TR", "The Netherlands": "NL", "The Bahamas": "BS", "The Gambia": "GM", "The Philippines": "PH",
}  # fmt: skip
# signs that several currencies share ("$", "¥") mean the one that is traded most, unless a mapping says enum(...)
_CURRENCY_WORDS = {
    "$": "USD", "US$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY", "円": "JPY", "元": "CNY", "人民币": "CNY",
    "RMB": "CNY", "CN¥": "CNY", "₹": "INR", "₽": "RUB", "₩": "KRW", "₺": "TRY", "₫": "VND", "฿": "THB", "₴": "UAH",
    "zł": "PLN", "Kč": "CZK", "Fr.": "CHF", "SFr.": "CHF", "R$": "BRL", "A$": "AUD", "C$": "CAD", "HK$": "HKD",
    "NT$": "TWD", "Euro": "EUR", "Dollar": "USD", "Pound": "GBP", "Yen": "JPY", "Yuan": "CNY", "Renminbi": "CNY",
}  # fmt: skip
_LANGUAGE_WORDS = {"Mandarin": "zh", "Chinese (Simplified)": "zh", "Farsi": "fa", "Flemish": "nl"}


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _find(kind: str, what: str) -> Step:
    """The code of a name; the table is read when it is first needed."""

    def step(value: object) -> object:
        names, name = _names(kind), _folded(as_text(value))
        code = names.known.get(name)
        if code is not None:
            return code
        import difflib  # noqa: PLC0415  only a mistake needs it

        near = difflib.get_close_matches(name, map(_folded, names.called().values()), n=1, cutoff=0.7)
        msg = f"no {what} is known by this name{f'; did you mean {near[0]}?' if near else ''}"
        raise ValueError(msg)

    return step


def _show(table: Table, what: str) -> Step:
    made = cache(table)

    def step(value: object) -> object:
        name = made().get(as_text(value))
        if name is None:
            msg = f"this is no code of a {what}"
            raise ValueError(msg)
        return name

    return step


def _coded(get: Step, put: Step) -> Converter:
    return Converter(get=get, put=put, remembers=True)


def _country(arguments: Arguments) -> Converter:
    form = arguments.choice(0, ("iso2", "iso3", "name"), "iso2")
    language = arguments.choice(1, _LANGUAGES, "en")
    shows: dict[str, Table] = {
        "iso2": _itself("countries"),
        "iso3": lambda: _names("countries").iso3,
        "name": lambda: _names("countries").called(language),
    }
    return _coded(_find("countries", "country"), _show(shows[form], "country"))


def _language(arguments: Arguments) -> Converter:
    form = arguments.choice(0, ("code", "iso3", "name", "locale"), "code")
    find = _find("languages", "language")
    shows: dict[str, Table] = {
        "iso3": lambda: _names("languages").iso3,
        "name": lambda: _names("languages").called(),
    }
    show = _show(shows.get(form, lambda: {code: code for code in _names("languages").called()}), "language")

    def read(value: object) -> object:
        first, region = _tag(as_text(value))
        return find(value) if region is None else f"{find(first)}-{region}"

    def write(value: object) -> object:
        first, region = _tag(as_text(value))
        name = show(first)
        return name if region is None or form in shows else f"{name}{'_' if form == 'locale' else '-'}{region}"

    return Converter(get=read, put=write, remembers=True, loses="the region of zh-CN" if form in shows else "")


def _tag(text: str) -> tuple[str, str | None]:
    """Language and region of zh-CN or zh_CN; other text is no tag."""
    match = re.fullmatch(_LANGUAGE_TAG, text.strip())
    if match is None:
        return text, None
    region = match[2]
    return match[1].lower(), region.title() if len(region) == len("Hans") else region.upper()


def _currency(arguments: Arguments) -> Converter:
    form = arguments.choice(0, ("code", "symbol", "name"), "code")
    shows: dict[str, Table] = {
        "code": _itself("currencies"),
        "symbol": _signs,
        "name": lambda: _names("currencies").called(),
    }
    return _coded(_find("currencies", "currency"), _show(shows[form], "currency"))


class _Names(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of thing: its codes, and what it is called."""

    known: Mapping[str, str]  #: folded code, name or word -> code
    codes: tuple[str, ...]
    iso3: Mapping[str, str]
    of: Mapping[str, msgspec.Raw]  #: language -> code -> name, decoded when it is asked for

    def called(self, language: str = "en") -> dict[str, str]:
        """The name of each code in one language."""
        return msgspec.json.decode(self.of[language], type=dict[str, str])


class _File(msgspec.Struct, frozen=True, kw_only=True):
    """A table as `tools/names.py` wrote it."""

    codes: dict[str, str]
    names: dict[str, msgspec.Raw]
    known: dict[str, str]
    iso3: dict[str, str] = {}


_WORDS = {"countries": _COUNTRY_WORDS, "languages": _LANGUAGE_WORDS, "currencies": _CURRENCY_WORDS}


@cache
def _names(kind: str) -> _Names:
    """The table of a kind: a code means more than a word of ours, and that more than a name in some language."""
    file = msgspec.json.decode(Path(__file__).with_name("names").joinpath(f"{kind}.json").read_bytes(), type=_File)
    words = {_folded(name): code for name, code in _WORDS[kind].items()}
    codes = tuple(dict.fromkeys(file.codes.values()))
    return _Names(known=file.known | words | file.codes, codes=codes, iso3=file.iso3, of=file.names)


def _signs() -> dict[str, str]:
    """A sign where it leads back to the currency, else its code."""
    signs: dict[str, str] = {}
    for sign, code in _CURRENCY_WORDS.items():
        signs.setdefault(code, sign)
    return {code: signs.get(code, code) for code in _names("currencies").codes}


def _itself(kind: str) -> Table:
    return lambda: {code: code for code in _names(kind).codes}


SPECS = (
    ConverterSpec(
        name="country",
        summary="A country by its code, or by its name in any of fourteen languages, as ISO 3166 two letters.",
        example="country | country(name)",
        build=_country,
        gives=Kind.COUNTRY,
        parameters=(
            Parameter(name="form", meaning="what is written: iso2 (if not given), iso3 or name"),
            Parameter(name="language", meaning="of the names that are written, en if not given"),
        ),
    ),
    ConverterSpec(
        name="language",
        summary="A language by its code, or by its name in any of fourteen languages, as ISO 639 two letters.",
        example="language | language(locale)",
        build=_language,
        gives=Kind.LANGUAGE,
        parameters=(
            Parameter(name="form", meaning="what is written: code (if not given: zh-CN), locale (zh_CN), iso3 or name"),
        ),
    ),
    ConverterSpec(
        name="currency",
        summary="A currency by its code, sign, or name in any of fourteen languages, as ISO 4217 three letters.",
        example="currency | currency(symbol)",
        build=_currency,
        gives=Kind.CURRENCY,
        parameters=(Parameter(name="form", meaning="what is written: code (if not given), symbol or name"),),
    ),
)
