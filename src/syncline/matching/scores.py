"""How alike two records are, with the reasons beside the number."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from syncline.matching.words import (
    Kind,
    kind_of,
    text_of,
)
from syncline.model.flow import MatchRule
from syncline.model.values import Value

_WEIGHTS = {Kind.NAME: 2.0}  # a name says more than any one other field
_MISSING = 0.02  #: taken off per field that only one side has
_WEAK_KINDS = frozenset({Kind.CITY, Kind.ADDRESS, Kind.OTHER})
_WEAK_SHARE = 0.5  #: of the score, when nothing that tells two neighbours apart could be compared


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
    # rapidfuzz takes longer to load than a pass in which nothing is new takes to match.
    from syncline.matching.measures import MEASURES  # noqa: PLC0415

    left, right = sorted((a, b))  # so that no measure can depend on the order
    return MEASURES[kind](left, right)
