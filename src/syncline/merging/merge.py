"""Three-way merge of one observation into an entity's canon: agreement.md, step C.

`merge` compares what a system shows now with what it showed last (`seen`) and with what the hub meant it to hold
(`base`). It decides, per unit (a field, or an atomic group of fields), whether there is news, and whether the news is
accepted, rejected, or met by a concurrent edit. Nothing is changed here: the verdicts are returned as data.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

import msgspec

from syncline.merging.lines import apply_edits
from syncline.merging.lines import news as line_news
from syncline.merging.normalise import explain
from syncline.merging.rivals import Rivals, Settlement, settle_rivals
from syncline.model.flow import Direction, Empties, Rule, RuleKind
from syncline.model.values import UNSET, Row, Value, is_empty


class Shadow(NamedTuple):
    """What we meant a system to hold (`base`), what it shows (`seen`), and the generation it carries."""

    base: Value
    seen: Value
    gen: int
    rounds: int = 0  #: how many writes in a row the system has answered with yet another value


NO_SHADOW = Shadow(UNSET, UNSET, 0)


class Unit(msgspec.Struct, frozen=True, kw_only=True):
    """What merges as one: a field, or the fields of an atomic group, by their positions in the layout."""

    name: str
    positions: tuple[int, ...]
    rule: Rule
    empties: Empties = Empties.CLEAR
    lines: bool = False


class Verdict(StrEnum):
    """What became of one system's news about one unit."""

    OURS = "ours"  #: our own write came back
    PRESUMED = "presumed"  #: it looks like our own write, changed as this system was never seen to; logged
    SAME = "same"  #: both sides hold it already
    ACCEPTED = "accepted"  #: the news becomes canon
    REJECTED = "rejected"  #: this system may not change it; it is put back
    WON = "won"  #: concurrent; the news becomes canon, the former value is logged
    LOST = "lost"  #: concurrent; canon stays, the news is logged and put back
    MERGED = "merged"  #: concurrent; both edits stand
    CONFLICT = "conflict"  #: concurrent; a person decides, the unit is frozen


CHANGES_CANON = frozenset({Verdict.ACCEPTED, Verdict.WON, Verdict.MERGED})
IS_CONFLICT = frozenset({Verdict.WON, Verdict.LOST, Verdict.CONFLICT, Verdict.MERGED})


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict on one unit: its positions' values before and after, and the value that came in."""

    unit: Unit
    verdict: Verdict
    positions: tuple[int, ...]
    before: tuple[Value, ...]
    after: tuple[Value, ...]
    theirs: tuple[Value, ...]
    base: tuple[Value, ...]
    reason: str = ""


class Observation(msgspec.Struct, frozen=True, kw_only=True):
    """One record of one system, as canonical values, with what is known of the link that it belongs to."""

    system: str
    values: Mapping[int, Value]  #: position -> value; UNSET where absent
    canon: Row
    gens: Sequence[int]
    delta: Mapping[int, Shadow]  #: where the link differs from canon
    direction: Direction = Direction.BOTH
    first_sight: bool = False  #: no shadow yet: nothing is known of what this system held before
    pending: Mapping[int, tuple[Value, int]] = {}  #: our own write that is in doubt
    owners_linked: frozenset[str] = frozenset()  #: systems that hold a record of this entity
    normalise: Callable[[int, Value], Value] = lambda _position, value: value
    believes: Callable[[int, Sequence[str]], bool] = lambda _position, _names: False  #: seen to normalise so before?
    wins: Callable[[Unit, Sequence[int]], bool] = lambda _unit, _positions: False  #: rule latest: is the news later?


class Merge(msgspec.Struct, kw_only=True):
    """The verdicts, and the link's new delta (entries that agree with the new canon are already left out)."""

    decisions: list[Decision]
    canon: Row
    changed: tuple[int, ...]
    delta: dict[int, Shadow]
    lagging: dict[int, Value]  #: changed position -> former canon: what every other link still carries


def merge(units: Sequence[Unit], seen: Observation, *, gen: int) -> Merge:
    """Merge one observation; `gen` is the generation that accepted values get."""
    canon = list(seen.canon)
    shadows = dict(seen.delta)
    gens = list(seen.gens)
    decisions: list[Decision] = []
    lagging: dict[int, Value] = {}
    fresh = _fresh(seen)
    for unit in units if fresh else ():
        if fresh.isdisjoint(unit.positions):
            continue
        decision = _judge(unit, seen, shadows)
        if decision is None:
            continue
        decisions.append(decision)
        if decision.verdict in CHANGES_CANON:
            for position, before, after in zip(decision.positions, decision.before, decision.after, strict=True):
                lagging[position] = before
                canon[position] = after
                gens[position] = gen
        _cast_shadow(decision, seen, shadows, gens)
    delta = {
        position: shadow
        for position, shadow in shadows.items()
        if not (
            not shadow.rounds
            and shadow.base == canon[position]
            and shadow.seen == canon[position]
            and (shadow.gen == gens[position] or canon[position] is UNSET)
        )
    }
    return Merge(decisions=decisions, canon=canon, changed=tuple(lagging), delta=delta, lagging=lagging)


