"""How alike two texts of one kind are, 0..1: names, places, addresses, identifiers, e-mail addresses, phones.

Loaded when two records are first compared by likeness; each measure takes two texts that differ.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from rapidfuzz import fuzz

from syncline.matching.words import FREE_MAIL, Kind, digits_of, domain_of, name_of, normalise, words_of

_FORM_MISSING = 0.99
_FORM_DIFFERS = 0.96
_SAME_HOUSE = 0.75  #: two mailboxes of one company
_NEAR_MISS = 0.6  #: at most, for e-mail addresses and phones that differ: a typing error at best
_PHONE_MIN = 7  #: digits


def _names(a: str, b: str) -> float:
    left, right = name_of(a), name_of(b)
    alike = _words(left.words, right.words)
    if set(left.forms) == set(right.forms):
        return alike
    return alike * (_FORM_DIFFERS if left.forms and right.forms else _FORM_MISSING)


def _words(a: tuple[str, ...], b: tuple[str, ...]) -> float:
    spaced = fuzz.token_sort_ratio(" ".join(a), " ".join(b))
    joined = fuzz.ratio("".join(a), "".join(b))  # "Jade River" and "JadeRiver"
    return max(spaced, joined) / 100


def _places(a: str, b: str) -> float:
    return _words(words_of(a), words_of(b))


def _addresses(a: str, b: str) -> float:
    return fuzz.WRatio(" ".join(words_of(a)), " ".join(words_of(b))) / 100


def _identifiers(a: str, b: str) -> float:
    return fuzz.ratio(normalise(a), normalise(b)) / 100


def _emails(a: str, b: str) -> float:
    left, right = a.lower(), b.lower()
    if left == right:
        return 1.0
    if (domain := domain_of(left)) and domain == domain_of(right) and domain not in FREE_MAIL:
        return _SAME_HOUSE
    return _NEAR_MISS * fuzz.ratio(left, right) / 100


def _phones(a: str, b: str) -> float:
    short, long = sorted((digits_of(a), digits_of(b)), key=lambda digits: (len(digits), digits))
    if short == long or (len(short) >= _PHONE_MIN and long.endswith(short)):
        return 1.0
    tail = _PHONE_MIN
    if len(short) > tail and short[-tail:] == long[-tail:]:
        return 0.9  # the same number behind different codes, most likely
    return _NEAR_MISS * fuzz.ratio(short, long) / 100


MEASURES: Mapping[Kind, Callable[[str, str], float]] = {
    Kind.NAME: _names,
    Kind.EMAIL: _emails,
    Kind.PHONE: _phones,
    Kind.IDENTIFIER: _identifiers,
    Kind.CITY: _places,
    Kind.ADDRESS: _addresses,
    Kind.OTHER: _places,
}
