"""Writes the names of countries, languages and currencies that the converters read, from babel and pycountry.

The product carries the result, so that reading a country name neither needs these libraries nor waits for them.
Run it when the libraries are renewed; a test says when that is due.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import msgspec
import pycountry
from babel import Locale

FOLDER = Path(__file__).parents[1] / "src" / "syncline" / "mapping" / "converters" / "names"
LANGUAGES = ("en", "de", "fr", "es", "it", "pt", "nl", "pl", "tr", "ru", "zh", "ja", "ko", "ar")

Table = dict[str, object]


def main() -> None:
    """Write one file per kind of name."""
    FOLDER.mkdir(exist_ok=True)
    for kind, table in tables().items():
        (FOLDER / f"{kind}.json").write_bytes(msgspec.json.encode(table) + b"\n")


def tables() -> dict[str, Table]:
    """What each file holds."""
    return {"countries": _countries(), "languages": _languages(), "currencies": _currencies()}


def _countries() -> Table:
    iso3 = {country.alpha_2: country.alpha_3 for country in pycountry.countries} | {"XK": "XKX"}
    names = _named(lambda locale: locale.territories, iso3)
    codes = {code.lower(): code for code in iso3} | {long.lower(): code for code, long in iso3.items()}
    return {"codes": codes, "iso3": iso3, "names": names, "known": _known(names)}


def _languages() -> Table:
    two_letters = [entry for entry in pycountry.languages if hasattr(entry, "alpha_2")]
    iso3 = {entry.alpha_2: entry.alpha_3 for entry in two_letters}
    older = {entry.bibliographic: entry.alpha_2 for entry in two_letters if hasattr(entry, "bibliographic")}
    names = _named(lambda locale: locale.languages, iso3)
    codes = older | {long: code for code, long in iso3.items()} | {code: code for code in iso3}
    return {"codes": codes, "iso3": iso3, "names": names, "known": _known(names)}


def _currencies() -> Table:
    official = {entry.alpha_3: entry.name for entry in pycountry.currencies}
    names = {
        language: official | named
        for language, named in _named(lambda locale: locale.currencies, official).items()
    }  # fmt: skip
    return {"codes": {code.lower(): code for code in official}, "names": names, "known": _known(names)}


def _named(of: Callable[[Locale], Mapping[str, str]], codes: Iterable[str]) -> dict[str, dict[str, str]]:
    """Per language the name of each code that has one."""
    wanted = list(codes)
    found = {}
    for language in LANGUAGES:
        names = of(Locale(language))
        found[language] = {code: names[code] for code in wanted if code in names}
    return found


def _known(names: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """Names to codes; where two languages use one name for two things, the earlier language wins."""
    known: dict[str, str] = {}
    for language in reversed(LANGUAGES):
        known |= {_folded(name): code for code, name in names[language].items()}
    return known


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


if __name__ == "__main__":
    main()
