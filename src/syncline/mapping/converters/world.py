"""Converters of countries, languages and currencies: names in many languages and all ISO codes to one code."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Callable, Mapping
from functools import cache

from syncline.mapping.converting import Arguments, Converter, ConverterSpec, Parameter
from syncline.mapping.values import Step, as_text

Table = Callable[[], Mapping[str, str]]

_LANGUAGE_TAG = re.compile(r"([A-Za-z]{2,3})[-_]([A-Za-z]{2}|[A-Za-z]{4}|[0-9]{3})", re.ASCII)
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


def _find(tables: tuple[Table, ...], what: str) -> Step:
    """The code of a name; the tables are tried in order and made when they are first needed."""

    def step(value: object) -> object:
        name = _folded(as_text(value))
        for table in tables:
            if (code := table().get(name)) is not None:
                return code
        near = difflib.get_close_matches(name, tables[2](), n=1, cutoff=0.7)
        msg = f"no {what} is known by this name{f'; did you mean {near[0]}?' if near else ''}"
        raise ValueError(msg)

    return step


def _show(names: Table, what: str) -> Step:
    def step(value: object) -> object:
        name = names().get(as_text(value))
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
    names: dict[str, Table] = {"iso2": _iso2, "iso3": _iso3, "name": lambda: _territories(language)}
    tables = (_country_codes, _country_words, lambda: _turned(_territories("en")), _country_names)
    return _coded(_find(tables, "country"), _show(names[form], "country"))


def _language(arguments: Arguments) -> Converter:
    form = arguments.choice(0, ("code", "iso3", "name", "locale"), "code")
    tables = (_language_codes, _language_words, lambda: _turned(_language_names("en")), _languages)
    find = _find(tables, "language")
    shows = {"iso3": _language_iso3, "name": _language_names}
    show = _show(shows.get(form, lambda: {code: code for code in _language_names()}), "language")

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
    match = _LANGUAGE_TAG.fullmatch(text.strip())
    if match is None:
        return text, None
    region = match[2]
    return match[1].lower(), region.title() if len(region) == len("Hans") else region.upper()


def _currency(arguments: Arguments) -> Converter:
    form = arguments.choice(0, ("code", "symbol", "name"), "code")
    names: dict[str, Table] = {
        "code": lambda: {code: code for code in _currency_names()},
        "symbol": _currency_symbols,
        "name": _currency_names,
    }
    tables = (_currency_codes, _currency_words, lambda: _turned(_currency_names("en")), _currencies)
    return _coded(_find(tables, "currency"), _show(names[form], "currency"))


def _turned(names: Mapping[str, str]) -> dict[str, str]:
    return {_folded(name): code for code, name in names.items()}


def _in_all_languages(names: Callable[[str], Mapping[str, str]]) -> dict[str, str]:
    """Names to codes; where two languages use one name for two things, the earlier language wins."""
    table: dict[str, str] = {}
    for language in reversed(_LANGUAGES):
        table |= _turned(names(language))
    return table


@cache
def _iso3() -> dict[str, str]:
    import pycountry  # noqa: PLC0415  heavy: only mappings with countries pay for it

    return {country.alpha_2: country.alpha_3 for country in pycountry.countries} | {"XK": "XKX"}


@cache
def _iso2() -> dict[str, str]:
    return {code: code for code in _iso3()}


@cache
def _territories(language: str) -> dict[str, str]:
    from babel import Locale  # noqa: PLC0415  heavy: only mappings with countries pay for it

    names = Locale(language).territories
    return {code: names[code] for code in _iso3()}


@cache
def _country_codes() -> dict[str, str]:
    return {code.lower(): code for code in _iso3()} | {iso3.lower(): code for code, iso3 in _iso3().items()}


@cache
def _country_words() -> dict[str, str]:
    return {_folded(name): code for name, code in _COUNTRY_WORDS.items()}


@cache
def _country_names() -> dict[str, str]:
    return _in_all_languages(_territories)


@cache
def _language_iso3() -> dict[str, str]:
    import pycountry  # noqa: PLC0415  heavy: only mappings with languages pay for it

    return {entry.alpha_2: entry.alpha_3 for entry in pycountry.languages if hasattr(entry, "alpha_2")}


@cache
def _language_names(language: str = "en") -> dict[str, str]:
    from babel import Locale  # noqa: PLC0415  heavy: only mappings with languages pay for it

    names = Locale(language).languages
    return {code: names[code] for code in _language_iso3() if code in names}


@cache
def _language_codes() -> dict[str, str]:
    import pycountry  # noqa: PLC0415  heavy: only mappings with languages pay for it

    older = {
        entry.bibliographic: entry.alpha_2
        for entry in pycountry.languages
        if hasattr(entry, "bibliographic") and hasattr(entry, "alpha_2")
    }
    codes = {iso3: code for code, iso3 in _language_iso3().items()} | {code: code for code in _language_iso3()}
    return older | codes


@cache
def _language_words() -> dict[str, str]:
    return {_folded(name): code for name, code in _LANGUAGE_WORDS.items()}


@cache
def _languages() -> dict[str, str]:
    return _in_all_languages(_language_names)


@cache
def _currency_names(language: str = "en") -> dict[str, str]:
    import pycountry  # noqa: PLC0415  heavy: only mappings with currencies pay for it
    from babel import Locale  # noqa: PLC0415

    names = Locale(language).currencies
    return {entry.alpha_3: names.get(entry.alpha_3, entry.name) for entry in pycountry.currencies}


@cache
def _currency_symbols() -> dict[str, str]:
    """A sign where it leads back to the currency, else its code."""
    signs: dict[str, str] = {}
    for sign, code in _CURRENCY_WORDS.items():
        signs.setdefault(code, sign)
    return {code: signs.get(code, code) for code in _currency_names()}


@cache
def _currency_codes() -> dict[str, str]:
    return {code.lower(): code for code in _currency_names()}


@cache
def _currency_words() -> dict[str, str]:
    return {_folded(name): code for name, code in _CURRENCY_WORDS.items()}


@cache
def _currencies() -> dict[str, str]:
    return _in_all_languages(_currency_names)


SPECS = (
    ConverterSpec(
        name="country",
        summary="A country by its code, or by its name in any of fourteen languages, as ISO 3166 two letters.",
        example="country | country(name)",
        build=_country,
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
        parameters=(
            Parameter(name="form", meaning="what is written: code (if not given: zh-CN), locale (zh_CN), iso3 or name"),
        ),
    ),
    ConverterSpec(
        name="currency",
        summary="A currency by its code, sign, or name in any of fourteen languages, as ISO 4217 three letters.",
        example="currency | currency(symbol)",
        build=_currency,
        parameters=(Parameter(name="form", meaning="what is written: code (if not given), symbol or name"),),
    ),
)