def _fresh(seen: Observation) -> set[int]:
    """The positions in which the system shows something else than before. In the common case there are none."""
    was: Row = [UNSET] * len(seen.canon) if seen.first_sight else list(seen.canon)
    for position, shadow in seen.delta.items():
        was[position] = shadow.seen
    return {position for position, value in seen.values.items() if value is not UNSET and value != was[position]}


def shadow_of(seen: Observation, shadows: Mapping[int, Shadow], position: int) -> Shadow:
    """The link's shadow of one position: its delta, else canon itself; nothing at first sight."""
    found = shadows.get(position)
    if found is not None:
        return found
    if seen.first_sight:
        return NO_SHADOW
    return Shadow(seen.canon[position], seen.canon[position], seen.gens[position])


class _News(NamedTuple):
    """What one system shows anew of one unit, beside what was known of it."""

    unit: Unit
    positions: tuple[int, ...]  #: those of the unit that the system carries here
    shown: tuple[Value, ...]
    was: tuple[Shadow, ...]
    before: tuple[Value, ...]  #: canon

    @property
    def base(self) -> tuple[Value, ...]:
        """What the system was meant to hold."""
        return tuple(shadow.base for shadow in self.was)

    @property
    def began(self) -> tuple[Value, ...]:
        """The same, with nothing as null where the record is known not to have carried the field."""
        return tuple(None if s.base is UNSET and s != NO_SHADOW else s.base for s in self.was)


def _judge(unit: Unit, seen: Observation, shadows: Mapping[int, Shadow]) -> Decision | None:
    positions = tuple(p for p in unit.positions if seen.values.get(p, UNSET) is not UNSET)
    shown = tuple(seen.values[p] for p in positions)
    was = tuple(shadow_of(seen, shadows, p) for p in positions)
    if shown == tuple(shadow.seen for shadow in was):
        return None
    news = _News(unit, positions, shown, was, tuple(seen.canon[p] for p in positions))
    verdict, after, reason = _verdict(news, seen)
    return Decision(
        unit=unit, verdict=verdict, positions=positions, before=news.before, after=after, theirs=shown,
        base=news.base, reason=reason,
    )  # fmt: skip


def _verdict(news: _News, seen: Observation) -> tuple[Verdict, tuple[Value, ...], str]:
    """The verdict on news, the unit's canonical values after it, and why."""
    if _is_ours(news, seen):
        return _whose(news, seen), news.before, ""
    agreed = zip(news.positions, news.shown, news.before, strict=True)
    if all(value == canon or value == seen.normalise(p, canon) for p, value, canon in agreed):
        return Verdict.SAME, news.before, ""
    refusal = _refusal(news.unit, seen, news.shown, news.before)
    if refusal:
        return Verdict.REJECTED, news.before, refusal
    if all(s.gen == seen.gens[p] or seen.canon[p] is UNSET for s, p in zip(news.was, news.positions, strict=True)):
        if not news.unit.lines:
            return Verdict.ACCEPTED, news.shown, ""
        made = line_news(news.was[0].seen, news.shown[0])
        return Verdict.ACCEPTED, (apply_edits(news.before[0], made),), ""
    if _is_unclear(news, seen):
        return Verdict.CONFLICT, news.before, "nobody can tell whether it was added to our own amount"
    settled = settle_rivals(
        news.unit.rule, Rivals(news.began, tuple(s.seen for s in news.was), news.before, news.shown),
        lines=news.unit.lines, theirs_wins=lambda: _theirs_wins(news.unit, seen, news.positions),
    )  # fmt: skip
    return _VERDICTS[settled.kind], settled.values, settled.reason


def _is_ours(news: _News, seen: Observation) -> bool:
    """Is this our own doubtful write, which has taken effect?"""
    shown = zip(news.positions, news.shown, strict=True)
    return all(p in seen.pending and _made_of(seen, p, value) for p, value in shown)


def _made_of(seen: Observation, position: int, value: Value) -> bool:
    """Is this what the system makes of our write? A normaliser that is not learned yet must not look like a person."""
    sent = seen.pending[position][0]
    return value in (sent, seen.normalise(position, sent)) or bool(explain(sent, value))


