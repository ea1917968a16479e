"""Which records of a page break a rule: a column at a time, with what is wrong and what may cure it.

What a rule asks of other records (is the value taken, does the reference exist) the engine has looked up for the whole
page and hands in as `Known`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

import msgspec

from syncline.model.quality import Quality, QualityRule, RuleSort
from syncline.model.values import UNSET, Value
from syncline.quality.pattern import Pattern
from syncline.quality.values import gap, is_blank, measure, number, seconds

Column = Sequence[Value]
ORDERS: Mapping[str, Callable[[Decimal | str, Decimal | str], bool]] = {
    "<": operator.lt, "<=": operator.le, "=": operator.eq, "!=": operator.ne, ">=": operator.ge, ">": operator.gt,
}  # fmt: skip
_DAY = 86_400
compiled = lru_cache(maxsize=1000)(Pattern)  #: a pattern is compiled once


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What is known beside the page itself."""

    now: int = 0  #: [µs]
    stamps: Sequence[int] = ()  #: when each record changed in its system [µs]; 0: it does not tell
    taken: Mapping[str, Mapping[int, str]] = {}  #: field -> row -> key of another record that holds the value
    lost: Mapping[str, frozenset[int]] = {}  #: field -> rows whose reference leads nowhere
    others: Mapping[str, Mapping[int, Sequence[Value]]] = {}  #: field -> row -> what the other systems show


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """One record that breaks one rule."""

    row: int
    rule: QualityRule
    field: str
    value: str  #: as it may be told
    reason: str
    cure: str

    @property
    def sentence(self) -> str:
        """Rule, reason, field and value, in one line."""
        told = f" ({self.field} = {self.value})" if self.field else ""
        return f"rule `{self.rule.name}`: {self.reason}{told}"


class Broken(NamedTuple):
    """A row that breaks a rule, by which field, and why."""

    row: int
    field: str
    reason: str


def failures(quality: Quality, rule: QualityRule, columns: Mapping[str, Column], known: Known) -> list[Failure]:
    """The rows that break the rule. A rule over a field that the columns lack breaks nowhere."""
    if not columns.keys() >= set(rule.fields):
        return []
    cure = f"{_CURES[rule.sort]}; or change the rule"
    return [
        Failure(
            row=one.row, rule=rule, field=one.field, reason=one.reason, cure=cure,
            value=quality.told(one.field, columns[one.field][one.row]) if one.field else "",
        )
        for one in _SORTS[rule.sort](rule, columns, known)
    ]  # fmt: skip


def _required(rule: QualityRule, columns: Mapping[str, Column], _known: Known) -> Iterator[Broken]:
    for field in rule.fields:
        yield from (Broken(row, field, "it is missing") for row, value in enumerate(columns[field]) if is_blank(value))


def _unique(rule: QualityRule, columns: Mapping[str, Column], known: Known) -> Iterator[Broken]:
    for field in rule.fields:
        taken = known.taken.get(field, {})
        for row, value in enumerate(columns[field]):
            if not is_blank(value) and row in taken:
                yield Broken(row, field, f"record {taken[row]} holds the same")


def _pattern(rule: QualityRule, columns: Mapping[str, Column], _known: Known) -> Iterator[Broken]:
    pattern = compiled(rule.pattern)
    for field in rule.fields:
        fits: dict[Value, bool] = {}
        for row, value in enumerate(columns[field]):
            if is_blank(value):
                continue
            text = value if isinstance(value, str) else str(value)
            if text not in fits:
                fits[text] = pattern.matches(text)
            if not fits[text]:
                yield Broken(row, field, f"it does not look like {rule.pattern}")


def _range(rule: QualityRule, columns: Mapping[str, Column], _known: Known) -> Iterator[Broken]:
    scale = seconds if any(seconds(one) is not None for one in (rule.least, rule.most)) else number
    least, most = scale(rule.least), scale(rule.most)
    span = f"from {rule.least or '-'} to {rule.most or '-'}"
    for field in rule.fields:
        for row, value in enumerate(columns[field]):
            if is_blank(value):
                continue
            found = scale(value)
            if found is None or (least is not None and found < least) or (most is not None and found > most):
                yield Broken(row, field, f"it is not {span}")


