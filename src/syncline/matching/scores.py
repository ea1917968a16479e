"""How alike two records are, with the reasons beside the number."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import msgspec
from rapidfuzz import fuzz

from syncline.matching.words import (
    FREE_MAIL,
    Kind,
    digits_of,
    domain_of,
    kind_of,
    name_of,
    normalise,
    text_of,
    words_of,
)
from syncline.model.flow import MatchRule
from syncline.model.values import Value

_WEIGHTS = {Kind.NAME: 2.0}  # a name says more than any one other field
_MISSING = 0.02  #: taken off per field that only one side has
_WEAK_KINDS = frozenset({Kind.CITY, Kind.ADDRESS, Kind.OTHER})
_WEAK_SHARE = 0.5  #: of the score, when nothing that tells two neighbours apart could be compared
_FORM_MISSING = 0.99
_FORM_DIFFERS = 0.96
_SAME_HOUSE = 0.75  #: two mailboxes of one company
_NEAR_MISS = 0.6  #: at most, for e-mail addresses and phones that differ: a typing error at best
_PHONE_MIN = 7  #: digits


class Part(NamedTuple):
    """One field's share in a score."""

    field: str
    a: str
    b: str
    similarity: float  #: 0..1


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """How alike two records are, 0..1, and why."""

    value: float
    parts: tuple[Part, ...]

    def __str__(self) -> str:
        """One line for the person who reviews."""
        reasons = ", ".join(map(_reason, self.parts))
        return f"{self.value:.2f} ({reasons or 'nothing to compare'})"


def score(rule: MatchRule, a: Mapping[str, Value], b: Mapping[str, Value]) -> Score:
    """Compare two records field by field.

    A field that one side lacks is left out and costs a little; one that both lack is left out. Where the rule has
    telling fields and none of them could be compared, the score is halved: many customers live in one city.
    """
    parts: list[Part] = []
    lacking = 0
    for field in rule.fields:
        left, right = text_of(a.get(field)).strip(), text_of(b.get(field)).strip()
        if left and right:
            parts.append(Part(field, left, right, _similarity(kind_of(field), left, right)))
        elif left or right:
            lacking += 1
    return Score(value=_total(rule, parts, lacking), parts=tuple(parts))


def _reason(part: Part) -> str:
    if part.similarity == 1:
        return f"{part.field} equal"
    return f"{part.field} {part.a!r} ~ {part.b!r} {part.similarity:.2f}"


def _total(rule: MatchRule, parts: list[Part], lacking: int) -> float:
    if not parts:
        return 0.0
    weights = [_WEIGHTS.get(kind_of(part.field), 1.0) for part in parts]
    mean = sum(weight * part.similarity for weight, part in zip(weights, parts, strict=True)) / sum(weights)
    telling = any(kind_of(field) not in _WEAK_KINDS for field in rule.fields)
    if telling and all(kind_of(part.field) in _WEAK_KINDS for part in parts):
        mean *= _WEAK_SHARE
    return round(max(0.0, mean - _MISSING * lacking), 6)


def _similarity(kind: Kind, a: str, b: str) -> float:
    if a == b:
        return 1.0
    left, right = sorted((a, b))  # so that no measure can depend on the order
    return _MEASURES[kind](left, right)


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


_MEASURES: Mapping[Kind, Callable[[str, str], float]] = {
    Kind.NAME: _names,
    Kind.EMAIL: _emails,
    Kind.PHONE: _phones,
    Kind.IDENTIFIER: _identifiers,
    Kind.CITY: _places,
    Kind.ADDRESS: _addresses,
    Kind.OTHER: _places,
}