def _is_unclear(news: _News, seen: Observation) -> bool:
    """Was something added to an amount, to the one before our doubtful write or to the one after it?"""
    first = news.positions[0]
    return news.unit.rule.kind is RuleKind.ADD and first in seen.pending and news.was[0].base != seen.pending[first][0]


def _whose(news: _News, seen: Observation) -> Verdict:
    """Ours, if this system is known to change values so; else it may be a person's edit, and must not be silent."""
    for position, value in zip(news.positions, news.shown, strict=True):
        sent = seen.pending[position][0]
        known = value in (sent, seen.normalise(position, sent)) or (is_empty(value) and is_empty(sent))
        if not known and not seen.believes(position, explain(sent, value)):
            return Verdict.PRESUMED
    return Verdict.OURS


_VERDICTS = {
    Settlement.THEIRS: Verdict.WON,
    Settlement.OURS: Verdict.LOST,
    Settlement.BOTH: Verdict.MERGED,
    Settlement.ASK: Verdict.CONFLICT,
}


def _theirs_wins(unit: Unit, seen: Observation, positions: Sequence[int]) -> bool:
    if _only_fills(unit, [seen.canon[p] for p in positions], [seen.values[p] for p in positions]):
        return True
    if unit.rule.kind in (RuleKind.OWNER, RuleKind.OWNER_UNLESS_EMPTY):
        return unit.rule.owner == seen.system
    return seen.wins(unit, positions)


def _is_blank(seen: Observation, position: int) -> bool:
    """Is the value empty in a field of a known record that was never looked at before? Nobody has emptied it."""
    return not seen.first_sight and seen.delta.get(position) == NO_SHADOW and is_empty(seen.values[position])


def _only_fills(unit: Unit, before: Sequence[Value], shown: Sequence[Value]) -> bool:
    """Nothing that would be lost stands against a value: an empty canon never wins where empties do not count."""
    counts = unit.empties is Empties.CLEAR and unit.rule.kind is not RuleKind.OWNER_UNLESS_EMPTY
    return not counts and all(map(is_empty, before)) and not all(map(is_empty, shown))


def _refusal(unit: Unit, seen: Observation, shown: tuple[Value, ...], before: tuple[Value, ...]) -> str:
    """Why this system may not make this change; "" when it may."""
    if seen.direction is Direction.TO:
        return f"{seen.system} is only written to"
    unknown = all(value is UNSET for value in before)
    filled = not unknown and not all(is_empty(value) or value is UNSET for value in before)
    if unit.empties is Empties.KEEP and filled and all(is_empty(value) for value in shown):
        return "an empty value never replaces a value here"
    if unit.empties is Empties.FILL_ONLY and filled:
        return "this field is only filled while it is empty"
    if filled and all(_is_blank(seen, p) for p in unit.positions if p in seen.values):
        return "it is empty in a field that was not looked at before"
    if _only_fills(unit, before, shown):
        return ""
    owner = unit.rule.owner
    if unit.rule.kind is RuleKind.OWNER and owner != seen.system and owner in seen.owners_linked and not unknown:
        return f"owned by {owner}"
    if (
        unit.rule.kind is RuleKind.OWNER_UNLESS_EMPTY
        and owner != seen.system
        and owner in seen.owners_linked
        and filled
    ):
        return f"owned by {owner}, which has a value"
    return ""


def _cast_shadow(decision: Decision, seen: Observation, shadows: dict[int, Shadow], gens: Sequence[int]) -> None:
    """Record what the system shows now. Unless it is our own or the agreed value, `base` follows it."""
    for position, shown, after in zip(decision.positions, decision.theirs, decision.after, strict=True):
        was = shadow_of(seen, shadows, position)
        if decision.verdict in (Verdict.OURS, Verdict.PRESUMED):
            value, sent_gen = seen.pending[position]
            shadows[position] = Shadow(value, shown, sent_gen)
        elif decision.verdict is Verdict.SAME:
            shadows[position] = Shadow(seen.canon[position], shown, gens[position])
        elif decision.unit.lines:
            meant = apply_edits(was.base, line_news(was.seen, shown))
            agreed = decision.verdict in CHANGES_CANON and meant == after
            shadows[position] = Shadow(meant, shown, gens[position] if agreed else was.gen)
        elif decision.verdict in (Verdict.ACCEPTED, Verdict.WON):
            shadows[position] = Shadow(shown, shown, gens[position], was.rounds)
        else:
            shadows[position] = Shadow(shown, shown, was.gen, was.rounds)