def _one_of(rule: QualityRule, columns: Mapping[str, Column], _known: Known) -> Iterator[Broken]:
    listed = ", ".join(map(str, rule.values[:10]))
    allowed = {(type(one), one) for one in rule.values}
    for field in rule.fields:
        for row, value in enumerate(columns[field]):
            fits = isinstance(value, str | int) and (type(value), value) in allowed
            if not is_blank(value) and not fits:
                yield Broken(row, field, f"it is not one of {listed}")


def _reference(rule: QualityRule, columns: Mapping[str, Column], known: Known) -> Iterator[Broken]:
    for field in rule.fields:
        lost = known.lost.get(field, frozenset())
        for row, value in enumerate(columns[field]):
            if not is_blank(value) and row in lost:
                yield Broken(row, field, "what it points at is deleted or not known")


def _freshness(rule: QualityRule, columns: Mapping[str, Column], known: Known) -> Iterator[Broken]:
    now = Decimal(known.now) / 1_000_000
    for field in rule.fields:
        for row, value in enumerate(columns[field]):
            found = None if is_blank(value) else seconds(value)
            if not is_blank(value) and (found is None or now - found > Decimal(rule.age)):
                yield Broken(row, field, f"it is older than {_age(rule.age)}, or no instant")
    for row, stamp in enumerate(known.stamps if not rule.fields else ()):
        if stamp and known.now - stamp > rule.age * 1e6:
            yield Broken(row, "", f"the record was not changed for more than {_age(rule.age)}")


def _age(age: float) -> str:
    return f"{age / _DAY:g} days" if age >= _DAY else f"{age:g} s"


def _compare(rule: QualityRule, columns: Mapping[str, Column], _known: Known) -> Iterator[Broken]:
    (left, right), holds = rule.fields, ORDERS[rule.order]
    for row, (one, other) in enumerate(zip(columns[left], columns[right], strict=True)):
        if is_blank(one) or is_blank(other):
            continue
        sides: tuple[object, object] = (measure(one), measure(other))
        if None in sides:
            sides = (one, other)
        if not _holds(holds, *sides):
            yield Broken(row, left, f"{left} {rule.order} {right} does not hold")


def _holds(holds: Callable[[Decimal | str, Decimal | str], bool], one: object, other: object) -> bool:
    if isinstance(one, Decimal) and isinstance(other, Decimal):
        return holds(one, other)
    return isinstance(one, str) and isinstance(other, str) and holds(one, other)


def _equal(rule: QualityRule, columns: Mapping[str, Column], known: Known) -> Iterator[Broken]:
    for field in rule.fields:
        for row, shown in known.others.get(field, {}).items():
            if any(not alike(one, columns[field][row], rule.tolerance) for one in shown):
                yield Broken(row, field, "another system shows something else")


def alike(one: Value, other: Value, tolerance: Decimal) -> bool:
    """Are two values the same, up to a tolerance in the unit of the field? All that is blank is alike."""
    if one == other or (is_blank(one) and is_blank(other)):
        return True
    apart = None if one is UNSET or other is UNSET else gap(one, other)
    return apart is not None and abs(apart) <= tolerance


_SORTS: Mapping[RuleSort, Callable[[QualityRule, Mapping[str, Column], Known], Iterator[Broken]]] = {
    RuleSort.REQUIRED: _required,
    RuleSort.UNIQUE: _unique,
    RuleSort.PATTERN: _pattern,
    RuleSort.RANGE: _range,
    RuleSort.ONE_OF: _one_of,
    RuleSort.REFERENCE: _reference,
    RuleSort.FRESHNESS: _freshness,
    RuleSort.COMPARE: _compare,
    RuleSort.EQUAL: _equal,
}
_CURES: Mapping[RuleSort, str] = {
    RuleSort.REQUIRED: "fill it in there",
    RuleSort.UNIQUE: "correct one of the two, or merge them there",
    RuleSort.PATTERN: "correct it there, or clean it with a converter",
    RuleSort.RANGE: "correct it there",
    RuleSort.ONE_OF: "correct it there, or map it with `enum(...)`",
    RuleSort.REFERENCE: "point it at a record that exists",
    RuleSort.FRESHNESS: "have it looked at there",
    RuleSort.COMPARE: "correct one of the two there",
    RuleSort.EQUAL: "look at `syncline drift`",
}
