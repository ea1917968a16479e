"""What each application is like, drawn by chance: its clock, its lags, its locks, what it does to values."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from syncline.model.flow import RuleKind
from syncline.simulation.script import Habits
from syncline.simulation.shape import Kind, Shape
from syncline.simulation.spelling import ESCAPE, ZONE

#: What an application may do to the values of a kind. Every amount ends in a half.
NORMALISERS: Mapping[Kind, Sequence[str]] = {
    Kind.TEXT: ("upper", "lower", "trim", "spaces", "truncate:9", "truncate:12", "null-empty", "phone", ESCAPE),
    Kind.NUMBER: ("round:1", "round-half-even:1"),
    Kind.INSTANT: (ZONE,),
}
Marker = Literal["unique", "plain", "none"]
Reuses = Literal["people", "all"]
MARKERS: tuple[Marker, ...] = ("unique", "plain", "none", "plain")


def draw_habits(shape: Shape, name: str, chance: random.Random, *, scan: bool) -> Habits:
    """What one application is like. Without anti-entropy it tells of its deletes, or nobody could know of them."""
    pick = chance.choice
    marker: Marker = pick(MARKERS)
    searchable = all(
        any(one in flow.sides[name].fields for one in flow.identifiers)
        for flow in shape.flows.values()
        if name in flow.sides
    )
    marker = "plain" if marker == "none" and not searchable else marker
    return Habits(
        precision=pick((0.001, 0.001, 1.0, 1.0, 60.0, 86400.0)), lag=pick((0.0, 0.0, 0.5, 3.0, 30.0)),
        get_lag=pick((0.0, 0.0, 0.0, 0.3, 2.0)), effect=pick((2.0, 5.0, 20.0)),
        skew=pick((0.0, 0.0, 0.0, 2.0, -300.0, 300.0)), locking=pick(("etag", "version", "none")),
        marker=marker, upsert=marker == "unique" and chance.random() < 0.7, idempotent=chance.random() < 0.4,
        normalisers=_normalisers(shape, name, chance), declared=chance.random() < 0.6,
        deletes=pick(("hard", "soft", "tombstones")) if scan else pick(("soft", "tombstones")),
        retention=pick((0.0, 30.0, 600.0)) if scan else 0.0,
        read_back=pick(("body", "get")), batch=pick(("single", "atomic", "items", "unordered")),
        size=pick((2, 5, 20)), page=pick((2, 5, 50)), shuffled=chance.random() < 0.3,
        incremental=chance.random() < 0.7, stamped=chance.random() < 0.85,
        per_second=pick((5.0, 50.0, 1000.0)), burst=pick((5, 50)), counts=chance.random() < 0.5,
        rejects=chance.random() < 0.2,
    )  # fmt: skip


def draw_webhooks(systems: dict[str, Habits], chance: random.Random) -> None:
    """In some histories applications tell of their changes; then a listing may be later than any webhook."""
    pick = chance.choice
    share = pick((0.0, 0.0, 0.5, 1.0))
    lost = pick((0.0, 0.2, 1.0))
    for name, habits in systems.items():
        if chance.random() < share:
            systems[name] = msgspec.structs.replace(
                habits, webhooks=True, webhooks_lost=lost, webhooks_twice=pick((0.0, 0.2)),
                webhooks_late=pick((0.0, 3.0, 60.0)), webhooks_forged=pick((0.0, 0.1)),
                lag=pick((habits.lag, 120.0)),
            )  # fmt: skip


def draw_reuse(systems: dict[str, Habits], chance: random.Random) -> None:
    """In a few histories applications give the ids of deleted records again. What they tell of deletes is absence."""
    share = chance.choice((0.0, 0.0, 0.0, 0.0, 0.0, 0.7))
    for name, habits in systems.items():
        if chance.random() < share:
            reuses: Reuses = chance.choice(("people", "all", "all"))
            systems[name] = msgspec.structs.replace(habits, deletes="hard", retention=0.0, reuses=reuses)


def _normalisers(shape: Shape, name: str, chance: random.Random) -> dict[str, str]:
    kinds = {
        one.name: one.kind for flow in shape.flows.values() if name in flow.sides for one in flow.edited
        if one.kind in NORMALISERS and one.name in flow.sides[name].writable and not one.field.group
    }  # fmt: skip
    count = chance.choice((0, 0, 1, 2))
    return {one: chance.choice(NORMALISERS[kinds[one]]) for one in chance.sample(list(kinds), min(count, len(kinds)))}


def draw_workflow(shape: Shape, systems: dict[str, Habits], chance: random.Random) -> None:
    """At most one application has a rule that changes fields: two could chase each other for ever."""
    name, flow = chance.choice(list(systems)), chance.choice(list(shape.flows.values()))
    plain = [
        one.name for one in flow.edited
        if one.kind is Kind.TEXT and one.field.rule.kind is RuleKind.LATEST and not one.field.group
        and name in flow.sides and one.name in flow.sides[name].writable
    ]  # fmt: skip
    if len(plain) > 1 and chance.random() < 0.15:
        cause, effect = chance.sample(plain, 2)
        habits = systems[name]
        kept = {one: kind for one, kind in habits.normalisers.items() if one not in (cause, effect)}
        systems[name] = msgspec.structs.replace(habits, workflow=(cause, effect), normalisers=kept)
