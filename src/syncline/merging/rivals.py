"""How two concurrent edits of one unit are settled: the rules of a flow, without any clock."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import NamedTuple, Protocol

from syncline.merging.lines import apply_edits, edits, rival
from syncline.model.flow import Rule, RuleKind
from syncline.model.values import Value


class HasSeen(Protocol):
    """A shadow, as far as this module needs it."""

    @property
    def seen(self) -> Value:
        """What the system showed before."""
        ...


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


def settle_rivals(
    rule: Rule,
    base: tuple[Value, ...],
    was: Sequence[HasSeen],
    ours: tuple[Value, ...],
    theirs: tuple[Value, ...],
    *,
    lines: bool,
    theirs_wins: Callable[[], bool],
) -> Settled:
    """Settle `theirs` (the news) against `ours` (canon), which both left `base`."""
    if lines:
        return _settle_lines(rule, base[0], was[0].seen, ours[0], theirs[0], theirs_wins)
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


def _settle_lines(
    rule: Rule, base: Value, seen: Value, ours: Value, theirs: Value, theirs_wins: Callable[[], bool]
) -> Settled:
    made, met = edits(seen, theirs), edits(base, ours)
    rivals = rival(met, made)
    if not rivals:
        return Settled(Settlement.BOTH, (apply_edits(ours, made),), "edits of different lines or fields")
    if rule.kind is RuleKind.MANUAL:
        return Settled(Settlement.ASK, (ours,), "a person decides")
    if theirs_wins():
        return Settled(Settlement.THEIRS, (apply_edits(ours, made),), _why(rule, later=True))
    kept = [edit for edit in made if edit not in rivals]
    return Settled(Settlement.OURS if not kept else Settlement.BOTH, (apply_edits(ours, kept),), _why(rule, later=False))


def _add(base: Value, ours: Value, theirs: Value) -> str | None:
    try:
        start, mine, other = (Decimal(str(value)) for value in (base, ours, theirs))
    except InvalidOperation:
        return None
    total = f"{mine + other - start:f}"
    return (total.rstrip("0").rstrip(".") or "0") if "." in total else total


def _union(base: Value, ours: Value, theirs: Value) -> Value:
    start, mine, other = (set(value) if isinstance(value, list) else set() for value in (base, ours, theirs))
    removed = (start - mine) | (start - other)
    return sorted((mine | other) - removed)
