"""How two concurrent edits of one unit are settled: the rules of a flow, without any clock."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, DecimalException
from enum import StrEnum
from typing import NamedTuple

from syncline.merging.lines import apply_edits, as_lines, edits, news, rival
from syncline.model.flow import Rule, RuleKind
from syncline.model.values import UNSET, Lines, Value, is_empty

MOST_DIGITS = 100  #: before or behind the point: no amount of anybody's


class Rivals(NamedTuple):
    """Two concurrent edits of one unit, as values of its positions."""

    base: tuple[Value, ...]  #: what the system was meant to hold
    seen: tuple[Value, ...]  #: what it showed before
    ours: tuple[Value, ...]  #: canon
    theirs: tuple[Value, ...]  #: what it shows now


class Settlement(StrEnum):
    """Who prevails."""

    THEIRS = "theirs"
    OURS = "ours"
    BOTH = "both"
    ASK = "ask"


class Settled(NamedTuple):
    """Who prevails, and the unit's new canonical values."""

    kind: Settlement
    values: tuple[Value, ...]
    reason: str


def settle_rivals(rule: Rule, rivals: Rivals, *, lines: bool, theirs_wins: Callable[[], bool]) -> Settled:
    """Settle what came in against canon, which both left `base`."""
    base, _, ours, theirs = rivals
    if lines:
        return _settle_lines(rule, rivals, theirs_wins)
    if rule.kind is RuleKind.ADD and (total := _add(base[0], ours[0], theirs[0])) is not None:
        return Settled(Settlement.BOTH, (total,), "both amounts were added")
    if rule.kind is RuleKind.UNION and isinstance(theirs[0], list):
        return Settled(Settlement.BOTH, (_union(base[0], ours[0], theirs[0]),), "both sets were joined")
    if rule.kind is RuleKind.MANUAL:
        return Settled(Settlement.ASK, ours, "a person decides")
    if theirs_wins():
        return Settled(Settlement.THEIRS, theirs, _why(rule, later=True))
    return Settled(Settlement.OURS, ours, _why(rule, later=False))


def _why(rule: Rule, *, later: bool) -> str:
    if rule.owner:
        return f"{rule.owner} owns it"
    return "the later edit" if later else "an earlier edit"


def _settle_lines(rule: Rule, values: Rivals, theirs_wins: Callable[[], bool]) -> Settled:
    ours = values.ours[0]
    made, met = news(values.seen[0], values.theirs[0]), edits(values.base[0], ours)
    rivals = rival(met, made)
    if not rivals:
        return Settled(Settlement.BOTH, (apply_edits(ours, made),), "edits of different lines or fields")
    if rule.kind is RuleKind.MANUAL:
        return Settled(Settlement.ASK, (ours,), "a person decides")
    if theirs_wins():
        return Settled(Settlement.THEIRS, (_whole(apply_edits(ours, made), values),), _why(rule, later=True))
    kept = [edit for edit in made if edit not in rivals]
    return Settled(
        Settlement.OURS if not kept else Settlement.BOTH, (apply_edits(ours, kept),), _why(rule, later=False)
    )


def _whole(merged: Lines, values: Rivals) -> Lines:
    """A line that an edit has brought back after the other side removed it, with all that its editor shows of it."""
    ours, theirs = as_lines(values.ours[0]), as_lines(values.theirs[0])
    return {key: line if key in ours else {**theirs.get(key, {}), **line} for key, line in merged.items()}


def _add(base: Value, ours: Value, theirs: Value) -> str | None:
    nothing = base is not UNSET and is_empty(base)  # both began to count from there
    try:
        start, mine, other = (Decimal(str(value)) for value in ("0" if nothing else base, ours, theirs))
        exact = mine + other - start
        if not exact.is_finite() or abs(exact.adjusted()) > MOST_DIGITS:
            return None
    except DecimalException:
        return None
    total = f"{exact:f}"
    return (total.rstrip("0").rstrip(".") or "0") if "." in total else total


def _union(base: Value, ours: Value, theirs: Value) -> Value:
    start, mine, other = (set(value) if isinstance(value, list) else set() for value in (base, ours, theirs))
    removed = (start - mine) | (start - other)
    return sorted((mine | other) - removed)
